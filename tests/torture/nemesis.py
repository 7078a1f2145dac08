"""Which fault when: drawn from the seed, one at a time or two overlapping, with quiet between."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from tests.torture.faults import REGISTRY, Fault, Field

QUIET_S = (1.5, 5.0)
OVERLAPS = 0.3
BROKEN_S_MAX = 10.0
"""So long two overlapping faults may leave the cluster without a majority."""


class Nemesis:
    """Hurts the field until the time is over.

    Args:
        field: what is hurt.
        note: told of each event: kind, what happened (begins, heals, ends), one line.
        abilities: of network, clock, disk; faults that need others are left out.
        without: kinds that are left out, too.
    """

    def __init__(
        self,
        field: Field,
        note: Callable[[str, str, str], Any],
        abilities: set[str],
        seed: int,
        without: frozenset[str] = frozenset(),
    ):
        self._field, self._note = field, note
        self._random = random.Random(seed)
        able = [kind for kind, cls in REGISTRY.items() if set(cls.needs) <= abilities]
        self.kinds = [kind for kind in able if kind not in without]
        self._bag: list[str] = []
        self.ended: list[str] = []
        """Nodes that ended by themselves, though nothing was wrong with their disk."""

    def run(self, until: float) -> None:
        """Go on until the monotonic moment; what was begun is healed when this returns."""
        while time.monotonic() < until:
            self._sleep(QUIET_S, until)
            if time.monotonic() >= until:
                return
            first = self._drawn()
            self._begin(first)
            second = self._second(first)
            if second is not None:
                self._hold(first, 0.5)
                self._begin(second)
                self._hold(second, 0.5, limit=BROKEN_S_MAX)
                self._heal(second)
            self._hold(first, 0.5 if second else 1.0)
            self._heal(first)
            self._look_for_the_dead()

    def _drawn(self) -> Fault:
        """Each kind comes once before any comes again, in an order of the seed's own."""
        if not self._bag:
            self._bag = self._random.sample(self.kinds, len(self.kinds))
        return REGISTRY[self._bag.pop()]()

    def _second(self, first: Fault) -> Fault | None:
        if first.kind in ("restart-all", "full-disk") or self._random.random() >= OVERLAPS:
            return None
        second = self._drawn()
        if second.kind in ("restart-all", "full-disk", first.kind) or (
            {first.kind.split("-")[0], second.kind.split("-")[0]} in ({"clock"}, {"slow"})
        ):
            self._bag.append(second.kind)
            return None
        return second

    def _begin(self, fault: Fault) -> None:
        line = fault.begin(self._field)
        self._note(fault.kind, "begins", line)

    def _heal(self, fault: Fault) -> None:
        self._note(fault.kind, "heals", fault.heal(self._field))

    def _hold(self, fault: Fault, part: float, limit: float = 60.0) -> None:
        low, high = fault.holds_s
        time.sleep(min(limit, self._random.uniform(low, high) * part))

    def _sleep(self, span: tuple[float, float], until: float) -> None:
        time.sleep(max(0.0, min(self._random.uniform(*span), until - time.monotonic())))

    def _look_for_the_dead(self) -> None:
        for node in self._field.group.nodes:
            code = node.ended_by_itself()
            if code is not None:
                line = f"{node.name} ended by itself with {code}"
                self.ended.append(line)
                self._note("node", "ends", line)
                node.start()
