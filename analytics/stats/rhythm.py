"""What the hour adds to a value: the rhythm of a day, of the days of a week, of a week's hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

PRIOR: Final = 4.0
"""An hour's own median counts as much as what is known without it once it has so many values."""
DAYS_MIN: Final = 2
"""What a weekday adds must have come again; once, it is a change like any other."""
STRIDE: Final = 25
"""It is learned anew after so many values."""


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """What each hour of the week adds, `by_week[0]` on Mondays from midnight; 0 where unknown."""

    by_week: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], week: NDArray[np.int64]) -> Rhythm:
        """Learn it from values (best logarithms) at hours of the week, oldest first.

        Medians that are drawn towards 0 while they have few values: first of the hours of the
        day, then of the weekdays, then of what remains at the hours of the week.
        """
        known = ~np.isnan(values)
        values, week = values[known], week[known]
        if not len(values):
            return cls(np.zeros(168))
        left = values - np.median(values)
        by_hour = _medians(left, week % 24, 24)
        left = left - by_hour[week % 24]
        by_day = _weekdays(left, week // 24)
        left = left - by_day[week // 24]
        hours = np.arange(168)
        return cls(by_hour[hours % 24] + by_day[hours // 24] + _medians(left, week, 168))

    def at(self, week: NDArray[np.int64]) -> NDArray[np.float64]:
        """What it adds at these hours of the week."""
        added: NDArray[np.float64] = self.by_week[week]
        return added


def rhythm_so_far(values: NDArray[np.float64], week: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the rhythm adds to each value, as it was known before it."""
    added = np.zeros(len(values))
    for start in range(STRIDE, len(values), STRIDE):
        block = slice(start, start + STRIDE)
        added[block] = Rhythm.of(values[:start], week[:start]).at(week[block])
    return added


def _medians(
    values: NDArray[np.float64], groups: NDArray[np.int64], size: int
) -> NDArray[np.float64]:
    medians = np.zeros(size)
    order = np.argsort(groups, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        medians[groups[some[0]]] = np.median(values[some]) * len(some) / (len(some) + PRIOR)
    return medians


def _weekdays(values: NDArray[np.float64], days: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each weekday adds, of the days on which it came; of two, the lesser."""
    added = np.zeros(7)
    each = np.split(np.arange(len(days)), np.flatnonzero(np.diff(days)) + 1)
    for weekday in range(7):
        found = [some for some in each if days[some[0]] == weekday]
        if len(found) < DAYS_MIN:
            continue
        medians = np.array([np.median(values[some]) for some in found])
        same = np.all(medians > 0) or np.all(medians < 0)
        if len(found) == DAYS_MIN:
            typical = medians[np.argmin(np.abs(medians))] if same else 0.0
        else:
            typical = np.median(medians)
        runs = sum(len(some) for some in found)
        added[weekday] = typical * runs / (runs + PRIOR)
    return added
