"""From what is due to what is proposed: a pure function of the view and two instants.

A paused job has its fire times decided as skipped, in stretches: the first at once, so that it is
seen, the following ones together once a minute and when the pause ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.core.durations import format_duration
from engine.core.ids import ExecutionId, Instant, JobId
from engine.model.execution import Status
from engine.model.job import Job, MissedRunPolicy
from engine.model.pause import Pause
from engine.model.pause_document import pause_words
from engine.state.messages import Begin, Fire, Skip, StartExecutions
from engine.state.view import View
from engine.timing.misfire import split_missed
from engine.timing.schedule import Schedule

GRACE_US = 10_000_000
"""Fire times this close before a takeover are late, not missed: a failover skips nothing."""

PAUSED_STRETCH_US = 60_000_000
"""So long the fire times of a paused job are gathered into one skip."""

CATCH_UP_MAX = 1000
"""The most fire times of one job in one entry; the rest follow in the next."""


FAULT_PAUSE_US = 60_000_000
"""A job that could not be planned is tried again after so long."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to propose now, which jobs to look at again later, and which could not be planned.

    `later` has the wake-up, the job and its fire time.
    """

    command: StartExecutions
    later: tuple[tuple[Instant, JobId, Instant], ...] = ()
    faults: tuple[tuple[JobId, Exception], ...] = ()


def plan(
    view: View,
    *,
    epoch: int,
    now: Instant,
    log_now: Instant,
    since: Instant,
    jobs: Iterable[JobId],
    executions: Iterable[ExecutionId],
) -> Plan:
    """Decide what a leader proposes for the due `jobs` and waiting `executions`.

    Args:
        view: the state; a due item that it has moved past is left out.
        epoch: the leadership that the claims are made under.
        now: microseconds UTC; nothing after it is claimed.
        log_now: the log's time, the same or later; no execution that waits for longer is begun.
        since: when this leadership began. Fire times older than `since` less the grace were
            missed, and the job's policy decides; all others are claimed, however late.
        jobs: ids of jobs with a fire time at or before `now`.
        executions: ids of executions whose next attempt is due.
    """
    skips: list[Skip] = []
    fires: list[Fire] = []
    later: list[tuple[Instant, JobId, Instant]] = []
    faults: list[tuple[JobId, Exception]] = []
    pauses = view.pauses()
    for job_id in jobs:
        job, first = view.job(job_id), view.next_us(job_id)
        if job is None or first is None or first > now:
            continue
        try:
            decided = _decide(view, job, first, now, since, pauses)
        except Exception as error:  # a fault of ours in one job, which must not stop the others
            faults.append((job_id, error))
            later.append((now + FAULT_PAUSE_US, job_id, first))
            continue
        if isinstance(decided, int):
            later.append((decided, job_id, first))
        else:
            skips += decided[0]
            fires += decided[1]
    command = StartExecutions(
        epoch=epoch,
        skips=tuple(skips),
        fires=tuple(fires),
        begins=tuple(_begins(view, executions, log_now)),
    )
    return Plan(command, tuple(later), tuple(faults))


_Decided = tuple[list[Skip], list[Fire]]


def _decide(
    view: View, job: Job, first: Instant, now: Instant, since: Instant, pauses: Sequence[Pause]
) -> _Decided | int:
    """What becomes of the job's due fire times; or when to look at them again."""
    pause = view.pause_at(job, first) if pauses else None
    if pause is None:
        until = _running_until(job, first, now, pauses) if pauses else now
        schedule = view.fires(job)
        policy = job.spec.missed_run_policy
        # Of several stretches between pauses the latest is the one that `execute_one` makes up for.
        if policy is MissedRunPolicy.EXECUTE_ONE and _runs_later(view, job, schedule, until, now):
            policy = MissedRunPolicy.IGNORE
        return _plan_job(job, schedule, first, until, now, since, policy)
    wake = _look_again(view, pause, job, first)
    if now < wake:
        return wake
    return [_paused(job, view.fires(job), pause, first, now)], []


def _running_until(job: Job, first: Instant, now: Instant, pauses: Sequence[Pause]) -> Instant:
    """Up to where fire times from `first` on fall into no pause."""
    starts = [pause.from_us for pause in pauses if pause.scope.covers(job)]
    return min((start - 1 for start in starts if first < start <= now), default=now)


def _runs_later(view: View, job: Job, schedule: Schedule, until: Instant, now: Instant) -> bool:
    """Whether a fire time after a pause, up to now, is in none."""
    at = schedule.next_after(until) if until < now else None
    while at is not None and at <= now:
        pause = view.pause_at(job, at)
        if pause is None:
            return True
        at = None if pause.until_us is None else schedule.next_after(pause.until_us - 1)
    return False


def _look_again(view: View, pause: Pause, job: Job, first: Instant) -> Instant:
    """When a fire time that falls into a pause is decided."""
    last = view.last_run(job.id)
    if last is None or last.status != Status.SKIPPED or last.scheduled_us < pause.from_us:
        return first
    gathered = first + PAUSED_STRETCH_US
    return gathered if pause.until_us is None else min(gathered, pause.until_us)


def _paused(job: Job, schedule: Schedule, pause: Pause, first: Instant, now: Instant) -> Skip:
    end = now if pause.until_us is None else min(now, pause.until_us - 1)
    return skip_through(job, schedule, first, end, pause_words(pause))


def skip_through(job: Job, schedule: Schedule, first: Instant, end: Instant, reason: str) -> Skip:
    """The fire times of a job from its next one, `first`, up to `end`, decided as not run.

    It is one at least: `first` may be of an earlier release or zone data. Microseconds UTC.
    """
    last = schedule.last_before(end + 1)
    return Skip(
        job.id,
        job.generation,
        first,
        first if last is None else max(first, last),
        max(1, schedule.count(first - 1, end)),
        schedule.next_after(end),
        reason,
    )


def _plan_job(
    job: Job,
    schedule: Schedule,
    first: Instant,
    until: Instant,
    now: Instant,
    since: Instant,
    policy: MissedRunPolicy,
) -> _Decided:
    """Decide the fire times from `first` to `until`."""
    following = schedule.next_after(first)
    is_late = first >= since - GRACE_US
    if is_late and (following is None or following > until):
        return [], [Fire(job.id, job.generation, first, following)]
    if schedule.next_after(first - 1) != first:
        # Of an earlier release or zone data: it is decided by itself, and the rest follows it.
        if is_late:
            return [], [Fire(job.id, job.generation, first, following)]
        reason = "missed: 1 fire time while no leader could decide, of the schedule as it was read"
        return [Skip(job.id, job.generation, first, first, 1, following, reason)], []
    stale = _stale(job, schedule, first, min(until, now - (job.spec.catch_up_us or 0)), since)
    if stale is not None:
        return [stale], []  # what is younger is planned when this is decided
    missed = split_missed(
        schedule,
        first,
        until,
        policy.value,
        limit=CATCH_UP_MAX,
        grace_us=until - (since - GRACE_US),
    )
    run = missed.run[:CATCH_UP_MAX]
    after = missed.run[CATCH_UP_MAX] if len(missed.run) > CATCH_UP_MAX else missed.next_fire
    skips = []
    if missed.skipped:
        resume = run[0] if run else after
        plural = "s" if missed.skipped != 1 else ""
        reason = (
            f"missed: {missed.skipped} fire time{plural} while no leader could decide "
            f"(missed_run_policy {job.spec.missed_run_policy.value})"
        )
        last = missed.skipped_to if missed.skipped_to is not None else first
        skips.append(Skip(job.id, job.generation, first, last, missed.skipped, resume, reason))
    fires = [
        Fire(job.id, job.generation, fire, later)
        for fire, later in zip(run, [*run[1:], after][: len(run)], strict=True)
    ]
    return skips, fires


def _stale(
    job: Job, schedule: Schedule, first: Instant, bound: Instant, since: Instant
) -> Skip | None:
    """The missed fire times before `bound`, where the job's catch-up window begins."""
    if job.spec.catch_up_us is None:
        return None
    end = min(bound, since - GRACE_US) - 1
    fires = schedule.count(first - 1, end)
    last = schedule.last_before(end + 1)
    if not fires or last is None:
        return None
    plural = "s" if fires != 1 else ""
    reason = (
        f"missed: {fires} fire time{plural} while no leader could decide, longer ago than the "
        f"catch-up window of {format_duration(job.spec.catch_up_us)}"
    )
    following = schedule.next_after(end)
    return Skip(job.id, job.generation, first, last, fires, following, reason)


def _begins(view: View, executions: Iterable[ExecutionId], log_now: Instant) -> Iterable[Begin]:
    for execution_id in executions:
        execution = view.execution(execution_id)
        if (
            execution is not None
            and execution.status is Status.PENDING
            and execution.due_us <= log_now
        ):
            yield Begin(execution_id, execution.attempt)
