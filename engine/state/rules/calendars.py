"""Calendars: kept by name, edited by whoever saw the latest version, and with the jobs in step."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from msgspec import structs

from engine.state.messages import (
    Accepted,
    CalendarDeleted,
    CalendarSaved,
    DeleteCalendar,
    Rejected,
    SaveCalendar,
)
from engine.state.rules.endings import cancelled, leaves_due, repeats, running_of, supersede
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import State

CALENDARS_MAX: Final = 200


@decides(SaveCalendar)
def save(state: State, command: SaveCalendar, context: Context) -> Decision:
    """A new calendar or the next version of one; the jobs that observe it move to `moved`.

    Refused when these are not exactly the jobs that observe it, at their present generations: the
    proposer reads again. So no job goes on by a calendar that is no longer there.
    """
    calendar = command.calendar
    known = state.calendars.get(calendar.name)
    version = known.version if known else 0
    if command.if_version is not None and command.if_version != version:
        message = f"calendar {calendar.name} is at version {version}, not {command.if_version}"
        if not known:
            message = f"there is no calendar {calendar.name} any more"
        if command.if_version == 0:
            message = f"there is a calendar {calendar.name} already"
        hint = "read it again and repeat the edit"
        return Rejected(code="CONFLICT", message=message, field="version", hint=hint)
    if known is None and len(state.calendars) >= CALENDARS_MAX:
        message = f"there are {CALENDARS_MAX} calendars, which is the most"
        return Rejected(code="CONFLICT", message=message, field="name", hint="delete one")
    observers = {job.id: job for job in state.jobs.values() if job.spec.calendar == calendar.name}
    stated = {job_id: generation for job_id, generation, _ in command.moved}
    if stated != {job.id: job.generation for job in observers.values()}:
        message = "the jobs that observe it changed meanwhile"
        return Rejected(code="CONFLICT", message=message, field="moved", hint="try again")
    if command.is_exact:
        skips = {skip.job_id: skip for skip in command.superseded}
        for job_id, _, next_us in command.moved:
            job = observers[job_id]
            refusal = leaves_due(state, job, skips.get(job_id), context.at)
            if refusal := refusal or repeats(next_us, context.at):
                return refusal
    saved = replace(calendar, version=version + 1, updated_at=context.at, updated_by=context.actor)
    moved = tuple(
        (structs.replace(observers[job_id], generation=generation + 1), next_us)
        for job_id, generation, next_us in command.moved
    )
    for skip in command.superseded:
        yield from supersede(state, skip)
    yield CalendarSaved(calendar=saved, moved=moved)
    for job_id in observers:
        for backfill in running_of(state, job_id):
            yield cancelled(backfill, f"calendar {calendar.name} was edited", context.at)
    return Accepted(value=saved.version)


@evolves(CalendarSaved)
def saved(state: State, event: CalendarSaved) -> None:
    """The calendar as it is now, and each observer in a generation of its own."""
    state.calendars[event.calendar.name] = event.calendar
    for job, next_us in event.moved:
        state.jobs[job.id] = job
        if next_us is None or not job.enabled:
            state.next_us.pop(job.id, None)
        else:
            state.next_us[job.id] = next_us


@decides(DeleteCalendar)
def delete(state: State, command: DeleteCalendar, context: Context) -> Decision:
    """Forget a calendar that no job observes."""
    if command.name not in state.calendars:
        message = f"there is no calendar {command.name[:80]!r}"
        return Rejected(code="NOT_FOUND", message=message, field="calendar")
    observers = [job.name for job in state.jobs.values() if job.spec.calendar == command.name]
    if observers:
        others = f" and {len(observers) - 1} more" if len(observers) > 1 else ""
        message = f"{observers[0]}{others} observes it"
        hint = "let these jobs observe another calendar, or none"
        return Rejected(code="CONFLICT", message=message, field="calendar", hint=hint)
    yield CalendarDeleted(name=command.name)
    return Accepted(value=command.name)


@evolves(CalendarDeleted)
def deleted(state: State, event: CalendarDeleted) -> None:
    """Nothing of it stays."""
    del state.calendars[event.name]
