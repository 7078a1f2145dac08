"""Charts: on whose clock they are, whatever the browser's is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from app.console.widgets import charts, forecast_charts
from app.console.widgets.gantt import gantt

SUMMER, WINTER = "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"
"""Both are half past one in New York, before and after the clock is set back there."""
WORDS = ["2026-11-01 01:30:00 EDT", "2026-11-01 01:30:00 EST"]
ZONE = "America/New_York"

Spec = dict[str, Any]


def timeline(zone: str) -> Spec:
    bars = [
        {
            "job_name": "a",
            "status": "success",
            "started_at": at,
            "completed_at": None,
            "execution_id": "exe_a",
        }
        for at in (SUMMER, WINTER)
    ]
    return charts.timeline(bars, "2026-11-01T07:30:00Z", zone)


def durations(zone: str) -> Spec:
    runs = [
        {"scheduled_time": at, "status": "success", "duration_ms": 1} for at in (SUMMER, WINTER)
    ]
    return charts.durations(runs, zone)


def failure_rates(zone: str) -> Spec:
    points = [{"scheduled_time": at, "failure_rate": 0.5} for at in (SUMMER, WINTER)]
    return charts.failure_rates(points, zone)


def judged(zone: str) -> Spec:
    numbers = {"value": 2.0, "expected": 2.0, "low": 1.0, "high": 3.0, "flagged": False}
    runs = [{"scheduled_time": at, "execution_id": "exe_a", **numbers} for at in (SUMMER, WINTER)]
    deploys = [{"version": 2, "scheduled_time": WINTER}]
    return charts.judged({"unit": "ms", "runs": runs, "deploys": deploys}, zone)


def load(zone: str) -> Spec:
    points = [{"at": WINTER, "mean": 2.0, "low": 1.0, "high": 3.0}]
    history = [{"at": SUMMER, "value": 2.0}]
    return forecast_charts.load({"unit": "runs", "history": history, "points": points}, zone)


def coming(zone: str) -> Spec:
    runs = [{"at": at, "mean": 2.0, "low": 1.0, "high": 3.0} for at in (SUMMER, WINTER)]
    return forecast_charts.durations(runs, zone)


def board(zone: str) -> Spec:
    counts = {"success": 1}
    marks = [
        {
            "kind": "run",
            "runs": 1,
            "from": at,
            "to": at,
            "fire": at,
            "status": "success",
            "execution_id": "exe_a",
            "job_id": "job_a",
            "job_name": "a",
            "lateness_ms": 0.0,
            "counts": counts,
        }
        for at in (SUMMER, WINTER)
    ]
    lane = {"label": "a", "marks": marks, "cell_s": 0.0, "planned_more": False}
    window = {"since": "2026-11-01T05:00:00Z", "until": "2026-11-01T08:00:00Z"}
    return gantt({**window, "now": window["until"], "lanes": [lane]}, zone)


ALL = [timeline, durations, failure_rates, judged, load, coming, board]
Draw = Callable[[str], Spec]


def everything(spec: object) -> list[Any]:
    """All that stands anywhere in a specification."""
    if isinstance(spec, dict):
        return [spec, *(found for value in spec.values() for found in everything(value))]
    if isinstance(spec, list):
        return [found for value in spec for found in everything(value)]
    return [spec]


def moments(spec: Spec, place: str, words: str) -> list[tuple[float, str]]:
    """Where the rows of data stand, and what their tooltips say, from left to right."""
    rows = (one for one in everything(spec) if isinstance(one, dict) and {place, words} <= {*one})
    return sorted({(row[place], row[words]) for row in rows})


@pytest.mark.parametrize("draw", ALL)
@pytest.mark.parametrize("zone", ["UTC", ZONE])
def test_no_chart_leaves_a_time_to_the_browser(draw: Draw, zone: str) -> None:
    spec = draw(zone)
    found = everything(spec)
    assert not {"temporal", "utc", SUMMER, WINTER} & {one for one in found if isinstance(one, str)}


@pytest.mark.parametrize("draw", ALL)
def test_every_axis_shows_round_times_of_the_zone(draw: Draw) -> None:
    for zone, shown in (("UTC", "06:00"), (ZONE, "01:00")):
        (expression,) = {
            one["labelExpr"]
            for one in everything(draw(zone))
            if isinstance(one, dict)
            and "datum.value]" in one.get("labelExpr", "")
            and "floor" not in one["labelExpr"]
        }
        assert shown in json.loads(expression.removesuffix("[datum.value]")).values()


@pytest.mark.parametrize("draw", ALL)
def test_the_hour_that_comes_twice_is_drawn_and_told_as_two(draw: Draw) -> None:
    place, words = ("begin", "from") if draw in (timeline, board) else ("x", "when")
    (first, summer), (second, winter) = moments(draw(ZONE), place, words)
    assert second - first == 3_600_000
    assert [summer, winter] == WORDS


def test_a_fire_axis_is_as_long_as_what_was_and_what_comes() -> None:
    domains = [
        one["domain"] for one in everything(load(ZONE)) if isinstance(one, dict) and "domain" in one
    ]
    assert len(domains) == 3
    assert all(domain == domains[0] for domain in domains)
