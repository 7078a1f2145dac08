"""What charts are to whoever cannot see them: a sentence with their main numbers."""

from __future__ import annotations

from typing import Any

from app.console.widgets import descriptions

ZONE = "America/New_York"
FIRST, SECOND = "2026-11-25T14:30:00Z", "2026-11-25T15:30:00Z"


def run(at: str, milliseconds: float, status: str = "success") -> dict[str, Any]:
    return {"scheduled_time": at, "duration_ms": milliseconds, "status": status}


def test_executions_are_counted_by_status() -> None:
    bars = [
        {"job_name": "a", "status": status, "started_at": FIRST}
        for status in ("failed", "success", "success")
    ]
    waiting = {"job_name": "b", "status": "pending", "started_at": None}
    told = descriptions.timeline([*bars, waiting])
    assert told == "3 executions of 1 job over time: 2 success, 1 failed"


def test_a_window_is_told_with_its_lanes_and_failures() -> None:
    lanes = [{"runs": 1200, "failed": 3}, {"runs": 4, "failed": 0}]
    told = descriptions.board({"lanes": lanes}, "Wed 25 Nov 2026, 14:00 – 15:00")
    assert told.startswith("1,204 runs, 3 failed, in 2 lanes, Wed 25 Nov 2026, 14:00 – 15:00")


def test_throughput_tells_totals_and_its_highest_bar() -> None:
    series = [{"success": 3, "failed": 1, "other": 0}, {"success": 2, "failed": 0, "other": 0}]
    assert descriptions.throughput(series, "1h") == (
        "Runs that ended in the last 1h: 5 success, 1 failed, 0 other; at most 4 in one bar"
    )


def test_durations_tell_their_range_and_the_latest_on_the_chosen_clock() -> None:
    assert descriptions.durations([run(SECOND, 1500), run(FIRST, 90_000, "failed")], ZONE) == (
        "Durations of 2 runs, 1 success, 1 failed: from 1.5 s to 90 s, "
        "the latest 1.5 s at 2026-11-25 10:30:00 EST"
    )


def test_a_failure_rate_tells_where_it_stands_and_how_high_it_was() -> None:
    points = [
        {"scheduled_time": FIRST, "failure_rate": 0.4},
        {"scheduled_time": SECOND, "failure_rate": 0.05},
    ]
    assert descriptions.failure_rates(points, "UTC") == (
        "Failure rate of the twenty runs up to each: 5.0% at last, "
        "at most 40.0% at 2026-11-25 14:30:00 UTC"
    )


def test_judged_runs_tell_the_verdict_and_the_last_that_left_the_band() -> None:
    usual = {"scheduled_time": SECOND, "flagged": False, "value": 1.0, "low": None, "high": None}
    left = {"scheduled_time": FIRST, "flagged": True, "value": 4000.0, "low": 500.0, "high": 2000.0}
    data = {
        "job_name": "nightly",
        "unit": "ms",
        "runs": [left, usual],
        "verdict": {"words": "1 of 2 runs left the band"},
    }
    assert descriptions.judged(data, "Duration outlier", ZONE) == (
        "nightly, Duration outlier: 1 of 2 runs left the band; the last of them at "
        "2026-11-25 09:30:00 EST, 4 s, expected 500 ms to 2 s"
    )
    calm = descriptions.judged({**data, "runs": [usual]}, "Duration outlier", ZONE)
    assert calm.endswith("left the band")
    share = descriptions.judged({**data, "unit": "%", "runs": [{**left, "low": None}]}, "x", ZONE)
    assert share.endswith("EST, 4000 %")


def test_a_load_tells_the_peaks_of_what_was_and_of_what_comes() -> None:
    measure = {
        "unit": "runs an hour",
        "history": [{"at": FIRST, "value": 3.0}],
        "points": [{"at": SECOND, "mean": 4.25}],
    }
    assert descriptions.load(measure, "UTC") == (
        "Load in runs an hour: 1 past hour, at most 3.0 at 2026-11-25 14:30:00 UTC; "
        "1 coming hour, at most 4.2 at 2026-11-25 15:30:00 UTC"
    )


def test_coming_runs_tell_what_is_expected_and_the_interval_of_the_next() -> None:
    runs = [
        {"at": FIRST, "mean": 2000.0, "low": 1000.0, "high": 3000.0},
        {"at": SECOND, "mean": 4000.0, "low": 1000.0, "high": 5000.0},
    ]
    assert descriptions.coming(runs, "UTC") == (
        "2 coming runs, expected to take 2 s to 4 s; "
        "the next at 2026-11-25 14:30:00 UTC 1 s to 3 s nine times of ten"
    )


def test_a_calibration_tells_where_it_is_most_wrong() -> None:
    numbers = {
        "reliability_predicted": [0.1, 0.4],
        "reliability_observed": [0.1, 0.0],
        "reliability_runs": [190.0, 2.0],
    }
    told = descriptions.reliability(numbers)
    assert told == (
        "Calibration on 192 runs in 2 groups: furthest apart, 40.0% was said and 0.0% came"
    )
    none: dict[str, list[float]] = {name: [] for name in numbers}
    assert descriptions.reliability(none) == "Calibration on 0 runs"


def test_a_chart_of_a_report_tells_each_series() -> None:
    chart = {
        "title": "Runs by day",
        "unit": "count",
        "labels": ["24 Nov", "25 Nov"],
        "series": {"succeeded": [1300, 4], "late": [None, None], "failed": [0, 1.5]},
    }
    assert descriptions.reported(chart) == (
        "Runs by day, 24 Nov to 25 Nov: succeeded at most 1,300 (24 Nov), at last 4; "
        "failed at most 1.50 (25 Nov), at last 1.50"
    )
    empty = {**chart, "unit": "share", "series": {"late": [None, None]}}
    assert descriptions.reported(empty).endswith("nothing")


def test_an_answer_tells_its_least_and_its_most() -> None:
    rows = [("a", 2.0), ("b", 3.0), ("c", 7.5)]
    assert descriptions.answer(rows, "job", "runs", "bar") == (
        "runs by job, as bar, 3 rows: from 2 (a) to 7.5 (c)"
    )
    assert descriptions.answer([], "job", "runs", "bar").endswith("no number")


def test_advice_tells_its_best_and_its_worst() -> None:
    ranked = [{"hour": 5, "score": 0.9}, {"hour": 14, "score": 0.4}]
    assert descriptions.slots({"optimal_time_slots": ranked, "timezone": "Asia/Tokyo"}) == (
        "Score of 2 hours of the day in Asia/Tokyo: best 05:00 with 0.90, worst 14:00 with 0.40"
    )
    today = {"fires": 3, "by_hour": [1, 2, 0]}
    after = {"fires": 3, "by_hour": [1, 0, 2]}
    assert descriptions.what_if({"today": today, "suggested": after}) == (
        "Fires by hour, 3 today and 3 as suggested; changed at 01:00 2 to 0, 02:00 0 to 2"
    )
    plan = {"before": {"per_minute": [0] * 120 + [15]}, "after": {"per_minute": [4, 1]}}
    assert descriptions.herd(plan) == (
        "Starts a minute over the day, UTC: at most 15 today, at 02:00; "
        "at most 4 as suggested, at 00:00"
    )
