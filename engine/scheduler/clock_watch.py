"""Whether the time went on as the monotonic clock did, or was set."""

from __future__ import annotations

from engine.core.clock import Clock
from engine.core.ids import Instant


class ClockWatch:
    """Looks at both clocks now and then; what one gained on the other is a step."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._wall_us = clock.now_us()
        self._monotonic_us = clock.monotonic_us()

    def look(self) -> tuple[Instant, int]:
        """The wall time, and by how much it was set since the last look; microseconds.

        Positive where it was put forward, and after all machines were suspended. A clock's own
        drift and its slewing are some hundred microseconds a second.
        """
        wall_us, monotonic_us = self._clock.now_us(), self._clock.monotonic_us()
        step_us = (wall_us - self._wall_us) - (monotonic_us - self._monotonic_us)
        self._wall_us, self._monotonic_us = wall_us, monotonic_us
        return wall_us, step_us
