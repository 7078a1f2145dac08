"""Calendars as documents: read, refused, and written as people read them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from engine.core.errors import InvalidDocument, Problem
from engine.model.calendar import Calendar, ClosedDay, ClosedSpan, day_of
from engine.model.calendar_document import ICS_BYTES_MAX, calendar_document, parse_calendar

FULL = {
    "name": "de-by",
    "description": "Open when the Munich office is.",
    "weekend": ["SUN", "sat"],
    "country": "de",
    "subdivision": "BY",
    "dates": ["2026-12-31", "2026-12-24"],
    "open_dates": ["2026-01-31"],
    "ics": "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
}


def problems(document: dict[str, Any]) -> list[Problem]:
    with pytest.raises(InvalidDocument) as refused:
        parse_calendar(document)
    return list(refused.value.problems)


def test_a_calendar_is_read() -> None:
    assert parse_calendar(FULL) == Calendar(
        name="de-by",
        description="Open when the Munich office is.",
        weekend=(0, 6),
        country="DE",
        subdivision="BY",
        dates=("2026-12-24", "2026-12-31"),
        open_dates=("2026-01-31",),
        ics="BEGIN:VCALENDAR\nEND:VCALENDAR\n",
    )


def test_a_calendar_is_written_and_read_again() -> None:
    calendar = replace(
        parse_calendar(FULL),
        closed=(ClosedDay(day_of("2026-01-01"), day_of("2026-01-02"), "New Year"),),
        spans=(ClosedSpan(0, 3_600_000_000, "Freeze"),),
        through_year=2028,
        version=3,
        updated_at=1_000_000,
        updated_by="alice",
    )
    written = calendar_document(calendar)
    assert written["weekend"] == ["SAT", "SUN"]
    assert written["closed"] == [{"from": "2026-01-01", "to": "2026-01-02", "label": "New Year"}]
    assert written["spans"] == [
        {"from": "1970-01-01T00:00:00Z", "until": "1970-01-01T01:00:00Z", "label": "Freeze"}
    ]
    assert written["through"] == 2028
    assert parse_calendar(written) == parse_calendar(FULL)


def test_a_calendar_goes_through_the_log_and_comes_back() -> None:
    calendar = replace(parse_calendar(FULL), closed=(ClosedDay(1, 2, "a"),))
    assert msgspec.convert(msgspec.to_builtins(calendar), Calendar) == calendar


def test_all_faults_are_told_at_once() -> None:
    found = problems(
        {
            "name": "Büro",
            "weekend": ["SAT", "SONNTAG"],
            "country": "DEU",
            "subdivision": "BY;",
            "dates": ["2026-02-30", 5, "20260101"],
            "open_dates": "2026-01-01",
            "ics": "x" * (ICS_BYTES_MAX + 1),
            "color": "red",
        }
    )
    assert [problem.field for problem in found] == [
        "name",
        *("dates[0]", "dates[1]", "dates[2]", "open_dates", "weekend[1]"),
        *("country", "subdivision", "ics", "color"),
    ]
    assert all(problem.hint for problem in found)


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"name": ""}, "name", "is missing"),
        ({"name": "a" * 65}, "name", "is not a name"),
        ({"name": 5}, "name", "is not text"),
        ({"weekend": ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]}, "weekend", "no day"),
        ({"weekend": "SAT"}, "weekend", "is not a list"),
        ({"subdivision": "BY"}, "subdivision", "has no country"),
        ({"dates": ["2026-01-31"], "open_dates": ["2026-01-31"]}, "open_dates", "as well"),
        ({"dates": ["2026-01-31"] * 2001}, "dates", "more than 2000"),
    ],
)
def test_a_fault_names_its_field(fields: dict[str, Any], field: str, reason: str) -> None:
    [found] = problems({"name": "a", **fields})
    assert found.field == field
    assert reason in found.reason


def test_closures_are_all_that_closes_less_what_is_open() -> None:
    calendar = Calendar(
        name="a",
        weekend=(0, 6),
        dates=("2026-08-04",),
        open_dates=("2026-08-01", "2026-08-05"),
        closed=(
            ClosedDay(day_of("2026-08-05"), day_of("2026-08-06"), "b"),
            ClosedDay(day_of("2026-08-06"), day_of("2026-08-06"), "c"),
        ),
        spans=(ClosedSpan(5, 9, "d"), ClosedSpan(1, 6, "e")),
    )
    closures = calendar.closures
    first = day_of("2026-08-01")
    closed = [closures.closes(day) for day in range(first, first + 9)]
    assert closed == [False, True, False, True, False, True, False, True, True]
    assert closures.spans == ((1, 9),)
