"""The detector that is chosen for a job does not take its rhythm for an anomaly."""

from __future__ import annotations

import numpy as np

from analytics.demo import facts
from analytics.demo.story import DAY_US
from analytics.models.selection import LASTING, best_detector, regularity
from analytics.watch import seed_of, watch
from tests.kit.demo import demo_runs
from tests.kit.runs import noise

END = 20_783 * DAY_US  # 2026-11-26T00:00:00Z
HOUR_US = 3_600_000_000


def test_two_odd_hours_of_every_day_are_usual() -> None:
    job = facts.BEST_HOUR.name
    runs = demo_runs(job, END)
    assert best_detector(runs, seed_of(job)) == "duration_seasonal"
    told = [one for one in watch(job, runs, END) if one.signal == "duration"]
    assert told == []


def test_the_weekends_of_the_demo_are_no_change_that_stays() -> None:
    job = facts.WEEKEND.name
    told = [one for one in watch(job, demo_runs(job, END), END) if one.detector in LASTING]
    assert told == []


def test_the_drift_of_the_demo_is_told() -> None:
    job = facts.DRIFT.name
    told = [one for one in watch(job, demo_runs(job, END), END) if one.detector in LASTING]
    assert [one.detector for one in told] == ["drift"]


def test_flags_at_one_hour_every_day_are_regular_and_scattered_ones_are_not() -> None:
    runs = noise(1, 960)
    hours = (runs.at_us // HOUR_US) % 24
    assert regularity(runs, hours == 14) == 1.0
    assert regularity(runs, np.arange(960) % 97 == 5) == 0.0
    assert regularity(runs, np.zeros(960, dtype=np.bool_)) == 0.0


def test_a_job_that_changed_for_good_is_flagged_at_all_hours_and_so_not_regularly() -> None:
    runs = noise(2, 960)
    assert regularity(runs, np.arange(960) >= 600) == 0.0
