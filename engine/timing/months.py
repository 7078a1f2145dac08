"""The months of the Gregorian calendar as tables over one cycle of 400 years.

The calendar repeats, weekdays included, after 146,097 days; so 4,800 months from 1970 on stand
for every month there is. Days are counted from 1970-01-01, weekdays from Sunday = 0.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

DAYS_A_CYCLE: Final = 146_097
MONTHS_A_CYCLE: Final = 4_800
KINDS: Final = 28  # four lengths times seven weekdays of the first: all that a month can look like
MONTH_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_THURSDAY: Final = 4  # the weekday of 1970-01-01


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _tables() -> tuple[tuple[int, ...], tuple[int, ...]]:
    firsts, kinds, day = [], [], 0
    for index in range(MONTHS_A_CYCLE):
        year, month = divmod(index, 12)
        length = MONTH_LENGTHS[month] + (month == 1 and _is_leap(1970 + year))
        firsts.append(day)
        kinds.append((length - 28) * 7 + (day + _THURSDAY) % 7)
        day += length
    return (*firsts, day), tuple(kinds)


FIRST_DAYS, MONTH_KINDS = _tables()
"""The first day of each month of the cycle (and of the one after it); each month's kind."""


def kind_shape(kind: int) -> tuple[int, int]:
    """Return the length in days and the weekday of the first (Sunday 0) of a kind of month."""
    return 28 + kind // 7, kind % 7


def locate(day: int) -> tuple[int, int]:
    """Return the month index in the cycle and the first day of the cycle that holds `day`.

    >>> locate(0), locate(31), locate(-1)
    ((0, 0), (1, 0), (4799, -146097))
    """
    cycle, rest = divmod(day, DAYS_A_CYCLE)
    return bisect_right(FIRST_DAYS, rest) - 1, cycle * DAYS_A_CYCLE
