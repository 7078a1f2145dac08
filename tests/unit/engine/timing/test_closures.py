"""What becomes of fires in weekends, holidays and blackouts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.timing.closures import ClosedRule, Closures, Observing, closed_at
from engine.timing.parse import parse_schedule
from engine.timing.zones import find_zone

WEEKEND = (0, 6)
EPOCH = date(1970, 1, 1)


def day(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


def at(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1_000_000)


def fires(
    text: str, closures: Closures, rule: ClosedRule, start: str, count: int = 3, zone: str = "UTC"
) -> list[str]:
    """The next fires on the clock of the zone, with the day of the week."""
    found = observing(text, closures, rule, zone).between(at(start), at("2060-01-01"), count)
    info = ZoneInfo(zone)
    return [f"{datetime.fromtimestamp(fire / 1e6, info):%a %Y-%m-%d %H:%M:%S}" for fire in found]


def observing(text: str, closures: Closures, rule: ClosedRule, zone: str = "UTC") -> Observing:
    return Observing(parse_schedule(text, zone, "job_1"), closures, rule, find_zone(zone))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ClosedRule.SKIP, ["Thu 2026-01-01", "Fri 2026-01-02", "Mon 2026-01-05"]),
        (ClosedRule.NEXT, ["Thu 2026-01-01", "Fri 2026-01-02", "Mon 2026-01-05"]),
        (ClosedRule.PREVIOUS, ["Thu 2026-01-01", "Fri 2026-01-02", "Mon 2026-01-05"]),
    ],
)
def test_a_daily_job_meets_its_own_fire_on_the_day_it_is_moved_to(
    rule: ClosedRule, expected: list[str]
) -> None:
    closures = Closures.merged(weekend=WEEKEND)
    found = fires("0 2 * * *", closures, rule, "2025-12-31T12:00")
    assert found == [f"{one} 02:00:00" for one in expected]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ClosedRule.SKIP, ["Mon 2026-06-01", "Wed 2026-07-01", "Tue 2026-09-01"]),
        (ClosedRule.NEXT, ["Mon 2026-06-01", "Wed 2026-07-01", "Mon 2026-08-03"]),
        (ClosedRule.PREVIOUS, ["Mon 2026-06-01", "Wed 2026-07-01", "Fri 2026-07-31"]),
    ],
)
def test_the_first_of_a_month_moves_off_the_weekend(rule: ClosedRule, expected: list[str]) -> None:
    closures = Closures.merged(weekend=WEEKEND)
    found = fires("30 6 1 * *", closures, rule, "2026-05-10", zone="Europe/Berlin")
    assert found == [f"{one} 06:30:00" for one in expected]


def test_a_holiday_beside_a_weekend_makes_the_move_longer() -> None:
    closures = Closures.merged(weekend=WEEKEND, days=[(day("2026-08-03"),) * 2])
    found = fires("0 9 1 8 *", closures, ClosedRule.NEXT, "2026-05-10", 1)
    assert found == ["Tue 2026-08-04 09:00:00"]


def test_an_open_day_opens_a_saturday_and_a_holiday() -> None:
    closures = Closures.merged(
        weekend=WEEKEND,
        days=[(day("2026-08-03"), day("2026-08-05"))],
        open_days=[day("2026-08-01"), day("2026-08-04")],
    )
    found = fires("0 9 * * *", closures, ClosedRule.SKIP, "2026-07-31T12:00")
    assert [one[:14] for one in found] == ["Sat 2026-08-01", "Tue 2026-08-04", "Thu 2026-08-06"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ClosedRule.SKIP, ["21:00:00", "23:00:00"]),
        (ClosedRule.NEXT, ["21:00:00", "22:15:00", "23:00:00"]),
        (ClosedRule.PREVIOUS, ["21:00:00", "21:29:59", "23:00:00"]),
    ],
)
def test_a_blackout_is_left_at_its_end_or_a_second_before_it(
    rule: ClosedRule, expected: list[str]
) -> None:
    closures = Closures.merged(spans=[(at("2026-06-01T21:30"), at("2026-06-01T22:15"))])
    found = fires("0 * * * *", closures, rule, "2026-06-01T20:30", len(expected))
    assert [one[-8:] for one in found] == expected


def test_the_end_of_a_blackout_is_open_and_its_beginning_is_not() -> None:
    closures = Closures.merged(spans=[(100, 200)])
    utc = find_zone("UTC")
    assert [closed_at(closures, utc, moment) for moment in (99, 100, 199, 200)] == [0, 1, 1, 0]


def test_out_of_a_blackout_into_a_weekend_is_out_of_both() -> None:
    closures = Closures.merged(
        weekend=WEEKEND, spans=[(at("2026-07-31T22:00"), at("2026-08-01T06:00"))]
    )
    moved = fires("0 23 31 7 *", closures, ClosedRule.NEXT, "2026-07-01", 1)
    assert moved == ["Mon 2026-08-03 06:00:00"]


def test_a_closed_day_is_the_local_day_of_the_zone() -> None:
    closures = Closures.merged(days=[(day("2026-06-10"),) * 2])
    found = fires("0 */12 * * *", closures, ClosedRule.SKIP, "2026-06-09T00:00", 4, "Asia/Tokyo")
    assert [one[4:16] for one in found] == [
        "2026-06-09 1",
        "2026-06-11 0",
        "2026-06-11 1",
        "2026-06-12 0",
    ]


def test_a_time_that_the_open_day_skips_fires_after_the_gap() -> None:
    closures = Closures.merged(days=[(day("2026-03-28"),) * 2])
    found = fires("30 2 28 3 *", closures, ClosedRule.NEXT, "2026-03-01", 1, "Europe/Berlin")
    assert found == ["Sun 2026-03-29 03:00:00"]


def test_a_time_that_comes_twice_on_the_open_day_fires_the_first_time() -> None:
    closures = Closures.merged(days=[(day("2026-10-24"),) * 2])
    moved = observing("30 2 24 10 *", closures, ClosedRule.NEXT, "Europe/Berlin")
    assert moved.next_after(at("2026-10-01")) == at("2026-10-25T02:30+02:00")


def test_a_day_that_a_zone_never_had_is_no_open_day() -> None:
    closures = Closures.merged(days=[(day("2011-12-29"),) * 2])
    found = fires("0 10 29 12 *", closures, ClosedRule.NEXT, "2011-12-01", 1, "Pacific/Apia")
    assert found == ["Sat 2011-12-31 10:00:00"]


def test_a_job_of_closed_days_alone_never_fires_under_skip() -> None:
    sundays = observing("0 0 * * 0", Closures.merged(weekend=WEEKEND), ClosedRule.SKIP)
    assert sundays.next_after(at("2026-01-01")) is None
    assert sundays.last_before(at("2026-01-01")) is None
    assert sundays.between(at("2026-01-01"), at("2030-01-01")) == []
    assert sundays.count(at("2026-01-01"), at("2030-01-01")) == 0


def test_what_would_be_moved_over_more_than_400_days_is_left_out() -> None:
    closures = Closures.merged(days=[(day("2026-01-01"), day("2027-06-30"))])
    found = fires("0 0 1 * *", closures, ClosedRule.NEXT, "2025-12-15", 2)
    assert found == ["Thu 2027-07-01 00:00:00", "Sun 2027-08-01 00:00:00"]
    lone = observing("@at 2026-01-05T00:00:00Z", closures, ClosedRule.NEXT)
    assert lone.next_after(at("2025-01-01")) is None
    near = observing("@at 2027-01-05T00:00:00Z", closures, ClosedRule.NEXT)
    assert near.next_after(at("2025-01-01")) == at("2027-07-01")


def test_one_fire_is_moved_and_then_there_are_no_more() -> None:
    closures = Closures.merged(weekend=WEEKEND)
    saturday, monday = at("2026-08-01T09:00"), at("2026-08-03T09:00")
    once = observing("@at 2026-08-01T09:00:00Z", closures, ClosedRule.NEXT)
    assert once.between(saturday - 1, at("2030-01-01")) == [monday]
    assert once.next_after(monday) is None
    assert once.last_before(at("2030-01-01")) == monday
    assert once.last_before(monday) is None


@pytest.mark.parametrize("rule", [ClosedRule.NEXT, ClosedRule.PREVIOUS])
def test_a_fire_a_century_away_is_moved_all_the_same(rule: ClosedRule) -> None:
    closures = Closures.merged(weekend=WEEKEND)
    once = observing("@at 2090-08-05T09:00:00Z", closures, rule)
    moved = {ClosedRule.NEXT: at("2090-08-07T09:00"), ClosedRule.PREVIOUS: at("2090-08-04T09:00")}
    assert once.next_after(at("1970-01-01")) == moved[rule]
    assert once.last_before(at("2290-01-01")) == moved[rule]


def test_a_job_of_every_second_steps_over_a_closed_week() -> None:
    closures = Closures.merged(days=[(day("2026-06-08"), day("2026-06-14"))])
    for rule in ClosedRule:
        job = observing("* * * * * *", closures, rule)
        assert job.next_after(at("2026-06-07T23:59:59")) == at("2026-06-15")
        assert job.last_before(at("2026-06-15")) == at("2026-06-07T23:59:59")
        assert job.count(at("2026-06-07T23:59:59"), at("2026-06-15T23:59:59")) == 86_400


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"weekend": frozenset(range(7))}, "no day of the week is open"),
        ({"weekend": frozenset({7})}, "from 0, Sunday, to 6"),
        ({"days": ((3, 2),)}, "ends before it begins"),
        ({"days": ((1, 2), (3, 4))}, "or touch"),
        ({"open_days": (2, 2)}, "out of order"),
        ({"spans": ((5, 5),)}, "ends before it begins"),
        ({"spans": ((1, 5), (4, 6))}, "overlapping"),
    ],
)
def test_closures_out_of_shape_are_refused(parts: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        Closures(**parts)


def test_no_closures_change_nothing() -> None:
    plain = parse_schedule("*/7 * * * *", "UTC")
    for rule in ClosedRule:
        same = Observing(plain, Closures(), rule, find_zone("UTC"))
        start, end = at("2026-01-01"), at("2026-01-03")
        assert same.between(start, end) == plain.between(start, end)
        assert same.count(start, end) == plain.count(start, end)
