"""Attempts that wait for a place: soonest fire time first, within bounds a job and a target.

The bounds are kept here and not by libcurl: what libcurl queues runs down its deadline unsent, and
leaves later than the moment at which the lease was asked about.
"""

from __future__ import annotations

import sys
from heapq import heappop, heappush

import msgspec

from engine.core.ids import ExecutionId, Instant
from engine.dispatch.dispatcher import Request


class Target:
    """How many attempts are at a target, less than its bound while it is free, and which wait."""

    __slots__ = ("bound", "name", "running", "waiting")

    def __init__(self, name: str, bound: int):
        self.name = name
        self.bound = bound
        self.running = 0
        self.waiting: list[Taken] = []
        """A heap: the soonest comes first."""


class Taken(msgspec.Struct, order=True, gc=False):
    """A request on its way, ordered by fire time and then by arrival.

    When it began, and when the worker ends it if its protocol did not (monotonic microseconds), is
    the worker's to say. No collection of garbage need look at it: it and its target hold each other
    only while it waits.
    """

    scheduled_us: Instant
    order: int
    request: Request
    target: Target
    started_us: Instant = 0
    until_us: int = 0


class _Job:
    """How many attempts of a job run, and which wait for that, by their targets."""

    __slots__ = ("running", "waiting")

    def __init__(self) -> None:
        self.running = 0
        self.waiting: dict[str, list[Taken]] = {}


class Waiting:
    """What waits, and how many of what was taken still run; used by one thread.

    Each target has a queue, and only the first of a queue whose target is free is looked at: a turn
    costs what can be begun and not what waits. What then meets a full job waits for that.

    Args:
        per_job_max: attempts of one job that run at once; 0 means no bound.
        per_target_max: attempts at one target at once; 0 means no bound.
    """

    def __init__(self, *, per_job_max: int, per_target_max: int):
        self._per_job_max = per_job_max
        self._per_target_max = per_target_max if per_target_max > 0 else sys.maxsize
        self._order = 0
        self._live: dict[ExecutionId, Taken] = {}
        # Both are known while anything runs or waits there, and jobs only where they have a bound.
        self._targets: dict[str, Target] = {}
        self._jobs: dict[str, _Job] = {}
        self._first: list[Taken] = []
        """The first of each queue whose target is free; what is none any more is passed over."""

    def __len__(self) -> int:
        return len(self._live)

    @property
    def ready(self) -> bool:
        """Whether `take` is worth asking."""
        return bool(self._first)

    def __contains__(self, execution_id: ExecutionId) -> bool:
        return execution_id in self._live

    def since_us(self) -> Instant | None:
        """When the attempt began that waits longest; it looks at everything that waits."""
        waiting = self._live.values()
        return min((one.request.execution.attempt_started_us for one in waiting), default=None)

    def add(self, request: Request, target: str) -> None:
        """Let a request to `target` wait; an earlier attempt of its execution waits no longer."""
        execution = request.execution
        self._order += 1
        one = Taken(execution.scheduled_us, self._order, request, self._target(target))
        self._live[execution.id] = one
        self._queue(one)

    def drop(self, execution_id: ExecutionId) -> None:
        """Forget one execution; its item is passed over when it turns up."""
        self._live.pop(execution_id, None)

    def clear(self) -> None:
        """Forget all that waits; what runs still counts."""
        self._live.clear()
        self._first.clear()
        for target in self._targets.values():
            target.waiting.clear()
        for job in self._jobs.values():
            job.waiting.clear()
        self._targets = {name: one for name, one in self._targets.items() if one.running}
        self._jobs = {job_id: one for job_id, one in self._jobs.items() if one.running}

    def take(self) -> Taken | None:
        """The next request that the bounds allow; it runs until `done`."""
        while self._first:
            one = heappop(self._first)
            target = one.target
            queue = target.waiting
            if not queue or queue[0] is not one or target.running >= target.bound:
                continue
            heappop(queue)
            execution = one.request.execution
            waits = self._live.get(execution.id) is one
            runs = waits and (self._per_job_max <= 0 or self._enters_job(one))
            if runs:
                del self._live[execution.id]
                target.running += 1
            if target.running < target.bound:
                self._offer(target)
            if self._per_job_max > 0 and (runs or not waits):
                self._call_back(execution.job_id)  # there may be place for the next one
            if runs:
                return one
        return None

    def done(self, taken: Taken) -> None:
        """What was taken has ended."""
        target = taken.target
        was_full = target.running == target.bound
        target.running -= 1
        if was_full or not target.running:
            self._offer(target)
        if self._per_job_max > 0:
            job_id = taken.request.execution.job_id
            self._jobs[job_id].running -= 1
            self._call_back(job_id)

    def _target(self, name: str) -> Target:
        target = self._targets.get(name)
        if target is None:
            target = self._targets[name] = Target(name, self._per_target_max)
        return target

    def _queue(self, one: Taken) -> None:
        target = one.target
        heappush(target.waiting, one)
        if target.waiting[0] is one and target.running < target.bound:
            heappush(self._first, one)

    def _offer(self, target: Target) -> None:
        """Have the first for a free target looked at; forget a target where nothing is left."""
        if target.waiting:
            heappush(self._first, target.waiting[0])
        elif not target.running:
            del self._targets[target.name]

    def _enters_job(self, one: Taken) -> bool:
        """Take a place of its job; where there is none, it waits for one."""
        job_id = one.request.execution.job_id
        job = self._jobs.get(job_id)
        if job is None:
            job = self._jobs[job_id] = _Job()
        if job.running < self._per_job_max:
            job.running += 1
            return True
        heappush(job.waiting.setdefault(one.target.name, []), one)
        return False

    def _call_back(self, job_id: str) -> None:
        """If a job has a place, let the first that waits for it try again at each target."""
        job = self._jobs.get(job_id)
        if job is None or job.running >= self._per_job_max:
            return
        for name, waiting in tuple(job.waiting.items()):
            while waiting:
                one = heappop(waiting)
                if self._live.get(one.request.execution.id) is one:
                    one.target = self._target(name)  # the one of then may have been forgotten
                    self._queue(one)
                    break
            if not waiting:
                del job.waiting[name]
        if not job.running and not job.waiting:
            del self._jobs[job_id]
