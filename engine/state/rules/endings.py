"""How fire times, executions and backfills become final, for every rule that ends one."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Final

from engine.core.ids import Instant, JobId, execution_id
from engine.model.backfill import Backfill, BackfillState
from engine.model.execution import AttemptResult, Execution, Status
from engine.model.job import Job
from engine.state.messages import (
    BackfillEnded,
    Event,
    ExecutionEnded,
    FiresSkipped,
    Rejected,
    Skip,
)
from engine.state.rules.registry import evolves
from engine.state.state import LastRun, State

_SUCCESS: Final = Status.SUCCESS
_FAILURES: Final = (Status.FAILED, Status.UNKNOWN)


def claimable(state: State, job_id: JobId, generation: int, fire_us: Instant) -> Job | None:
    """The job, if the fire time is its next one and nobody has decided it."""
    job = state.jobs.get(job_id)
    if job is None or job.generation != generation or state.next_us.get(job_id) != fire_us:
        return None
    return job


def skipped_fires(job: Job, skip: Skip) -> FiresSkipped:
    """The fact that fire times are not run."""
    return FiresSkipped(
        id=execution_id(job.id, skip.generation, skip.first_us),
        job=job,
        first_us=skip.first_us,
        last_us=skip.last_us,
        fires=skip.fires,
        next_us=skip.next_us,
        reason=skip.reason,
    )


def supersede(state: State, skip: Skip | None) -> Generator[Event, None, None]:
    """Decide what an edit found due, unless the leader was quicker."""
    if skip is not None and (job := claimable(state, skip.job_id, skip.generation, skip.first_us)):
        yield skipped_fires(job, skip)


def leaves_due(state: State, job: Job, skip: Skip | None, at: Instant) -> Rejected | None:
    """The refusal of an edit that would leave a fire time without a decision."""
    due = state.next_us.get(job.id)
    if skip is not None and claimable(state, job.id, skip.generation, skip.first_us):
        due = skip.next_us
    if due is None or due > at:
        return None
    message = "a fire time came due meanwhile"
    return Rejected(code="CONFLICT", message=message, field="superseded", hint="try again")


def repeats(next_us: Instant | None, at: Instant) -> Rejected | None:
    """The refusal of an edit whose next fire time may have been decided meanwhile."""
    if next_us is None or next_us > at:
        return None
    message = "its next fire time came due meanwhile"
    return Rejected(code="CONFLICT", message=message, field="superseded", hint="try again")


def end_execution(
    job: Job,
    execution: Execution,
    status: Status,
    reason: str,
    at: Instant,
    result: AttemptResult | None = None,
) -> ExecutionEnded:
    """The fact that `execution`, one of `job`, is over."""
    return ExecutionEnded(
        execution=execution,
        job=job,
        status=status,
        reason=reason,
        completed_us=result.finished_us if result else at,
        result=result,
    )


@evolves(ExecutionEnded)
def ended(state: State, event: ExecutionEnded) -> None:
    """Close the execution and remember how the job did."""
    execution = event.execution
    del state.executions[execution.id]
    siblings = state.open_by_job[execution.job_id]
    siblings.remove(execution.id)
    if not siblings:
        del state.open_by_job[execution.job_id]
    if execution.backfill:
        _count(state, execution.backfill, event)
        return
    last = state.last_runs.get(execution.job_id)
    failures = last.failures if last else 0
    if event.status is _SUCCESS:
        failures = 0
    elif event.status in _FAILURES:
        failures += 1
    state.last_runs[execution.job_id] = LastRun(execution.scheduled_us, event.status, failures)


def _count(state: State, identity: str, event: ExecutionEnded) -> None:
    """A run of a backfill is over, and with the last one so is the backfill."""
    backfill = state.backfills.get(identity)
    if backfill is None:
        return
    success = event.status is Status.SUCCESS
    backfill = replace(
        backfill,
        succeeded=backfill.succeeded + success,
        failed=backfill.failed + (not success),
    )
    if backfill.state is BackfillState.RUNNING and backfill.next_us is None and not backfill.open:
        backfill = replace(backfill, state=BackfillState.DONE, ended_us=event.completed_us)
    state.backfills[identity] = backfill


def cancelled(backfill: Backfill, reason: str, at: Instant) -> BackfillEnded:
    """The fact that a backfill begins no more."""
    return BackfillEnded(
        backfill=replace(
            backfill,
            state=BackfillState.CANCELLED,
            reason=reason,
            next_us=None,
            ended_us=at,
        )
    )


def running_of(state: State, job_id: JobId) -> list[Backfill]:
    """The running backfills of a job."""
    return [
        one
        for one in state.backfills.values()
        if one.job_id == job_id and one.state is BackfillState.RUNNING
    ]
