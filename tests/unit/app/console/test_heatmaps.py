"""The heat maps: which cells there are, what they say, and which day a click means."""

from __future__ import annotations

from typing import Any

import pytest

from app.console.widgets.heatmaps import MEASURES, picked_day, strongest, week_map, year_map


def numbers(runs: int, failed: int = 0, **fields: Any) -> dict[str, Any]:
    blank = {"skipped": 0, "duration_p95_ms": None, "lateness_p95_ms": None}
    return {"runs": runs, "failed": failed, **blank, **fields}


YEAR = {
    "year": 2026,
    "days": [
        {"date": "2026-11-24", **numbers(1234, duration_p95_ms=1500.0)},
        {"date": "2026-11-25", **numbers(3, failed=2, skipped=4)},
    ],
    "hours": [{"weekday": 1, "hour": 9, **numbers(5, failed=1)}],
}


def test_a_day_says_what_was_in_it() -> None:
    (series,) = year_map(YEAR, "runs")["series"]
    assert [cell["name"] for cell in series["data"]] == [
        "Tue 24 Nov: 1,234 runs, 0 failed, p95 1.5 s",
        "Wed 25 Nov: 3 runs, 2 failed, 4 skipped",
    ]


def test_an_hour_of_the_week_stands_at_its_place() -> None:
    (series,) = week_map(YEAR, "failed")["series"]
    assert series["data"][0]["value"] == [9, 1, 1]
    assert series["data"][0]["name"].startswith("Tue 09:00: 5 runs")


@pytest.mark.parametrize("measure", MEASURES.values())
def test_a_measure_that_nothing_has_is_an_empty_map(measure: str) -> None:
    nothing = {"year": 2026, "days": [], "hours": []}
    assert year_map(nothing, measure)["series"][0]["data"] == []
    assert week_map(nothing, measure)["visualMap"]["max"] == 1


def test_a_click_means_the_day_that_is_drawn_there() -> None:
    click = {"selected": [{"data_indices": [0]}]}
    assert picked_day(YEAR, "runs", click) == "2026-11-24"
    assert picked_day(YEAR, "failed", click) == "2026-11-25"
    assert picked_day(YEAR, "failed", {"selected": [{"data_indices": [7]}]}) is None
    assert picked_day(YEAR, "runs", {"selected": []}) is None


def test_the_strongest_colour_has_a_number() -> None:
    assert strongest(YEAR["days"], "runs") == "1,234"  # type: ignore[arg-type]  # a list, here
    assert strongest(YEAR["days"], "duration_p95_ms") == "1.5 s"  # type: ignore[arg-type]  # as above
    assert strongest([], "failed") == "0"
