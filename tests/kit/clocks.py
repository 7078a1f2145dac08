"""Clocks that tests move."""

from __future__ import annotations

from engine.core.ids import Instant
from tests.kit.jobs import SECOND

EPOCH: Instant = 1_800_000_000 * SECOND


class SetClock:
    """The two clocks of a machine; they stand still until a test moves them."""

    def __init__(self) -> None:
        self.wall, self.monotonic = EPOCH, 0

    def now_us(self) -> Instant:
        return self.wall

    def monotonic_us(self) -> int:
        return self.monotonic

    def pass_(self, us: int) -> None:
        """So much time goes by."""
        self.wall += us
        self.monotonic += us

    def step(self, us: int) -> None:
        """Somebody sets the wall clock."""
        self.wall += us
