"""The demo's herd is thinned out, and jobs without a window stay where they are."""

from __future__ import annotations

from analytics.advice.balance import Planned, balance
from analytics.demo import facts
from engine.timing.parse import Timing
from engine.timing.shift import MINUTE_US
from tests.kit.demo import planned
from tests.kit.past import START


def test_the_peak_of_the_demo_falls_by_half_or_more() -> None:
    found = balance([planned(job) for job in facts.JOBS], START)
    assert found.peak_before >= len(facts.HERD)
    assert found.peak_after <= found.peak_before / 2
    assert found.load_after.max() <= found.load_before.max() / 2
    assert {move.job.name for move in found.moves} <= {job.name for job in facts.HERD}


def test_without_windows_nothing_moves() -> None:
    found = balance([planned(job, "0s") for job in facts.JOBS], START)
    assert found.moves == ()
    assert found.peak_after == found.peak_before


def test_what_is_left_of_a_window_ends_where_it_ended() -> None:
    for move in balance([planned(job) for job in facts.JOBS], START).moves:
        assert move.window_us + move.minutes * MINUTE_US == move.job.window_us


def test_what_is_balanced_is_left_alone() -> None:
    jobs = {job.name: planned(job) for job in facts.JOBS}
    for move in balance(jobs.values(), START).moves:
        jobs[move.job.name] = Planned(
            id=move.job.id,
            name=move.job.name,
            version=2,
            timing=move.timing,
            window_us=move.window_us,
            usual_us=move.job.usual_us,
        )
    assert len(balance(jobs.values(), START).moves) <= 1


def test_jobs_of_every_minute_are_counted_apart() -> None:
    often = Planned(id="a", name="a", version=1, timing=Timing(text="@every 5s"), window_us=0)
    found = balance([often], START)
    assert (found.steady, found.peak_before) == (12, 0)
