"""The week in 168 hours, and the moments of each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.stats.moments import Moments

HOURS = 168


def hours_of_week(at_us: NDArray[np.int64], timezone: str = "UTC") -> NDArray[np.int64]:
    """The hour of the week of instants (microseconds UTC) in an IANA zone; 0 is Monday 00:00.

    >>> hours_of_week(np.array([0, 3_600_000_000]), "Europe/Berlin")  # a Thursday, 01:00 there
    array([73, 74])
    """
    moments = pd.DatetimeIndex(pd.to_datetime(at_us, unit="us", utc=True)).tz_convert(timezone)
    return np.asarray(moments.day_of_week * 24 + moments.hour, dtype=np.int64)


@dataclass(slots=True)
class WeekProfile:
    """Moments of a value for each hour of the week."""

    hours: list[Moments] = field(default_factory=lambda: [Moments()] * HOURS)

    def add(self, hour: int, value: float) -> None:
        """One more value in an hour of the week, 0 to 167."""
        self.hours[hour] = self.hours[hour].plus(value)

    def merge(self, other: WeekProfile) -> None:
        """Take in another profile, hour by hour."""
        self.hours = [
            mine.merged(theirs) for mine, theirs in zip(self.hours, other.hours, strict=True)
        ]

    @property
    def whole(self) -> Moments:
        """The moments of the week as a whole."""
        total = Moments()
        for hour in self.hours:
            total = total.merged(hour)
        return total
