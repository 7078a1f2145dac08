"""What another node's clock shows, told by this node's monotonic clock, and how sure that is."""

from __future__ import annotations

from engine.core.ids import Instant

DRIFT = 1_000
"""Two clocks drift apart by a thousandth of the time that passes, at the most."""
FRESH_US = 5_000_000
"""What was not heard again for so long is not known any more."""


class OtherClock:
    """An interval in which the clock's lead over our monotonic clock lies, from round trips.

    What a peer shows was read between the sending of our question and the arrival of its answer;
    the shorter that took, the more is known. So the best round trip is kept, its error growing as
    it gets older, until a better one comes or one that contradicts it: the clock was set.
    """

    def __init__(self) -> None:
        self._lead_us = 0
        self._error_us = 0
        self._measured_us = self._heard_us = 0
        self._is_known = False

    def take(self, shown_us: Instant, *, round_us: int, now_us: int) -> None:
        """One round trip.

        Args:
            shown_us: what the clock showed, wall time.
            round_us: how long the question and its answer were under way.
            now_us: our monotonic clock at the arrival.
        """
        error = round_us // 2
        lead = shown_us - (now_us - error)
        aged = self._aged(now_us)
        if not self._is_known or error <= aged or abs(lead - self._lead_us) > error + aged:
            self._lead_us, self._error_us, self._measured_us = lead, error, now_us
            self._is_known = True
        self._heard_us = now_us

    def lead(self, now_us: int) -> tuple[int, int] | None:
        """Its lead over our monotonic clock and the error of that, microseconds; None: unknown."""
        if not self._is_known or now_us - self._heard_us > FRESH_US:
            return None
        return self._lead_us, self._aged(now_us)

    def _aged(self, now_us: int) -> int:
        return self._error_us + (now_us - self._measured_us) // DRIFT
