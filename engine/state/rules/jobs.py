"""Everything about jobs that the cluster must agree on."""

from __future__ import annotations

from msgspec import structs

from engine.core.ids import Instant, JobId
from engine.model.execution import Status
from engine.model.job import Job, JobSpec
from engine.model.pause import Scope, ScopeKind
from engine.model.sharing import share
from engine.state.messages import (
    Accepted,
    CreateJobs,
    DeleteJob,
    DisableJob,
    EnableJob,
    JobCreated,
    JobDeleted,
    JobSwitched,
    JobUpdated,
    Rejected,
    UpdateJob,
)
from engine.state.rules.endings import (
    cancelled,
    end_execution,
    leaves_due,
    repeats,
    running_of,
    supersede,
)
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import State, full_name


def missing(job_id: JobId) -> Rejected:
    """The refusal of a command for a job that is not there."""
    return Rejected(code="NOT_FOUND", message=f"there is no job {job_id}", field="id")


def _taken(name: str, field: str) -> Rejected:
    message = f"the name {name} is taken"
    return Rejected(code="CONFLICT", message=message, field=field, hint="choose another name")


def _holder(state: State, spec: JobSpec) -> JobId | None:
    """The job that has the name of a spec."""
    return state.by_name.get(spec.namespace, {}).get(spec.name)


def _unname(state: State, job: Job) -> None:
    names = state.by_name[job.namespace]
    del names[job.name]
    if not names:
        del state.by_name[job.namespace]


def retimed(job: Job, generation: int) -> Rejected | None:
    """The refusal of what was planned by another generation of the job than the present one."""
    if generation in (0, job.generation):
        return None
    message = f"the schedule of {job.name} was edited meanwhile"
    return Rejected(code="CONFLICT", message=message, field="moved", hint="look at it again")


def _unobservable(state: State, calendar: str, by: int) -> Rejected | None:
    """The refusal of a job whose calendar is not there, or not at the version it was planned by."""
    if not calendar:
        return None
    known = state.calendars.get(calendar)
    if known is None:
        message = f"there is no calendar {calendar}"
        return Rejected(code="CONFLICT", message=message, field="calendar", hint="save it first")
    if known.version != by:
        message = f"calendar {calendar} was edited meanwhile"
        return Rejected(code="CONFLICT", message=message, field="moved", hint="try again")
    return None


@decides(CreateJobs)
def create(state: State, command: CreateJobs, context: Context) -> Decision:
    """All jobs or none: names are checked before the first is created."""
    fresh: set[str] = set()
    for position, new in enumerate(command.jobs):
        if refusal := _unobservable(state, new.spec.calendar, new.by_calendar):
            return refusal
        name = full_name(new.spec.namespace, new.spec.name)
        holder = _holder(state, new.spec)
        if holder is not None or name in fresh or new.id in state.jobs:
            field = "name" if len(command.jobs) == 1 else f"jobs[{position}].name"
            return _taken(name, field)
        fresh.add(name)
    for new in command.jobs:
        job = Job(
            id=new.id,
            spec=new.spec,
            enabled=new.enabled,
            version=1,
            generation=1,
            created_at=context.at,
            updated_at=context.at,
            updated_by=context.actor,
        )
        yield JobCreated(job=job, next_us=new.next_us if new.enabled else None)
    return Accepted(value=[new.id for new in command.jobs])


@evolves(JobCreated)
def created(state: State, event: JobCreated) -> None:
    """The job is known, by id and by name."""
    job = event.job
    _store(state, job, event.next_us)


def _store(state: State, job: Job, next_us: Instant | None) -> None:
    state.jobs[job.id] = share(job)
    state.by_name.setdefault(job.namespace, {})[job.name] = job.id
    if next_us is None:
        state.next_us.pop(job.id, None)
    else:
        state.next_us[job.id] = next_us


@decides(UpdateJob)
def update(state: State, command: UpdateJob, context: Context) -> Decision:
    """A new version; a new generation too where the schedule changed."""
    job = state.jobs.get(command.id)
    if job is None:
        return missing(command.id)
    if command.if_version is not None and command.if_version != job.version:
        message = f"the job is at version {job.version}, not {command.if_version}"
        return Rejected(code="CONFLICT", message=message, field="version", hint="read it again")
    if _holder(state, command.spec) not in (None, job.id):
        return _taken(full_name(command.spec.namespace, command.spec.name), "name")
    if refusal := _unobservable(state, command.spec.calendar, command.by_calendar):
        return refusal
    same = job.spec.fires_like(command.spec)
    # An unchanged schedule keeps its place: fire times that are due and not yet claimed stay due.
    keeps = same and job.enabled and command.enabled
    if command.is_exact and not keeps:
        refusal = leaves_due(state, job, command.superseded, context.at)
        refusal = refusal or (command.enabled and repeats(command.next_us, context.at)) or None
        if refusal:
            return refusal
    changed = structs.replace(
        job,
        spec=command.spec,
        enabled=command.enabled,
        version=job.version + 1,
        generation=job.generation + (not same),
        updated_at=context.at,
        updated_by=context.actor,
    )
    if not keeps:
        yield from supersede(state, command.superseded)
    next_us = state.next_us.get(job.id) if keeps else command.next_us
    next_us = next_us if command.enabled else None
    yield JobUpdated(job=changed, next_us=next_us, comment=command.comment)
    if not same:
        for backfill in running_of(state, job.id):
            yield cancelled(backfill, "the schedule was edited", context.at)
    return Accepted(value=changed.version)


@evolves(JobUpdated)
def updated(state: State, event: JobUpdated) -> None:
    """The new version replaces the old, under its new name if it has one."""
    job, old = event.job, state.jobs[event.job.id]
    _unname(state, old)
    _store(state, job, event.next_us)


@decides(EnableJob)
def enable(state: State, command: EnableJob, context: Context) -> Decision:
    """Idempotent: an enabled job keeps its next fire time."""
    job = state.jobs.get(command.id)
    if job is None:
        return missing(command.id)
    if not job.enabled and command.is_exact:
        refusal = _unobservable(state, job.spec.calendar, command.by_calendar)
        refusal = refusal or retimed(job, command.generation)
        if refusal := refusal or repeats(command.next_us, context.at):
            return refusal
    if not job.enabled:
        yield JobSwitched(job=structs.replace(job, enabled=True), next_us=command.next_us)
    return Accepted(value=job.version)


@decides(DisableJob)
def disable(state: State, command: DisableJob, context: Context) -> Decision:
    """Idempotent; while it is disabled it has no fire times."""
    job = state.jobs.get(command.id)
    if job is None:
        return missing(command.id)
    if command.is_exact and (refusal := leaves_due(state, job, command.superseded, context.at)):
        return refusal
    if job.enabled:
        yield from supersede(state, command.superseded)
        yield JobSwitched(job=structs.replace(job, enabled=False), next_us=None)
    return Accepted(value=job.version)


@evolves(JobSwitched)
def switched(state: State, event: JobSwitched) -> None:
    """On or off, and when next."""
    _store(state, event.job, event.next_us)


@decides(DeleteJob)
def delete(state: State, command: DeleteJob, context: Context) -> Decision:
    """Cancel what is open, then forget the job."""
    job = state.jobs.get(command.id)
    if job is None:
        return missing(command.id)
    if command.is_exact and (refusal := leaves_due(state, job, command.superseded, context.at)):
        return refusal
    yield from supersede(state, command.superseded)
    for execution_id in tuple(state.open_by_job.get(job.id, ())):
        execution = state.executions[execution_id]
        yield end_execution(job, execution, Status.CANCELLED, "the job was deleted", context.at)
    for backfill in running_of(state, job.id):
        yield cancelled(backfill, "the job was deleted", context.at)
    yield JobDeleted(job=job)
    return Accepted(value=job.id)


@evolves(JobDeleted)
def deleted(state: State, event: JobDeleted) -> None:
    """Nothing of the job stays in the state; its history stays where history is."""
    job = event.job
    del state.jobs[job.id]
    _unname(state, job)
    state.next_us.pop(job.id, None)
    state.last_runs.pop(job.id, None)
    own = Scope(ScopeKind.JOB, job.id)
    for pause in [one for one in state.pauses.values() if one.scope == own]:
        del state.pauses[pause.id]
    for finding in [one for one in state.findings.values() if one.job_id == job.id]:
        del state.findings[finding.id]
    for key in [key for key in state.models if key.startswith(f"{job.id}/")]:
        del state.models[key]
    state.trainings.pop(job.id, None)
