"""What a calendar closes: the public holidays of its country, and the events of its iCalendar.

Holidays are those of the package `holidays`; events are read by `icalendar` and repeated by
`recurring-ical-events`. What is resolved is kept with the calendar, so that nodes need to agree on
no version of these.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from difflib import get_close_matches
from threading import Lock
from typing import Final, NamedTuple

import holidays
import icalendar
import recurring_ical_events
from holidays.registry import COUNTRIES
from icalendar.timezone import tzp

from engine.core.clock import SystemClock, from_datetime
from engine.core.errors import InvalidDocument, Problem
from engine.model.calendar import Calendar, ClosedDay, ClosedSpan
from engine.model.reader import one_of

ENTRIES_MAX: Final = 20_000
PATIENCE_US: Final = 10_000_000
"""How long the events of one calendar may take; a rule that never comes true takes long."""

_FAULTS_MAX: Final = 20
_YEAR_FIRST: Final = 1970
_LABEL_MAX: Final = 200
_LANGUAGE: Final = "en_US"
_PER_DAY_MAX: Final = 24
_EPOCH: Final = date(1970, 1, 1)
_MOMENTS: Final = ("DTSTART", "DTEND", "RECURRENCE-ID")
_SLIPS: Final = {"UK": "GB", "EL": "GR"}  # the codes that the European Union uses
_TIMES: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_READING: Final = Lock()  # icalendar keeps the zones that a file defines for the whole process


class Country(NamedTuple):
    """A country whose holidays are known, and the codes of its parts that have their own."""

    code: str
    name: str
    subdivisions: tuple[str, ...]


def countries() -> list[Country]:
    """The countries whose public holidays are known, by name."""
    names = {codes[1]: name.replace("_", " ").title() for name, codes in COUNTRIES.items()}
    known = holidays.list_supported_countries(include_aliases=False)
    found = [Country(code, names.get(code, code), tuple(parts)) for code, parts in known.items()]
    return sorted(found, key=lambda country: country.name)


def resolve(calendar: Calendar, first_year: int, last_year: int) -> Calendar:
    """The calendar with what its country and its events close in some years, both included.

    Raises:
        InvalidDocument: a Problem for each fault of the fields "country", "subdivision" and "ics".
    """
    problems: list[Problem] = []
    days: set[ClosedDay] = set()
    spans: set[ClosedSpan] = set()
    try:
        days.update(_holidays(calendar, first_year, last_year))
    except InvalidDocument as error:
        problems += error.problems
    try:
        for closed in _events(calendar.ics, first_year, last_year):
            days.add(closed) if isinstance(closed, ClosedDay) else spans.add(closed)
            if len(days) + len(spans) > ENTRIES_MAX:
                reason = f"closes more than {ENTRIES_MAX} times from {first_year} to {last_year}"
                raise _fault(reason, "fewer events, or such that come more seldom")
    except InvalidDocument as error:
        problems += error.problems
    if problems:
        raise InvalidDocument(problems)
    return replace(
        calendar,
        closed=tuple(sorted(days)),
        spans=tuple(sorted(spans)),
        through_year=last_year,
    )


# ---- holidays -----------------------------------------------------------------------------------


def _holidays(calendar: Calendar, first_year: int, last_year: int) -> list[ClosedDay]:
    if not calendar.country:
        return []
    known = {country.code: country for country in countries()}
    country = known.get(calendar.country)
    if country is None:
        letter = calendar.country[0]
        alike = [f"{one.code} ({one.name})" for one in known.values() if one.code[0] == letter]
        slip = known.get(_SLIPS.get(calendar.country, ""))
        near = f"did you mean {slip.code}?" if slip else "one of " + ", ".join(sorted(alike))
        reason = f"the holidays of {calendar.country} are not known"
        raise InvalidDocument([Problem("country", reason, near)])
    if calendar.subdivision and calendar.subdivision not in country.subdivisions:
        reason = f"{country.name} has no part {calendar.subdivision!r} with holidays of its own"
        raise InvalidDocument([Problem("subdivision", reason, _parts(country, calendar))])
    with warnings.catch_warnings():
        # Of some countries the movable days are known for some years only; the others stay open.
        warnings.simplefilter("ignore")
        spoken = holidays.country_holidays(country.code).supported_languages
        found = holidays.country_holidays(
            country.code,
            subdiv=calendar.subdivision or None,
            years=range(first_year, last_year + 1),
            # Left out, it is the language of the machine.
            language=_LANGUAGE if _LANGUAGE in spoken else None,
        )
    days = (((day - _EPOCH).days, label) for day, label in found.items())
    return [ClosedDay(day, day, label[:_LABEL_MAX]) for day, label in days]


def _parts(country: Country, calendar: Calendar) -> str:
    if not country.subdivisions:
        return "leave it out"
    aliases = holidays.country_holidays(country.code).get_subdivision_aliases()
    names = {alias: code for code, others in aliases.items() for alias in (code, *others)}
    return _near(calendar.subdivision, names | {code: code for code in country.subdivisions})


def _near(text: str, names: dict[str, str]) -> str:
    """A hint: what was probably meant by a name or code, or all codes."""
    by_letters = {name.casefold(): code for name, code in names.items()}
    if code := by_letters.get(text.casefold()):
        return f"write {code}"
    close = get_close_matches(text.casefold(), by_letters, n=3)
    if close:
        return "did you mean " + " or ".join(dict.fromkeys(by_letters[name] for name in close))
    return one_of("", sorted(set(names.values())))


# ---- events -------------------------------------------------------------------------------------


def _events(ics: str, first_year: int, last_year: int) -> Iterator[ClosedDay | ClosedSpan]:
    """What the events close, each once a year at least.

    A floating time is one in UTC, or in the zone that X-WR-TIMEZONE names. Cancelled events close
    nothing, nor do timed ones that are marked as free (TRANSP); all-day ones do, since calendars of
    holidays mark theirs so.
    """
    if not ics.strip():
        return
    clock = SystemClock()
    until = clock.monotonic_us() + PATIENCE_US
    for series in _series(ics):
        for year in range(first_year, last_year + 1):
            if clock.monotonic_us() > until:
                raise _fault("takes too long", "fewer events, or rules that come true")
            for event in _occurrences(series, year):
                closed = _closed(event)
                if closed is not None and _touches(closed, first_year, last_year):
                    yield closed


def _series(ics: str) -> list[icalendar.Calendar]:
    """Each event, and those that replace single ones of its repetitions, as one calendar."""
    with _READING:
        tzp.use_default()
        try:
            calendars = icalendar.Calendar.from_ical(ics, multiple=True)
        except (ValueError, IndexError, KeyError) as error:
            reason = f"is not iCalendar: {str(error).splitlines()[0][:_LABEL_MAX]}"
            raise _fault(reason, "BEGIN:VCALENDAR ... END:VCALENDAR") from None
    begun = sum(line.strip().upper() == "BEGIN:VCALENDAR" for line in ics.splitlines())
    if len(calendars) < begun:
        raise _fault("is not iCalendar: it is cut off", "END:VCALENDAR at the end")
    problems: list[Problem] = []
    found: dict[tuple[int, str], icalendar.Calendar] = {}
    for number, calendar in enumerate(calendars):
        if not isinstance(calendar, icalendar.Calendar):
            raise _fault("is not iCalendar: it has no VCALENDAR", "BEGIN:VCALENDAR")
        for place, event in enumerate(calendar.walk("VEVENT"), 1):
            problems += [_of_event(event, place, fault) for fault in _faults(event)]
            key = (number, str(event.get("UID") or f"\0{place}"))
            if key not in found:
                found[key] = icalendar.Calendar()
                if zone := calendar.get("X-WR-TIMEZONE"):
                    found[key].add("X-WR-TIMEZONE", str(zone))
            found[key].add_component(event)
    if problems:
        raise InvalidDocument(problems[:_FAULTS_MAX])
    return list(found.values())


def _faults(event: icalendar.Component) -> Iterator[str]:
    """What is wrong with an event, before it is repeated."""
    yield from (f"{name}: {reason}" for name, reason in event.errors)
    if "DTSTART" not in event:
        yield "has no DTSTART"
    if event.errors or "DTSTART" not in event:
        return
    moments: dict[str, date] = {}
    for name in _MOMENTS:
        value = event.get(name)
        if value is None:
            continue
        if not isinstance(value, icalendar.vDDDTypes) or not isinstance(value.dt, date):
            yield f"{name}: is not one date or time"
            return
        moments[name] = value.dt
        zone = value.params.get("TZID")
        if zone and isinstance(value.dt, datetime) and value.dt.tzinfo is None:
            yield f"{name}: {str(zone)[:60]!r} is not a known time zone, nor defined by a VTIMEZONE"
    if moments["DTSTART"].year < _YEAR_FIRST:
        yield f"begins before {_YEAR_FIRST}, from where on it would be repeated"
    if "DTEND" in moments and _moment(moments["DTEND"]) < _moment(moments["DTSTART"]):
        yield "ends before it begins"
    rules = event.get("RRULE", [])
    if any(
        _per_day(rule) > _PER_DAY_MAX for rule in (rules if isinstance(rules, list) else [rules])
    ):
        yield "recurs more often than once an hour"


def _per_day(rule: icalendar.vRecur) -> int:
    """How often a rule comes true in a day at most."""
    frequency = str(rule.get("FREQ", [""])[0])
    if frequency in ("SECONDLY", "MINUTELY"):
        return _PER_DAY_MAX + 1
    hours, minutes, seconds = (len(rule.get(name, [0])) for name in _TIMES)
    return (24 if frequency == "HOURLY" else hours) * minutes * seconds


def _occurrences(series: icalendar.Calendar, year: int) -> list[icalendar.Event]:
    try:
        query = recurring_ical_events.of(series)
        found: list[icalendar.Event] = query.between(date(year, 1, 1), date(year + 1, 1, 1))
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError) as error:
        event = series.walk("VEVENT")[0]
        raise InvalidDocument([_of_event(event, 0, str(error).strip("'\""))]) from None
    return found


def _closed(event: icalendar.Event) -> ClosedDay | ClosedSpan | None:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    start, end = event.start, event.end
    label = _label(event)
    if not isinstance(start, datetime):
        first, last = (start - _EPOCH).days, (_day(end) - _EPOCH).days - 1
        return ClosedDay(first, max(first, last), label)
    is_free = str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
    since, until = _moment(start), _moment(end)
    return None if is_free or since >= until else ClosedSpan(since, until, label)


def _touches(closed: ClosedDay | ClosedSpan, first_year: int, last_year: int) -> bool:
    if isinstance(closed, ClosedSpan):
        return True
    first, after = ((date(year, 1, 1) - _EPOCH).days for year in (first_year, last_year + 1))
    return closed.last_day >= first and closed.first_day < after


def _moment(moment: date) -> int:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _label(event: icalendar.Component) -> str:
    return str(event.get("SUMMARY") or event.get("UID") or "")[:_LABEL_MAX]


def _of_event(event: icalendar.Component, place: int, fault: str) -> Problem:
    label = _label(event)[:60]
    name = f"event {label!r}" if label else f"event {place}"
    return Problem("ics", f"{name}: {fault[:_LABEL_MAX]}", "mend or remove the event")


def _fault(reason: str, hint: str) -> InvalidDocument:
    return InvalidDocument([Problem("ics", reason, hint)])
