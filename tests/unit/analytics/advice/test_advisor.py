"""What is planted is found, and on noise nothing is claimed."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.advice.advisor import advise
from analytics.advice.insights import NOTHING
from analytics.advice.preview import what_if
from analytics.advice.retry import suggest_retry
from analytics.demo import facts
from analytics.models.runs import Runs
from engine.model.job import RetryPolicy
from engine.timing.parse import Timing
from tests.kit.past import DAY_US, HOUR_US, START, make_runs, noise, past_of_demo

POLICY = RetryPolicy()


def test_the_best_hour_of_the_demo_is_found_and_the_bad_one_left() -> None:
    advice = advise(
        past_of_demo(facts.BEST_HOUR.name), Timing(text=facts.BEST_HOUR.schedule), POLICY
    )
    assert advice.slots[0].hour == facts.GOOD_HOUR
    assert advice.slots[-1].hour == facts.BAD_HOUR
    assert advice.schedule.dropped == (facts.BAD_HOUR,)
    assert advice.schedule.schedule == "0 0-13,15-23 * * *"
    assert advice.backtest is not None
    assert advice.backtest.holds
    assert advice.backtest.time_saved > 0.05
    assert advice.confidence > 0.9
    assert any("05:00 is better" in text for text in advice.insights)


def test_the_weekend_of_the_demo_is_told() -> None:
    job = facts.WEEKEND
    advice = advise(past_of_demo(job.name), Timing(text=job.schedule), POLICY)
    (told,) = [text for text in advice.insights if "Saturdays and Sundays" in text]
    assert "0.34 times as long as on working days (624 runs)" in told


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_on_noise_nothing_is_claimed(first: int) -> None:
    for seed in range(first, first + 10):
        advice = advise(noise(seed), Timing(text="0 * * * *"), POLICY)
        assert advice.schedule.schedule is None, seed
        assert advice.retry.policy is None, seed
        assert advice.insights == (NOTHING,), seed
        assert advice.confidence == 0, seed


@pytest.mark.parametrize("job", facts.NOISE, ids=lambda job: job.name)
def test_in_the_noise_of_the_demo_nothing_is_found(job: facts.DemoJob) -> None:
    advice = advise(past_of_demo(job.name), Timing(text=job.schedule), POLICY)
    assert (advice.schedule.schedule, advice.insights) == (None, (NOTHING,))


def test_too_few_runs_are_told_in_words() -> None:
    advice = advise(noise(1, days=2), Timing(text="0 * * * *"), POLICY)
    assert not advice.enough
    assert advice.insights == ("Not enough data: 48 runs, and 60 are needed.",)


def moved_job(later_is_slow: bool) -> Runs:
    """Twice a day at 02:00 and 14:00, known at 05:00 too; 14:00 is slow at first."""
    days = np.repeat(np.arange(60), 3)
    hours = np.tile([2, 5, 14], 60)
    random = np.random.default_rng(7)
    slow = (hours == 14) & (later_is_slow | (days < 42))
    took = np.where(slow, 90_000.0, 30_000.0) * np.exp(0.1 * random.standard_normal(len(days)))
    return make_runs(START + days * DAY_US + hours * HOUR_US, took, np.zeros(len(days)))


def test_a_bad_hour_moves_to_a_free_hour_that_is_known() -> None:
    advice = advise(moved_job(True), Timing(text="0 2,14 * * *"), POLICY)
    assert advice.schedule.schedule == "0 2,5 * * *"


def test_what_does_not_hold_on_later_runs_is_not_suggested() -> None:
    advice = advise(moved_job(False), Timing(text="0 2,14 * * *"), POLICY)
    assert advice.backtest is not None
    assert not advice.backtest.holds
    assert advice.schedule.schedule is None
    assert "did not hold" in advice.schedule.why


@pytest.mark.parametrize(
    ("cured_at", "attempts"),
    [(0, 1), (3, 5)],
    ids=["permanent", "by the last, often not"],
)
def test_retries_follow_from_what_cured_failures(cured_at: int, attempts: int) -> None:
    size = 2400
    broken = np.arange(size) % 4 == 0
    cured = broken & (np.arange(size) % 8 == 0 if cured_at == 3 else cured_at > 0)
    second = cured & (np.arange(size) % 16 == 0 if cured_at == 3 else True)
    tries = np.where(broken, 3, 1)
    tries[second] = 2
    runs = make_runs(
        START + np.arange(size) * HOUR_US,
        np.full(size, 1000.0),
        broken & ~cured,
        attempts=tries,
    )
    found = suggest_retry(runs, POLICY)
    assert found.policy is not None, found.why
    assert found.policy.max_attempts == attempts


def test_a_preview_counts_what_goes_and_keeps_the_rest() -> None:
    runs = past_of_demo(facts.BEST_HOUR.name)
    found = what_if(runs, Timing(text="0 * * * *"), Timing(text="0 0-13,15-23 * * *"), "job", START)
    assert (found.today.fires, found.after.fires) == (720, 690)
    assert len(found.gone) == 30
    assert not found.added
    assert found.after.failing < found.today.failing
    assert found.after.turnaround_ms < found.today.turnaround_ms
