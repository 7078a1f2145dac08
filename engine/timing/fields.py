"""The grammar of cron expressions: text to bit sets, faithful to Debian's cron.

A field becomes an int with one bit per value. What Debian does not have (a field of seconds or of
years, `L`, `W`, `#`) is added where Debian would refuse the text or drop part of it; the page
`docs/reference/schedules.md` lists every difference. What other crons write is told in this
grammar by `dialects.py`. What to read next: `cron.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine.timing.months import KINDS, kind_shape


@dataclass(frozen=True, slots=True)
class Unit:
    """One field of the grammar: its name, its lowest and highest value, words for values."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()


MONTH_WORDS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
WEEKDAY_WORDS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
SECOND: Final = Unit("second", 0, 59)
MINUTE: Final = Unit("minute", 0, 59)
HOUR: Final = Unit("hour", 0, 23)
DAY: Final = Unit("day of month", 1, 31)
MONTH: Final = Unit("month", 1, 12, MONTH_WORDS)
WEEKDAY: Final = Unit("day of week", 0, 7, WEEKDAY_WORDS)
YEAR: Final = Unit("year", 1970, 2199)
FIELDS: Final = (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR)

DESCRIPTORS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

NTH: Final = re.compile(r"([a-z]{3}|\d)#(\d+)")
LAST_WEEKDAY: Final = re.compile(r"(?:(?P<before>[a-z]{3}|\d)l|l(?P<after>[a-z]{3}|\d))")
NEAREST: Final = re.compile(r"(\d{1,2})w")
FROM_END: Final = re.compile(r"l(?:-(\d{1,2}))?")
NEAREST_FROM_END: Final = re.compile(r"l(?:-(\d{1,2}))?w")

Pick = Callable[[int, int], int]
"""From the length of a month and the weekday of its first, the bits of the days meant."""


class FieldError(ValueError):
    """A field says something that is not in the grammar."""

    def __init__(self, unit: Unit, reason: str, hint: str = ""):
        self.unit = unit
        self.reason = reason
        self.hint = hint
        super().__init__(f"{unit.name}: {reason}")


@dataclass(frozen=True, slots=True)
class Fields:
    """A parsed cron expression. Bit n of a set stands for value n, unless said otherwise.

    Attributes:
        seconds: 0 to 59; bit 0 alone in the five-field form.
        minutes, hours: 0 to 59, 0 to 23.
        months: bit 0 is January.
        days: for each kind of month (see `months.py`), bit 0 is the first.
        is_fixed: neither the minute nor the hour begins with `*`, which decides how a change of
            the zone's offset is treated.
        years: the years meant, ascending; None where all are.
    """

    seconds: int
    minutes: int
    hours: int
    months: int
    days: tuple[int, ...]
    is_fixed: bool
    years: tuple[int, ...] | None = None


def parse_fields(text: str) -> Fields:
    """Return the bit sets of an expression.

    Args:
        text: minute, hour, day of month, month and day of week; six fields have the seconds
            first, and seven the year last as well.

    Raises:
        FieldError: a field is not in the grammar.
        ValueError: there are not five to seven fields.
    """
    parts = text.lower().split()
    if not 5 <= len(parts) <= len(FIELDS):
        raise ValueError(f"has {len(parts)} fields")
    if len(parts) == 5:
        parts.insert(0, "0")
    second, minute, hour, day, month, weekday, *year = parts
    is_either = day[0] != "*" and weekday[0] != "*"
    plain_days, day_picks = _day_of_month(day)
    plain_weekdays, weekday_picks = _day_of_week(weekday)
    days = []
    for kind in range(KINDS):
        length, first = kind_shape(kind)
        by_date, by_weekday = plain_days, plain_weekdays >> first
        for pick in day_picks:
            by_date |= pick(length, first)
        for pick in weekday_picks:
            by_weekday |= pick(length, first)
        both = by_date | by_weekday if is_either else by_date & by_weekday
        days.append(both & (1 << length) - 1)
    return Fields(
        seconds=parse_set(SECOND, second),
        minutes=parse_set(MINUTE, minute),
        hours=parse_set(HOUR, hour),
        months=parse_set(MONTH, month) >> 1,
        days=tuple(days),
        is_fixed=minute[0] != "*" and hour[0] != "*",
        years=tuple(values_of(parse_set(YEAR, year[0]))) if year and year[0] != "*" else None,
    )


def parse_set(unit: Unit, text: str) -> int:
    """Return the bits of a field without `L`, `W` and `#`; bit n stands for value n.

    Raises:
        FieldError: the text is not in the grammar.
    """
    bits = 0
    for term in text.split(","):
        bits |= _term(unit, term)
    return bits


def values_of(bits: int) -> list[int]:
    """The values of a set, ascending.

    >>> values_of(0b100101)
    [0, 2, 5]
    """
    return [value for value in range(bits.bit_length()) if bits >> value & 1]


def parse_step(unit: Unit, term: str, text: str) -> int:
    """The number after the slash of a term.

    Raises:
        FieldError: it is no number, or zero.
    """
    if not (text.isascii() and text.isdigit()):
        reason = f"the step of {term!r} is not a number"
        raise FieldError(unit, reason, f"such as */{text or 5}")
    step = int(text[:9])
    if step == 0:
        raise FieldError(unit, f"the step of {term!r} is zero", "a step of at least 1")
    return step


def _term(unit: Unit, term: str) -> int:
    span, slash, step_text = term.partition("/")
    step = parse_step(unit, term, step_text) if slash else 1
    if span == "*":
        low, high = unit.low, unit.high
    else:
        first, dash, last = span.partition("-")
        low = parse_value(unit, first, term)
        high = parse_value(unit, last, term) if dash else low
        if slash and not dash:
            reason = f"{term!r} has a step but no range, which Debian's cron refuses"
            raise FieldError(unit, reason, f"{first}-{unit.high}/{step}")
        if low > high:
            raise backwards(unit, span)
    bits = 0
    for value in range(low, high + 1, step):
        bits |= 1 << value
    return bits


def backwards(unit: Unit, span: str) -> FieldError:
    """What is wrong with a range whose end comes before its start, and how to write it."""
    first, _, last = span.partition("-")
    hint = f"{first}-{unit.high},{unit.low}-{last}"
    return FieldError(unit, f"{span!r} runs backwards", hint)


def parse_value(unit: Unit, text: str, term: str) -> int:
    """A number or a word of a field.

    Raises:
        FieldError: it is neither, or out of range; `term` is what surrounds it.
    """
    if text.isascii() and text.isdigit():
        value = int(text[:9])
        if unit.low <= value <= unit.high:
            return value
        reason = f"{text} is not within {unit.low} to {unit.high}"
        raise FieldError(unit, reason, f"a number from {unit.low} to {unit.high}")
    if text in unit.words:
        return unit.words.index(text) + unit.low
    where = f" in {term!r}" if term != text else ""
    if text == "?":
        raise FieldError(unit, "'?' is not in Debian's grammar", "'*' for every value")
    names = f", {unit.words[0].upper()}-{unit.words[-1].upper()}" if unit.words else ""
    hint = f"{unit.low}-{unit.high}{names}, *, lists a,b, ranges a-b and steps */n"
    raise FieldError(unit, f"{text!r}{where} is not a value" if text else f"empty{where}", hint)


def _day_of_month(text: str) -> tuple[int, list[Pick]]:
    bits = 0
    picks: list[Pick] = []
    for term in text.split(","):
        if match := NEAREST.fullmatch(term):
            picks.append(_nearest_working_day(parse_value(DAY, match[1], term)))
        elif match := NEAREST_FROM_END.fullmatch(term):
            picks.append(_nearest_from_end(int(match[1] or 0), term))
        elif match := FROM_END.fullmatch(term):
            picks.append(_from_end(int(match[1] or 0), term))
        else:
            bits |= _term(DAY, term) >> 1
    return bits, picks


def _day_of_week(text: str) -> tuple[int, list[Pick]]:
    """Return the weekdays spread over six weeks from a Sunday, and what depends on the month."""
    bits = 0
    picks: list[Pick] = []
    for term in text.split(","):
        if match := NTH.fullmatch(term):
            picks.append(_nth(parse_value(WEEKDAY, match[1], term) % 7, int(match[2]), term))
        elif match := LAST_WEEKDAY.fullmatch(term):
            value = parse_value(WEEKDAY, match["before"] or match["after"], term)
            picks.append(_last(value % 7))
        else:
            bits |= _term(WEEKDAY, term)
    week = (bits | bits >> 7) & 0b111_1111
    return sum(week << 7 * index for index in range(6)), picks


def _from_end(distance: int, term: str) -> Pick:
    if distance > 30:
        raise FieldError(DAY, f"{term!r} is before every month", "L to L-30")
    return lambda length, _: 1 << length - 1 - distance if distance < length else 0


def _working_day(length: int, first: int, day: int) -> int:
    """Return the bit of the weekday nearest to `day` (from 0) that lies in the same month."""
    weekday = (first + day) % 7
    if weekday == 6:
        day += -1 if day > 0 else 2
    elif weekday == 0:
        day += 1 if day < length - 1 else -2
    return 1 << day


def _nearest_from_end(distance: int, term: str) -> Pick:
    _from_end(distance, term)
    return lambda length, first: (
        _working_day(length, first, length - 1 - distance) if distance < length else 0
    )


def _nearest_working_day(day: int) -> Pick:
    return lambda length, first: _working_day(length, first, day - 1) if day <= length else 0


def _nth(weekday: int, number: int, term: str) -> Pick:
    if not 1 <= number <= 5:
        raise FieldError(WEEKDAY, f"{term!r}: a month has a first to a fifth of a weekday", "1-5")
    return lambda _, first: 1 << (weekday - first) % 7 + 7 * (number - 1)


def _last(weekday: int) -> Pick:
    def pick(length: int, first: int) -> int:
        day = (weekday - first) % 7 + 28
        return 1 << (day if day < length else day - 7)

    return pick
