"""Pasts of jobs: the demo's, noise, and what a test plants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.demo.story import synthetic_history
from analytics.models.runs import Runs
from engine.core.ids import Instant

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
START = 20_600 * DAY_US


def past_of_demo(name: str, end_us: Instant = START) -> Runs:
    """The demo's runs of one job."""
    found = [run for run in synthetic_history(end_us) if run.name == name]
    return make_runs(
        np.array([run.scheduled_us for run in found]),
        np.array([(run.completed_us - (run.started_us or 0)) / 1e3 for run in found]),
        np.array([run.status == "failed" for run in found]),
        lateness_ms=np.array([((run.started_us or 0) - run.scheduled_us) / 1e3 for run in found]),
    )


def noise(seed: int, days: int = 40) -> Runs:
    """An hourly job in which nothing is planted: attempts help seldom, and each as often."""
    random = np.random.default_rng(seed)
    size = 24 * days
    first, second, third = random.random((3, size)) < np.array([[0.12], [0.88], [0.88]])
    return make_runs(
        START + np.arange(size) * HOUR_US,
        20_000 * np.exp(0.3 * random.standard_normal(size)),
        first & second & third,
        attempts=1 + first + (first & second),
    )


def make_runs(
    at_us: NDArray[np.int64],
    duration_ms: NDArray[np.float64],
    failed: NDArray[np.bool_],
    *,
    attempts: NDArray[np.int64] | None = None,
    lateness_ms: NDArray[np.float64] | None = None,
) -> Runs:
    """Runs of one job in UTC, one attempt each and never late where nothing else is said."""
    size = len(at_us)
    return Runs(
        ids=np.arange(size).astype(str),
        at_us=at_us.astype(np.int64),
        duration_ms=duration_ms.astype(float),
        lateness_ms=np.zeros(size) if lateness_ms is None else lateness_ms,
        failed=failed.astype(bool),
        attempts=np.ones(size, dtype=np.int64) if attempts is None else attempts.astype(np.int64),
        version=np.ones(size, dtype=np.int64),
    )
