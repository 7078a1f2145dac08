"""From judged runs to findings that are worth a word."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from analytics.findings import NEAR, OVER, findings
from analytics.models.detector import detectors
from analytics.models.runs import Runs
from analytics.models.selection import back_test, best_detector, detectors_for
from analytics.watch import RECENT_US, watch
from engine.model.finding import Finding, FindingState
from tests.kit.runs import noise


def found(runs: Runs, name: str = "duration_outlier") -> list[Finding]:
    detector = detectors.get(name)
    return list(findings("job_1", name, detector, runs, detector().judge(runs)))


def test_near_flags_are_one_episode_with_its_worst_run() -> None:
    runs = noise(1, 400)
    runs.duration_ms[[300, 303, 306]] *= [6, 20, 6]
    (one,) = found(runs)
    assert one.runs == 3
    assert one.execution_id == "exe_303"
    assert one.first_us == runs.at_us[300]
    assert "usual is" in one.evidence
    assert one.value > one.high


def test_flags_far_apart_are_two_episodes_with_ids_of_their_own() -> None:
    runs = noise(1, 400)
    runs.duration_ms[[300, 302 + NEAR]] *= 20
    assert len({one.id for one in found(runs)}) == 2


def test_the_same_episode_seen_later_has_the_same_id() -> None:
    runs = noise(1, 400)
    runs.duration_ms[[390, 395]] *= 20
    (later,) = found(runs)
    runs.duration_ms[395] /= 20
    (earlier,) = found(runs)
    assert earlier.id == later.id
    assert earlier.runs < later.runs


def test_an_episode_is_over_after_enough_usual_runs() -> None:
    runs = noise(1, 400)
    runs.duration_ms[400 - OVER] *= 20
    assert found(runs)[0].state is FindingState.OPEN
    runs = noise(1, 400)
    runs.duration_ms[399 - OVER] *= 20
    (one,) = found(runs)
    assert (one.state, one.by) == (FindingState.RESOLVED, "analyst")


def test_pure_noise_gives_at_most_one_finding_in_a_thousand_runs() -> None:
    told: Counter[str] = Counter()
    for seed in range(20):
        runs = noise(100 + seed, 500)
        told.update(one.detector for one in watch("job_1", runs, int(runs.at_us[-1])))
    assert told.total() <= 10, told


def test_a_job_whose_nights_are_slow_is_watched_by_the_hour() -> None:
    runs = noise(3, 4 * 672)
    hours = (runs.at_us // 3_600_000_000) % 24
    runs.duration_ms[(hours >= 1) & (hours < 7)] *= 6
    assert best_detector(runs, 1) == "duration_seasonal"
    tests = back_test(runs, 1)
    assert {test.detector for test in tests} > {"duration_spike"}, "the baseline is told, too"
    assert all(0 <= test.found <= 1 for test in tests)


def test_too_few_runs_are_watched_by_the_detector_that_assumes_least() -> None:
    assert back_test(noise(1, 30), 1) == []
    assert detectors_for(noise(1, 30), 1)[0] == "duration_outlier"


def test_what_ended_long_ago_is_not_told() -> None:
    runs = noise(1, 400)
    runs.duration_ms[300] *= 20
    then = int(runs.at_us[300])
    assert watch("job_1", runs, then + RECENT_US)
    assert not watch("job_1", runs, then + RECENT_US + 1)


@pytest.mark.parametrize("size", [0, 1, 19])
def test_a_young_job_has_no_findings(size: int) -> None:
    assert watch("job_1", noise(1, size), 0) == []


def test_numbers_that_json_cannot_carry_do_not_leave() -> None:
    runs = noise(1, 60)
    runs.duration_ms[:] = 0.0
    runs.duration_ms[50] = 1e12
    for one in found(runs, "duration_spike"):
        assert np.isfinite([one.score, one.value, one.low, one.high]).all()
