"""All that statistics say about one job: its whole past, its week, and where it is going."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np

from analytics.models.runs import Runs
from analytics.stats.moments import Moments
from analytics.stats.trend import Trend, trend
from analytics.stats.windows import rolling_rate
from engine.core.ids import Instant
from engine.history.profile import HourOfWeek, Sums

DAY_US: Final = 86_400_000_000
ROLLING_RUNS: Final = 20
"""Runs of a rolling failure rate; as many as the detector of failure spikes looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatistics:
    """What the scheduled runs of a job came to.

    Attributes:
        runs: runs that ended as success, failed or unknown, of all time.
        failed: those that did not end as success.
        duration: of those that began, milliseconds.
        lateness: of those that began, milliseconds.
        rates: (fire time in microseconds UTC, share that failed of the twenty runs up to it), for
            the latest runs, oldest first.
        drift: the trend of the durations of the latest successful runs, milliseconds a day; None
            when there are too few.
    """

    runs: int
    failed: int
    duration: Moments
    lateness: Moments
    rates: list[tuple[Instant, float]]
    drift: Trend | None


def job_statistics(week: Sequence[HourOfWeek], latest: Runs) -> JobStatistics:
    """Join the hours of a job's week, and look at its latest runs."""
    good = ~latest.failed & ~np.isnan(latest.duration_ms)
    days = (latest.at_us[good] - latest.at_us[0]) / DAY_US if len(latest) else np.array([])
    rates = rolling_rate(latest.failed, ROLLING_RUNS)
    known = ~np.isnan(rates)
    return JobStatistics(
        runs=sum(hour.runs for hour in week),
        failed=sum(hour.failed for hour in week),
        duration=_joined([hour.duration for hour in week]),
        lateness=_joined([hour.lateness for hour in week]),
        rates=list(zip(latest.at_us[known].tolist(), rates[known].tolist(), strict=True)),
        drift=trend(days, latest.duration_ms[good]),
    )


def drift_words(drift: Trend | None) -> str:
    """What a trend of durations says, as a sentence."""
    if drift is None:
        return "Too few successful runs to tell a trend."
    if not drift.is_significant:
        return "No trend: durations are neither growing nor shrinking."
    verb = "grow" if drift.slope > 0 else "shrink"
    low, high = sorted((abs(drift.low), abs(drift.high)))
    return (
        f"Durations {verb} by {abs(drift.slope):.3g} ms a day "
        f"(95 % sure: between {low:.3g} and {high:.3g})."
    )


def moments_of(sums: Sums) -> Moments:
    """The moments that sums of the history stand for."""
    return Moments(sums.count, sums.mean or 0.0, sums.m2 or 0.0)


def _joined(parts: Sequence[Sums]) -> Moments:
    return reduce(Moments.joined, map(moments_of, parts), Moments())
