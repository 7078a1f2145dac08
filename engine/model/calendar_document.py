"""A calendar as a document: what REST, YAML and the command line carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from engine.core.clock import rfc3339
from engine.core.errors import InvalidDocument, Problem
from engine.model.calendar import NAME, WEEKDAYS, Calendar
from engine.model.job import Document
from engine.model.reader import Reader, one_of, shown

ICS_BYTES_MAX: Final = 256 * 1024
DATES_MAX: Final = 2_000
_READ_ONLY: Final = ("closed", "spans", "through", "version", "updated_at", "updated_by")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_SUBDIVISION: Final = re.compile(r"[\w .'-]{1,64}")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_EPOCH: Final = date(1970, 1, 1)


def parse_calendar(document: Mapping[str, Any]) -> Calendar:
    """The calendar that a document describes; what it closes is not resolved.

    Raises:
        InvalidDocument: one problem per fault, with field path, reason and hint.
    """
    problems: list[Problem] = []
    reader = Reader(document, "", problems)
    name = reader.text("name")
    if not NAME.fullmatch(name) and not any(problem.field == "name" for problem in problems):
        reason = f"{shown(name)} is not a name" if name else "is missing"
        reader.fault("name", reason, "1 to 64 lower-case letters, digits, - and _, e.g. de-berlin")
    dates, open_dates = _dates(reader, "dates"), _dates(reader, "open_dates")
    for text in sorted({*dates} & {*open_dates}):
        reader.fault("open_dates", f"{text} is among the dates as well", "in one of the two")
    calendar = Calendar(
        name=name or "-",
        description=reader.text("description"),
        weekend=_weekend(reader),
        country=_country(reader),
        subdivision=_subdivision(reader),
        dates=dates,
        open_dates=open_dates,
        ics=reader.text("ics", most=ICS_BYTES_MAX),
    )
    reader.close(ignored=_READ_ONLY)
    if problems:
        raise InvalidDocument(problems)
    return calendar


def calendar_document(calendar: Calendar) -> Document:
    """A calendar as the public sees it.

    `to` is the last closed day; `until` the first moment that is open again.
    """
    return {
        "name": calendar.name,
        "description": calendar.description,
        # The week as people write it: Sunday last.
        "weekend": [WEEKDAYS[day] for day in sorted(calendar.weekend, key=lambda day: day or 7)],
        "country": calendar.country,
        "subdivision": calendar.subdivision,
        "dates": list(calendar.dates),
        "open_dates": list(calendar.open_dates),
        "ics": calendar.ics,
        "closed": [
            {"from": _iso(one.first_day), "to": _iso(one.last_day), "label": one.label}
            for one in calendar.closed
        ],
        "spans": [
            {"from": rfc3339(one.from_us), "until": rfc3339(one.until_us), "label": one.label}
            for one in calendar.spans
        ],
        "through": calendar.through_year or None,
        "version": calendar.version,
        "updated_at": rfc3339(calendar.updated_at or None),
        "updated_by": calendar.updated_by,
    }


def _weekend(reader: Reader) -> tuple[int, ...]:
    weekdays = set()
    for place, value in enumerate(_list(reader, "weekend", '["SAT", "SUN"]')):
        name = value.upper() if isinstance(value, str) else value
        if name in WEEKDAYS:
            weekdays.add(WEEKDAYS.index(name))
        else:
            reason = f"{shown(value)} is not a day of the week"
            reader.fault(f"weekend[{place}]", reason, one_of(name, WEEKDAYS))
    if len(weekdays) == len(WEEKDAYS):
        reader.fault("weekend", "leaves no day of the week open", "six days at most")
    return tuple(sorted(weekdays))


def _country(reader: Reader) -> str:
    country = reader.text("country").upper()
    if country and not _COUNTRY.fullmatch(country):
        reason = f"{shown(country)} is not a country"
        reader.fault("country", reason, "two letters of ISO 3166, such as DE")
    return country


def _subdivision(reader: Reader) -> str:
    subdivision = reader.text("subdivision").strip()
    if subdivision and not _SUBDIVISION.fullmatch(subdivision):
        reason = f"{shown(subdivision)} is not a part of a country"
        reader.fault("subdivision", reason, "a code of ISO 3166-2 without its country, such as BY")
    elif subdivision and not reader.document.get("country"):
        reader.fault("subdivision", "has no country", "country: DE")
    return subdivision


def _dates(reader: Reader, key: str) -> tuple[str, ...]:
    dates = set()
    for place, value in enumerate(_list(reader, key, '["2026-12-24"]')):
        try:
            if not isinstance(value, str) or not _DATE.fullmatch(value):
                raise ValueError(value)  # noqa: TRY301 - one answer to all that is no date
            dates.add(date.fromisoformat(value).isoformat())
        except ValueError:
            hint = "a day that exists, as text such as 2026-12-24"
            reader.fault(f"{key}[{place}]", f"{shown(value)} is not a date", hint)
    return tuple(sorted(dates))


def _list(reader: Reader, key: str, example: str) -> list[object]:
    value = reader.take(key)
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        reader.fault(key, f"{shown(value)} is not a list", example)
        return []
    if len(value) > DATES_MAX:
        reader.fault(key, f"has more than {DATES_MAX} entries", "an event of the ics that recurs")
        return []
    return list(value)


def _iso(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()
