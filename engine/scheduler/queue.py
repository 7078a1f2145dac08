"""What comes due, soonest first: by the second, and what is near in a min-heap.

A job that is not near is no more than its id in the list of the second in which it comes due. When
the second is near, the state says when exactly, and its jobs move into the heap. An item that the
state has moved past stays where it is and is dropped when it comes up; nothing here decides, so a
stale item costs a comparison and never a wrong run.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from engine.core.clock import SECOND_US
from engine.core.ids import ExecutionId, Instant, JobId
from engine.model.execution import Status
from engine.scheduler.ahead import AHEAD_US
from engine.state.messages import (
    AttemptBegun,
    AttemptEnded,
    CalendarSaved,
    Committed,
    ExecutionAdded,
    ExecutionEnded,
    FiresSkipped,
    JobCreated,
    JobsResumed,
    JobSwitched,
    JobUpdated,
    RetryScheduled,
)
from engine.state.view import View

_COMMON = frozenset({AttemptEnded, ExecutionEnded})


class DueQueue:
    """Fire times of jobs and start times of waiting executions, as instants in microseconds UTC."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._later: dict[Instant, list[JobId]] = {}
        """Jobs by the second in which they come due, in no order."""
        self._seconds: list[Instant] = []
        """A heap of the keys of `_later`."""
        self._near_until: Instant = 0
        """What comes due before this stands in `_fires`."""
        self._fires: list[tuple[Instant, JobId, Instant]] = []
        """A heap: when to look, the job, its fire time; the times differ for what was put off."""
        self._starts: list[tuple[Instant, ExecutionId]] = []

    def rebuild(self) -> None:
        """Start over from the state: on start and on takeover."""
        self._later, self._seconds, self._near_until, self._fires = {}, [], 0, []
        for job, at in self._view.next_fires().items():
            self._push(at, job)
        self._starts = [
            (execution.due_us, execution.id)
            for execution in self._view.open_executions()
            if execution.status is Status.PENDING
        ]
        heapq.heapify(self._starts)

    def take(self, committed: Committed) -> None:
        """Note what an entry made due."""
        for event in committed.events:
            if type(event) in _COMMON:  # most events by far
                continue
            if isinstance(event, AttemptBegun):
                if event.claimed and event.next_us is not None:
                    self._push(event.next_us, event.execution.job_id)
            elif isinstance(event, JobCreated | JobUpdated | JobSwitched | FiresSkipped):
                if event.next_us is not None:
                    self._push(event.next_us, event.job.id)
            elif isinstance(event, CalendarSaved):
                for job, next_us in event.moved:
                    if next_us is not None and job.enabled:
                        self._push(next_us, job.id)
            elif isinstance(event, JobsResumed):
                self._wake_up()
            elif isinstance(event, RetryScheduled | ExecutionAdded):
                if isinstance(event, ExecutionAdded) and event.next_us is not None:
                    self._push(event.next_us, event.execution.job_id)
                heapq.heappush(self._starts, (event.execution.due_us, event.execution.id))

    def put_off(self, later: Iterable[tuple[Instant, JobId, Instant]]) -> None:
        """Look at fire times again at a later instant than their own."""
        for item in later:
            heapq.heappush(self._fires, item)

    def _push(self, at: Instant, job: JobId) -> None:
        if at < self._near_until:
            heapq.heappush(self._fires, (at, job, at))
            return
        second = at - at % SECOND_US
        jobs = self._later.get(second)
        if jobs is None:
            self._later[second] = [job]
            heapq.heappush(self._seconds, second)
        else:
            jobs.append(job)

    def _come_near(self, now: Instant) -> None:
        """Put in order what comes due in the seconds that begin soon."""
        next_us = self._view.next_us
        while self._seconds and self._seconds[0] <= now + AHEAD_US:
            second = heapq.heappop(self._seconds)
            self._near_until = second + SECOND_US
            for job in dict.fromkeys(self._later.pop(second)):
                at = next_us(job)
                if at is not None and second <= at < self._near_until:
                    heapq.heappush(self._fires, (at, job, at))

    def _wake_up(self) -> None:
        """What was put off is looked at as soon as its fire time."""
        self._fires = [(at, job, at) for _, job, at in self._fires]
        heapq.heapify(self._fires)

    def next_fire(self, now: Instant) -> Instant | None:
        """When the soonest fire time is due, stale ones included.

        Of one that is not near at `now`, the second in which it is.
        """
        self._come_near(now)
        soonest = [self._fires[0][0]] if self._fires else []
        return min(soonest + self._seconds[:1], default=None)

    def wait_us(self, now: Instant, log_now: Instant) -> int | None:
        """How long until the soonest item is due, stale ones included; 0 or less: it is.

        Fire times come due by the cluster's time `now`, executions by the log's.
        """
        at = self.next_fire(now)
        waits = [] if at is None else [at - now]
        if self._starts:
            waits.append(self._starts[0][0] - log_now)
        return min(waits, default=None)

    def pop_fires(self, now: Instant, limit: int) -> list[JobId]:
        """Up to `limit` distinct jobs whose next fire time is at or before `now`."""
        self._come_near(now)
        next_us = self._view.next_us
        jobs: dict[JobId, None] = {}
        while self._fires and self._fires[0][0] <= now and len(jobs) < limit:
            _, job, at = heapq.heappop(self._fires)
            if next_us(job) == at:
                jobs[job] = None
        return list(jobs)

    def pop_starts(self, now: Instant, limit: int) -> list[ExecutionId]:
        """Up to `limit` executions that may start at or before `now`."""
        executions: dict[ExecutionId, None] = {}
        while self._starts and self._starts[0][0] <= now and len(executions) < limit:
            executions[heapq.heappop(self._starts)[1]] = None
        return list(executions)
