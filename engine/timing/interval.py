"""How far apart the fires of a schedule are at the least. Pure; the same answer on every node."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final

from engine.core.ids import Instant
from engine.timing.cron import Cron
from engine.timing.schedule import Every, Schedule, Within

_MONDAY_US: Final = 1_767_571_200_000_000  # 2026-01-05, far from changes of offset
_WEEK_US: Final = 8 * 86_400_000_000
_YEARS_US: Final = 5 * 366 * 86_400_000_000
_FIRES: Final = 1_500  # a whole day of minutes
_RARE_FIRES: Final = 24


def shortest_interval(schedule: Schedule) -> Instant | None:
    """The shortest time between two fires in an ordinary week, or of rare ones in five years.

    Returns:
        Microseconds; None where fires do not repeat, as of `@at`.

    >>> shortest_interval(Every(90_000_000))
    90000000
    """
    if isinstance(schedule, Within):
        return shortest_interval(schedule.schedule)
    if isinstance(schedule, Every):
        return schedule.period_us
    return _shortest(schedule) if isinstance(schedule, Cron) else None


@lru_cache(4096)
def _shortest(schedule: Cron) -> Instant | None:
    fires = schedule.between(_MONDAY_US, _MONDAY_US + _WEEK_US, _FIRES)
    if len(fires) <= 1:
        fires = schedule.between(_MONDAY_US, _MONDAY_US + _YEARS_US, _RARE_FIRES)
    return min((after - before for before, after in pairwise(fires)), default=None)
