"""When a job fires: the Schedule protocol, its three kinds, and the text that people write.

Instants are whole microseconds since the epoch, UTC. Everything is pure: a schedule has no clock
and answers the same for the same instant, on every node.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Protocol

from croniter import croniter

from engine.core.durations import format_duration, parse_duration
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.timing import spread
from engine.timing.cron import BETWEEN_MAX, SECOND_US, Cron
from engine.timing.fields import DESCRIPTORS, FieldError, parse_fields
from engine.timing.zones import Zone, find_zone

__all__ = ["Cron", "Every", "Instant", "Once", "Schedule", "normalize", "parse_schedule"]

TEXT_LENGTH_MAX: Final = 1_000
CACHE_SIZE: Final = 65_536
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EVERY_US_MIN: Final = SECOND_US
_QUARTZ_YEAR: Final = re.compile(r"[\d*?,/-]+")


class Schedule(Protocol):
    """The fire times of a job."""

    def next_after(self, instant: Instant) -> Instant | None:
        """Return the first fire strictly after `instant`; None when it never fires again."""

    def between(self, start: Instant, end: Instant, limit: int = BETWEEN_MAX) -> list[Instant]:
        """Return the fires t with start < t <= end, the earliest `limit` of them, ascending."""


@dataclass(frozen=True, slots=True)
class Every:
    """A fire at each multiple of `period_us` since the epoch, whatever time the node started."""

    period_us: int

    def next_after(self, instant: Instant) -> Instant:
        """Return the first multiple of the period after `instant`."""
        return (instant // self.period_us + 1) * self.period_us

    def between(self, start: Instant, end: Instant, limit: int = BETWEEN_MAX) -> list[Instant]:
        """Return the multiples of the period in start < t <= end, the earliest `limit`."""
        fires = range(self.next_after(start), end + 1, self.period_us)
        return list(fires[:limit])

    def count(self, start: Instant, end: Instant) -> int:
        """Return how many fires t have start < t <= end."""
        return max(0, end // self.period_us - start // self.period_us)


@dataclass(frozen=True, slots=True)
class Once:
    """A single fire."""

    at: Instant

    def next_after(self, instant: Instant) -> Instant | None:
        """Return the fire while it is ahead of `instant`, None from then on."""
        return self.at if self.at > instant else None

    def between(self, start: Instant, end: Instant, limit: int = BETWEEN_MAX) -> list[Instant]:
        """Return the fire if start < fire <= end."""
        return [self.at] if start < self.at <= end and limit > 0 else []


def parse_schedule(text: str, timezone: str = "UTC", key: str = "") -> Schedule:
    """Return the schedule that `text` describes; equal texts share one object.

    Args:
        text: a cron expression of five fields, or six with the seconds first; a descriptor such
            as `@daily`; `@every 90s`; `@at 2027-01-01T09:00:00Z`.
        timezone: an IANA name; cron expressions and descriptors follow its wall clock.
        key: the job's id, from which `H` draws its values.

    Raises:
        InvalidDocument: one Problem for each of the fields "schedule" and "timezone" at fault.
    """
    return _parse(text, timezone, key if spread.has_spread(text) else "")


@lru_cache(CACHE_SIZE)
def _parse(text: str, timezone: str, key: str) -> Schedule:
    problems: list[Problem] = []
    zone: Zone | None = None
    schedule: Schedule | None = None
    try:
        zone = find_zone(timezone)
    except InvalidDocument as error:
        problems += error.problems
    try:
        schedule = _read(text.strip(), zone or find_zone("UTC"), key)
    except InvalidDocument as error:
        problems += error.problems
    if schedule is None or problems:
        raise InvalidDocument(problems)
    return schedule


def _read(text: str, zone: Zone, key: str) -> Schedule:
    if len(text) > TEXT_LENGTH_MAX:
        raise _refusal(f"is longer than {TEXT_LENGTH_MAX} characters", "a shorter expression")
    if not text:
        raise _refusal("is empty", 'such as "25 2 * * *" or "@every 90s"')
    if text.startswith("@"):
        word, rest = [*text.split(maxsplit=1), ""][:2]
        word = word.lower()
        if word == "@every":
            return _every(rest)
        if word == "@at":
            return _once(rest)
        if word == "@reboot":
            reason = "@reboot has no meaning here: a cluster starts node by node, and never as one"
            raise _refusal(reason, "a trigger, or @every with a short period")
        if word not in DESCRIPTORS or rest:
            known = " ".join(DESCRIPTORS)
            raise _refusal(f"{text!r} is unknown", f"{known} @every 90s @at 2027-01-01T09:00:00Z")
        text = word
    return _cron(normalize(text, key), text, zone)


def normalize(text: str, key: str = "") -> str:
    """Return the plain cron fields behind a descriptor or behind `H` terms.

    Raises:
        InvalidDocument: an `H` term is malformed.

    >>> normalize("@daily")
    '0 0 * * *'
    """
    text = DESCRIPTORS.get(text.strip().lower(), text)
    if not spread.has_spread(text):
        return text
    try:
        return spread.resolve(text, key)
    except FieldError as error:
        raise _refusal(f"{error.unit.name}: {error.reason}", error.hint) from None


def _cron(text: str, written: str, zone: Zone) -> Cron:
    try:
        fields = parse_fields(text)
    except FieldError as error:
        hint = error.hint
        if croniter.is_valid(written):
            hint = "; ".join(filter(None, [hint, "some other crons take it"]))
        raise _refusal(f"{error.unit.name}: {error.reason}", hint) from None
    except ValueError as error:
        parts = text.split()
        if len(parts) == 7 and _QUARTZ_YEAR.fullmatch(parts[6]):
            raise _refusal("a year, the seventh field, is not known here", "six fields") from None
        raise _refusal(str(error), "five fields, or six with the seconds first") from None
    try:
        return Cron(written, fields, zone)
    except ValueError:
        raise _refusal("never fires: no month has such a day", "a day that exists") from None


def _every(text: str) -> Every:
    period_us = parse_duration(text, "schedule")
    if period_us < _EVERY_US_MIN:
        reason = f"@every {format_duration(period_us)} is too often"
        raise _refusal(reason, "a period of at least 1s")
    return Every(period_us)


def _once(text: str) -> Once:
    hint = "@at 2027-01-01T09:00:00Z or @at 2027-01-01T09:00:00+01:00"
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _refusal(f"{text.strip()!r} is not a date and time", hint) from None
    if moment.utcoffset() is None:
        raise _refusal(f"{text.strip()!r} does not say its offset from UTC", hint)
    return Once((moment - _EPOCH) // timedelta(microseconds=1))


def _refusal(reason: str, hint: str) -> InvalidDocument:
    return InvalidDocument([Problem("schedule", reason, hint)])
