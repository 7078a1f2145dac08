"""What people write as a schedule, when it fires, and how a fault is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.core.errors import InvalidDocument, Problem
from engine.timing.cron import DstPolicy
from engine.timing.dialects import Dialect
from engine.timing.fields import DESCRIPTORS
from engine.timing.parse import Timing, parse_schedule, schedule_of


def at(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000


def following(schedule: str, start: str, count: int = 3, zone: str = "UTC") -> list[str]:
    """The next fires in UTC, cut to minutes where the second is zero."""
    parsed, instant, found = parse_schedule(schedule, zone, "job_1"), at(start), []
    for _ in range(count):
        fire = parsed.next_after(instant)
        assert fire is not None
        instant = fire
        moment = datetime.fromtimestamp(instant / 1e6, UTC)
        found.append(f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00"))
    return found


def problem(schedule: str, zone: str = "UTC") -> Problem:
    with pytest.raises(InvalidDocument) as caught:
        parse_schedule(schedule, zone)
    [found] = caught.value.problems
    return found


@pytest.mark.parametrize(
    ("schedule", "fires"),
    [
        ("*/20 * * * *", ["2026-01-01 00:20", "2026-01-01 00:40", "2026-01-01 01:00"]),
        ("25 2 * * 1-5", ["2026-01-01 02:25", "2026-01-02 02:25", "2026-01-05 02:25"]),
        ("0 0 13 * 5", ["2026-01-02 00:00", "2026-01-09 00:00", "2026-01-13 00:00"]),
        ("0 0 */2 * 5", ["2026-01-09 00:00", "2026-01-23 00:00", "2026-02-13 00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
        ("0 12 * * sun,7,0", ["2026-01-04 12:00", "2026-01-11 12:00", "2026-01-18 12:00"]),
        ("0 0 1 jan-MAR *", ["2026-02-01 00:00", "2026-03-01 00:00", "2027-01-01 00:00"]),
        ("@hourly", ["2026-01-01 01:00", "2026-01-01 02:00", "2026-01-01 03:00"]),
        ("@daily", ["2026-01-02 00:00", "2026-01-03 00:00", "2026-01-04 00:00"]),
        ("@midnight", ["2026-01-02 00:00", "2026-01-03 00:00", "2026-01-04 00:00"]),
        ("@weekly", ["2026-01-04 00:00", "2026-01-11 00:00", "2026-01-18 00:00"]),
        ("@MONTHLY", ["2026-02-01 00:00", "2026-03-01 00:00", "2026-04-01 00:00"]),
        ("@yearly", ["2027-01-01 00:00", "2028-01-01 00:00", "2029-01-01 00:00"]),
        ("@annually", ["2027-01-01 00:00", "2028-01-01 00:00", "2029-01-01 00:00"]),
    ],
)
def test_a_schedule_fires_when_it_says(schedule: str, fires: list[str]) -> None:
    assert following(schedule, "2026-01-01", len(fires)) == fires


@pytest.mark.parametrize(
    ("schedule", "fires"),
    [
        ("*/25 * * * * *", ["2026-01-01 00:00:25", "2026-01-01 00:00:50", "2026-01-01 00:01"]),
        ("5 30 10 * * *", ["2026-01-01 10:30:05", "2026-01-02 10:30:05"]),
        ("58 59 23 31 12 *", ["2026-12-31 23:59:58", "2027-12-31 23:59:58"]),
        ("10,20 0/30 0 * * ?", ["2026-01-01 00:00:10", "2026-01-01 00:00:20"]),
        ("0 0 12 ? * MON-FRI", ["2026-01-01 12:00", "2026-01-02 12:00", "2026-01-05 12:00"]),
    ],
)
def test_six_fields_begin_with_the_seconds(schedule: str, fires: list[str]) -> None:
    assert following(schedule, "2026-01-01", len(fires)) == fires


@pytest.mark.parametrize(
    ("schedule", "days"),
    [
        ("0 0 L * *", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("0 0 L-2 * *", ["2026-01-29", "2026-02-26", "2026-03-29"]),
        ("0 0 LW * *", ["2026-01-30", "2026-02-27", "2026-03-31"]),
        ("0 0 1W * *", ["2026-02-02", "2026-03-02", "2026-04-01"]),  # 1 February is a Sunday
        ("0 0 31W * *", ["2026-01-30", "2026-03-31", "2026-05-29"]),  # only months that have it
        ("0 0 15w 2,3,8 *", ["2026-02-16", "2026-03-16", "2026-08-14"]),
        ("0 0 * * 5L", ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("0 0 * * L5", ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("0 0 * * fril", ["2026-01-30", "2026-02-27", "2026-03-27"]),
        ("0 0 * * 7L", ["2026-01-25", "2026-02-22", "2026-03-29"]),
        ("0 0 * * MON#2", ["2026-01-12", "2026-02-09", "2026-03-09"]),
        ("0 0 * * 6#5", ["2026-01-31", "2026-05-30", "2026-08-29"]),
        ("0 0 10,L * 1#1", ["2026-01-05", "2026-01-10", "2026-01-31"]),
    ],
)
def test_the_last_the_nearest_and_the_nth_day(schedule: str, days: list[str]) -> None:
    assert [fire[:10] for fire in following(schedule, "2026-01-01")] == days


def test_a_period_has_a_phase_of_the_job_and_not_of_the_start() -> None:
    assert following("@every 90s", "2026-01-01 00:00:10") == [
        "2026-01-01 00:01:05",
        "2026-01-01 00:02:35",
        "2026-01-01 00:04:05",
    ]
    phases = {
        parse_schedule("@every 1h", "UTC", f"job_{number}").next_after(0) for number in range(200)
    }
    assert len(phases) > 150
    assert all(phase is not None and 0 < phase <= 3_600 * 10**6 for phase in phases)


def test_a_period_of_what_has_no_id_yet_counts_from_the_epoch() -> None:
    assert parse_schedule("@every 7s").next_after(-1) == 0


def test_years_and_bounds_end_a_schedule() -> None:
    aws = Dialect.AWS
    years = schedule_of(Timing(text="0 9 1 7 ? 2027,2029", dialect=aws, timezone="Europe/Berlin"))
    assert years.between(at("2026-01-01"), at("2040-01-01")) == [
        at("2027-07-01 07:00"),
        at("2029-07-01 07:00"),
    ]
    assert years.next_after(at("2029-07-01 07:00")) is None
    assert years.last_before(at("2027-07-01 07:00")) is None
    bounded = schedule_of(
        Timing(text="@daily", starts_us=at("2026-03-01"), ends_us=at("2026-03-03"))
    )
    assert bounded.between(0, at("2027-01-01")) == [at("2026-03-01"), at("2026-03-02")]
    assert bounded.count(0, at("2027-01-01")) == 2


def test_a_year_begins_on_the_clock_of_the_zone() -> None:
    timing = Timing(text="0 0 1 1 ? 2027", dialect=Dialect.AWS, timezone="Pacific/Auckland")
    assert schedule_of(timing).next_after(0) == at("2026-12-31 11:00")


def test_bounds_that_leave_nothing_are_refused() -> None:
    for starts, ends in (("2026-03-01", "2026-03-01"), ("2026-03-01 00:01", "2026-03-01 23:00")):
        with pytest.raises(InvalidDocument) as caught:
            schedule_of(Timing(text="@daily", starts_us=at(starts), ends_us=at(ends)))
        assert [fault.field for fault in caught.value.problems] == ["ends_at"]


@pytest.mark.parametrize(
    ("dst", "spring", "autumn"),
    [
        ("debian", ["2026-03-29 01:00"], ["2026-10-25 00:30"]),
        ("skip", [], ["2026-10-25 00:30"]),
        ("shift", ["2026-03-29 01:30"], ["2026-10-25 00:30"]),
        ("both", [], ["2026-10-25 00:30", "2026-10-25 01:30"]),
    ],
)
def test_a_clock_change_is_met_by_the_policy(
    dst: str, spring: list[str], autumn: list[str]
) -> None:
    timing = Timing(text="30 2 * * *", timezone="Europe/Berlin", dst=DstPolicy(dst))
    schedule = schedule_of(timing)
    for day, fires in (("2026-03-29", spring), ("2026-10-25", autumn)):
        start = at(day) - 1
        assert schedule.between(start, start + 86_400_000_000) == [at(fire) for fire in fires]


@pytest.mark.parametrize(
    ("dialect", "schedule", "fires"),
    [
        (
            "quartz",
            "0 0 22-2 ? * FRI",
            ["2026-01-02 00:00", "2026-01-02 01:00", "2026-01-02 02:00"],
        ),
        ("quartz", "0 0 0 ? * 1", ["2026-01-04 00:00", "2026-01-11 00:00"]),
        ("quartz", "0 0 0 ? * L", ["2026-01-03 00:00", "2026-01-10 00:00"]),
        (
            "quartz",
            "0 0 0 ? NOV-FEB 2#1",
            ["2026-01-05 00:00", "2026-02-02 00:00", "2026-11-02 00:00"],
        ),
        ("robfig", "0 0 */10 * 1", ["2026-01-01 00:00", "2026-01-05 00:00", "2026-01-11 00:00"]),
        ("debian", "0 0 */10 * 1", ["2026-05-11 00:00", "2026-06-01 00:00"]),
        ("kubernetes", "5/20 * * * ?", ["2026-01-01 00:05", "2026-01-01 00:25"]),
        ("aws", "15 10 ? * 6L *", ["2026-01-30 10:15", "2026-02-27 10:15"]),
        ("aws", "cron(0 12 1W * ? *)", ["2026-01-01 12:00", "2026-02-02 12:00"]),
    ],
)
def test_a_dialect_means_what_its_cron_means(dialect: str, schedule: str, fires: list[str]) -> None:
    timing = Timing(text=schedule, dialect=Dialect(dialect))
    start = at("2026-01-01") - 1
    assert schedule_of(timing).between(start, at("2028-01-01"), len(fires)) == [
        at(fire) for fire in fires
    ]


@pytest.mark.parametrize(
    ("dialect", "schedule", "reason", "hint"),
    [
        ("quartz", "0 0 12 * * *", "exactly one of the two", "?"),
        ("quartz", "0 0 12 ? * ?", "both are '?'", "?"),
        ("quartz", "0 12 * * *", "5 fields", "six fields"),
        ("quartz", "@daily", "unknown in the dialect quartz", "@every"),
        ("quartz", "0 0 12 ? * 0", "0 is not within 1 to 7", "1 to 7"),
        ("robfig", "0 0 L * *", "not a value", "the dialect debian would take it"),
        ("robfig", "0 0 * * 7", "7 is not within 0 to 6", "debian"),
        ("robfig", "0 5-2 * * *", "backwards", "5-23,0-2"),
        ("kubernetes", "0 0 12 * * *", "6 fields", "five fields"),
        ("aws", "0 12 * * ?", "5 fields", "year last"),
        ("aws", "0 12 * * ? 2027-2026", "backwards", ""),
        ("aws", "0 12 30 2 ? 2027", "never fires", ""),
        ("aws", "0 12 29 2 ? 2027", "none of its years", "a year"),
        ("aws", "rate(1 hours)", "not a rate", "rate(1 hour)"),
        ("aws", "at(2027-01-01T09:00:00Z)", "offset of its own", "zone"),
        ("debian", "0 0 12 ? * MON-FRI *", "7 fields", "the dialect quartz would take it"),
    ],
)
def test_a_fault_of_a_dialect_is_named_with_a_remedy(
    dialect: str, schedule: str, reason: str, hint: str
) -> None:
    with pytest.raises(InvalidDocument) as caught:
        schedule_of(Timing(text=schedule, dialect=Dialect(dialect)))
    [found] = caught.value.problems
    assert found.field == "schedule"
    assert reason in found.reason
    assert hint in found.hint


def test_a_moment_fires_once() -> None:
    schedule = parse_schedule("@at 2027-01-01T09:00:00+01:00")
    fire = at("2027-01-01T08:00:00")
    assert schedule.next_after(fire - 1) == fire
    assert schedule.next_after(fire) is None
    assert schedule.between(fire - 1, fire) == [fire]
    assert schedule.between(fire, fire + 1) == []
    assert parse_schedule("@at 2027-01-01T08:00:00.000001Z").next_after(fire) == fire + 1


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        ("", "empty"),
        ("* * * *", "4 fields"),
        ("0 0 12 * * ? 2027", "7 fields"),
        ("60 * * * *", "minute: 60 is not within 0 to 59"),
        ("* 24 * * *", "hour: 24 is not within 0 to 23"),
        ("* * 0 * *", "day of month: 0 is not within 1 to 31"),
        ("* * * 13 *", "month: 13 is not within 1 to 12"),
        ("* * * * 8", "day of week: 8 is not within 0 to 7"),
        ("* * * * mo", "day of week: 'mo' is not a value"),
        ("*/0 * * * *", "zero"),
        ("*/x * * * *", "not a number"),
        ("0/15 * * * *", "Debian"),
        ("0 1 ? * *", "'?'"),
        ("0 0 8 ? * 2-6", "Quartz"),
        ("1,,2 * * * *", "empty"),
        ("5-2 * * * *", "backwards"),
        ("*1 * * * *", "not a value"),
        ("0 0 30 2 *", "never fires"),
        ("0 0 31 4,6,9,11 *", "never fires"),
        ("0 0 L-30 2 *", "never fires"),
        ("0 0 * * 1#6", "fifth"),
        ("0 0 L-31 * *", "before every month"),
        ("0 0 * * L", "not a value"),
        ("@reboot", "cluster"),
        ("@fortnightly", "unknown"),
        ("@daily now", "unknown"),
        ("@every 250ms", "too often"),
        ("@every soon", "not a duration"),
        ("@every", "not a duration"),
        ("@at 2027-01-01T09:00:00", "offset"),
        ("@at noon", "not a date"),
        ("H(5-70) * * * *", "not within"),
        ("HX * * * *", "spread"),
        ("H/0 * * * *", "zero"),
        ("٣ * * * *", "not a value"),
        ("1" * 2_000, "longer"),
    ],
)
def test_a_fault_is_named_with_a_remedy(schedule: str, reason: str) -> None:
    found = problem(schedule)
    assert found.field == "schedule"
    assert reason in found.reason
    if "not within" not in reason:
        assert found.hint


def test_the_hint_for_a_step_without_range_is_what_debian_accepts() -> None:
    hint = problem("0/15 * * * *").hint.partition(";")[0]
    assert following(f"{hint} * * * *", "2026-01-01", 1) == ["2026-01-01 00:15"]


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "America", "../etc/passwd", "localtime"])
def test_an_unknown_zone_is_named(zone: str) -> None:
    found = problem("@daily", zone)
    assert found.field == "timezone"
    assert "Europe/Berlin" in found.hint


def test_both_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse_schedule("nonsense", "Nowhere")
    assert {found.field for found in caught.value.problems} == {"schedule", "timezone"}


def test_equal_texts_share_one_schedule_whatever_the_key() -> None:
    assert parse_schedule("7 3 * * *", "UTC", "a") is parse_schedule("7 3 * * *", "UTC", "b")


def test_a_fire_is_strictly_later_even_by_a_microsecond() -> None:
    schedule = parse_schedule("* * * * * *")
    assert schedule.next_after(0) == 1_000_000
    assert schedule.next_after(999_999) == 1_000_000
    assert schedule.next_after(-1) == 0


def test_between_stops_at_its_limit_and_includes_its_end() -> None:
    schedule = parse_schedule("* * * * *")
    minute = 60_000_000
    assert schedule.between(0, 3 * minute) == [minute, 2 * minute, 3 * minute]
    assert schedule.between(0, 3 * minute, 2) == [minute, 2 * minute]
    assert schedule.between(0, 3 * minute, 0) == []
    assert parse_schedule("@every 1m").between(0, 3 * minute, 2) == [minute, 2 * minute]


def test_the_calendar_holds_in_far_centuries() -> None:
    assert following("0 0 29 2 *", "2096-03-01", 1) == ["2104-02-29 00:00"]
    assert following("0 0 */28 2 1#5", "2026-01-01", 2) == ["2044-02-29 00:00", "2072-02-29 00:00"]
    assert following("0 12 1 7 *", "2150-01-01", 1, "Europe/Berlin") == ["2150-07-01 10:00"]
    assert following("0 12 1 1 *", "1969-06-01", 1) == ["1970-01-01 12:00"]


def test_the_page_on_schedules_names_each_descriptor() -> None:
    page = (Path(__file__).parents[4] / "docs" / "reference" / "schedules.md").read_text()
    named = set(re.findall(r"`(@[a-z]+)", page))
    assert named == {*DESCRIPTORS, "@every", "@at", "@reboot"}


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("cron(H H * * ? *)", Dialect.AWS),
        ("rate(5 minutes)", Dialect.AWS),
        ("@every 5m", Dialect.DEBIAN),
        ("H H * * *", Dialect.DEBIAN),
    ],
)
def test_what_is_drawn_differs_from_job_to_job(text: str, dialect: Dialect) -> None:
    timing = Timing(text=text, dialect=dialect)
    firsts = {schedule_of(timing, f"job_{n}").next_after(0) for n in range(20)}
    assert len(firsts) > 5


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59-05:00", "3000-01-01T00:00:00Z", "1969-12-31T23:59:59Z"]
)
def test_a_moment_out_of_range_is_refused(moment: str) -> None:
    assert "out of range" in problem(f"@at {moment}").reason
