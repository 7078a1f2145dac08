"""The week in 168 hours."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def hours_of_week(at_us: NDArray[np.int64], timezone: str = "UTC") -> NDArray[np.int64]:
    """The hour of the week of instants (microseconds UTC) in an IANA zone; 0 is Monday 00:00.

    >>> hours_of_week(np.array([0, 3_600_000_000]), "Europe/Berlin")  # a Thursday, 01:00 there
    array([73, 74])
    """
    moments = pd.DatetimeIndex(pd.to_datetime(at_us, unit="us", utc=True)).tz_convert(timezone)
    return np.asarray(moments.day_of_week * 24 + moments.hour, dtype=np.int64)
