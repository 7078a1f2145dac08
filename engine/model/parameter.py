"""A parameter of a query: what `$name` in its text may be. Values are bound, never pasted."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from engine.core.errors import InvalidDocument, Problem

Value: TypeAlias = str | int | float | bool | datetime | date | None
Given: TypeAlias = str | int | float | bool | None
"""A value as JSON carries it."""

INTEGER_MAX: Final = 2**63 - 1
_WORDS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class ParameterType(StrEnum):
    """What a parameter holds; timestamps are UTC."""

    TEXT = "text"
    INTEGER = "integer"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    DATE = "date"


EXAMPLES: Final = {
    ParameterType.TEXT: "nightly",
    ParameterType.INTEGER: "42",
    ParameterType.DOUBLE: "1.5",
    ParameterType.BOOLEAN: "true or false",
    ParameterType.TIMESTAMP: "2026-01-31T09:00:00Z",
    ParameterType.DATE: "2026-01-31",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a saved query says of one `$name`; without a default the caller must give a value."""

    name: str
    type: ParameterType
    default: Given = None
    description: str = ""


_TOKENS: Final = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/
      | \$(?P<tag>[A-Za-z_]\w*)?\$ .*? \$(?(tag)(?P=tag))\$
      | (?<![\w$]) \$ (?P<name>[A-Za-z_]\w*)""",
    re.DOTALL | re.VERBOSE,
)
"""What may hold a $ that means nothing, and the parameter that means something."""


def names_in(sql: str) -> list[str]:
    r"""The parameters that a text names, in their order, each once; quotes and comments aside.

    >>> names_in("SELECT '$no', $since -- $neither\n WHERE a = $Since AND b < $most")
    ['since', 'most']
    """
    found = (token["name"] for token in _TOKENS.finditer(sql))
    return list(dict.fromkeys(name.lower() for name in found if name))


def inferred(given: Given) -> ParameterType:
    """The type that a value has where none is said: a text that is a date or a time is one.

    >>> [inferred(one).value for one in (True, 3, 2.5, "x", "2026-01-31", "2026-01-31T09:00:00Z")]
    ['boolean', 'integer', 'double', 'text', 'date', 'timestamp']
    """
    if isinstance(given, bool):
        return ParameterType.BOOLEAN
    if isinstance(given, int):
        return ParameterType.INTEGER
    if isinstance(given, float):
        return ParameterType.DOUBLE
    for kind in (ParameterType.DATE, ParameterType.TIMESTAMP):
        try:
            typed(given or "", kind)
        except ValueError:
            continue
        return kind
    return ParameterType.TEXT


def typed(given: Given, kind: ParameterType) -> Value:
    """The value to bind; None stays None, which is NULL.

    >>> typed("2026-01-31T10:00:00+01:00", ParameterType.TIMESTAMP)
    datetime.datetime(2026, 1, 31, 9, 0)

    Raises:
        ValueError: it is none of that type.
    """
    if given is None:
        return None
    if kind is ParameterType.TEXT:
        return str(given).lower() if isinstance(given, bool) else str(given)
    if kind is ParameterType.BOOLEAN:
        return _boolean(given)
    if isinstance(given, bool):
        given = str(given)  # true is no number, and no date
    if kind is ParameterType.INTEGER:
        return _integer(given)
    if kind is ParameterType.DOUBLE:
        number = float(given)
        if not math.isfinite(number):
            raise ValueError("not finite")
        return number
    if not isinstance(given, str):
        given = str(given)  # which is no date, and is refused as one
    if kind is ParameterType.DATE:
        return date.fromisoformat(given)
    if len(given) <= len("2026-01-31"):
        return datetime.fromisoformat(f"{date.fromisoformat(given)}T00:00:00")
    moment = datetime.fromisoformat(given)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _boolean(given: Given) -> bool:
    word = str(given).strip().lower()
    if word not in _WORDS:
        raise ValueError("no boolean")
    return _WORDS[word]


def _integer(given: str | int | float) -> int:
    if isinstance(given, float) and not given.is_integer():
        raise ValueError("a fraction")
    number = int(given)
    if abs(number) > INTEGER_MAX:
        raise ValueError("too large")
    return number


def checked(name: str, given: Any, kind: ParameterType) -> Value:
    """The value to bind to `$name`.

    Raises:
        InvalidDocument: it is none of that type; the problem names `parameters.<name>`.
    """
    plain = given if given is None or isinstance(given, str | int | float) else str(given)
    try:
        return typed(plain, kind)
    except (ValueError, OverflowError):
        article = "an" if kind is ParameterType.INTEGER else "a"
        shown = str(given)[:60]
        reason = f"{shown!r} is not {article} {kind.value}"
        problem = Problem(f"parameters.{name}", reason, f"such as {EXAMPLES[kind]}")
        raise InvalidDocument([problem]) from None
