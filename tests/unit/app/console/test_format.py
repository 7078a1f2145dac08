"""Values as people read them."""

from __future__ import annotations

import doctest

import pytest

from app.console.widgets import charts
from app.console.widgets import format as formats


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(formats).failed == 0
    assert doctest.testmod(charts).failed == 0


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0 ms"), (999_000, "0.999 ms"), (90e9, "90 s"), (3600e9, "60 min")],
)
def test_a_duration_has_the_unit_that_fits(nanoseconds: float, text: str) -> None:
    assert formats.duration(nanoseconds) == text


def test_a_running_execution_reaches_to_now() -> None:
    bar = {
        "job_name": "a",
        "status": "running",
        "started_at": "2026-01-01T00:00:00Z",
        "completed_at": None,
        "execution_id": "e",
    }
    (drawn,) = charts.timeline([bar], "2026-01-01T00:01:00Z", "UTC")["data"]["values"]
    assert (drawn["end"] - drawn["begin"], drawn["to"]) == (60_000, "now")


def test_durations_are_drawn_in_the_unit_that_fits() -> None:
    run = {"scheduled_time": "2026-01-01T00:00:00Z", "status": "success", "duration_ms": 300_000}
    spec = charts.durations([run], "UTC")
    assert spec["encoding"]["y"]["title"] == "min"
    assert spec["data"]["values"][0][spec["encoding"]["y"]["field"]] == 5
    judged = {"value": 9_000.0, "expected": 3_000.0, "low": None, "high": 6_000.0, "flagged": True}
    judged |= {"scheduled_time": run["scheduled_time"], "execution_id": "e"}
    drawn = charts.judged({"unit": "ms", "runs": [judged], "deploys": []}, "UTC")["data"]["values"]
    assert [drawn[0][name] for name in ("value", "expected", "low", "high")] == [9, 3, None, 6]
    shares = charts.judged({"unit": "%", "runs": [judged], "deploys": []}, "UTC")["data"]["values"]
    assert shares[0]["value"] == 9_000


def test_a_young_history_fills_its_sparkline() -> None:
    none = {"success": 0, "failed": 0, "other": 0}
    series = [none] * 40 + [{**none, "success": 1}] + [none] * 19
    assert len(charts.since_first(series)) == 20
    assert len(charts.since_first([none] * 60)) == charts.SPARK_MIN
    assert charts.since_first([]) == []


def test_two_fires_of_a_repeated_hour_are_two_rows() -> None:
    fires = [{"utc": "2026-10-25T00:30:00Z"}, {"utc": "2026-10-25T01:30:00Z"}]
    columns = formats.fire_times(fires, "Europe/Berlin", "UTC")
    assert columns["in Europe/Berlin"] == ["2026-10-25 02:30:00"] * 2
    assert columns["yours, UTC"] == ["2026-10-25 00:30:00", "2026-10-25 01:30:00"]
