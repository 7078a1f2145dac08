"""From the log to this node's worker: what leads here is sent, and what was ended is stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.core.ids import ExecutionId, JobId
from engine.dispatch.dispatcher import Request
from engine.dispatch.worker import Worker
from engine.model.change import changed
from engine.model.execution import Status
from engine.state.messages import AttemptBegun, Committed, ExecutionEnded, LeadershipClaimed
from engine.state.view import View


class DispatchFeed:
    """A subscriber of the log that tells the worker.

    Args:
        view: where jobs are known.
        worker: told.
        epoch: under which this node leads now; 0 where it does not.
    """

    def __init__(self, view: View, worker: Worker, epoch: Callable[[], int]):
        self._view = view
        self._worker = worker
        self._epoch = epoch

    def take(self, committed: Committed) -> None:
        """Send what this leadership began, and stop what was ended; never on replayed entries."""
        epoch = self._epoch()
        requests: dict[ExecutionId, Request] = {}
        for event in committed.events:
            if type(event) is AttemptBegun:
                if epoch and event.execution.epoch == epoch:
                    job = self._view.job(event.execution.job_id)
                    if job is not None:
                        job = changed(job, event.execution.change)
                        requests[event.execution.id] = Request(execution=event.execution, job=job)
            elif type(event) is ExecutionEnded:
                if event.status is Status.CANCELLED:
                    requests.pop(event.execution.id, None)  # begun and replaced in the same entry
                    self._worker.cancel(event.execution.id)
            elif type(event) is LeadershipClaimed:
                self._worker.forget()  # what waits here is lost to that leadership, which sends it
        if requests:
            self._worker.submit(list(requests.values()))

    def expect(self, jobs: Sequence[JobId]) -> None:
        """Have the worker make ready what it can of jobs that are about to fire."""
        known = (self._view.job(job) for job in jobs)
        self._worker.expect([job for job in known if job is not None])
