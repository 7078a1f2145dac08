"""What if: the last days with another schedule. Which fires move, what load, what risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.advice.slots import hours_of_day, turnaround_ms
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from engine.core.ids import Instant
from engine.timing.parse import Timing, schedule_of

DAYS: Final = 30
DAY_US: Final = 86_400_000_000
FIRES_MAX: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a schedule would have meant; nan where nothing is known of its hours.

    Attributes:
        fires: how many there would have been.
        failing: expected share of failures.
        turnaround_ms: expected, from fire time to end; the mean of the hours' medians.
        by_hour: fires at each hour of the day in the job's zone.
    """

    fires: int
    failing: float
    turnaround_ms: float
    by_hour: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """Two schedules over the same days.

    Attributes:
        since_us, until_us: the days, microseconds UTC.
        today, after: what either means.
        gone, added: fires of one that the other has not, ascending.
    """

    since_us: Instant
    until_us: Instant
    today: Outlook
    after: Outlook
    gone: tuple[Instant, ...]
    added: tuple[Instant, ...]


def what_if(runs: Runs, today: Timing, after: Timing, key: str, until_us: Instant) -> WhatIf:
    """Both timings over the `DAYS` days before `until_us`."""
    since_us = until_us - DAYS * DAY_US
    first, second = (
        schedule_of(timing, key).between(since_us, until_us, FIRES_MAX) for timing in (today, after)
    )
    return WhatIf(
        since_us=since_us,
        until_us=until_us,
        today=_outlook(first, runs),
        after=_outlook(second, runs),
        gone=tuple(sorted(set(first) - set(second))),
        added=tuple(sorted(set(second) - set(first))),
    )


def _outlook(fires: list[Instant], runs: Runs) -> Outlook:
    known, took = hours_of_day(runs), turnaround_ms(runs)
    hours = hours_of_week(np.array(fires, dtype=np.int64), runs.timezone) % 24
    by_hour = np.bincount(hours, minlength=24)
    weights = [(int(by_hour[hour]), known == hour) for hour in range(24) if by_hour[hour]]
    failing = [(count, runs.failed[mask]) for count, mask in weights if mask.any()]
    times = [(count, took[mask & np.isfinite(took)]) for count, mask in weights]
    return Outlook(
        fires=len(fires),
        failing=_weighted([(count, float(values.mean())) for count, values in failing]),
        turnaround_ms=_weighted(
            [(count, float(np.median(values))) for count, values in times if len(values)]
        ),
        by_hour=tuple(int(count) for count in by_hour),
    )


def _weighted(pairs: list[tuple[int, float]]) -> float:
    if not pairs:
        return float("nan")
    counts: NDArray[np.float64] = np.array([count for count, _ in pairs], dtype=float)
    return float(np.average([value for _, value in pairs], weights=counts))
