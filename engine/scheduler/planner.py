"""From what is due to what is proposed: a pure function of the view and two instants."""

from __future__ import annotations

from collections.abc import Iterable

from engine.core.ids import ExecutionId, Instant, JobId
from engine.model.execution import Status
from engine.model.job import Job
from engine.state.messages import Begin, Fire, Skip, StartExecutions
from engine.state.view import View
from engine.timing.misfire import split_missed

GRACE_US = 10_000_000
"""Fire times this close before a takeover are late, not missed: a failover skips nothing."""

CATCH_UP_MAX = 1000
"""The most fire times of one job in one entry; the rest follow in the next."""


def plan(
    view: View,
    *,
    epoch: int,
    now: Instant,
    since: Instant,
    jobs: Iterable[JobId],
    executions: Iterable[ExecutionId],
) -> StartExecutions:
    """Decide what a leader proposes for the due `jobs` and waiting `executions`.

    Args:
        view: the state; a due item that it has moved past is left out.
        epoch: the leadership that the claims are made under.
        now: microseconds UTC; nothing after it is claimed.
        since: when this leadership began. Fire times older than `since` less the grace were
            missed, and the job's policy decides; all others are claimed, however late.
        jobs: ids of jobs with a fire time at or before `now`.
        executions: ids of executions whose next attempt is due.
    """
    skips: list[Skip] = []
    fires: list[Fire] = []
    for job_id in jobs:
        job, first = view.job(job_id), view.next_us(job_id)
        if job is not None and first is not None and first <= now:
            _plan_job(job, first, now, since, skips, fires)
    return StartExecutions(
        epoch=epoch,
        skips=tuple(skips),
        fires=tuple(fires),
        begins=tuple(_begins(view, executions, now)),
    )


def _plan_job(
    job: Job, first: Instant, now: Instant, since: Instant, skips: list[Skip], fires: list[Fire]
) -> None:
    schedule = job.fires
    following = schedule.next_after(first)
    if first >= since - GRACE_US and (following is None or following > now):
        fires.append(Fire(job.id, job.generation, first, following))
        return
    missed = split_missed(
        schedule,
        first,
        now,
        job.spec.missed_run_policy.value,
        limit=CATCH_UP_MAX,
        grace_us=now - (since - GRACE_US),
    )
    run = missed.run[:CATCH_UP_MAX]
    after = missed.run[CATCH_UP_MAX] if len(missed.run) > CATCH_UP_MAX else missed.next_fire
    if missed.skipped:
        resume = run[0] if run else after
        plural = "s" if missed.skipped != 1 else ""
        reason = (
            f"missed: {missed.skipped} fire time{plural} while no leader could decide "
            f"(missed_run_policy {job.spec.missed_run_policy.value})"
        )
        last = missed.skipped_to if missed.skipped_to is not None else first
        skips.append(Skip(job.id, job.generation, first, last, missed.skipped, resume, reason))
    fires.extend(
        Fire(job.id, job.generation, fire, later)
        for fire, later in zip(run, (*run[1:], after), strict=True)
    )


def _begins(view: View, executions: Iterable[ExecutionId], now: Instant) -> Iterable[Begin]:
    for execution_id in executions:
        execution = view.execution(execution_id)
        if execution is not None and execution.status is Status.PENDING and execution.due_us <= now:
            yield Begin(execution_id, execution.attempt)
