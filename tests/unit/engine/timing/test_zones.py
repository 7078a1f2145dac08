"""Offsets out of our tables, and what jobs do where they change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.timing.parse import parse_schedule
from engine.timing.zones import HORIZON, find_zone

SECOND_US = 1_000_000


def fires_on(schedule: str, day: str, zone: str) -> list[str]:
    """The fires of a local day as local times with their UTC offset in hours."""
    info = ZoneInfo(zone)
    start = datetime.fromisoformat(day).replace(tzinfo=info)
    first = int(start.timestamp())
    found = parse_schedule(schedule, zone).between(
        (first - 1) * SECOND_US, (first + 25 * 3600) * SECOND_US
    )
    moments = [datetime.fromtimestamp(fire // SECOND_US, info) for fire in found]
    return [f"{moment:%H:%M%z}" for moment in moments if moment.date() == start.date()]


@pytest.mark.parametrize(
    ("schedule", "fires"),
    [
        ("30 2 * * *", ["03:00+0200"]),  # skipped: right after the jump
        ("15,45 2 * * *", ["03:00+0200"]),  # two skipped times are one fire
        ("0 2,3 * * *", ["03:00+0200"]),  # as are a skipped time and the end of the gap
        ("30 1,3 * * *", ["01:30+0100", "03:30+0200"]),
        ("*/30 2 * * *", []),  # follows the wall clock, which has no such time
        ("30 * 29 3 *", None),
        ("0 30 2 * * *", ["03:00+0200"]),
        ("*/20 30 2 * * *", ["03:00+0200"]),
    ],
)
def test_spring_forward(schedule: str, fires: list[str] | None) -> None:
    if fires is None:
        assert len(fires_on(schedule, "2026-03-29", "Europe/Berlin")) == 23
    else:
        assert fires_on(schedule, "2026-03-29", "Europe/Berlin") == fires


@pytest.mark.parametrize(
    ("schedule", "fires"),
    [
        ("30 2 * * *", ["02:30+0200"]),  # the first time only
        ("0 2,3 * * *", ["02:00+0200", "03:00+0100"]),
        ("*/30 2 * * *", ["02:00+0200", "02:30+0200", "02:00+0100", "02:30+0100"]),
        ("0 30 2 * * *", ["02:30+0200"]),
    ],
)
def test_autumn_back(schedule: str, fires: list[str]) -> None:
    assert fires_on(schedule, "2026-10-25", "Europe/Berlin") == fires


def test_asked_within_the_repeated_hour_a_fixed_time_job_waits_for_the_next_day() -> None:
    within = int(datetime(2026, 10, 25, 1, 5, tzinfo=UTC).timestamp()) * SECOND_US
    fire = parse_schedule("30 2 * * *", "Europe/Berlin").next_after(within)
    assert fire == int(datetime(2026, 10, 26, 1, 30, tzinfo=UTC).timestamp()) * SECOND_US


def test_a_jump_of_a_day_is_taken_for_a_set_clock_and_makes_up_for_nothing() -> None:
    # Samoa had no 30 December 2011.
    start = int(datetime(2011, 12, 30, 0, 0, tzinfo=UTC).timestamp()) * SECOND_US
    fire = parse_schedule("0 12 * * *", "Pacific/Apia").next_after(start)
    assert fire == int(datetime(2011, 12, 30, 22, 0, tzinfo=UTC).timestamp()) * SECOND_US


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "America/New_York", "Africa/Casablanca", "Asia/Kathmandu", "EST"]
)
def test_a_table_says_what_the_zone_library_says(name: str) -> None:
    zone, info = find_zone(name), ZoneInfo(name)
    for instant in range(0, HORIZON, 86_400 * 5 + 3_601):
        offset = datetime.fromtimestamp(instant, info).utcoffset()
        assert offset is not None
        assert zone.offset_at(instant) == int(offset.total_seconds())


def test_a_table_grows_when_asked_beyond_its_horizon() -> None:
    summer = int(datetime(2170, 7, 1, tzinfo=UTC).timestamp())
    assert find_zone("America/New_York").offset_at(summer) == -4 * 3600


def test_no_instant_is_too_far_for_a_zone() -> None:
    far = 400_000_000_000 * SECOND_US  # the year 14,645, which datetime does not know
    assert parse_schedule("0 12 * * *", "America/Denver").between(far, far + 2 * 86_400 * SECOND_US)


def test_a_zone_is_built_once() -> None:
    assert find_zone("Europe/Paris") is find_zone("Europe/Paris")
