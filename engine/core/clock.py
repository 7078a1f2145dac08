"""The only reader of clocks. Wall time names moments, monotonic time measures intervals."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from engine.core.ids import Instant

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
SECONDS_KEPT = 4_096
"""Seconds whose text is kept: thousands of jobs fire, or were made, in the same one."""
_FIRST = -62_135_596_800 * SECOND_US  # 0001-01-01
_LAST = 253_402_300_800 * SECOND_US - 1  # the end of 9999


class Clock(Protocol):
    """What the engine knows of time."""

    def now_us(self) -> Instant:
        """Wall time, microseconds since the epoch, UTC."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds of a clock that never runs backwards; only differences mean anything."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now_us(self) -> Instant:
        """Wall time, microseconds since the epoch, UTC."""
        return time.time_ns() // 1000

    def monotonic_us(self) -> int:
        """Microseconds of the machine's monotonic clock."""
        return time.monotonic_ns() // 1000


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant.

    >>> to_datetime(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=instant)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime; exact to the microsecond.

    Raises:
        ValueError: the datetime is naive; say which zone it is in.
    """
    if moment.tzinfo is None:
        raise ValueError("a datetime needs a time zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def rfc3339(instant: Instant | None) -> str | None:
    """An instant as RFC 3339 text in UTC; fractions only where there are any.

    What the calendar of RFC 3339 cannot tell (years below 1 or above 9999) is told as its end.

    >>> rfc3339(1_500_000)
    '1970-01-01T00:00:01.500000Z'
    """
    if instant is None:
        return None
    if not _FIRST <= instant <= _LAST:
        instant = _FIRST if instant < _FIRST else _LAST
    second, fraction = divmod(instant, SECOND_US)
    text = _second_text(second)
    return f"{text}.{fraction:06}Z" if fraction else f"{text}Z"


@lru_cache(maxsize=SECONDS_KEPT)
def _second_text(second: int) -> str:
    return to_datetime(second * SECOND_US).isoformat().removesuffix("+00:00")
