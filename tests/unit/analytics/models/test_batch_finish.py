"""The end of a batch: the last to end decides, deadlines have shares, few runs claim nothing."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.models.batch_finish import BatchFinish, BatchJob, batch_finish
from analytics.models.runs import Runs
from tests.kit.runs import MINUTE_US, MONDAY_US

NIGHT = MONDAY_US + 30 * 86_400_000_000 + 120 * MINUTE_US


def job(name: str, minutes: float, *, fires: int = 1, runs: int = 40, **how: bool) -> BatchJob:
    """A job that took about so many minutes at two o'clock, and is due so often, a minute apart."""
    chance = np.random.default_rng(len(name))
    at = MONDAY_US + 120 * MINUTE_US + 86_400_000_000 * np.arange(runs, dtype=np.int64)
    took = 60_000 * minutes * chance.lognormal(0, 0.1, runs)
    due = [NIGHT + number * MINUTE_US for number in range(fires)]
    return BatchJob(job_id=name, fires=due, runs=Runs.of_values(at, took), **how)


def finish(*jobs: BatchJob, by_us: int | None = None) -> BatchFinish:
    found = batch_finish(jobs, seed=1, by_us=by_us)
    assert found is not None
    return found


def minutes(found: int) -> float:
    return (found - NIGHT) / MINUTE_US


def test_the_slowest_decides() -> None:
    found = finish(job("fast", 5), job("slow", 60))
    assert [one.job_id for one in found.deciders] == ["slow"]
    assert found.deciders[0].share == 1.0
    assert 55 < minutes(found.p50) < 65
    assert found.p50 < found.p90


def test_two_alike_share_the_decision_and_end_later_than_one() -> None:
    both = finish(job("one", 30), job("other", 30))
    assert sum(one.share for one in both.deciders) == 1.0
    assert all(0.2 < one.share < 0.8 for one in both.deciders)
    assert both.p50 > finish(job("one", 30)).p50


def test_a_deadline_has_a_share() -> None:
    work = job("work", 30)
    shares = [
        finish(work, by_us=NIGHT + limit * MINUTE_US).by_share or 0.0 for limit in (10, 30, 60)
    ]
    assert shares[0] == 0.0
    assert 0.2 < shares[1] < 0.8
    assert shares[2] == 1.0


def test_a_fire_while_it_runs_is_passed_over_unless_overlap_is_allowed() -> None:
    kept = finish(job("work", 30, fires=10))
    laid = finish(job("work", 30, fires=10, forbids_overlap=False))
    assert minutes(kept.p50) < 34
    assert minutes(laid.p50) > 36


def test_few_runs_are_named_and_claim_nothing() -> None:
    assert batch_finish([job("fresh", 5, runs=9)], seed=1) is None
    assert batch_finish([], seed=1) is None
    assert finish(job("known", 5), job("fresh", 500, runs=9)).unknown == ("fresh",)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1, 300), min_size=1, max_size=6))
def test_more_jobs_never_end_earlier(lengths: list[float]) -> None:
    jobs = [job(f"job-{'x' * number}", length) for number, length in enumerate(lengths)]
    ends = [finish(*jobs[: size + 1]).p90 for size in range(len(jobs))]
    slack = MINUTE_US  # other draws
    assert all(later >= earlier - slack for earlier, later in pairwise(ends))
