"""The load of the coming hours: runs, or seconds that runs take, of a job or of the cluster.

Hours are UTC's, so that after a change of the clocks a zone's habits are learned anew within days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.models.forecast.back_test import Forecast, Series, forecast
from engine.core.ids import Instant

HOUR_US: Final = 3_600_000_000
DAY: Final = 24
WEEK: Final = 168
HOURS_MIN: Final = 14 * DAY
HOURS_MAX: Final = 56 * DAY
"""Older hours are not looked at."""
HORIZON: Final = DAY
"""The back-test looks a day ahead."""
GAP_HOURS_MIN: Final = 3
EMPTY_SHARE_MAX: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hours:
    """A value for each hour, the hours in which nothing ran included.

    Attributes:
        first: the first hour, counted from 1970-01-01T00:00Z.
        values: of that hour and those that follow.
    """

    first: int
    values: NDArray[np.float64]

    @property
    def since_us(self) -> Instant:
        """Where the first hour begins."""
        return self.first * HOUR_US

    @property
    def until_us(self) -> Instant:
        """Where the last hour ends."""
        return (self.first + len(self.values)) * HOUR_US


def hours_of(hours: NDArray[np.int64], values: NDArray[np.float64], now_us: Instant) -> Hours:
    """The hours from the first to the last in which something ran; the running hour is left out.

    Args:
        hours: in which something ran, counted from 1970, ascending.
        values: what was measured in them.
        now_us: the present.
    """
    over = hours < now_us // HOUR_US
    hours, values = hours[over], values[over]
    if not len(hours):
        return Hours(first=now_us // HOUR_US, values=np.zeros(0))
    filled = np.zeros(int(hours[-1] - hours[0]) + 1)
    filled[hours - hours[0]] = values
    first = int(hours[0]) + max(0, len(filled) - HOURS_MAX)
    return Hours(first=first, values=filled[-HOURS_MAX:])


def without_gaps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values with hours in which nothing could run taken from the week or day before.

    Where something runs in nearly every hour, several empty hours in a row are a standstill, not
    a habit; kept, they would put a hole into every coming day.

    >>> without_gaps(np.array([1.0, 2.0] * 24 + [0.0] * 4 + [1.0, 2.0] * 10))[48:52]
    array([1., 2., 1., 2.])
    """
    empty = values == 0
    edges = np.flatnonzero(np.diff(np.concatenate(([0], empty.astype(int), [0]))))
    stretches = [
        (begin, end)
        for begin, end in zip(edges[::2], edges[1::2], strict=True)
        if end - begin >= GAP_HOURS_MIN
    ]
    still = sum(end - begin for begin, end in stretches)
    if (empty.sum() - still) > EMPTY_SHARE_MAX * (len(values) - still) or still > len(values) / 4:
        return values
    filled = values.copy()
    for begin, end in stretches:
        for place in range(begin, end):
            back = WEEK if place >= WEEK else DAY
            if place >= back:
                filled[place] = filled[place - back]
    return filled


def load_forecast(hours: Hours, steps: int, *, thorough: bool) -> Forecast | None:
    """The hours that follow; None with less than two weeks of hours."""
    if len(hours.values) < HOURS_MIN:
        return None
    series = Series(values=without_gaps(hours.values), periods=(DAY, WEEK))
    return forecast(series, steps, horizon=HORIZON, thorough=thorough)
