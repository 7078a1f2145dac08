"""The one way to write. Every door's intention becomes a checked command here.

Documents are parsed, fire times computed, and the machine's refusal becomes `Refused`. Permission
and policy stand here too when they come.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from msgspec import structs

from engine.core.clock import Clock
from engine.core.errors import ChronosError, InvalidDocument, Problem
from engine.core.ids import (
    Instant,
    imported_execution_id,
    imported_job_id,
    job_id,
    pause_id,
    requested_execution_id,
)
from engine.model.backfill import Backfill
from engine.model.calendar import Calendar
from engine.model.change_document import parse_change
from engine.model.document import Defaults, parse_job
from engine.model.execution import Execution, Status, Trigger
from engine.model.finding import FindingState
from engine.model.finished import FinishedRun
from engine.model.job import Job, JobSpec
from engine.model.pause import Pause, Scope, ScopeKind
from engine.model.pause_document import parse_pause
from engine.model.reader import one_of
from engine.model.redaction import HIDDEN
from engine.model.saved_query import SavedQuery
from engine.model.template import Template, template_id
from engine.raft.store import Store
from engine.state.features import needed
from engine.state.messages import (
    Accepted,
    Barrier,
    CancelBackfill,
    CancelExecution,
    ChangeFinding,
    Command,
    CreateJobs,
    DeleteCalendar,
    DeleteJob,
    DeleteQuery,
    DisableJob,
    EnableJob,
    ImportedJob,
    ImportedRun,
    ImportExecutions,
    NewJob,
    PauseJobs,
    PublishTemplate,
    Rejected,
    Result,
    ResumeJobs,
    SaveCalendar,
    SaveQuery,
    Skip,
    StartBackfill,
    TrainModels,
    TriggerJob,
    UpdateJob,
    WithdrawTemplate,
)
from engine.state.rules.imports import IMPORT_ROWS_MAX
from engine.timing.parse import schedule_of

JOBS_MAX = 10_000
NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
IMPORT_BYTES_MAX: Final = 4 << 20
IMPORT_ROW_BYTES: Final = 200  # an execution in the log, beside its error
IMPORT_TRIES: Final = 5
DECIDE_TRIES: Final = 10
_MOVED_ON: Final = ("superseded", "moved")
"""Fields of refusals that say: look again."""
IMPORT_WAIT_S: Final = 10.0
_LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Refused(ChronosError):
    """The cluster said no, for a reason that the caller can act on.

    Attributes:
        code: an error code of the public contract.
        problems: the fields at fault, where there are any.
    """

    def __init__(self, code: str, message: str, problems: tuple[Problem, ...] = ()):
        self.code = code
        self.message = message
        self.problems = problems
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import: how many executions are new, and which of them were there before."""

    imported: int
    repeated: tuple[int, ...]


FindVersion = Callable[[str, int], dict[str, Any] | None]
FindExecution = Callable[[str], dict[str, Any] | None]
FindImported = Callable[[str, Sequence[str], int, float], tuple[int, set[str]]]


class Gate:
    """Writes for every door.

    Args:
        find_version: a job's recorded version (id, number), from this node's history.
        find_execution: a finished execution by id, from this node's history.
        find_imported: which executions a label brought already; as `Queries.known`.
        defaults: what a job gets where its document says nothing.
        members: the Raft addresses of the cluster; as `View.level`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        find_version: FindVersion,
        find_execution: FindExecution,
        find_imported: FindImported,
        defaults: Defaults | None = None,
        members: Collection[str] = (),
    ):
        self._members = members
        self._store = store
        self._clock = clock
        self._find_version = find_version
        self._find_execution = find_execution
        self._find_imported = find_imported
        self._defaults = defaults or Defaults()

    async def create_jobs(
        self,
        documents: Sequence[Mapping[str, Any]],
        *,
        actor: str,
        request_id: str,
        dry_run: bool = False,
    ) -> list[Job]:
        """Create all of the jobs or none.

        Raises:
            InvalidDocument: every fault of every document; of a batch, as `jobs[3].schedule`.
            Refused: a name is taken.
        """
        if not 1 <= len(documents) <= JOBS_MAX:
            hint = f"1 to {JOBS_MAX} jobs"
            raise InvalidDocument([Problem("jobs", f"{len(documents)} jobs", hint)])

        def create() -> CreateJobs:
            return self._checked(documents, request_id)

        if dry_run:
            command = await asyncio.to_thread(create)
            return [self._preview(new, actor) for new in command.jobs]
        ids = await self._decide(create, actor, request_id)
        return [self._job(new) for new in ids]

    async def update_job(
        self,
        ref: str,
        document: Mapping[str, Any],
        *,
        actor: str,
        request_id: str,
        if_version: int | None = None,
        comment: str = "",
        dry_run: bool = False,
    ) -> Job:
        """Replace a job's spec by a new version; with `dry_run` only say what it would be.

        A dry run that would change nothing answers the job with the version that it has.

        Raises:
            InvalidDocument: the document's faults.
            Refused: there is no such job, the name is taken, or `if_version` is stale.
        """
        job = self._job(ref)
        spec, enabled = parse_job(document, job, self._defaults)
        self._next(spec, job.id)  # or it says what is wrong with the calendar
        if dry_run:
            same = spec == job.spec and enabled == job.enabled
            version = job.version if same else job.version + 1
            return structs.replace(job, spec=spec, enabled=enabled, version=version)

        def edit() -> UpdateJob:
            present = self._job(job.id)
            keeps = spec.fires_like(present.spec) and enabled
            version = (if_version or present.version) + 1
            by_calendar = self._by_calendar(spec)
            return UpdateJob(
                id=job.id,
                spec=spec,
                enabled=enabled,
                next_us=self._next(spec, job.id) if enabled else None,
                if_version=if_version,
                comment=comment,
                superseded=None if keeps else self._due(present, f"version {version} by {actor}"),
                is_exact=self._is_exact,
                by_calendar=by_calendar,
            )

        version = await self._decide(edit, actor, request_id)
        edited = structs.replace(job, spec=spec, enabled=enabled, version=version)
        return self._store.view.job(job.id) or edited  # it was done, also if it is gone by now

    async def delete_job(self, ref: str, *, actor: str, request_id: str) -> Job:
        """Delete a job and cancel what it has open.

        Raises:
            Refused: there is no such job.
        """
        job = self._job(ref)

        def delete() -> DeleteJob:
            superseded = self._due(self._job(job.id), f"the job was deleted by {actor}")
            return DeleteJob(id=job.id, superseded=superseded, is_exact=self._is_exact)

        await self._decide(delete, actor, request_id)
        return job

    async def set_enabled(self, ref: str, enabled: bool, *, actor: str, request_id: str) -> Job:
        """Enable or disable a job.

        Raises:
            Refused: there is no such job.
        """
        job = self._job(ref)

        def switch() -> EnableJob | DisableJob:
            if enabled:
                present = self._job(job.id)
                by_calendar = self._by_calendar(present.spec)
                return EnableJob(
                    id=job.id,
                    next_us=self._next(present.spec, job.id),
                    is_exact=self._is_exact,
                    by_calendar=by_calendar,
                    generation=self._stated(present.generation),
                )
            superseded = self._due(self._job(job.id), f"the job was disabled by {actor}")
            return DisableJob(id=job.id, superseded=superseded, is_exact=self._is_exact)

        await self._decide(switch, actor, request_id)
        return self._store.view.job(job.id) or structs.replace(job, enabled=enabled)

    async def pause(self, document: Mapping[str, Any], *, actor: str, request_id: str) -> Pause:
        """Hold back the fire times of a scope, from now or a later moment on.

        Raises:
            InvalidDocument: the document's faults.
            Refused: there is no such job, or there are too many pauses.
        """
        identity = pause_id(request_id)
        for known in self._store.view.pauses():
            if known.id == identity:  # the same request once more
                return known
        await self._store.ready()
        pause = parse_pause(document, identity, actor, self._clock.now_us())
        if pause.scope.kind is ScopeKind.JOB:
            job = self._job(pause.scope.value)
            pause = replace(pause, scope=Scope(ScopeKind.JOB, job.id))
        await self._propose(PauseJobs(pause=pause), actor, request_id)
        return pause

    async def resume(self, identity: str, *, actor: str, request_id: str) -> Pause:
        """End a pause now; the answer is as it was before.

        Raises:
            Refused: there is no such pause.
        """
        pause = self._pause(identity)
        if pause is None:  # it may be known to the others
            await self.barrier()
            pause = self._pause(identity)
        if pause is None:
            raise Refused("NOT_FOUND", f"there is no pause {identity}")
        await self._propose(ResumeJobs(id=identity), actor, request_id)
        return pause

    async def save_calendar(
        self, calendar: Calendar, *, if_version: int | None, actor: str, request_id: str
    ) -> None:
        """Keep a resolved calendar; the jobs that observe it fire by it from now on.

        Raises:
            Refused: another version than the wanted one is there, or there are too many.
        """

        def save() -> SaveCalendar:
            observers = [
                job for job in self._store.view.jobs() if job.spec.calendar == calendar.name
            ]
            reason = f"calendar {calendar.name} by {actor}"
            due = (self._due(job, reason) for job in observers)
            return SaveCalendar(
                calendar=calendar,
                if_version=if_version,
                moved=self._moved(observers, calendar),
                superseded=tuple(skip for skip in due if skip is not None),
                is_exact=self._is_exact,
            )

        await self._decide(save, actor, request_id)

    def _moved(
        self, observers: Iterable[Job], calendar: Calendar
    ) -> tuple[tuple[str, int, Instant | None], ...]:
        """Their next fire times by the calendar as it will be."""
        now, closures = self._store.now_us(), calendar.closures
        return tuple(
            (
                job.id,
                job.generation,
                job.spec.fires(job.id, closures).next_after(now) if job.enabled else None,
            )
            for job in observers
        )

    async def delete_calendar(self, name: str, *, actor: str, request_id: str) -> None:
        """Forget a calendar.

        Raises:
            Refused: there is none, or jobs observe it.
        """
        await self._propose(DeleteCalendar(name=name), actor, request_id)

    async def start_backfill(
        self, backfill: Backfill, *, generation: int, actor: str, request_id: str
    ) -> None:
        """Run past fire times of a job, as planned by its schedule of a generation.

        Raises:
            Refused: the job is gone or was edited, or too many backfills are running.
        """
        command = StartBackfill(backfill=backfill, generation=self._stated(generation))
        await self._propose(command, actor, request_id)

    async def cancel_backfill(self, identity: str, *, actor: str, request_id: str) -> None:
        """Begin no more of a backfill.

        Raises:
            Refused: there is no such backfill.
        """
        await self._propose(CancelBackfill(id=identity), actor, request_id)

    async def trigger(self, ref: str, *, actor: str, request_id: str) -> Execution:
        """Run a job now.

        Raises:
            Refused: there is no such job, or it forbids overlap and runs.
        """
        job = self._job(ref)
        command = TriggerJob(job_id=job.id, execution_id=requested_execution_id(job.id, request_id))
        return await self._start(command, actor, request_id)

    async def replay(
        self, execution_id: str, *, actor: str, request_id: str, change: Any = None
    ) -> Execution:
        """Run a finished execution's job again, noted as its replay.

        Args:
            execution_id: of the original.
            actor: who asks.
            request_id: of the intention.
            change: what this replay sends otherwise than the job, as a document; None for nothing.

        Raises:
            InvalidDocument: the change's faults.
            Refused: the execution or its job is not known, or overlap is forbidden.
        """
        open_one = self._store.view.execution(execution_id)
        known = self._find_execution(execution_id)
        if open_one is None and known is None:
            raise Refused("NOT_FOUND", f"there is no execution {execution_id}")
        ref = open_one.job_id if open_one else str((known or {})["job_id"])
        job = self._job(ref)
        command = TriggerJob(
            job_id=job.id,
            execution_id=requested_execution_id(job.id, request_id),
            trigger=Trigger.REPLAY,
            replay_of=execution_id,
            change=None if change is None else parse_change(change, job),
        )
        return await self._start(command, actor, request_id)

    async def cancel(self, execution_id: str, *, actor: str, request_id: str) -> Execution:
        """End an open execution; the answer is as it was before.

        Raises:
            Refused: it is not open (409) or not known at all (404).
        """
        execution = self._store.view.execution(execution_id)
        if execution is None:
            if self._find_execution(execution_id) is None:
                raise Refused("NOT_FOUND", f"there is no execution {execution_id}")
            raise Refused("CONFLICT", f"execution {execution_id} is over already")
        await self._propose(CancelExecution(id=execution_id), actor, request_id)
        return execution

    async def rollback(
        self, ref: str, version: int, *, actor: str, request_id: str
    ) -> tuple[Job, int]:
        """Make an earlier version the newest; secrets stay as they are stored now.

        Returns:
            The job, and the version that it had before.

        Raises:
            Refused: there is no such job or version, or a secret of it is no longer stored.
        """
        job = self._job(ref)
        recorded = self._find_version(job.id, version)
        if recorded is None:
            raise Refused("NOT_FOUND", f"job {job.name} has no version {version}")
        config = dict(recorded["config"])
        config["enabled"] = job.enabled
        config.setdefault("window_start", "fixed")  # what documents meant that do not say
        try:
            changed = await self.update_job(
                job.id,
                config,
                actor=actor,
                request_id=request_id,
                if_version=job.version,
                comment=f"rollback to version {version}",
            )
        except InvalidDocument as error:
            message = f"version {version} cannot be restored: a secret ({HIDDEN}) is gone"
            raise Refused("CONFLICT", message, error.problems) from error
        return changed, job.version

    async def judge_finding(
        self, finding_id: str, state: FindingState, note: str, *, actor: str, request_id: str
    ) -> None:
        """Say what becomes of a finding.

        Raises:
            Refused: there is no such finding.
        """
        command = ChangeFinding(id=finding_id, state=state, note=note)
        await self._propose(command, actor, request_id)

    async def train(self, job: Job | None, *, actor: str, request_id: str) -> Instant:
        """Ask the leader to train the models of a job, or of all; since when that waits.

        Raises:
            Refused: too many trainings are waiting, or the job is gone.
        """
        command = TrainModels(job_id=job.id if job else "")
        at: Instant = await self._propose(command, actor, request_id)
        return at

    async def publish_template(
        self, template: Template, text: str, *, namespace: str, actor: str, request_id: str
    ) -> None:
        """Keep a checked template as a namespace's own; `text` is what was checked.

        Raises:
            InvalidDocument: the namespace is no name.
            Refused: this or a later version is published already.
        """
        if not NAMESPACE.fullmatch(namespace):
            hint = "letters, digits, . _ -"
            raise InvalidDocument([Problem("namespace", f"{namespace!r} is not a name", hint)])
        identity = template_id(namespace, template.category, template.name)
        command = PublishTemplate(id=identity, version=template.version, text=text)
        await self._propose(command, actor, request_id)

    async def withdraw_template(
        self, ref: str, *, namespace: str, version: str = "", actor: str, request_id: str
    ) -> None:
        """Forget an own template, or one version of it; jobs made from it stay.

        Raises:
            Refused: the namespace has no such template.
        """
        command = WithdrawTemplate(id=f"{namespace}/{ref}", version=version)
        await self._propose(command, actor, request_id)

    async def save_query(
        self, query: SavedQuery, *, if_version: int | None, actor: str, request_id: str
    ) -> None:
        """Keep a checked query under its name; `if_version` as in `SaveQuery`.

        Raises:
            Refused: another version than the wanted one is there, or there are too many.
        """
        await self._propose(SaveQuery(query=query, if_version=if_version), actor, request_id)

    async def delete_query(
        self, name: str, *, if_version: int | None, actor: str, request_id: str
    ) -> None:
        """Forget a saved query.

        Raises:
            Refused: there is none, or another version than the wanted one.
        """
        await self._propose(DeleteQuery(name=name, if_version=if_version), actor, request_id)

    @property
    def defaults(self) -> Defaults:
        """What a job gets where its document says nothing."""
        return self._defaults

    async def import_executions(
        self,
        label: str,
        runs: Sequence[FinishedRun],
        *,
        actor: str,
        request_id: str,
        dry_run: bool = False,
    ) -> Imported:
        """Take executions that ended elsewhere into the history, each once for a label.

        Raises:
            InvalidDocument: the label is no name, or the batch is empty or too large.
            Refused: other imports under the label kept coming in between.
            NotReady: this node's history is too far behind to tell what is there.
        """
        _check_import(label, runs)
        ids = [imported_execution_id(label, r.namespace, r.name, r.scheduled_us) for r in runs]
        batch = hashlib.blake2b("".join(ids).encode(), digest_size=8).hexdigest()
        for number in range(IMPORT_TRIES):
            latest = self._store.view.last_import(label)
            upto, known = await asyncio.to_thread(
                self._find_imported, label, ids, latest, IMPORT_WAIT_S
            )
            repeated = _repeated(ids, known)
            fresh = len(runs) - len(repeated)
            if dry_run or not fresh:
                return Imported(fresh, repeated)
            skipped = set(repeated)
            chosen = [
                (identity, run)
                for place, (identity, run) in enumerate(zip(ids, runs, strict=True))
                if place not in skipped
            ]
            command = self._import(label, upto, chosen)
            # An answer is remembered under its request id. So each look is a request of its own,
            # and so are other executions under the same key: this answer is not theirs.
            name = f"{request_id}:{batch}:{number}"
            result = await self._store.propose(command, actor=actor, request_id=name)
            if isinstance(result, Accepted):
                return Imported(fresh, repeated)
            if result.code != "CONFLICT":
                raise _refused(result)
        raise Refused("CONFLICT", f"others import under the label {label} right now")

    async def barrier(self) -> None:
        """Return when this node has applied everything that was committed before the call."""
        await self._propose(Barrier(), "barrier", "")

    # ---- inside ------------------------------------------------------------------------------

    def _pause(self, identity: str) -> Pause | None:
        return next((one for one in self._store.view.pauses() if one.id == identity), None)

    def _job(self, ref: str) -> Job:
        job = self._store.view.job(ref)
        if job is None:
            raise Refused("NOT_FOUND", f"there is no job {ref}")
        return job

    def _import(
        self, label: str, upto: int, chosen: Sequence[tuple[str, FinishedRun]]
    ) -> ImportExecutions:
        """The command; a job that does not exist here gets an id of the import's own."""
        places: dict[tuple[str, str], int] = {}
        jobs: list[ImportedJob] = []
        rows: list[ImportedRun] = []
        for identity, run in chosen:
            key = (run.namespace, run.name)
            place = places.get(key)
            if place is None:
                place = places[key] = len(jobs)
                job = self._store.view.job(f"{run.namespace}/{run.name}")
                job_id = job.id if job else imported_job_id(label, *key)
                jobs.append(ImportedJob(job_id, *key, dict(job.spec.tags) if job else {}))
            rows.append(
                ImportedRun(
                    identity,
                    place,
                    run.scheduled_us,
                    run.started_us,
                    run.completed_us,
                    run.status,
                    run.trigger,
                    run.attempts,
                    run.status_code,
                    run.error,
                )
            )
        return ImportExecutions(label=label, known_upto=upto, jobs=tuple(jobs), runs=tuple(rows))

    def _checked(self, documents: Sequence[Mapping[str, Any]], request_id: str) -> CreateJobs:
        """The command that creates what the documents say, as of now.

        Raises:
            InvalidDocument: every fault of every document.
        """
        news, problems = [], []
        for position, document in enumerate(documents):
            try:
                spec, enabled = parse_job(document, defaults=self._defaults)
                news.append(self._new(job_id(request_id, position), spec, enabled))
            except InvalidDocument as error:
                problems += _placed(error.problems, position, len(documents))
        if problems:
            raise InvalidDocument(problems)
        return CreateJobs(jobs=tuple(news))

    def _new(self, identity: str, spec: JobSpec, enabled: bool) -> NewJob:
        by_calendar = self._by_calendar(spec)
        next_us = self._next(spec, identity)
        return NewJob(
            id=identity,
            spec=spec,
            enabled=enabled,
            next_us=next_us if enabled else None,
            by_calendar=by_calendar,
        )

    def _by_calendar(self, spec: JobSpec) -> int:
        """The version of the calendar of a spec; read before fire times are computed by it."""
        calendar = self._store.view.calendar(spec.calendar) if spec.calendar else None
        return calendar.version if calendar else 0

    def _next(self, spec: JobSpec, job: str) -> Instant | None:
        """The next fire time of a spec.

        Raises:
            InvalidDocument: it observes a calendar that is not there, or that leaves it no fire.
        """
        view = self._store.view
        if spec.calendar and view.calendar(spec.calendar) is None:
            names = [calendar.name for calendar in view.calendars()]
            hint = one_of(spec.calendar, names) if names else "chronosctl calendar apply -f FILE"
            reason = f"there is no calendar {spec.calendar}"
            raise InvalidDocument([Problem("calendar", reason, hint)])
        fire = view.fires_of(spec, job).next_after(self._store.now_us())
        if fire is None and spec.calendar and schedule_of(spec.timing, job).next_after(0):
            reason = f"{spec.calendar} leaves the job no fire time in fifty years"
            raise InvalidDocument([Problem("calendar", reason, "on_closed: next, or another one")])
        return fire

    def _due(self, job: Job, why: str) -> Skip | None:
        """What of a job is due and not decided, as an edit decides it."""
        view, now = self._store.view, self._store.now_us()
        first = view.next_us(job.id)
        if first is None or first > now or not self._is_exact:
            return None
        schedule = view.fires(job)
        last = schedule.last_before(now + 1)
        return Skip(
            job.id,
            job.generation,
            first,
            first if last is None else max(first, last),
            max(1, schedule.count(first - 1, now)),
            schedule.next_after(now),
            f"superseded: {why} came before it was decided",
        )

    @property
    def _level(self) -> int:
        return self._store.view.level(self._members)

    @property
    def _is_exact(self) -> bool:
        """Whether all nodes understand that an edit decides what is due."""
        return self._level >= 1

    def _stated(self, generation: int) -> int:
        """The generation that a command is planned by, where all nodes understand it."""
        return generation if self._level >= 2 else 0

    async def _decide(self, make: Callable[[], Command], actor: str, request_id: str) -> Any:
        """Propose what `make` makes of the present, again where that has moved on meanwhile.

        Raises:
            Refused: for another reason, or too often.
        """
        await self._store.ready()
        for number in range(DECIDE_TRIES):
            # The first is the request itself; each later look is one of its own, as answers are
            # remembered. A repeated request meets the same answers in the same order.
            name = f"{request_id}:{number}" if number else request_id
            # Schedules are computed here, of many jobs for a calendar: not on the loop's thread.
            command = await asyncio.to_thread(make)
            result = await self._send(command, actor, name)
            if isinstance(result, Accepted):
                return result.value
            if result.field not in _MOVED_ON:
                raise _refused(result)
        raise Refused("CONFLICT", "what it is about keeps changing right now; try again")

    async def _send(self, command: Command, actor: str, request_id: str) -> Result:
        level, feature = needed(command)
        if level > self._level:
            old = self._store.view.older_than(level, self._members)
            message = f"{feature}: {', '.join(old)} must be upgraded first"
            raise Refused("CONFLICT", message)
        return await self._store.propose(command, actor=actor, request_id=request_id)

    def _preview(self, new: NewJob, actor: str) -> Job:
        now = self._clock.now_us()
        return Job(
            id=new.id,
            spec=new.spec,
            enabled=new.enabled,
            version=1,
            generation=1,
            created_at=now,
            updated_at=now,
            updated_by=actor,
        )

    async def _start(self, command: TriggerJob, actor: str, request_id: str) -> Execution:
        identity = await self._propose(command, actor, request_id)
        view = self._store.view
        execution = view.execution(str(identity))
        if execution is not None:
            return execution
        # It ended between the answer and this look: say what it was when it was asked for.
        job = self._job(command.job_id)
        return Execution(
            id=str(identity),
            job_id=job.id,
            job_version=job.version,
            trigger=command.trigger,
            scheduled_us=view.now_us,
            status=Status.PENDING,
            replay_of=command.replay_of,
            change=command.change,
        )

    async def _propose(self, command: Command, actor: str, request_id: str) -> Any:
        result = await self._send(command, actor, request_id)
        if isinstance(result, Rejected):
            raise _refused(result)
        return result.value


def _placed(problems: Iterable[Problem], position: int, count: int) -> list[Problem]:
    """Faults of one document of several name its place."""
    if count == 1:
        return list(problems)
    return [replace(one, field=f"jobs[{position}].{one.field}") for one in problems]


def _refused(result: Rejected) -> Refused:
    problems = (Problem(result.field, result.message, result.hint),) if result.field else ()
    return Refused(result.code, result.message, problems)


def _check_import(label: str, runs: Sequence[FinishedRun]) -> None:
    if not _LABEL.fullmatch(label):
        hint = "1 to 64 letters, digits, '.', '_' or '-', such as airflow-2026"
        raise InvalidDocument([Problem("label", f"{label[:80]!r} is not a label", hint)])
    if not 1 <= len(runs) <= IMPORT_ROWS_MAX:
        hint = f"1 to {IMPORT_ROWS_MAX} at a time: send several batches"
        raise InvalidDocument([Problem("executions", f"{len(runs)} executions", hint)])
    size = sum(len(run.error.encode("utf-8", "replace")) + IMPORT_ROW_BYTES for run in runs)
    if size > IMPORT_BYTES_MAX:
        hint = f"at most {IMPORT_BYTES_MAX} bytes: send several batches"
        raise InvalidDocument([Problem("executions", f"about {size} bytes", hint)])


def _repeated(ids: Sequence[str], known: set[str]) -> tuple[int, ...]:
    """The places of those that the history holds, or that stand earlier in the batch."""
    seen = set(known)
    places = []
    for place, identity in enumerate(ids):
        if identity in seen:
            places.append(place)
        seen.add(identity)
    return tuple(places)
