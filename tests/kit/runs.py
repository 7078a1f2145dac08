"""Synthetic runs of a job with a known truth."""

from __future__ import annotations

import numpy as np

from analytics.models.runs import Runs

MINUTE_US = 60_000_000
MONDAY_US = 1_767_571_200_000_000  # 2026-01-05T00:00:00Z


def noise(seed: int, size: int, *, every_us: int = 15 * MINUTE_US, fails: float = 0.02) -> Runs:
    """A job that behaves: log-normal durations around a second, a failure now and then."""
    chance = np.random.default_rng(seed)
    return Runs(
        ids=np.array([f"exe_{k}" for k in range(size)], dtype=str),
        at_us=MONDAY_US + every_us * np.arange(size, dtype=np.int64),
        duration_ms=1000 * chance.lognormal(0.0, 0.2, size),
        lateness_ms=chance.exponential(5.0, size),
        failed=chance.random(size) < fails,
        attempts=np.ones(size, dtype=np.int64),
        version=np.ones(size, dtype=np.int64),
    )
