"""Days that are not one piece, begin late, or never were."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from engine.timing.local_days import (
    DAY_US,
    day_at,
    gaps_over_midnight,
    highest_wall,
    landing,
    missing_days,
    shown,
    wall_at,
)
from engine.timing.zones import find_zone

HOUR_US = DAY_US // 24
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(text: str) -> int:
    """Of an instant in UTC, or of what a clock shows: both are counted alike."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def lengths(zone: str, text: str) -> list[float]:
    """The hours of each piece of a day."""
    first = day(text) * DAY_US
    pieces = shown(find_zone(zone), first, first + DAY_US)
    return [(end - start) / HOUR_US for start, end, _ in pieces]


def test_a_day_is_as_long_as_the_clocks_make_it() -> None:
    assert sum(lengths("UTC", "2026-03-29")) == 24
    assert lengths("Europe/Berlin", "2026-03-29") == [2, 21]
    assert lengths("Europe/Berlin", "2026-10-25") == [3, 22]
    assert lengths("America/Havana", "2026-03-08") == [23]
    assert lengths("Pacific/Apia", "2011-12-30") == []


def test_a_day_comes_back_where_the_clocks_go_back_over_midnight() -> None:
    # At 00:01 of the 29th it became 23:01 of the 28th again.
    assert [round(60 * hours) for hours in lengths("America/St_Johns", "2006-10-29")] == [1, 1440]
    assert [round(60 * hours) for hours in lengths("America/St_Johns", "2006-10-28")] == [1440, 59]


def test_a_wall_in_a_gap_is_where_the_gap_ends_without_its_fraction() -> None:
    berlin = find_zone("Europe/Berlin")
    assert landing(berlin, at("2026-03-29T02:30:00.5")) == at("2026-03-29T01:00")
    assert landing(berlin, at("2026-03-29T03:30:00.5")) == at("2026-03-29T01:30:00.5")


def test_a_wall_that_comes_twice_is_where_it_comes_first() -> None:
    berlin = find_zone("Europe/Berlin")
    assert landing(berlin, at("2026-10-25T02:30")) == at("2026-10-25T00:30")
    again = at("2026-10-25T01:30")
    assert wall_at(berlin, again) == at("2026-10-25T02:30")
    assert highest_wall(berlin, again) == at("2026-10-25T03:00") - 1


def test_a_gap_at_the_end_of_a_day_leads_into_the_next() -> None:
    nuuk = find_zone("America/Nuuk")
    [gap] = gaps_over_midnight(nuuk, at("2026-01-01"), at("2026-12-31"))
    assert landing(nuuk, at("2026-03-28T23:30")) == gap
    assert day_at(nuuk, gap - 1) + 1 == day_at(nuuk, gap) == day("2026-03-29")


def test_only_zones_that_crossed_the_date_line_miss_a_day() -> None:
    assert missing_days(find_zone("Pacific/Apia")) == {day("2011-12-30")}
    assert not missing_days(find_zone("America/Nuuk"))
