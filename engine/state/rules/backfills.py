"""Backfills: past fire times that are run now, begun by the leader as there is room."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.core.ids import backfill_execution_id
from engine.model.backfill import BackfillState
from engine.model.execution import Execution, Status, Trigger
from engine.model.job import Concurrency
from engine.state.messages import (
    Accepted,
    BackfillAdvanced,
    BackfillEnded,
    BackfillStarted,
    BeginBackfill,
    CancelBackfill,
    ExecutionAdded,
    Rejected,
    StartBackfill,
)
from engine.state.rules.endings import cancelled
from engine.state.rules.jobs import missing, retimed
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import State

RUNNING_MAX: Final = 100
KEPT_MAX: Final = 300
"""Backfills that are over are forgotten beyond so many; their runs stay in the history."""


@decides(StartBackfill)
def start(state: State, command: StartBackfill, context: Context) -> Decision:
    """A backfill is running; of one job there may be several."""
    backfill = command.backfill
    job = state.jobs.get(backfill.job_id)
    if job is None:
        return missing(backfill.job_id)
    if refusal := retimed(job, command.generation):
        return refusal
    if sum(one.state is BackfillState.RUNNING for one in state.backfills.values()) >= RUNNING_MAX:
        message = f"{RUNNING_MAX} backfills are running, which is the most"
        return Rejected(code="CONFLICT", message=message, field="from", hint="wait, or cancel one")
    yield BackfillStarted(backfill=replace(backfill, started_us=context.at))
    return Accepted(value=backfill.id)


@evolves(BackfillStarted)
def started(state: State, event: BackfillStarted) -> None:
    """The newest stands last; of those that are over the oldest makes room."""
    over = [one.id for one in state.backfills.values() if one.state is not BackfillState.RUNNING]
    for identity in over[: max(0, len(state.backfills) - KEPT_MAX + 1)]:
        del state.backfills[identity]
    state.backfills[event.backfill.id] = event.backfill


@decides(BeginBackfill)
def begin(state: State, command: BeginBackfill, context: Context) -> Decision:
    """Add runs for the backfill's next fire times, as far as the job's concurrency allows.

    A compare-and-set on its cursor, under the leader's epoch: what lost its race changes nothing.
    """
    if command.epoch != state.epoch:
        message = f"epoch {command.epoch} is over, the leader's is {state.epoch}"
        return Rejected(code="NO_LEADER", message=message)
    backfill = state.backfills.get(command.id)
    if backfill is None or backfill.state is not BackfillState.RUNNING:
        return Accepted(value=0)
    begun = 0
    for fire_us, next_us in command.fires:
        job = state.jobs[backfill.job_id]
        is_open = bool(state.open_by_job.get(job.id))
        if backfill.next_us != fire_us or backfill.open >= backfill.parallel:
            break
        if is_open and job.spec.concurrency is not Concurrency.ALLOW:
            break
        execution = Execution(
            id=backfill_execution_id(backfill.id, fire_us),
            job_id=job.id,
            job_version=job.version,
            trigger=Trigger.BACKFILL,
            scheduled_us=fire_us,
            status=Status.PENDING,
            due_us=context.at,
            backfill=backfill.id,
        )
        yield BackfillAdvanced(id=backfill.id, next_us=next_us)
        yield ExecutionAdded(execution=execution)
        backfill = state.backfills[backfill.id]
        begun += 1
    return Accepted(value=begun)


@evolves(BackfillAdvanced)
def advanced(state: State, event: BackfillAdvanced) -> None:
    """One fire time more was begun."""
    backfill = state.backfills[event.id]
    state.backfills[event.id] = replace(backfill, next_us=event.next_us, begun=backfill.begun + 1)


@decides(CancelBackfill)
def cancel(state: State, command: CancelBackfill, context: Context) -> Decision:
    """Begin no more of it; what it has open goes on. Idempotent."""
    backfill = state.backfills.get(command.id)
    if backfill is None:
        message = f"there is no backfill {command.id}"
        return Rejected(code="NOT_FOUND", message=message, field="id")
    if backfill.state is BackfillState.RUNNING:
        yield cancelled(backfill, f"cancelled by {context.actor}", context.at)
    return Accepted(value=command.id)


@evolves(BackfillEnded)
def ended(state: State, event: BackfillEnded) -> None:
    """It is kept as it ended."""
    state.backfills[event.backfill.id] = event.backfill
