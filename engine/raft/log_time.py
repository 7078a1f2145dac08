"""The time of the log: it never turns back, and never stands still."""

from __future__ import annotations

from collections.abc import Callable

from engine.core.clock import Clock
from engine.core.ids import Instant

SLOWER = 2
"""The log's time goes at half the pace while it is ahead of the clock, which so catches up."""


class LogTime:
    """The clock by which entries are stamped and waits are measured.

    After a clock was set back the log is ahead of it: what was decided stays decided. Its time then
    goes on by the monotonic clock, so that retries, manual runs and durations need not wait until
    the clock is there again.

    Args:
        clock: the cluster's time.
        reached: the largest time of any entry applied here.
    """

    def __init__(self, clock: Clock, reached: Callable[[], Instant]):
        self._clock = clock
        self._reached = reached
        self._ahead: tuple[Instant, int] = (0, 0)
        """The time that the log had reached when it was seen to be ahead, and when that was."""

    def now_us(self) -> Instant:
        """The time of an entry that is proposed now, microseconds since the epoch, UTC."""
        now, reached = self._clock.now_us(), self._reached()
        if now >= reached:
            return now
        monotonic = self._clock.monotonic_us()
        at, since = self._ahead
        if at != reached:
            since = monotonic
            self._ahead = (reached, since)
        return reached + (monotonic - since) // SLOWER

    def monotonic_us(self) -> int:
        """Microseconds of the machine's monotonic clock."""
        return self._clock.monotonic_us()
