"""What is planted is found, and what is not there is not."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.models.detector import detectors
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from analytics.stats.windows import looks
from tests.kit.runs import noise

HOUR_US = 3_600_000_000


def flagged(name: str, runs: Runs) -> list[int]:
    return [int(place) for place in np.flatnonzero(detectors.get(name)().judge(runs).flagged)]


@pytest.mark.parametrize("name", ["duration_spike", "duration_outlier", "duration_seasonal"])
def test_a_run_five_times_as_long_is_found(name: str) -> None:
    runs = noise(1, 400)
    runs.duration_ms[300] *= 5
    assert 300 in flagged(name, runs)


@pytest.mark.parametrize(
    "name",
    ["duration_outlier", "duration_seasonal", "level_shift", "drift", "failure_spike", "cadence"],
)
def test_a_job_that_behaves_is_left_alone(name: str) -> None:
    found = sum(len(flagged(name, noise(seed, 2000))) for seed in range(10))
    assert found <= 2, "of 20,000 runs"


def test_an_outlier_does_not_hide_the_next_one() -> None:
    runs = noise(2, 400)
    runs.duration_ms[200:230:3] *= 40
    runs.duration_ms[300] *= 5
    assert 300 in flagged("duration_outlier", runs)
    assert 300 not in flagged("duration_spike", runs)


def test_an_hour_that_is_always_slow_is_usual_for_the_season_and_odd_for_the_rest() -> None:
    runs = noise(3, 4 * 672)
    hours = (runs.at_us // HOUR_US) % 24
    runs.duration_ms[hours == 2] *= 8
    last_week = range(3 * 672, 4 * 672)
    assert [k for k in flagged("duration_seasonal", runs) if k in last_week] == []
    runs.duration_ms[3 * 672 + 40] *= 8  # ten in the morning
    assert 3 * 672 + 40 in flagged("duration_seasonal", runs)


def test_seven_failures_of_twenty_are_too_many_and_six_are_not() -> None:
    runs = noise(4, 100, fails=0)
    runs.failed[50:56] = True
    assert flagged("failure_spike", runs) == []
    runs.failed[56] = True
    assert flagged("failure_spike", runs) == list(range(56, 70))


def test_a_lasting_change_of_level_is_found_within_eight_runs() -> None:
    runs = noise(5, 400)
    runs.duration_ms[250:] *= 2.5
    found = flagged("level_shift", runs)
    assert found
    assert 250 < found[0] < 258


@pytest.mark.parametrize("seed", range(3))
def test_what_grows_day_by_day_is_a_drift_and_a_jump_is_none(seed: int) -> None:
    runs = noise(200 + seed, 900)
    runs.duration_ms[300:] *= np.exp(np.linspace(0, 0.8, 600))
    found = flagged("drift", runs)
    assert found
    assert found[0] > 400
    jump = noise(100 + seed, 900)
    jump.duration_ms[450:] *= 2
    assert flagged("drift", jump) == []


@pytest.mark.parametrize("name", ["level_shift", "pattern_change", "drift", "duration_seasonal"])
def test_a_weekend_that_comes_again_is_no_change(name: str) -> None:
    runs = noise(14, 24 * 7 * 6, every_us=HOUR_US)
    weekend = hours_of_week(runs.at_us) >= 120
    runs.duration_ms[weekend] /= 3
    found = [place for place in flagged(name, runs) if place >= 24 * 21]
    assert found == []


def test_where_the_latest_runs_begin_does_not_change_when_a_trend_is_looked_at() -> None:
    at_us = noise(15, 600).at_us
    whole = set(at_us[looks(at_us, 10) - 1])
    assert {*at_us[137:][looks(at_us[137:], 10) - 1]} <= whole | {at_us[136]}


def test_a_slow_drift_is_a_pattern_change() -> None:
    runs = noise(6, 400)
    runs.duration_ms[300:] *= np.linspace(1, 4, 100)
    found = flagged("pattern_change", runs)
    assert found
    assert found[0] > 300


def test_a_missing_stretch_and_a_burst_break_the_cadence_and_only_the_first_night_does() -> None:
    runs = noise(7, 2000)
    day = (runs.at_us // HOUR_US) % 24
    keep = (day >= 8) & (day < 20)  # pauses each night
    keep[1000:1060] = False
    fields = {
        name: getattr(runs, name)[keep] for name in Runs.__dataclass_fields__ if name != "timezone"
    }
    paused = Runs(**fields)
    assert flagged("cadence", paused) == [48, 488]
    paused.at_us[900:] -= 14 * 60_000_000
    assert 900 in flagged("cadence", paused)


def test_an_event_is_a_surprise_once_and_noise_is_none() -> None:
    assert flagged("surprise", noise(9, 2000)) == []
    runs = noise(1, 2000)
    runs.duration_ms[1500:1530] *= 4
    found = flagged("surprise", runs)
    assert found[0] == 1500
    assert max(found) < 1530


def test_an_odd_combination_is_found_where_each_signal_alone_would_pass() -> None:
    runs = noise(8, 1500)
    runs.duration_ms[1200] *= 3
    runs.lateness_ms[1200] = 400.0
    runs.failed[1196:1200] = True
    runs.attempts[1200] = 3
    assert 1200 in flagged("isolation", runs)
