"""Why a job ran at a moment, or did not: from recorded facts, and from what is agreed now.

What was decided is read from the history; what the job was then, from its recorded changes; what is
still to come, from the state. Nothing is guessed: where no fact is recorded, that is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from engine.core.clock import rfc3339
from engine.core.durations import format_duration
from engine.core.errors import InvalidDocument
from engine.core.ids import ExecutionId, Instant, JobId
from engine.history.fire_times import Decided, JobChange, changes_around, decided_at
from engine.history.store import History
from engine.model.document import document_timing
from engine.model.execution import Execution, Status, Trigger
from engine.model.pause_document import pause_words
from engine.state.view import View
from engine.timing.cron import SECOND_US
from engine.timing.parse import schedule_of
from engine.timing.schedule import Schedule
from engine.timing.zones import find_zone

DAY_SECONDS: Final = 86_400


class Verdict(StrEnum):
    """What became, or will become, of a moment."""

    RAN = "ran"
    OPEN = "open"
    SKIPPED = "skipped"
    PLANNED = "planned"
    PAUSED = "paused"
    DISABLED = "disabled"
    NO_FIRE_TIME = "no_fire_time"
    CLOSED = "closed"
    NOT_CREATED = "not_created"
    DELETED = "deleted"
    SUPERSEDED = "superseded"
    UNDECIDED = "undecided"
    UNRECORDED = "unrecorded"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something recorded, and when."""

    at_us: Instant
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The answer about one moment of one job.

    Attributes:
        at_us: the moment, microseconds UTC.
        verdict: what became of it.
        words: one sentence that says so.
        execution_id: the run, where there is one.
        facts: what it follows from, in the order of their times.
        before_us, after_us: the fire times around the moment, by the schedule of that time.
    """

    at_us: Instant
    verdict: Verdict
    words: str
    execution_id: ExecutionId = ""
    facts: tuple[Fact, ...] = ()
    before_us: Instant | None = None
    after_us: Instant | None = None


@dataclass(slots=True)
class _Case:
    """What is known about a moment, gathered before anything is said."""

    job_id: JobId
    at_us: Instant
    now_us: Instant
    view: View
    decided: Sequence[Decided]
    then: JobChange | None
    following: JobChange | None
    facts: list[Fact] = field(default_factory=list)
    schedule: Schedule | None = None

    def says(self, verdict: Verdict, words: str, execution_id: ExecutionId = "") -> Why:
        schedule = self.schedule
        return Why(
            at_us=self.at_us,
            verdict=verdict,
            words=words,
            execution_id=execution_id,
            facts=tuple(sorted(self.facts, key=lambda fact: fact.at_us)),
            before_us=schedule.last_before(self.at_us) if schedule else None,
            after_us=schedule.next_after(self.at_us) if schedule else None,
        )


def why(view: View, history: History, job_id: JobId, at_us: Instant, now_us: Instant) -> Why:
    """Why the job ran at the moment, or did not; for a moment to come, whether it will.

    Args:
        view: what is agreed now.
        history: what is over, and what the job was.
        job_id: of a job that is or was there.
        at_us: the moment, microseconds UTC.
        now_us: the present, microseconds UTC.
    """
    changes = changes_around(history, job_id, at_us)
    upto = [change for change in changes if change.at_us <= at_us]
    later = [change for change in changes if change.at_us > at_us]
    case = _Case(
        job_id=job_id,
        at_us=at_us,
        now_us=now_us,
        view=view,
        decided=decided_at(history, job_id, at_us),
        then=upto[0] if upto else None,
        following=later[-1] if later else None,
    )
    if case.then is not None:
        case.facts.append(Fact(case.then.at_us, _change_words(case.then)))
        case.schedule = _schedule(view, case.then, job_id)
    return _decided(case) or _open(case) or _not_meant(case) or _to_come(case) or _lost(case)


def _schedule(view: View, change: JobChange, job_id: JobId) -> Schedule | None:
    try:
        return view.fires_of(document_timing(change.config), job_id)
    except InvalidDocument:
        return None  # written by a release that knew a grammar which this one does not


def _decided(case: _Case) -> Why | None:
    by_backfill = [one for one in case.decided if one.trigger == "backfill"]
    by_schedule = [
        one for one in case.decided if one.trigger == "schedule" and _is_about(case, one)
    ]
    for run in by_backfill:
        case.facts.append(Fact(run.completed_us, f"run by a backfill: {run.status}"))
    if not by_schedule:
        return None
    found = by_schedule[0]
    case.facts.append(Fact(found.completed_us, f"recorded as {found.status}"))
    if found.status == Status.SKIPPED:
        words = f"Did not run: {found.reason}"
        if found.fires > 1:
            span = f"{rfc3339(found.scheduled_us)} to {rfc3339(found.until_us)}"
            words += f" (one of {found.fires:,} fire times, {span})"
        if by_backfill:
            words += f"; a backfill ran it later: {by_backfill[0].status}"
        is_superseded = found.reason.startswith("superseded:")
        verdict = Verdict.SUPERSEDED if is_superseded else Verdict.SKIPPED
        return case.says(verdict, words, found.id)
    late = "" if found.started_us is None else _late(found.started_us - case.at_us)
    attempts = f"{found.attempts} attempt{'s' if found.attempts != 1 else ''}"
    why_ended = found.reason or found.error
    words = f"Ran{late}, {attempts} on {found.node or 'no node'}: {found.status}"
    return case.says(Verdict.RAN, f"{words}: {why_ended}" if why_ended else words, found.id)


def _is_about(case: _Case, row: Decided) -> bool:
    """Whether a row is about the moment: of it, or of a stretch in which it is a fire time."""
    if row.scheduled_us == case.at_us:
        return True
    return case.schedule is not None and case.schedule.next_after(case.at_us - 1) == case.at_us


def _open(case: _Case) -> Why | None:
    for execution in case.view.open_executions(case.job_id):
        if execution.scheduled_us == case.at_us and execution.trigger is Trigger.SCHEDULE:
            return case.says(Verdict.OPEN, _open_words(execution), execution.id)
    return None


def _open_words(execution: Execution) -> str:
    if execution.status is Status.RUNNING:
        started = rfc3339(execution.attempt_started_us)
        return f"Runs: attempt {execution.attempt} on {execution.node} since {started}"
    if execution.failures:
        why_waits = "after a failure"
    elif execution.attempt > 1:
        why_waits = "its dispatcher was lost"
    else:
        why_waits = "its start was drawn in its window"
    return f"Waits until {rfc3339(execution.due_us)}: {why_waits}"


def _not_meant(case: _Case) -> Why | None:
    """Why no run was meant at all."""
    then = case.then
    if then is None:
        first = case.following
        made = f": it was created at {rfc3339(first.at_us)} by {first.by}" if first else ""
        return case.says(Verdict.NOT_CREATED, f"Did not run: the job was not there yet{made}")
    since = f"since {rfc3339(then.at_us)}, by {then.by}"
    if then.change == "deleted":
        return case.says(Verdict.DELETED, f"Did not run: the job is deleted {since}")
    if not then.config.get("enabled"):
        return case.says(Verdict.DISABLED, f"Did not run: the job was disabled {since}")
    if case.schedule is not None and case.schedule.next_after(case.at_us - 1) != case.at_us:
        if label := _closure(case.view, then, case.job_id, case.at_us):
            return case.says(Verdict.CLOSED, f"Did not run then: {label}")
        words = f"No fire time of {then.config['schedule']} in {then.config['timezone']}"
        return case.says(Verdict.NO_FIRE_TIME, words)
    return None


def _closure(view: View, change: JobChange, job_id: JobId, at_us: Instant) -> str:
    """What closes a fire time that the schedule alone would name; empty where it names none."""
    spec = document_timing(change.config)
    calendar = view.calendar(spec.calendar)
    if calendar is None or schedule_of(spec.timing, job_id).next_after(at_us - 1) != at_us:
        return ""
    zone = find_zone(spec.timezone)
    day = (at_us // SECOND_US + zone.offset_at(at_us // SECOND_US)) // DAY_SECONDS
    labels = [one.label for one in calendar.closed if one.first_day <= day <= one.last_day]
    labels += [one.label for one in calendar.spans if one.from_us <= at_us < one.until_us]
    what = f" ({labels[0]})" if labels else ""
    return f"{calendar.name} is closed{what}, and the job says on_closed: {spec.on_closed}"


def _to_come(case: _Case) -> Why | None:
    if case.at_us <= case.now_us:
        return None
    job = case.view.job(case.job_id)
    if job is None:
        return case.says(Verdict.DELETED, "Will not run: the job is deleted")
    pause = case.view.pause_at(job, case.at_us)
    if pause is not None:
        case.facts.append(Fact(pause.from_us, pause_words(pause)))
        return case.says(Verdict.PAUSED, f"Will not run: {pause_words(pause)}")
    start = job.planned_start(case.at_us)
    drawn = f", starting at {rfc3339(start)} within its window" if start != case.at_us else ""
    return case.says(Verdict.PLANNED, f"Will run{drawn}")


def _lost(case: _Case) -> Why:
    """A fire time of the past of which no decision is recorded."""
    job, next_us = case.view.job(case.job_id), case.view.next_us(case.job_id)
    if job is not None and next_us is not None and next_us <= case.at_us:
        pause = case.view.pause_at(job, case.at_us)
        if pause is not None:
            return case.says(Verdict.PAUSED, f"Does not run: {pause_words(pause)}")
        leader = case.view.leader_node or "nobody"
        words = f"Not decided yet: {leader} leads, and is at {rfc3339(next_us)}"
        return case.says(Verdict.UNDECIDED, words)
    following = case.following
    if following is not None and _ended_fires(case, following):
        gap = format_duration(following.at_us - case.at_us)
        words = f"Did not run: {_change_words(following)} came {gap} later, before it was decided"
        case.facts.append(Fact(following.at_us, _change_words(following)))
        return case.says(Verdict.SUPERSEDED, words)
    words = "Nothing is recorded of it in this node's history"
    calendar = case.view.calendar(job.spec.calendar) if job and job.spec.calendar else None
    if calendar is not None and calendar.updated_at > case.at_us:
        words += f"; calendar {calendar.name} was edited since, at {rfc3339(calendar.updated_at)}"
    return case.says(Verdict.UNRECORDED, words)


def _ended_fires(case: _Case, change: JobChange) -> bool:
    """Whether a change took the moment from the job, in a log that did not yet record that."""
    if change.change in ("disabled", "deleted"):
        return True
    schedule = _schedule(case.view, change, case.job_id)
    return schedule is None or schedule.next_after(case.at_us - 1) != case.at_us


def _change_words(change: JobChange) -> str:
    note = f" ({change.comment})" if change.comment else ""
    version = f"version {change.version} " if change.change in ("created", "updated") else ""
    return f"{version}{change.change} by {change.by}{note}"


def _late(us: Instant) -> str:
    return f" {max(0, us) / 1e6:.3f} s after its fire time"
