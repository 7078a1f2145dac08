"""The runs of the demo's synthetic history, as the analyst sees them."""

from __future__ import annotations

from functools import cache

import numpy as np

from analytics.advice.balance import Planned
from analytics.demo import facts
from analytics.demo.story import synthetic_history
from analytics.models.runs import Runs
from analytics.shared import Failure
from analytics.watch import RUNS_MAX
from engine.core.durations import parse_duration
from engine.core.ids import Instant
from engine.model.finished import FinishedRun
from engine.timing.parse import Timing

_history = cache(synthetic_history)


def demo_history(end_us: Instant) -> list[FinishedRun]:
    """The whole history of 90 days that ends at `end_us`, made once."""
    return _history(end_us)


def demo_runs(name: str, end_us: Instant, upto_us: Instant | None = None) -> Runs:
    """The latest runs of a job of the demo, up to an instant."""
    upto = end_us if upto_us is None else upto_us
    mine = [r for r in _history(end_us) if r.name == name and r.scheduled_us < upto][-RUNS_MAX:]
    started = np.array([run.started_us or 0 for run in mine], dtype=np.int64)
    at = np.array([run.scheduled_us for run in mine], dtype=np.int64)
    return Runs(
        ids=np.array([f"{name}_{run.scheduled_us}" for run in mine], dtype=str),
        at_us=at,
        duration_ms=(np.array([run.completed_us for run in mine]) - started) / 1000,
        lateness_ms=(started - at) / 1000,
        failed=np.array([run.status == "failed" for run in mine]),
        attempts=np.ones(len(mine), dtype=np.int64),
        version=np.ones(len(mine), dtype=np.int64),
    )


def planned(job: facts.DemoJob, window: str | None = None) -> Planned:
    """A job of the demo as the balancer plans it, with another window if one is given."""
    return Planned(
        id=job.name,
        name=job.name,
        version=1,
        timing=Timing(text=job.schedule),
        window_us=parse_duration(job.window if window is None else window),
        usual_us=job.duration_s * 1e6,
    )


def demo_failures(
    end_us: Instant, days: int = facts.DAYS
) -> tuple[list[Failure], dict[str, float], dict[str, str]]:
    """What failed in the last days of the demo, each job's failure rate, and the jobs' names."""
    runs = synthetic_history(end_us, days)
    failed = [run for run in runs if run.status == "failed"]
    names = {job.name: job.name for job in facts.JOBS}
    rates = {
        name: sum(run.name == name for run in failed) / sum(run.name == name for run in runs)
        for name in names
    }
    failures = [
        Failure(run.name, f"exe_{run.scheduled_us}", run.scheduled_us, run.error, "127.0.0.1")
        for run in failed
    ]
    return failures, rates, names
