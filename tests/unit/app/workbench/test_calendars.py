"""What a country's holidays and iCalendar events close, and which faults are told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from app.workbench import calendars
from app.workbench.calendars import countries, resolve
from engine.core.errors import InvalidDocument, Problem
from engine.model.calendar import Calendar, day_of


def events(*bodies: str, head: str = "") -> str:
    parts = [f"BEGIN:VEVENT\n{body.strip()}\nEND:VEVENT\n" for body in bodies]
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:test\n{head}{''.join(parts)}END:VCALENDAR\n"
    return text.replace("\n", "\r\n")


def closed(ics: str, first: int = 2026, last: int = 2026) -> list[str]:
    """The closed days and spans, shortly."""
    found = resolve(Calendar(name="a", ics=ics), first, last)
    epoch, start = date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)
    days = [
        f"{epoch + timedelta(one.first_day)}..{epoch + timedelta(one.last_day)} {one.label}"
        for one in found.closed
    ]
    spans = [
        f"{start + timedelta(microseconds=one.from_us):%m-%d %H:%M}"
        f"..{start + timedelta(microseconds=one.until_us):%m-%d %H:%M} {one.label}"
        for one in found.spans
    ]
    return days + spans


def problems(calendar: Calendar) -> list[Problem]:
    with pytest.raises(InvalidDocument) as refused:
        resolve(calendar, 2026, 2026)
    return list(refused.value.problems)


def fault(ics: str) -> str:
    [found] = problems(Calendar(name="a", ics=ics))
    assert found.field == "ics"
    return found.reason


def test_holidays_of_a_country_and_of_its_part() -> None:
    whole = resolve(Calendar(name="a", country="DE"), 2026, 2027)
    part = resolve(Calendar(name="a", country="DE", subdivision="BY"), 2026, 2027)
    assert (day_of("2026-10-03"),) * 2 + ("German Unity Day",) in whole.closed
    epiphany = day_of("2027-01-06")
    assert [one.label for one in part.closed if one.first_day == epiphany] == ["Epiphany"]
    assert not [one for one in whole.closed if one.first_day == epiphany]
    assert part.through_year == 2027


def test_each_country_is_known_by_code_and_name() -> None:
    found = countries()
    assert ("FR", "France") in [country[:2] for country in found]
    assert all(len(country.code) == 2 for country in found)
    assert "BY" in next(country for country in found if country.code == "DE").subdivisions


def test_each_country_can_be_resolved() -> None:
    for country in countries():
        assert resolve(Calendar(name="a", country=country.code), 2026, 2026).through_year == 2026


@pytest.mark.parametrize(
    ("country", "subdivision", "field", "hint"),
    [
        ("UK", "", "country", "did you mean GB"),
        ("XX", "", "country", "XK (Kosovo)"),
        ("DE", "Bayern", "subdivision", "write BY"),
        ("DE", "Bajern", "subdivision", "did you mean BY"),
        ("DE", "zz", "subdivision", "one of Augsburg, BB"),
        ("MC", "A", "subdivision", "leave it out"),
    ],
)
def test_an_unknown_country_or_part_has_a_hint(
    country: str, subdivision: str, field: str, hint: str
) -> None:
    [found] = problems(Calendar(name="a", country=country, subdivision=subdivision))
    assert found.field == field
    assert hint in found.hint


def test_all_day_events_close_days_whether_marked_as_free_or_not() -> None:
    assert closed(
        events(
            "UID:1\nSUMMARY:One\nDTSTART;VALUE=DATE:20260105",
            "UID:2\nSUMMARY:Three\nDTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260108",
            "UID:3\nSUMMARY:Two\nDTSTART;VALUE=DATE:20260105\nDURATION:P2D\nTRANSP:TRANSPARENT",
        )
    ) == [
        "2026-01-05..2026-01-05 One",
        "2026-01-05..2026-01-06 Two",
        "2026-01-05..2026-01-07 Three",
    ]


def test_timed_events_close_spans_unless_they_are_free_or_cancelled_or_have_no_length() -> None:
    assert closed(
        events(
            "UID:1\nSUMMARY:A\nDTSTART:20260105T100000Z\nDURATION:PT90M",
            "UID:2\nSUMMARY:B\nDTSTART:20260106T100000Z\nDTEND:20260107T000000Z\nTRANSP:OPAQUE",
            "UID:3\nDTSTART:20260105T100000Z\nDURATION:PT90M\nTRANSP:TRANSPARENT",
            "UID:4\nDTSTART:20260105T100000Z\nDURATION:PT90M\nSTATUS:CANCELLED",
            "UID:5\nDTSTART:20260105T100000Z",
        )
    ) == ["01-05 10:00..01-05 11:30 A", "01-06 10:00..01-07 00:00 B"]


def test_a_rule_is_followed_but_for_what_is_left_out_moved_or_cancelled() -> None:
    head = "UID:1\nSUMMARY:Weekly\nDURATION:PT1H\n"
    assert closed(
        events(
            head + "DTSTART;TZID=Europe/Berlin:20260316T090000\nRRULE:FREQ=WEEKLY;COUNT=5\n"
            "EXDATE;TZID=Europe/Berlin:20260323T090000",
            head + "RECURRENCE-ID;TZID=Europe/Berlin:20260330T090000\n"
            "DTSTART;TZID=Europe/Berlin:20260331T150000",
            head + "RECURRENCE-ID;TZID=Europe/Berlin:20260406T090000\n"
            "DTSTART;TZID=Europe/Berlin:20260406T090000\nSTATUS:CANCELLED",
        )
    ) == [
        "03-16 08:00..03-16 09:00 Weekly",
        "03-31 13:00..03-31 14:00 Weekly",
        "04-13 07:00..04-13 08:00 Weekly",
    ]


def test_only_the_years_asked_for_are_resolved() -> None:
    yearly = events("UID:1\nSUMMARY:Y\nDTSTART;VALUE=DATE:20001231\nRRULE:FREQ=YEARLY")
    assert closed(yearly, 2026, 2028) == [f"{y}-12-31..{y}-12-31 Y" for y in (2026, 2027, 2028)]


def test_an_event_over_the_turn_of_the_year_comes_once() -> None:
    over = events("UID:1\nSUMMARY:Y\nDTSTART;VALUE=DATE:20261230\nDTEND;VALUE=DATE:20270103")
    assert closed(over, 2026, 2027) == ["2026-12-30..2027-01-02 Y"]


def test_a_floating_time_is_in_utc_or_in_the_zone_of_the_file() -> None:
    event = "UID:1\nSUMMARY:F\nDTSTART:20260705T100000\nDTEND:20260705T110000"
    assert closed(events(event)) == ["07-05 10:00..07-05 11:00 F"]
    zoned = events(event, head="X-WR-TIMEZONE:Europe/Berlin\n")
    assert closed(zoned) == ["07-05 08:00..07-05 09:00 F"]


def test_zones_by_windows_names_and_by_definitions_of_the_file() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Office\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:{0}\nTZOFFSETTO:{0}\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    event = "UID:1\nSUMMARY:Z\nDURATION:PT1H\nDTSTART;TZID={}:20260705T100000"
    windows = events(event.format("W. Europe Standard Time"))
    assert closed(windows) == ["07-05 08:00..07-05 09:00 Z"]
    first, second = (
        events(event.format("Office"), head=zone.format(offset)) for offset in ("+0300", "+0500")
    )
    assert closed(first) == ["07-05 07:00..07-05 08:00 Z"]
    # A file that gives the same name to another zone is read by its own definition.
    assert closed(second) == ["07-05 05:00..07-05 06:00 Z"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("UID:1\nSUMMARY:A", "event 'A': has no DTSTART"),
        ("UID:1\nDTSTART:2026XX", "event '1': DTSTART"),
        ("SUMMARY:A\nDTSTART:20260101T100000Z\nRRULE:FREQ=FOO", "event 'A': RRULE"),
        ("DTSTART:20260101T100000Z\nDTEND:20250101T100000Z", "event 1: ends before it begins"),
        ("SUMMARY:A\nDTSTART;TZID=No/Where:20260101T100000", "'No/Where' is not a known time zone"),
        ("SUMMARY:A\nDTSTART:20260101T100000Z\nRRULE:FREQ=SECONDLY", "than once an hour"),
        (
            "SUMMARY:A\nDTSTART:20260101T100000Z\nRRULE:FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE="
            + ",".join(map(str, range(10))),
            "than once an hour",
        ),
    ],
)
def test_a_fault_says_which_event(body: str, reason: str) -> None:
    assert reason in fault(events(body))


@pytest.mark.parametrize("text", ["hello", "BEGIN:VCALENDAR\n", "BEGIN:VEVENT\nEND:VEVENT\n"])
def test_what_is_no_icalendar_is_refused(text: str) -> None:
    assert "is not iCalendar" in fault(text)


def test_an_unknown_zone_of_the_file_is_a_fault() -> None:
    event = "UID:1\nSUMMARY:F\nDTSTART:20260705T100000\nDTEND:20260705T110000"
    assert "No/Where" in fault(events(event, head="X-WR-TIMEZONE:No/Where\n"))


def test_faults_of_country_and_events_are_told_at_once() -> None:
    found = problems(Calendar(name="a", country="XX", ics="hello"))
    assert [problem.field for problem in found] == ["country", "ics"]


def test_more_than_a_calendar_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "ENTRIES_MAX", 100)
    daily = events("UID:1\nDTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY")
    assert "closes more than 100 times" in fault(daily)


def test_rules_that_take_too_long_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendars, "PATIENCE_US", -1)
    assert fault(events("UID:1\nDTSTART;VALUE=DATE:20260101")) == "takes too long"
