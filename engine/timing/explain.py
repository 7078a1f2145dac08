"""A schedule in words, for people who do not read cron.

Common forms become a sentence; what has none is told field by field, so that the words never say
less or more than the schedule does. The words are those of the one grammar of `fields.py`, into
which every dialect is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.core.clock import to_datetime
from engine.timing.dialects import canonical, fields_of
from engine.timing.fields import (
    DAY,
    FROM_END,
    HOUR,
    LAST_WEEKDAY,
    MINUTE,
    MONTH,
    NEAREST,
    NEAREST_FROM_END,
    NTH,
    SECOND,
    WEEKDAY,
    WEEKDAY_WORDS,
    YEAR,
    Unit,
    parse_set,
    values_of,
)
from engine.timing.parse import Timing, schedule_of
from engine.timing.schedule import Every, Once, Within
from engine.timing.spread import has_spread

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS: Final = (
    *("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
)
_NUMBERS: Final = ("first", "second", "third", "fourth", "fifth")
_TIMES_MAX: Final = 6  # a longer list of clock times is not read by anybody


class _When(NamedTuple):
    """The time of day in words; `is_clock` if it reads "at 02:25", not "every 5 minutes"."""

    words: str
    is_clock: bool


class _Which(NamedTuple):
    """The days in words: to open a sentence ("every Monday") and to end one ("on Mondays")."""

    opening: str
    ending: str


def explain(timing: Timing, key: str = "") -> str:
    """Return one sentence, without a full stop, that says when the schedule fires.

    Args:
        timing: what was written.
        key: the job's id, where there is one: what is drawn for it is told as it came out.

    Raises:
        InvalidDocument: as `schedule_of` does.

    >>> explain(Timing(text="25 2 * * 1-5", timezone="Europe/Berlin"))
    'Every weekday at 02:25, Europe/Berlin'
    """
    schedule = schedule_of(timing, key)
    if timing.starts_us is not None or timing.ends_us is not None:
        assert isinstance(schedule, Within)
        schedule = schedule.schedule
    if isinstance(schedule, Every):
        sentence = f"Every {_duration(schedule.period_us)}, {_phase(schedule, key)}"
    elif isinstance(schedule, Once):
        moment = to_datetime(schedule.at)
        sentence = f"Once, on {moment:%Y-%m-%d} at {moment:%H:%M:%S} UTC"
    else:
        sentence = f"{_cron(timing, key)}, {timing.timezone}"
    return f"{sentence}{_bounds(timing)}"


def _phase(schedule: Every, key: str) -> str:
    if not schedule.phase_us:
        return "counted from 1970-01-01 00:00 UTC" if key else "from a moment drawn for the job"
    return f"{_duration(schedule.phase_us)} after its multiples (drawn for this job)"


def _bounds(timing: Timing) -> str:
    words = ""
    for word, instant in (("from", timing.starts_us), ("until", timing.ends_us)):
        if instant is not None:
            moment = to_datetime(instant)
            words += f", {word} {moment:%Y-%m-%d %H:%M:%S} UTC"
    return words


def _cron(timing: Timing, key: str) -> str:
    text = timing.text.strip()
    if text.startswith("cron("):
        text = text[5:-1]
    if has_spread(text) and not key:
        sentence = _by_field(fields_of(timing.dialect, text))
    else:
        sentence = _sentence(canonical(timing.dialect, text, key).lower().split())
        if has_spread(text):
            sentence += " (drawn for this job)"
    return f"{sentence[0].upper()}{sentence[1:]}"


def _sentence(parts: list[str]) -> str:
    if len(parts) == 5:
        parts.insert(0, "0")
    second, minute, hour, day, month, weekday, *year = parts
    in_years = f" in {_join(_spans(values_of(parse_set(YEAR, year[0]))))}" if year else ""
    when = _when(
        values_of(parse_set(SECOND, second)),
        values_of(parse_set(MINUTE, minute)),
        values_of(parse_set(HOUR, hour)),
    )
    months = values_of(parse_set(MONTH, month))
    dates = _dates(day, months)
    weekdays = _weekdays(weekday)
    in_months = "" if len(months) == 12 else f" in {_join([_MONTHS[m - 1] for m in months])}"
    if dates and weekdays:
        if day[0] == "*" or weekday[0] == "*":
            days = f"{dates}, if that is {_alternatives(weekdays)},"
        else:
            days = f"{dates} and {weekdays.ending}"
        which = _Which(days, days)
    elif dates:
        which = _Which(dates, dates)
    elif weekdays:
        which = weekdays
    else:
        which = _Which("every day", "")
    if dates and len(months) != 12 and not weekdays and day.isdigit():
        in_months = ""  # the date has named them
    if when.is_clock:
        return f"{which.opening}{in_months}{in_years} {when.words}"
    return " ".join(filter(None, [when.words, which.ending])) + in_months + in_years


def _when(seconds: list[int], minutes: list[int], hours: list[int]) -> _When:
    if len(seconds) * len(minutes) * len(hours) <= _TIMES_MAX:
        with_seconds = seconds != [0]
        times = [
            f"{h:02}:{m:02}:{s:02}" if with_seconds else f"{h:02}:{m:02}"
            for h in hours
            for m in minutes
            for s in seconds
        ]
        return _When(f"at {_join(times)}", True)
    words = _minutes_and_hours(minutes, hours)
    if seconds == [0]:
        return _When(words, False)
    if len(seconds) == 1:
        return _When(f"{words}, at second {seconds[0]}", False)
    step = _step(seconds, 60)
    each_second = f"every {step} seconds" if step else f"at {_counted('second', seconds)} of"
    if len(seconds) == 60:
        each_second = "every second"
    if len(minutes) == 60 and len(hours) == 24 and (step or len(seconds) == 60):
        return _When(each_second, False)
    each_second = each_second.removesuffix(" of")
    return _When(f"{each_second} of {words.removeprefix('at ')}", False)


def _minutes_and_hours(minutes: list[int], hours: list[int]) -> str:
    every = _every_minute(minutes)
    is_run = len(hours) > 1 and hours == list(range(hours[0], hours[-1] + 1))
    if len(hours) == 24:
        if every:
            return every
        if minutes == [0]:
            return "every hour on the hour"
        return f"every hour at {_counted('minute', minutes)}"
    if every and (is_run or len(hours) == 1):
        return f"{every} from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[-1]:02}"
    if len(minutes) == 1 and is_run:
        return f"every hour from {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[0]:02}"
    step = _step(hours, 24)
    if len(minutes) == 1 and step:
        return f"every {step} hours at minute {minutes[0]}"
    past = f"of {_counted('hour', hours)}"
    if every:
        return f"{every} {past}"
    return f"at {_counted('minute', minutes)} {past}"


def _every_minute(minutes: list[int]) -> str:
    if len(minutes) == 60:
        return "every minute"
    step = _step(minutes, 60)
    return f"every {step} minutes" if step else ""


def _dates(text: str, months: list[int]) -> str:
    if text == "*":
        return ""
    if text.isdigit() and len(months) <= 3:
        return f"every year on {_join([f'{int(text)} {_MONTHS[m - 1]}' for m in months])}"
    if text.startswith(("*/", f"{DAY.low}-{DAY.high}/")) and "," not in text:
        values = values_of(parse_set(DAY, text))
        if len(values) > _TIMES_MAX:
            return (
                f"on every {_ordinal(int(text.partition('/')[2]))} day of the month from the 1st on"
            )
    plain, special = [], []
    for term in text.split(","):
        if match := NEAREST.fullmatch(term):
            special.append(f"the weekday nearest to the {_ordinal(int(match[1]))}")
        elif match := NEAREST_FROM_END.fullmatch(term):
            day = _from_end(int(match[1] or 0))
            special.append("the last weekday" if not match[1] else f"the weekday nearest to {day}")
        elif match := FROM_END.fullmatch(term):
            special.append(_from_end(int(match[1] or 0)))
        else:
            plain.append(term)
    words = []
    if plain:
        values = values_of(parse_set(DAY, ",".join(plain)))
        if len(values) == 31:
            return ""
        words.append(_counted("day", values))
    return f"on {_join([*words, *special])} of the month"


def _weekdays(text: str) -> _Which | None:
    if text == "*":
        return None
    plain, special = [], []
    for term in text.split(","):
        if match := NTH.fullmatch(term):
            special.append(f"the {_NUMBERS[int(match[2]) - 1]} {_weekday(match[1])}")
        elif match := LAST_WEEKDAY.fullmatch(term):
            special.append(f"the last {_weekday(match['before'] or match['after'])}")
        else:
            plain.append(term)
    days: list[int] = []
    if plain:
        bits = parse_set(WEEKDAY, ",".join(plain))
        days = values_of((bits | bits >> 7) & 0b111_1111)
        if len(days) == 7:
            return None
    if special:
        words = _join([*(f"each {_WEEKDAYS[day]}" for day in days), *special])
        return _Which(f"on {words} of the month", f"on {words} of the month")
    if days == [1, 2, 3, 4, 5]:
        return _Which("every weekday", "on weekdays")
    days.sort(key=lambda day: (day - 1) % 7)  # read from Monday on
    names = [_WEEKDAYS[day] for day in days]
    return _Which(f"every {_join(names)}", f"on {_join([f'{name}s' for name in names])}")


def _alternatives(weekdays: _Which) -> str:
    if weekdays.opening == "every weekday":
        return "a weekday"
    for opening, article in (("every ", "a "), ("on ", "")):
        if weekdays.opening.startswith(opening):
            return article + weekdays.opening.removeprefix(opening).replace(" and ", " or ")
    return weekdays.opening


def _from_end(before: int) -> str:
    plural = "s" if before > 1 else ""
    return f"the day {before} day{plural} before the last" if before else "the last day"


def _by_field(fields: Sequence[tuple[Unit, str]]) -> str:
    words = []
    for unit, part in fields:
        if part in ("*", "?") or (unit is SECOND and part == "0"):
            continue
        spread = " (drawn for each job)" if has_spread(part) else ""
        words.append(f"{unit.name} {part.upper()}{spread}")
    return f"at {_join(words)}"


def _spans(values: list[int]) -> list[str]:
    """Numbers as words, what follows each other as one: 2026, 2028 to 2030."""
    spans: list[list[int]] = []
    for value in values:
        if spans and value == spans[-1][-1] + 1:
            spans[-1].append(value)
        else:
            spans.append([value])
    return [str(span[0]) if len(span) == 1 else f"{span[0]} to {span[-1]}" for span in spans]


def _weekday(text: str) -> str:
    return _WEEKDAYS[int(text) % 7 if text.isdigit() else WEEKDAY_WORDS.index(text)]


def _step(values: list[int], size: int) -> int:
    """Return n if the values are every n-th of `size` from 0 on, evenly around; otherwise 0."""
    if len(values) < 2 or values[0] != 0 or size % values[1]:
        return 0
    step = values[1]
    return step if step > 1 and values == list(range(0, size, step)) else 0


def _counted(noun: str, values: list[int]) -> str:
    if len(values) == 1:
        return f"{noun} {values[0]}"
    if len(values) > 2 and values == list(range(values[0], values[-1] + 1)):
        return f"{noun}s {values[0]} to {values[-1]}"
    return f"{noun}s {_join([str(value) for value in values])}"


def _join(words: Sequence[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _duration(duration_us: int) -> str:
    words = []
    for noun, size in (("hour", 3_600_000_000), ("minute", 60_000_000), ("second", 1_000_000)):
        count, duration_us = divmod(duration_us, size)
        if count:
            words.append(f"{count} {noun}{'s' if count > 1 else ''}")
    if duration_us:
        words.append(f"{duration_us / 1000:g} milliseconds")
    joined = _join(words)
    return joined.removeprefix("1 ") if len(words) == 1 else joined
