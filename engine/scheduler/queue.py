"""What comes due, soonest first: a min-heap with lazy deletion.

An item that the state has moved past stays in the heap and is dropped when it comes up; nothing
here decides, so a stale item costs a comparison and never a wrong run.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

from engine.core.ids import ExecutionId, Instant, JobId
from engine.model.execution import Status
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

    def __init__(self) -> None:
        self._fires: list[tuple[Instant, JobId, Instant]] = []
        """When to look, the job, its fire time; the two times differ for paused jobs only."""
        self._starts: list[tuple[Instant, ExecutionId]] = []

    def rebuild(self, view: View) -> None:
        """Start over from the state: on start and on takeover."""
        self._fires = [(at, job, at) for at, job, _ in view.next_fires()]
        self._starts = [
            (execution.due_us, execution.id)
            for execution in view.open_executions()
            if execution.status is Status.PENDING
        ]
        heapq.heapify(self._fires)
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
        heapq.heappush(self._fires, (at, job, at))

    def _wake_up(self) -> None:
        """What was put off is looked at as soon as its fire time."""
        self._fires = [(at, job, at) for _, job, at in self._fires]
        heapq.heapify(self._fires)

    def next_fire(self) -> Instant | None:
        """When the soonest fire time is due, stale ones included."""
        return self._fires[0][0] if self._fires else None

    def wait_us(self, now: Instant, log_now: Instant) -> int | None:
        """How long until the soonest item is due, stale ones included; 0 or less: it is.

        Fire times come due by the cluster's time `now`, executions by the log's.
        """
        waits = [self._fires[0][0] - now] if self._fires else []
        if self._starts:
            waits.append(self._starts[0][0] - log_now)
        return min(waits, default=None)

    def pop_fires(
        self, now: Instant, limit: int, is_next: Callable[[JobId, Instant], bool]
    ) -> list[JobId]:
        """Up to `limit` distinct jobs whose next fire time is at or before `now`."""
        jobs: dict[JobId, None] = {}
        while self._fires and self._fires[0][0] <= now and len(jobs) < limit:
            _, job, at = heapq.heappop(self._fires)
            if is_next(job, at):
                jobs[job] = None
        return list(jobs)

    def pop_starts(self, now: Instant, limit: int) -> list[ExecutionId]:
        """Up to `limit` executions that may start at or before `now`."""
        executions: dict[ExecutionId, None] = {}
        while self._starts and self._starts[0][0] <= now and len(executions) < limit:
            executions[heapq.heappop(self._starts)[1]] = None
        return list(executions)
