"""When the history works in the background: between whole seconds, at which most jobs are due."""

from __future__ import annotations

from typing import Final

from engine.core.clock import SECOND_US
from engine.core.ids import Instant

MIDDLE_US: Final = SECOND_US // 2


def pause_s(now_us: Instant, interval_s: float) -> float:
    """Seconds to wait for the next round: half a second more or less, to end mid-second.

    A round that is due more often than once a second cannot choose.

    >>> pause_s(700_000, 2.0), pause_s(700_000, 0.1)
    (1.8, 0.1)
    """
    if interval_s < 1:
        return interval_s
    until_us = now_us + round(interval_s * SECOND_US)
    return (until_us - until_us % SECOND_US + MIDDLE_US - now_us) / SECOND_US
