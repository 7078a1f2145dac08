"""Time on a chart: where moments stand, and what axis and tooltips say of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.console.widgets.time_axis import TimeAxis, axis_around, ticks

SINCE = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR_MS = 3_600_000
AUTUMN = datetime(2026, 10, 24, 22, tzinfo=UTC)
"""Midnight in Berlin; five hours later, at 3:00, it is 2:00 again."""


def labels(since: datetime, length: timedelta, zone: str) -> list[str]:
    return [label for _, label in ticks(TimeAxis(since, since + length, zone))]


def test_the_axis_shows_round_times_of_the_zone() -> None:
    assert labels(SINCE, timedelta(hours=1), "Asia/Kathmandu")[:2] == ["17:50", "18:00"]
    assert labels(SINCE, timedelta(seconds=30), "UTC")[:2] == ["12:00:00", "12:00:05"]
    assert labels(SINCE, timedelta(days=1), "Europe/Berlin")[:5] == [
        "15:00",
        "18:00",
        "21:00",
        "26 Nov",
        "03:00",
    ]


def test_the_axis_follows_the_clock_when_it_is_set_back() -> None:
    shown = ticks(TimeAxis(AUTUMN, AUTUMN + timedelta(hours=6), "Europe/Berlin"))
    assert [label for _, label in shown] == [
        *("25 Oct", "01:00", "02:00", "02:00", "03:00", "04:00", "05:00"),
    ]
    assert [x // HOUR_MS for x, _ in shown] == list(range(7))


def test_what_came_in_the_hour_that_is_repeated_stands_later_and_says_so() -> None:
    axis = TimeAxis(AUTUMN, AUTUMN + timedelta(hours=6), "Europe/Berlin")
    assert [axis.point(f"2026-10-25T0{hour}:30:00Z") for hour in (0, 1)] == [
        {"x": 2.5 * HOUR_MS, "when": "2026-10-25 02:30:00 CEST"},
        {"x": 3.5 * HOUR_MS, "when": "2026-10-25 02:30:00 CET"},
    ]


def test_days_on_the_axis_begin_at_midnight_there() -> None:
    since = datetime(2026, 3, 27, 23, tzinfo=UTC)
    axis = TimeAxis(since, since + timedelta(days=4), "Europe/Berlin")
    midnights = [(since + timedelta(milliseconds=x)).hour for x, label in ticks(axis) if label]
    assert midnights[0] == 23
    assert {23, 22} >= set(midnights) - set(range(22))


def test_a_long_stretch_has_few_labels() -> None:
    for days in (1, 7, 30, 90, 366, 2_000, 9_000):
        assert 3 <= len(labels(SINCE, timedelta(days=days), "America/New_York")) <= 13


def test_days_of_a_week_have_their_names_and_days_of_several_years_say_which() -> None:
    assert labels(SINCE, timedelta(days=8), "UTC")[0] == "Thu 26 Nov"
    assert labels(SINCE, timedelta(days=500), "UTC")[0].endswith(" 2026")
    assert labels(SINCE, timedelta(days=90), "UTC")[0] == "6 Dec"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_a_moment_stands_in_the_same_place_on_every_clock(zone: str) -> None:
    times = ["2026-11-25T12:00:00Z", "2026-11-25T13:00:00+00:00"]
    axis = axis_around(times, zone)
    first, last = (axis.point(text)["x"] for text in times)
    assert 0 < first < last < axis.span_ms
    assert last - first == HOUR_MS
    assert axis.at(first) == SINCE


def test_a_single_moment_stands_in_the_middle() -> None:
    axis = axis_around(["2026-11-25T12:00:00Z"], "UTC")
    assert axis.x("2026-11-25T12:00:00Z") == axis.span_ms / 2


def test_vega_gets_numbers_and_words_and_nothing_that_it_could_read_as_a_time() -> None:
    channel = TimeAxis(SINCE, SINCE + timedelta(hours=10), "America/New_York").channel()
    assert (channel["type"], channel["scale"]["domain"]) == ("quantitative", [0, 10 * HOUR_MS])
    shown, _, place = channel["axis"]["labelExpr"].rpartition("[")
    assert place == "datum.value]"
    words = json.loads(shown)
    assert [words[str(x)] for x in channel["axis"]["values"]] == [
        f"{7 + n:02}:00" for n in range(11)
    ]
