"""From what people write to a schedule: the text, its dialect, its zone and its bounds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from engine.core.clock import from_datetime
from engine.core.durations import format_duration, parse_duration
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.timing import dialects, spread
from engine.timing.cron import SECOND_US, Cron, DstPolicy, ShiftedCron
from engine.timing.dialects import GRAMMARS, Dialect
from engine.timing.fields import DESCRIPTORS, FieldError, parse_fields
from engine.timing.schedule import Every, Once, Schedule, Span, Within
from engine.timing.zones import Zone, find_zone

TEXT_LENGTH_MAX: Final = 1_000
CACHE_SIZE: Final = 65_536
_EVERY_US_MIN: Final = SECOND_US
_EVER: Final = 1 << 62
_YEAR_MAX: Final = 2999
_AWS_FORM: Final = re.compile(r"(cron|rate|at)\((.*)\)")
_ZONE_PREFIX: Final = re.compile(r"(?:CRON_)?TZ=(\S*)")
_RATE: Final = re.compile(r"([1-9]\d{0,5}) (minute|hour|day)(s?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Everything that decides when a job fires, apart from its id.

    Attributes:
        text: the schedule: a cron expression of the dialect; a descriptor such as `@daily`;
            `@every 90s`; `@at 2027-01-01T09:00:00Z`.
        timezone: an IANA name; cron expressions and descriptors follow its wall clock.
        dialect: whose cron the expression is written for.
        dst: what becomes of fires where the zone's clocks change.
        starts_us: nothing fires before; microseconds UTC.
        ends_us: nothing fires at it or after; microseconds UTC.
    """

    text: str
    timezone: str = "UTC"
    dialect: Dialect = Dialect.DEBIAN
    dst: DstPolicy = DstPolicy.DEBIAN
    starts_us: Instant | None = None
    ends_us: Instant | None = None


def parse_schedule(text: str, timezone: str = "UTC", key: str = "") -> Schedule:
    """Return the schedule of a text that has nothing but a zone; see `schedule_of`."""
    return schedule_of(Timing(text=text, timezone=timezone), key)


def schedule_of(timing: Timing, key: str = "") -> Schedule:
    """Return the schedule that is meant; what is equal shares one object.

    Args:
        timing: what was written.
        key: the job's id, from which `H` and the phase of `@every` are drawn.

    Raises:
        InvalidDocument: a Problem for each of the fields "schedule", "timezone", "starts_at" and
            "ends_at" at fault.
    """
    return _parse(timing, key if is_drawn(timing.text) else "")


@lru_cache(CACHE_SIZE)
def is_drawn(text: str) -> bool:
    """Whether the job's id has a say in when a schedule fires."""
    text = text.strip()
    if match := _AWS_FORM.fullmatch(text):
        return match[1] == "rate" or spread.has_spread(match[2])
    return text.lower().startswith("@every") or spread.has_spread(text)


@lru_cache(CACHE_SIZE)
def _parse(timing: Timing, key: str) -> Schedule:
    problems: list[Problem] = []
    zone: Zone | None = None
    schedule: Schedule | None = None
    try:
        zone = find_zone(timing.timezone)
    except InvalidDocument as error:
        problems += error.problems
    try:
        schedule = _read(timing, zone or find_zone("UTC"), key)
    except InvalidDocument as error:
        problems += error.problems
    if schedule is None or problems:
        raise InvalidDocument(problems)
    return _bounded(schedule, timing)


def _bounded(schedule: Schedule, timing: Timing) -> Schedule:
    if timing.starts_us is None and timing.ends_us is None:
        return schedule
    starts = -_EVER if timing.starts_us is None else timing.starts_us
    ends = _EVER if timing.ends_us is None else timing.ends_us
    first = schedule.next_after(starts - 1)
    if first is None and timing.ends_us is None:
        reason = "leaves no fire: all lie before it"
        raise InvalidDocument([Problem("starts_at", reason, "an earlier moment, or none")])
    if first is None or first >= ends:
        reason = "leaves no fire: " + (
            "it is not after starts_at" if ends <= starts else "none lies before it"
        )
        raise InvalidDocument([Problem("ends_at", reason, "a later moment, or none")])
    return Within(schedule, ((starts, ends),))


def _read(timing: Timing, zone: Zone, key: str) -> Schedule:
    text = timing.text.strip()
    if len(text) > TEXT_LENGTH_MAX:
        raise _refusal(f"is longer than {TEXT_LENGTH_MAX} characters", "a shorter expression")
    if not text:
        raise _refusal("is empty", 'such as "25 2 * * *" or "@every 90s"')
    if timing.dialect is Dialect.AWS and (match := _AWS_FORM.fullmatch(text)):
        form, text = match[1], match[2].strip()
        if form == "rate":
            return _rate(text, key)
        if form == "at":
            return _local(text, zone)
    if text.startswith("@"):
        word, rest = [*text.split(maxsplit=1), ""][:2]
        word = word.lower()
        if word == "@every":
            return _every(rest, key)
        if word == "@at":
            return _once(rest)
        if word == "@reboot":
            reason = "@reboot has no meaning here: a cluster starts node by node, and never as one"
            raise _refusal(reason, "a trigger, or @every with a short period")
        known = list(DESCRIPTORS) if GRAMMARS[timing.dialect].has_descriptors else []
        if word not in known or rest:
            where = "" if timing.dialect is Dialect.DEBIAN else f" in the dialect {timing.dialect}"
            examples = [*known, "@every 90s", "@at 2027-01-01T09:00:00Z"]
            raise _refusal(f"{text!r} is unknown{where}", " ".join(examples))
    return _cron(text, timing, zone, key)


def _cron(text: str, timing: Timing, zone: Zone, key: str) -> Schedule:
    dialect = timing.dialect
    if match := _ZONE_PREFIX.match(text):
        raise _refusal(f"{match[0]!r} stands in the expression", f"timezone: {match[1] or 'UTC'}")
    try:
        fields = parse_fields(dialects.canonical(dialect, text, key))
    except FieldError as error:
        hint = "; ".join(filter(None, [error.hint, _elsewhere(text)]))
        raise _refusal(f"{error.unit.name}: {error.reason}", hint) from None
    except ValueError as error:
        hint = "; ".join(filter(None, [GRAMMARS[dialect].counts, _elsewhere(text)]))
        raise _refusal(str(error), hint) from None
    kind = ShiftedCron if timing.dst is DstPolicy.SHIFT else Cron
    try:
        cron = kind(timing.text, fields, zone, timing.dst)
    except ValueError:
        raise _refusal("never fires: no month has such a day", "a day that exists") from None
    if fields.years is None:
        return cron
    schedule = Within(cron, _year_spans(fields.years, zone))
    if schedule.next_after(-_EVER) is None:
        raise _refusal("never fires: none of its years has such a day", "a year that has it")
    return schedule


def _elsewhere(text: str) -> str:
    """Which other dialects take the expression."""
    names = [str(dialect) for dialect in dialects.takers(text)]
    return f"the dialect{'s' if len(names) > 1 else ''} {' and '.join(names)} would take it" * bool(
        names
    )


def _year_spans(years: Iterable[int], zone: Zone) -> tuple[Span, ...]:
    """The years as spans of the zone's time; years that follow each other are one."""
    spans: list[Span] = []
    for year in years:
        start, end = (
            zone.instant_at(from_datetime(datetime(y, 1, 1, tzinfo=UTC)) // SECOND_US) * SECOND_US
            for y in (year, year + 1)
        )
        if spans and spans[-1][1] == start:
            start = spans.pop()[0]
        spans.append((start, end))
    return tuple(spans)


def _every(text: str, key: str) -> Every:
    period_us = parse_duration(text, "schedule")
    if period_us < _EVERY_US_MIN:
        reason = f"@every {format_duration(period_us)} is too often"
        raise _refusal(reason, "a period of at least 1s")
    return _phased(period_us, key)


def _phased(period_us: int, key: str) -> Every:
    """Every job has a phase of its own, in whole seconds; what has no id yet has none."""
    seconds = spread.digest_of("period", key) % (period_us // SECOND_US) if key else 0
    return Every(period_us, seconds * SECOND_US)


def _rate(text: str, key: str) -> Every:
    match = _RATE.fullmatch(text)
    if not match or (match[1] == "1") == bool(match[3]):
        reason = f"rate({text}) is not a rate"
        raise _refusal(reason, "rate(1 minute), rate(5 minutes), rate(1 hour) or rate(7 days)")
    unit = {"minute": 60, "hour": 3_600, "day": 86_400}[match[2]]
    return _phased(int(match[1]) * unit * SECOND_US, key)


def _once(text: str) -> Once:
    hint = "@at 2027-01-01T09:00:00Z or @at 2027-01-01T09:00:00+01:00"
    moment = _moment(text, hint)
    if moment.utcoffset() is None:
        raise _refusal(f"{text.strip()!r} does not say its offset from UTC", hint)
    return Once(from_datetime(moment))


def _local(text: str, zone: Zone) -> Once:
    hint = "at(2027-01-01T09:00:00), on the clock of the job's zone"
    moment = _moment(text, hint)
    if moment.utcoffset() is not None:
        raise _refusal(f"at({text}) has an offset of its own", hint)
    return Once(from_datetime(moment.replace(tzinfo=ZoneInfo(zone.name))))


def _moment(text: str, hint: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _refusal(f"{text.strip()!r} is not a date and time", hint) from None
    if not 1970 <= moment.year <= _YEAR_MAX:
        raise _refusal(f"{text.strip()!r} is out of range", f"a year from 1970 to {_YEAR_MAX}")
    return moment


def _refusal(reason: str, hint: str) -> InvalidDocument:
    return InvalidDocument([Problem("schedule", reason, hint)])
