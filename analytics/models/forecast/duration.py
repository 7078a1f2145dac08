"""How long the coming runs of a job take, with intervals, by the time of day at which they fire.

A job's fires of one day are its slots: minutes of the day where they are few, hours where they are
many. A slot's value is the median of what ran in it, so that days of equal length follow each other
and a season is a day or a week of slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.models.forecast.back_test import POINTS_MIN, Forecast, Series, forecast
from analytics.models.runs import Runs
from engine.core.ids import Instant

DAY_US: Final = 86_400_000_000
MINUTE_US: Final = 60_000_000
MINUTES: Final = 1440
DAYS_MIN: Final = 14
DAYS_MAX: Final = 56
SLOTS_MAX: Final = 24
SLOT_SHARE: Final = 0.5
"""A minute of the day is a slot if the job ran in it on half of the days."""
COVERED_SHARE: Final = 0.8
"""So much of the runs must lie in slots; else hours of the day are taken, and then whole days."""
FILLED_SHARE: Final = 0.5
RUNS_MAX: Final = 6_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slots:
    """A job's durations on a grid of days and slots.

    Attributes:
        minutes: the minute of the day, UTC, at which each slot begins, ascending.
        first_day: the first day, counted from 1970-01-01.
        values: milliseconds, day after day, slot after slot.
        days: how many days there are.
    """

    minutes: NDArray[np.int64]
    first_day: int
    values: NDArray[np.float64]

    @property
    def days(self) -> int:
        """How many days the grid has."""
        return len(self.values) // len(self.minutes)


def slots_of(runs: Runs) -> Slots | None:
    """The grid of a job's runs; None where they are too few or too irregular for one."""
    has_run = ~np.isnan(runs.duration_ms)
    at_us, took_ms = runs.at_us[has_run], runs.duration_ms[has_run]
    if not len(at_us):
        return None
    recent = at_us > at_us[-1] - DAYS_MAX * DAY_US
    at_us, took_ms = at_us[recent], took_ms[recent]
    day, minute = at_us // DAY_US, at_us % DAY_US // MINUTE_US
    if day[-1] - day[0] + 1 < DAYS_MIN:
        return None
    for minutes in (_usual(day, minute), np.arange(0, MINUTES, 60), np.zeros(1, dtype=np.int64)):
        if not 1 <= len(minutes) <= SLOTS_MAX:
            continue
        grid = _grid(day, minute, took_ms, minutes)
        if grid.size >= POINTS_MIN and np.isfinite(grid).mean() >= FILLED_SHARE:
            return Slots(minutes=minutes, first_day=int(day[0]), values=_filled(grid).ravel())
    return None


def _usual(day: NDArray[np.int64], minute: NDArray[np.int64]) -> NDArray[np.int64]:
    """The minutes of the day in which the job runs on most days; none where they cover too few."""
    found, counts = np.unique(minute, return_counts=True)
    usual = found[counts >= SLOT_SHARE * (day[-1] - day[0] + 1)]
    covered = np.isin(minute, usual).mean()
    return np.asarray(usual if covered >= COVERED_SHARE else usual[:0], dtype=np.int64)


def place_of(minutes: NDArray[np.int64], minute: NDArray[np.int64]) -> NDArray[np.int64]:
    """The slot of each minute of the day: the last that begins at it or before, else the first."""
    return np.maximum(0, np.searchsorted(minutes, minute, side="right") - 1)


def _grid(
    day: NDArray[np.int64],
    minute: NDArray[np.int64],
    took_ms: NDArray[np.float64],
    minutes: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The median of each day and slot; nan where nothing ran."""
    cell = (day - day[0]) * len(minutes) + place_of(minutes, minute)
    grid = np.full((int(day[-1] - day[0]) + 1) * len(minutes), np.nan)
    order = np.argsort(cell, kind="stable")
    cells, starts = np.unique(cell[order], return_index=True)
    grid[cells] = [np.median(part) for part in np.split(took_ms[order], starts[1:])]
    return grid.reshape(-1, len(minutes))


def _filled(grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where nothing ran: what the slot was the day before; before its first run, its median."""
    filled = grid.copy()
    usual = np.nanmedian(grid)
    for slot in range(grid.shape[1]):
        column = filled[:, slot]
        known = column[np.isfinite(column)]
        last = float(np.median(known)) if len(known) else float(usual)
        for day in range(len(column)):
            if np.isfinite(column[day]):
                last = column[day]
            else:
                column[day] = last
    return filled


def duration_forecast(slots: Slots, days: int) -> Forecast:
    """The durations of the slots of the coming days, milliseconds."""
    count = len(slots.minutes)
    series = Series(values=slots.values, periods=(count, 7 * count), in_log=True)
    return forecast(series, days * count, horizon=max(count, 7), thorough=False)


def step_of(minutes: NDArray[np.int64], first_day: int, fire_us: Instant) -> int:
    """Which step of a forecast that begins on `first_day` a fire falls into; may lie outside."""
    minute = np.array([fire_us % DAY_US // MINUTE_US])
    return (fire_us // DAY_US - first_day) * len(minutes) + int(place_of(minutes, minute)[0])
