"""What the hour adds to a value: the rhythm of a day, of the days of a week, of a week's hours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PRIOR: Final = 4.0
"""An hour counts as much as what is known without it once it has so many values."""
DAYS_MIN: Final = 2
"""What an hour or a weekday adds must have come again; once, it is a change like any other."""
STRIDE: Final = 25
"""It is learned anew after so many values."""


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """What each hour of the week adds, `by_week[0]` on Mondays from midnight; 0 where unknown."""

    by_week: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], week: NDArray[np.int64]) -> Rhythm:
        """Learn it from values (best logarithms) at hours of the week, oldest first.

        First what the hours of the day add, then the weekdays, then what remains at the hours of
        the week; each drawn towards 0 while it is known of few values.
        """
        known = ~np.isnan(values)
        left, week = values[known], week[known]
        by_week, hours = np.zeros(168), np.arange(168)
        if not len(left):
            return cls(by_week)
        days = np.append(0, np.cumsum(np.diff(week // 24) != 0))
        for group in (hours % 24, hours // 24, hours):
            added = _comes_again(left - np.median(left), group[week], days)[group]
            left = left - added[week]
            by_week += added
        return cls(by_week)

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


def _comes_again(
    values: NDArray[np.float64], groups: NDArray[np.int64], days: NDArray[np.int64]
) -> NDArray[np.float64]:
    """What each group adds on its days: the median of their medians; of two, the lesser."""
    size = int(days[-1]) + 1
    each, by_day, *_ = _medians(values, groups * size + days)
    known, typical, times, least, most = _medians(by_day, each // size)
    lesser = np.where(least > 0, least, np.minimum(most, 0.0))
    typical = np.where(times == DAYS_MIN, lesser, typical)
    runs = np.bincount(groups, minlength=168)[known]
    added = np.zeros(168)
    added[known] = np.where(times < DAYS_MIN, 0.0, typical * runs / (runs + PRIOR))
    return added


def _medians(
    values: NDArray[np.float64], groups: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Of each group that is there: its name, median, count, least and greatest value."""
    order = np.lexsort((values, groups))
    values, groups = values[order], groups[order]
    starts = np.flatnonzero(np.append(True, groups[1:] != groups[:-1]))
    counts = np.diff(np.append(starts, len(groups)))
    middle = (values[starts + (counts - 1) // 2] + values[starts + counts // 2]) / 2
    return groups[starts], middle, counts, values[starts], values[starts + counts - 1]
