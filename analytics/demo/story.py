"""The demo's history: pure and seeded, so that the same end gives the same executions.

Each job draws from a stream of its own; what is planted stands in `facts.py`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.demo import facts
from analytics.demo.facts import DemoJob
from engine.core.ids import Instant
from engine.model.execution import Status
from engine.model.finished import FinishedRun

MINUTE_US: Final = 60_000_000
DAY_US: Final = 1440 * MINUTE_US
_MINUTES_A_DAY: Final = 1440
_EPOCH_WEEKDAY: Final = 3  # 1970-01-01 was a Thursday; 0 is Monday
_SATURDAY: Final = 5
_GENERIC_ERROR: Final = "HTTP 500: Internal Server Error"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def synthetic_history(end_us: Instant, days: int = facts.DAYS) -> list[FinishedRun]:
    """The executions of the demo's history, in the order of their fire times.

    Args:
        end_us: midnight UTC after its last day.
        days: how many of its last days are wanted; day 0 stays where it is.
    """
    first_day = end_us // DAY_US - facts.DAYS
    runs = [
        run
        for number, job in enumerate(facts.JOBS)
        for run in _runs_of(job, number, first_day, facts.DAYS - days)
    ]
    runs.sort(key=lambda run: (run.scheduled_us, run.name))
    return runs


def _runs_of(job: DemoJob, number: int, first_day: int, skipped: int) -> list[FinishedRun]:
    day, minute = _fires(job)
    random = np.random.default_rng([facts.SEED, number])
    median, lateness, failing = _planted(job, day, minute, first_day)
    duration_s = median * np.exp(facts.SPREAD * random.standard_normal(len(day)))
    late_s = lateness + random.exponential(facts.LATENESS_S, len(day))
    failed = random.random(len(day)) < failing
    scheduled = ((first_day + day) * _MINUTES_A_DAY + minute) * MINUTE_US
    started = scheduled + np.asarray(late_s * 1e6, dtype=np.int64)
    completed = started + np.asarray(duration_s * 1e6, dtype=np.int64)
    errors = _errors(job, failing)
    return [
        FinishedRun(
            namespace=facts.NAMESPACE,
            name=job.name,
            scheduled_us=int(scheduled[place]),
            started_us=int(started[place]),
            completed_us=int(completed[place]),
            status=Status.FAILED if failed[place] else Status.SUCCESS,
            status_code=_code(errors[place]) if failed[place] else 200,
            error=errors[place] if failed[place] else "",
        )
        for place in np.flatnonzero(day >= skipped)
    ]


def _fires(job: DemoJob) -> tuple[Ints, Ints]:
    """Day and minute of the day of every fire."""
    minutes, hours = (
        _field(text, size) for text, size in zip(job.schedule.split(), (60, 24), strict=False)
    )
    daily = np.array([hour * 60 + minute for hour in hours for minute in minutes], dtype=np.int64)
    day = np.repeat(np.arange(facts.DAYS, dtype=np.int64), len(daily))
    return day, np.tile(daily, facts.DAYS)


def _field(text: str, size: int) -> list[int]:
    """The values of one cron field, as far as the facts use cron."""
    if text.startswith("*"):
        return list(range(0, size, int(text[2:] or 1)))
    return [int(part) for part in text.split(",")]


def _planted(
    job: DemoJob, day: Ints, minute: Ints, first_day: int
) -> tuple[Floats, Floats, Floats]:
    """For each fire: the median duration, the lateness planted, the chance to fail."""
    median = np.full(len(day), job.duration_s)
    lateness = np.zeros(len(day))
    failing = np.full(len(day), facts.FAILURE_SHARE)
    hour = minute // 60
    if job is facts.BEST_HOUR:
        for at, duration_s, share in (
            (facts.GOOD_HOUR, facts.GOOD_DURATION_S, facts.GOOD_FAILURE_SHARE),
            (facts.BAD_HOUR, facts.BAD_DURATION_S, facts.BAD_FAILURE_SHARE),
        ):
            median[hour == at], failing[hour == at] = duration_s, share
    elif job in facts.HERD:
        together = hour == facts.HERD_HOUR
        median[together] *= facts.HERD_FACTOR
        lateness[together] = facts.HERD_LATENESS_STEP_S * (facts.HERD.index(job) + 1)
    elif job is facts.DRIFT:
        grown = np.maximum(0, day - facts.DRIFT_FROM_DAY)
        median *= (1 + facts.DRIFT_A_DAY) ** grown
    elif job in (facts.CAUSE, facts.DEPENDENT):
        failing[_in_outage(day, minute)] = 1.0
    elif job is facts.WEEKEND:
        median[_is_weekend(first_day + day)] *= facts.WEEKEND_FACTOR
    return median, lateness, failing


def _in_outage(day: Ints, minute: Ints) -> Bools:
    at = day * _MINUTES_A_DAY + minute
    down = np.zeros(len(at), dtype=np.bool_)
    for on, since, length in facts.OUTAGES:
        first = on * _MINUTES_A_DAY + since
        down |= (at >= first) & (at < first + length)
    return down


def _is_weekend(epoch_day: Ints) -> Bools:
    return np.asarray((epoch_day + _EPOCH_WEEKDAY) % 7 >= _SATURDAY, dtype=np.bool_)


def _errors(job: DemoJob, failing: Floats) -> list[str]:
    """What a failure at each fire would say."""
    planted = {facts.CAUSE: facts.CAUSE_ERROR, facts.DEPENDENT: facts.DEPENDENT_ERROR}.get(job)
    return [planted if planted and chance >= 1 else _GENERIC_ERROR for chance in failing]


def _code(error: str) -> int:
    """The HTTP status that an error names; 0 where none came."""
    return int(error[5:8]) if error.startswith("HTTP ") else 0
