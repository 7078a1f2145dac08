"""The week in 168 hours."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.timing.zones import find_zone

_EPOCH_HOUR: Final = 72
"""1970 began on a Thursday."""


def hours_of_week(at_us: NDArray[np.int64], timezone: str = "UTC") -> NDArray[np.int64]:
    """The hour of the week of instants (microseconds UTC) in an IANA zone; 0 is Monday 00:00.

    Raises:
        InvalidDocument: no such zone.

    >>> hours_of_week(np.array([0, 3_600_000_000]), "Europe/Berlin")  # a Thursday, 01:00 there
    array([73, 74])
    """
    seconds = np.asarray(at_us, dtype=np.int64) // 1_000_000
    table = find_zone(timezone).grow(int(seconds.max(initial=0)))
    segments = np.searchsorted(np.array(table.starts), seconds, side="right") - 1
    local = seconds + np.array(table.offsets)[segments]
    hours: NDArray[np.int64] = (local // 3600 + _EPOCH_HOUR) % 168
    return hours
