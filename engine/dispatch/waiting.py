"""Attempts that wait for a place: soonest fire time first, within bounds a job and a target.

The bounds are kept here and not by libcurl: what libcurl queues runs down its deadline unsent, and
leaves later than the moment at which the lease was asked about.
"""

from __future__ import annotations

import heapq
from collections import Counter
from itertools import chain
from typing import NamedTuple

from engine.core.ids import ExecutionId, Instant
from engine.dispatch.dispatcher import Request

_Key = tuple[str, str]


class Taken(NamedTuple):
    """A request with the places that it takes; ordered by fire time, then by arrival."""

    scheduled_us: Instant
    order: int
    request: Request
    job: _Key
    target: _Key


class Waiting:
    """What waits, and how many of what was taken still run; used by one thread.

    An item that meets a full job or target is parked under it and comes back when a place there
    is free, so that a turn costs what can be begun and not what waits.

    Args:
        per_job_max: attempts of one job that run at once; 0 means no bound.
        per_target_max: attempts at one target at once; 0 means no bound.
    """

    def __init__(self, *, per_job_max: int, per_target_max: int):
        self._bounds = {"job": per_job_max, "target": per_target_max}
        self._order = 0
        self._live: dict[ExecutionId, int] = {}
        self._ready: list[Taken] = []
        self._parked: dict[_Key, list[Taken]] = {}
        self._running: Counter[_Key] = Counter()

    def __len__(self) -> int:
        return len(self._live)

    @property
    def ready(self) -> bool:
        """Whether `take` is worth asking."""
        return bool(self._ready)

    def __contains__(self, execution_id: ExecutionId) -> bool:
        return execution_id in self._live

    def since_us(self) -> Instant | None:
        """When the attempt began that waits longest; it looks at everything that waits."""
        items = chain(self._ready, *self._parked.values())
        begun = (item.request.execution.attempt_started_us for item in items if self._waits(item))
        return min(begun, default=None)

    def add(self, request: Request, target: str) -> None:
        """Let a request to `target` wait; an earlier attempt of its execution waits no longer."""
        execution = request.execution
        self._order += 1
        self._live[execution.id] = self._order
        item = Taken(
            execution.scheduled_us,
            self._order,
            request,
            ("job", execution.job_id),
            ("target", target),
        )
        heapq.heappush(self._ready, item)

    def drop(self, execution_id: ExecutionId) -> None:
        """Forget one execution; its item is passed over when it turns up."""
        self._live.pop(execution_id, None)

    def clear(self) -> None:
        """Forget all that waits; what runs still counts."""
        self._live.clear()
        self._ready.clear()
        self._parked.clear()

    def take(self) -> Taken | None:
        """The next request that the bounds allow; it runs until `done`."""
        while self._ready:
            item = heapq.heappop(self._ready)
            full = next((key for key in (item.job, item.target) if not self._free(key)), None)
            if self._waits(item) and full is None:
                self._running[item.job] += 1
                self._running[item.target] += 1
                del self._live[item.request.execution.id]
                return item
            if self._waits(item) and full is not None:
                heapq.heappush(self._parked.setdefault(full, []), item)
            # The place for which this item was called back is free for the next one.
            self._call_back(item.job)
            self._call_back(item.target)
        return None

    def done(self, taken: Taken) -> None:
        """What was taken has ended."""
        for key in (taken.job, taken.target):
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]
            self._call_back(key)

    def _waits(self, item: Taken) -> bool:
        return self._live.get(item.request.execution.id) == item.order

    def _free(self, key: _Key) -> bool:
        bound = self._bounds[key[0]]
        return bound <= 0 or self._running[key] < bound

    def _call_back(self, key: _Key) -> None:
        """Let the first item parked under a key try again, if the key has a place."""
        parked = self._parked.get(key)
        while parked and self._free(key):
            item = heapq.heappop(parked)
            if self._waits(item):
                heapq.heappush(self._ready, item)
                break
        if parked is not None and not parked:
            del self._parked[key]
