"""What is known of a run before it begins: the columns that a risk is judged by, and their words.

Each column looks at the fire time and at the runs before, never at the run itself. The order of
the columns is part of a stored model: who changes it gives the algorithm another name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from analytics.stats.windows import rolling_median
from engine.core.ids import Instant

Floats = NDArray[np.float64]

USUAL_RUNS: Final = 200
USUAL_LEAST: Final = 20
SLOW_FACTOR: Final = 1.5
LATE_MS: Final = 5_000.0
"""Late as the overview has it."""
RECENT: Final = 20
IN_A_ROW_MAX: Final = 5
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

PRIOR_RUNS: Final = 10
"""An hour or weekday of few runs is taken to be like all runs, as if so many had been."""

COLUMNS: Final = (
    *("hour", "weekday"),
    *("last_failed", "failures_in_a_row", "recent_failures"),
    *("last_slow", "recent_slow", "last_duration", "last_attempts", "version_new"),
)
"""One name a column."""


class Outcome(StrEnum):
    """What a run may come to that people would like to know before."""

    FAILS = "fails"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Habits:
    """How often it happened in each hour of the day and on each weekday, as log-odds over all."""

    hours: Floats
    weekdays: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """The columns of each run, what became of it, and the habits after the last.

    Attributes:
        table: (runs, columns), as in `COLUMNS`.
        happened: whether the run failed; or whether it was slow: it took more than 1.5 times the
            median of the 200 runs before, or began more than five seconds after its fire time.
    """

    table: Floats
    happened: NDArray[np.bool_]
    habits: Habits


def known_of(runs: Runs, outcome: Outcome) -> Known:
    """What was known before each run, and what came."""
    streaks = _streaks(runs)
    happened = runs.failed if outcome is Outcome.FAILS else streaks.slow
    hour = hours_of_week(runs.at_us, runs.timezone)
    table = np.zeros((len(runs), len(COLUMNS)))
    table[:, 0], hours = _habit(hour % 24, happened, 24)
    table[:, 1], weekdays = _habit(hour // 24, happened, 7)
    table[1:, 2:] = streaks.table[:-1]
    return Known(table=table, happened=happened, habits=Habits(hours=hours, weekdays=weekdays))


def known_of_next(runs: Runs, habits: Habits, fire_us: Instant) -> Floats:
    """The columns of the run that comes after these, at `fire_us`; there is at least one run."""
    hour = int(hours_of_week(np.array([fire_us]), runs.timezone)[0])
    first = [habits.hours[hour % 24], habits.weekdays[hour // 24]]
    return np.array([*first, *_streaks(runs).table[-1]], dtype=np.float64)


def _habit(
    slot: NDArray[np.int64], happened: NDArray[np.bool_], slots: int
) -> tuple[Floats, Floats]:
    """The log-odds of each run's slot over those of all runs before; of each slot at last."""
    events = happened.astype(float)
    seen, hits = np.arange(len(slot), dtype=float), np.concatenate(([0.0], np.cumsum(events)))
    column, last = np.zeros(len(slot)), np.zeros(slots)
    overall = (hits + 0.5) / (np.append(seen, len(slot)) + 1.0)
    for one in range(slots):
        places = np.flatnonzero(slot == one)
        runs_in = np.arange(len(places) + 1)
        hits_in = np.concatenate(([0.0], np.cumsum(events[places])))
        rate_before = overall[np.append(places, len(slot))]
        odds = _logit((hits_in + PRIOR_RUNS * rate_before) / (runs_in + PRIOR_RUNS))
        odds -= _logit(rate_before)
        column[places], last[one] = odds[:-1], odds[-1]
    return column, last


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log(share) - np.log1p(-share))


@dataclass(frozen=True, slots=True, eq=False)
class _Streaks:
    """After each run: whether it was slow, and the columns that follow from the runs until it."""

    slow: NDArray[np.bool_]
    table: Floats


def _streaks(runs: Runs) -> _Streaks:
    usual_ms = rolling_median(runs.duration_ms, USUAL_RUNS, USUAL_LEAST)
    with np.errstate(invalid="ignore"):
        is_long = runs.duration_ms > SLOW_FACTOR * usual_ms
        slow = np.asarray(is_long | (runs.lateness_ms > LATE_MS))
    ratio = np.ones(len(runs))
    np.divide(runs.duration_ms, usual_ms, out=ratio, where=usual_ms > 0)
    is_new = np.zeros(len(runs))
    for place in np.flatnonzero(np.diff(runs.version)) + 1:
        is_new[place : place + RECENT] = 1.0
    columns = (
        runs.failed.astype(float),
        _in_a_row(runs.failed),
        _recent(runs.failed),
        slow.astype(float),
        _recent(slow),
        np.nan_to_num(np.log(np.maximum(ratio, 1e-3))),
        np.log(np.maximum(runs.attempts, 1).astype(float)),
        is_new,
    )
    return _Streaks(slow, np.column_stack(columns))


def _in_a_row(flags: NDArray[np.bool_]) -> Floats:
    """How many flags in a row end at each place, at most five."""
    places = np.arange(len(flags))
    last_clear = np.maximum.accumulate(np.where(flags, -1, places))
    return np.minimum(places - last_clear, IN_A_ROW_MAX).astype(float)


def _recent(flags: NDArray[np.bool_]) -> Floats:
    """The share of flags among the last twenty, or as many as there are."""
    sums = np.cumsum(flags.astype(float))
    before = np.concatenate((np.zeros(min(RECENT, len(sums))), sums[:-RECENT]))
    counted = np.minimum(np.arange(1, len(flags) + 1), RECENT)
    return np.asarray((sums - before) / counted, dtype=np.float64)


def in_words(column: str, value: float, fire_hour: int) -> str:
    """What a column says of a run, in words.

    Args:
        column: its name.
        value: of the run.
        fire_hour: the hour of the week in which it fires, on the job's clock.

    >>> in_words("hour", 1.2, 14), in_words("failures_in_a_row", 3.0, 0)
    ('14:00 to 15:00 is an hour in which it happens more often', '3 failures in a row before')
    """
    hour = f"{fire_hour % 24:02}:00 to {(fire_hour + 1) % 24:02}:00"
    often = "more" if value > 0 else "less"
    words = {
        "hour": f"{hour} is an hour in which it happens {often} often",
        "weekday": f"on {_DAYS[fire_hour // 24]}s it happens {often} often",
        "last_failed": "the run before failed" if value else "the run before succeeded",
        "failures_in_a_row": _counted(value),
        "recent_failures": f"{value:.0%} of the last {RECENT} runs failed",
        "last_slow": "the run before was slow or late" if value else "the run before was as usual",
        "recent_slow": f"{value:.0%} of the last {RECENT} runs were slow or late",
        "last_duration": f"the run before took {np.exp(value):.1f} times the usual",
        "last_attempts": f"attempts of the run before: {np.exp(value):.0f}",
        "version_new": "the job changed lately" if value else "the job has not changed lately",
    }
    return words[column]


def _counted(value: float) -> str:
    count = round(value)
    more = " or more" if count == IN_A_ROW_MAX else ""
    return f"{count}{more} failures in a row before" if count else "no failure just before"
