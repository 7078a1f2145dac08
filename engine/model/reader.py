"""Reads one object of a document; gathers every fault with its path, its reason and a hint."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from engine.core.clock import from_datetime
from engine.core.durations import format_duration, parse_duration
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant

TEXT_MAX: Final = 2000
MOMENT_FIRST: Final = 0
MOMENT_END: Final = 32_503_680_000_000_000
"""From 1970 to before the year 3000, microseconds UTC."""

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class Reader:
    """Reads one object of a document and gathers problems under its path."""

    def __init__(self, document: object, path: str, problems: list[Problem]):
        self.path = path
        self.problems = problems
        self.seen: set[str] = set()
        if isinstance(document, Mapping):
            self.document: Mapping[str, Any] = document
        else:
            self.document = {}
            self.fault("", f"{shown(document)} is not an object", 'write {"key": value, ...}')

    def at(self, key: str) -> str:
        """The path of a key from the document's root."""
        return f"{self.path}.{key}" if self.path and key else self.path or key

    def fault(self, key: str, reason: str, hint: str = "") -> None:
        """Note what is wrong with a key."""
        self.problems.append(Problem(self.at(key), reason, hint))

    def take(self, key: str) -> Any:
        """The value as it was written; None where there is none."""
        self.seen.add(key)
        return self.document.get(key)

    def text(self, key: str, default: str = "", *, most: int = TEXT_MAX) -> str:
        """Text of at most `most` bytes in UTF-8."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fault(key, f"{shown(value)} is not text", "put it in quotes")
            return default
        if len(value.encode("utf-8", "replace")) > most:
            self.fault(key, f"is longer than {most} bytes", "shorten it")
            return default
        if "\x00" in value or not _encodable(value):
            self.fault(key, "holds a character that is not text", "remove control characters")
            return default
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, f"{shown(value)} is not a boolean", "true or false")
            return default
        return value

    def number(self, key: str, default: T, low: float, high: float, kind: type[T]) -> T:
        """A number of `kind` from `low` to `high`."""
        value = self.take(key)
        if value is None:
            return default
        accepted = (int, float) if kind is float else (int,)
        if isinstance(value, bool) or not isinstance(value, accepted) or not low <= value <= high:
            noun = "a number" if kind is float else "a whole number"
            hint = f"{noun} from {low:g} to {high:g}"
            self.fault(key, f"{shown(value)} is not {hint}", hint)
            return default
        return kind(value)  # type: ignore[call-arg]  # kind is int or float

    def duration(self, key: str, default: int, *, low: int, high: int) -> int:
        """A duration written as text, in microseconds."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fault(key, f"{shown(value)} is not a duration", 'text such as "30s" or "1h30m"')
            return default
        try:
            duration = parse_duration(value, self.at(key))
        except InvalidDocument as error:
            self.problems.extend(error.problems)
            return default
        if not low <= duration <= high:
            hint = f"from {format_duration(low)} to {format_duration(high)}"
            self.fault(key, f"{value} is out of range", hint)
            return default
        return duration

    def moment(self, key: str) -> Instant | None:
        """A date and time with its offset from UTC, in microseconds UTC; None where none is."""
        value = self.take(key)
        if value is None or value == "":
            return None
        hint = "text such as 2027-01-01T09:00:00Z"
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self.fault(key, f"{shown(value)} is not a date and time", hint)
            return None
        if moment.utcoffset() is None:
            self.fault(key, f"{shown(value)} does not say its offset from UTC", hint)
            return None
        instant = from_datetime(moment)
        if not MOMENT_FIRST <= instant < MOMENT_END:
            self.fault(key, f"{shown(value)} is out of range", "a year from 1970 to 2999")
            return None
        return instant

    def choice(self, key: str, kind: type[E], default: E) -> E:
        """A member of `kind` by its value."""
        value = self.take(key)
        if value is None:
            return default
        try:
            return kind(value)
        except ValueError:
            names = [member.value for member in kind]
            self.fault(key, f"{shown(value)} is unknown", one_of(value, names))
            return default

    def strings(self, key: str, check: Callable[[str, str], None]) -> dict[str, str]:
        """An object of texts; `check` is told each pair."""
        value = self.take(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.fault(key, f"{shown(value)} is not an object", 'write {"key": "text", ...}')
            return {}
        result = {}
        for name, text in value.items():
            if not isinstance(name, str) or not isinstance(text, str):
                self.fault(f"{key}.{name}", f"{shown(text)} is not text", "put it in quotes")
                continue
            check(name, text)
            result[name] = text
        return result

    def close(self, ignored: Iterable[str] = ()) -> None:
        """Refuse what nobody asked for: a typing error must not be silently dropped."""
        for key in self.document:
            if key not in self.seen and key not in ignored:
                self.fault(str(key), "is not a known field", one_of(key, sorted(self.seen)))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown(value: object) -> str:
    """A value as a message quotes it, cut to 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def one_of(value: object, names: Iterable[str]) -> str:
    """A hint: the name that was probably meant, or all of them."""
    names = list(names)
    close = difflib.get_close_matches(str(value), names, n=1)
    return f"did you mean {close[0]}?" if close else "one of " + ", ".join(names)
