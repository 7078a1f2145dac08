"""The runs of the demo's synthetic history, as the analyst sees them."""

from __future__ import annotations

from functools import cache

import numpy as np

from analytics.demo.story import synthetic_history
from analytics.models.runs import Runs
from analytics.watch import RUNS_MAX
from engine.core.ids import Instant
from engine.model.finished import FinishedRun

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
