"""How a job fares at each hour of the day in its own zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.models.runs import Runs
from analytics.stats.compare import wilson
from analytics.stats.hours import hours_of_week

LEAST: Final = 8
"""Runs that an hour needs before anything is said of it."""
_SPEED: Final = 0.4
"""Of a score: the share that goes by how long a run takes; the rest asks only for success."""
_QUIET: Final = 0.05
"""Of a score: what the busiest hour of the cluster takes away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """An hour of the day.

    Attributes:
        hour: 0 to 23, on the clock of the job's zone.
        runs, failures: counts.
        success_rate: share of successes.
        success_low: the lower end of its 95 % interval (Wilson), so that few runs boast of little.
        duration_ms: median, of runs that started; nan where none did.
        lateness_ms: median, likewise.
        load: starts a minute of the whole cluster at that hour.
        score: 0 to 1; `success_low`, less up to 40 % for being slower than the fastest hour from
            fire time to end, less up to 5 % for the load.
    """

    hour: int
    runs: int
    failures: int
    success_rate: float
    success_low: float
    duration_ms: float
    lateness_ms: float
    load: float
    score: float


def hours_of_day(runs: Runs) -> NDArray[np.int64]:
    """The hour of the day of each run's fire time, in the job's zone."""
    return hours_of_week(runs.at_us, runs.timezone) % 24


def turnaround_ms(runs: Runs) -> NDArray[np.float64]:
    """From fire time to end, milliseconds; nan for a run that never started."""
    return runs.lateness_ms + runs.duration_ms


def score_slots(runs: Runs, load: Sequence[float] = (0.0,) * 24) -> list[Slot]:
    """The hours with at least `LEAST` runs, the best first.

    Args:
        runs: of one job.
        load: starts a minute of the whole cluster, for each hour of the day in the job's zone.
    """
    hours, took = hours_of_day(runs), turnaround_ms(runs)
    groups = [(hour, hours == hour) for hour in range(24)]
    groups = [(hour, chosen) for hour, chosen in groups if chosen.sum() >= LEAST]
    medians = {hour: _median(took[chosen]) for hour, chosen in groups}
    known = [value for value in medians.values() if np.isfinite(value)]
    fastest, busiest = min(known, default=0.0), max(load, default=0.0)
    slots = []
    for hour, chosen in groups:
        count, failures = int(chosen.sum()), int(runs.failed[chosen].sum())
        low, _ = wilson(count - failures, count)
        speed = fastest / medians[hour] if medians[hour] > 0 else 1.0
        speed = speed if np.isfinite(speed) else 0.0
        quiet = 1 - load[hour] / busiest if busiest else 1.0
        score = low * (1 - _SPEED + _SPEED * speed) * (1 - _QUIET + _QUIET * quiet)
        slots.append(
            Slot(
                hour=hour,
                runs=count,
                failures=failures,
                success_rate=1 - failures / count,
                success_low=low,
                duration_ms=_median(runs.duration_ms[chosen]),
                lateness_ms=_median(runs.lateness_ms[chosen]),
                load=load[hour],
                score=score,
            )
        )
    return sorted(slots, key=lambda slot: (-slot.score, slot.hour))


def _median(values: NDArray[np.float64]) -> float:
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")
