"""Many deadlines on one timer: adding and removing cost the same however many there are."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from engine.core.clock import SECOND_US, Clock
from engine.dispatch.reactor import Reactor

SLOT_US: Final = 20_000
AHEAD_US: Final = 60 * SECOND_US
"""What is due later is looked at again after so long: few slots, whatever the time-outs are."""

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Tells `due` of each item, some 20 ms after its time at most; used in the reactor's thread.

    Args:
        due: called with an item that is due, or that is to be added again; it is removed by then.
    """

    def __init__(self, reactor: Reactor, clock: Clock, due: Callable[[T], None]):
        self._reactor = reactor
        self._clock = clock
        self._due = due
        self._slots: dict[int, set[T]] = {}
        self._order: list[int] = []

    def add(self, item: T, now_us: int, at_us: int) -> int:
        """The slot of an item that is due at a monotonic time; `remove` wants it back."""
        slot = min(at_us, now_us + AHEAD_US) // SLOT_US + 1
        items = self._slots.get(slot)
        if items is not None:
            items.add(item)
            return slot
        self._slots[slot] = {item}
        heapq.heappush(self._order, slot)
        if self._order[0] == slot:
            self._arm(now_us)
        return slot

    def remove(self, item: T, slot: int) -> None:
        """Forget an item."""
        if (items := self._slots.get(slot)) is not None:
            items.discard(item)

    def _arm(self, now_us: int) -> None:
        wait_us = self._order[0] * SLOT_US - now_us if self._order else None
        self._reactor.call_after(wait_us, self._run)

    def _run(self) -> None:
        now_us = self._clock.monotonic_us()
        while self._order and self._order[0] * SLOT_US <= now_us:
            for item in self._slots.pop(heapq.heappop(self._order)):
                self._due(item)
        self._arm(now_us)
