"""Everything about executions: claims, attempts, results, retries, losses, cancellations."""

from __future__ import annotations

from collections.abc import Generator

from msgspec import structs

from engine.core.ids import ExecutionId, Instant, execution_id
from engine.model.execution import AttemptOutcome, AttemptResult, Execution, Status, Trigger
from engine.model.job import Concurrency, Guarantee, Job
from engine.model.pause import pause_of
from engine.model.pause_document import pause_words
from engine.model.retry import backoff_us
from engine.state.messages import (
    Accepted,
    AttemptBegun,
    AttemptEnded,
    CancelExecution,
    Event,
    ExecutionAdded,
    ExecutionEnded,
    Fire,
    FiresSkipped,
    LoseAttempts,
    RecordExecutions,
    RecoverExecutions,
    Rejected,
    RetryScheduled,
    Skip,
    StartExecutions,
    TriggerJob,
)
from engine.state.rules.endings import claimable, end_execution, skipped_fires
from engine.state.rules.jobs import missing
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import LastRun, State

LOST_ATTEMPTS_MAX = 10
"""After so many dispatchers died under it an execution is `unknown`, not tried for ever."""

# What each run asks for: to find a member in its Enum costs as much as a line of a rule.
_SCHEDULE, _PENDING, _RUNNING = Trigger.SCHEDULE, Status.PENDING, Status.RUNNING
_SUCCESS, _SUCCEEDED = Status.SUCCESS, AttemptOutcome.SUCCESS
_FORBID, _REPLACE = Concurrency.FORBID, Concurrency.REPLACE


@decides(StartExecutions)
def start(state: State, command: StartExecutions, context: Context) -> Decision:
    """A tick of the leader: each claim is a compare-and-set on the job's next fire time.

    A stale epoch is refused whole; a claim that lost its race is passed over in silence, for it
    was decided already. The answer lists the executions whose attempt began here.
    """
    if refusal := _fenced(state, command.epoch):
        return refusal
    begun: list[str] = []
    for skip in command.skips:
        job = claimable(state, skip.job_id, skip.generation, skip.first_us)
        if job is not None:
            yield skipped_fires(job, skip)
    for fire in command.fires:
        job = claimable(state, fire.job_id, fire.generation, fire.fire_us)
        if job is None:
            continue
        if reason := _hindrance(state, job, fire.fire_us):
            yield _not_run(job, fire, reason)
            continue
        fresh = execution_id(job.id, fire.generation, fire.fire_us)
        if job.spec.concurrency is _REPLACE:
            for old in tuple(state.open_by_job.get(job.id, ())):
                replaced = state.executions[old]
                reason = f"replaced by {fresh}"
                yield end_execution(job, replaced, Status.CANCELLED, reason, context.at)
        claim = _claim(state, job, fire, fresh, context.at)
        yield claim
        if type(claim) is AttemptBegun:
            begun.append(fresh)
    for begin in command.begins:
        execution = state.executions.get(begin.execution_id)
        if (
            execution is not None
            and execution.status is Status.PENDING
            and execution.attempt == begin.attempt
        ):
            yield AttemptBegun(
                execution=_running(execution, state, context.at), claimed=False, next_us=None
            )
            begun.append(execution.id)
    return Accepted(value=begun)


def _hindrance(state: State, job: Job, fire_us: Instant) -> str:
    """Why a fire time is decided as not run; empty where it is run."""
    # The leader may have proposed before it heard of a pause.
    if state.pauses and (pause := pause_of(state.pauses.values(), job, fire_us)):
        return pause_words(pause)
    open_ids = state.open_by_job.get(job.id)
    if open_ids and job.spec.concurrency is _FORBID:
        return f"concurrency: execution {open_ids[0]} is still open"
    return ""


def _not_run(job: Job, fire: Fire, reason: str) -> FiresSkipped:
    first = last = fire.fire_us
    return skipped_fires(job, Skip(job.id, fire.generation, first, last, 1, fire.next_us, reason))


def _claim(
    state: State, job: Job, fire: Fire, fresh: ExecutionId, at: Instant
) -> AttemptBegun | ExecutionAdded:
    """The execution `fresh` of a fire time, begun, or waiting for its moment in the window."""
    start = job.planned_start(fire.fire_us)
    is_drawn, waits = start != fire.fire_us, start > at and start != fire.fire_us
    # Built whole: copying it twice would be a third of what a claim costs on every node.
    execution = Execution(
        id=fresh,
        job_id=job.id,
        job_version=job.version,
        trigger=_SCHEDULE,
        scheduled_us=fire.fire_us,
        status=_PENDING if waits else _RUNNING,
        due_us=start if is_drawn else 0,
        planned_us=start if is_drawn else 0,
        started_us=0 if waits else at,
        attempt_started_us=0 if waits else at,
        epoch=0 if waits else state.epoch,
        node="" if waits else state.leader,
    )
    if waits:
        return ExecutionAdded(execution=execution, claimed=True, next_us=fire.next_us)
    return AttemptBegun(execution=execution, claimed=True, next_us=fire.next_us)


def _running(execution: Execution, state: State, at: Instant) -> Execution:
    return structs.replace(
        execution,
        status=Status.RUNNING,
        started_us=execution.started_us or at,
        attempt_started_us=at,
        epoch=state.epoch,
        node=state.leader,
    )


@evolves(FiresSkipped)
def skipped(state: State, event: FiresSkipped) -> None:
    """The job moves on past what was skipped."""
    _advance(state, event.job.id, event.next_us)
    last = state.last_runs.get(event.job.id)
    failures = last.failures if last else 0
    state.last_runs[event.job.id] = LastRun(event.last_us, Status.SKIPPED, failures)


def _advance(state: State, job_id: str, next_us: Instant | None) -> None:
    if next_us is None:
        state.next_us.pop(job_id, None)
    else:
        state.next_us[job_id] = next_us


@evolves(AttemptBegun)
def begun(state: State, event: AttemptBegun) -> None:
    """The attempt runs; a claim also moves the job to its next fire time."""
    execution = event.execution
    if execution.id not in state.executions:
        state.open_by_job.setdefault(execution.job_id, []).append(execution.id)
    state.executions[execution.id] = execution
    if event.claimed:
        _advance(state, execution.job_id, event.next_us)


@decides(TriggerJob)
def trigger(state: State, command: TriggerJob, context: Context) -> Decision:
    """Add an execution that is due at once, within the job's concurrency policy."""
    job = state.jobs.get(command.job_id)
    if job is None:
        return missing(command.job_id)
    if command.execution_id in state.executions:
        return Accepted(value=command.execution_id)
    open_ids = state.open_by_job.get(job.id, ())
    if open_ids and job.spec.concurrency is Concurrency.FORBID:
        message = f"execution {open_ids[0]} is still open and the job forbids overlap"
        hint = "wait for its end, cancel it, or set concurrency to allow"
        return Rejected(code="CONFLICT", message=message, field="concurrency", hint=hint)
    if job.spec.concurrency is Concurrency.REPLACE:
        reason = f"replaced by {command.execution_id}"
        for old in tuple(open_ids):
            yield end_execution(job, state.executions[old], Status.CANCELLED, reason, context.at)
    yield ExecutionAdded(
        execution=Execution(
            id=command.execution_id,
            job_id=job.id,
            job_version=job.version,
            trigger=command.trigger,
            scheduled_us=context.at,
            status=Status.PENDING,
            due_us=context.at,
            replay_of=command.replay_of,
            change=command.change,
        )
    )
    return Accepted(value=command.execution_id)


@evolves(ExecutionAdded)
def added(state: State, event: ExecutionAdded) -> None:
    """The execution is open and waits; a claim also moves the job to its next fire time."""
    execution = event.execution
    state.executions[execution.id] = execution
    state.open_by_job.setdefault(execution.job_id, []).append(execution.id)
    if event.claimed:
        _advance(state, execution.job_id, event.next_us)


@decides(RecordExecutions)
def record(state: State, command: RecordExecutions, context: Context) -> Decision:
    """Results of running attempts; one for an attempt that is no longer running comes too late."""
    late = 0
    for result in command.results:
        execution = state.executions.get(result.execution_id)
        if (
            execution is None
            or execution.status is not _RUNNING
            or execution.attempt != result.attempt
        ):
            late += 1
            continue
        job = state.jobs[execution.job_id]
        yield AttemptEnded(execution=execution, job=job, result=result)
        yield _what_follows(job, execution, result, context.at)
    return Accepted(value=len(command.results) - late)


def _what_follows(job: Job, execution: Execution, result: AttemptResult, at: Instant) -> Event:
    if result.outcome is _SUCCEEDED:
        return end_execution(job, execution, _SUCCESS, "", at, result)
    if result.outcome is AttemptOutcome.CANCELLED:
        return end_execution(job, execution, Status.CANCELLED, result.error, at, result)
    policy, guarantee = job.spec.retry_policy, job.spec.guarantee
    if result.is_doubtful and guarantee is Guarantee.AT_MOST_ONCE:
        return end_execution(job, execution, Status.UNKNOWN, _doubt(result.error), at, result)
    failures = execution.failures + 1
    if failures >= policy.max_attempts:
        tries = f"{failures} attempts" if failures > 1 else "its attempt"
        reason = f"{tries} failed, the last with: {result.error}"
        return end_execution(job, execution, Status.FAILED, reason, at, result)
    return RetryScheduled(
        execution=structs.replace(
            execution,
            status=Status.PENDING,
            attempt=execution.attempt + 1,
            failures=failures,
            due_us=result.finished_us + backoff_us(policy, failures, execution.id),
            asks_first=guarantee is Guarantee.EFFECT_ONCE
            and (result.is_doubtful or execution.asks_first),
        )
    )


def _doubt(error: str) -> str:
    return f"{error}; nobody knows whether it had its effect, and it is sent at most once"


@evolves(AttemptEnded)
def attempt_ended(state: State, event: AttemptEnded) -> None:
    """A fact for the history; what it means for the execution is the next event."""


@evolves(RetryScheduled)
def retry_scheduled(state: State, event: RetryScheduled) -> None:
    """The execution waits for its next attempt."""
    state.executions[event.execution.id] = event.execution


@decides(RecoverExecutions)
def recover(state: State, command: RecoverExecutions, context: Context) -> Decision:
    """A new leader's first act: attempts of older epochs are lost, and tried again at once.

    Nobody knows whether the target saw them. By the job's guarantee they are sent again with the
    same execution id, so that a target that remembers it sees one fire; or the target is asked
    first; or they are not sent again.
    """
    if refusal := _fenced(state, command.epoch):
        return refusal
    recovered = 0
    for execution in tuple(state.executions.values()):
        if execution.status is Status.RUNNING and execution.epoch < command.epoch:
            event = yield from _lost(state, execution, context.at)
            recovered += isinstance(event, RetryScheduled)
    return Accepted(value=recovered)


@decides(LoseAttempts)
def lose(state: State, command: LoseAttempts, context: Context) -> Decision:
    """What the leader's dispatcher holds no longer is lost, as if the dispatcher had died."""
    if refusal := _fenced(state, command.epoch):
        return refusal
    recovered = 0
    for lost in command.attempts:
        execution = state.executions.get(lost.execution_id)
        if (
            execution is not None
            and execution.status is Status.RUNNING
            and execution.attempt == lost.attempt
            and execution.epoch == command.epoch
        ):
            event = yield from _lost(state, execution, context.at)
            recovered += isinstance(event, RetryScheduled)
    return Accepted(value=recovered)


def _fenced(state: State, epoch: int) -> Rejected | None:
    """The refusal of what a leader proposes whose epoch is over."""
    if epoch == state.epoch:
        return None
    message = f"epoch {epoch} is over, the leader's is {state.epoch}"
    return Rejected(code="NO_LEADER", message=message)


def _lost(
    state: State, execution: Execution, at: Instant
) -> Generator[Event, None, RetryScheduled | ExecutionEnded]:
    """The attempt ends as lost; what follows is as the job's guarantee says."""
    error = f"the dispatcher on {execution.node} was lost"
    result = AttemptResult(
        execution_id=execution.id,
        attempt=execution.attempt,
        outcome=AttemptOutcome.LOST,
        started_us=execution.attempt_started_us,
        finished_us=max(at, execution.attempt_started_us),
        error=error,
    )
    job = state.jobs[execution.job_id]
    yield AttemptEnded(execution=execution, job=job, result=result)
    follows: RetryScheduled | ExecutionEnded
    if job.spec.guarantee is Guarantee.AT_MOST_ONCE:
        follows = end_execution(job, execution, Status.UNKNOWN, _doubt(error), at, result)
    elif execution.attempt - execution.failures > LOST_ATTEMPTS_MAX:
        follows = end_execution(job, execution, Status.UNKNOWN, error, at, result)
    else:
        follows = RetryScheduled(
            execution=structs.replace(
                execution,
                status=Status.PENDING,
                attempt=execution.attempt + 1,
                due_us=at,
                asks_first=job.spec.guarantee is Guarantee.EFFECT_ONCE,
            )
        )
    yield follows
    return follows


@decides(CancelExecution)
def cancel(state: State, command: CancelExecution, context: Context) -> Decision:
    """End an open execution; whether its target saw it is written in its attempts."""
    execution = state.executions.get(command.id)
    if execution is None:
        message = f"execution {command.id} is not open"
        return Rejected(code="CONFLICT", message=message, field="id", hint="it ended already")
    job = state.jobs[execution.job_id]
    yield end_execution(job, execution, Status.CANCELLED, command.reason, context.at)
    return Accepted(value=command.id)
