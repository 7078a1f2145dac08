"""Where in its window a fire starts: drawn once for each fire time, the same on every node."""

from __future__ import annotations

from engine.core.ids import Instant
from engine.timing.spread import digest_of

_STEP_US = 1_000


def drawn_start(key: str, fire_us: Instant, window_us: int) -> Instant:
    """When the fire starts: fire_us <= start <= fire_us + window_us, in whole milliseconds after.

    Args:
        key: the job's id.
        fire_us: the fire time, microseconds UTC.
        window_us: how long after it the job may start, microseconds.
    """
    steps = window_us // _STEP_US
    return fire_us + digest_of("window", f"{key}\0{fire_us}") % (steps + 1) * _STEP_US
