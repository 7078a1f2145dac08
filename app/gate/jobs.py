"""Jobs: created, edited, switched on and off, and deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from msgspec import structs

from app.gate.fire_times import FireTimes
from app.gate.level import ClusterLevel
from app.gate.proposer import Proposer
from app.gate.refused import known_job
from engine.core.clock import Clock
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import job_id
from engine.model.document import Defaults, parse_job
from engine.model.job import Job, JobSpec
from engine.state.messages import CreateJobs, DeleteJob, DisableJob, EnableJob, NewJob, UpdateJob
from engine.state.view import View

JOBS_MAX: Final = 10_000


class Jobs:
    """What people write of jobs.

    Args:
        proposer: writes.
        view: where jobs are known.
        fires: computes their fire times.
        level: says how exact a command may be.
        clock: dates what a dry run would create.
        defaults: what a job gets where its document says nothing.
    """

    def __init__(
        self,
        proposer: Proposer,
        view: View,
        fires: FireTimes,
        level: ClusterLevel,
        clock: Clock,
        defaults: Defaults,
    ):
        self._proposer = proposer
        self._view = view
        self._fires = fires
        self._level = level
        self._clock = clock
        self.defaults = defaults

    async def create(
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
        ids = await self._proposer.decide(create, actor, request_id)
        return [known_job(self._view, new) for new in ids]

    async def update(
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
        job = known_job(self._view, ref)
        spec, enabled = parse_job(document, job, self.defaults)
        self._fires.next(spec, job.id)  # or it says what is wrong with the calendar
        if dry_run:
            same = spec == job.spec and enabled == job.enabled
            version = job.version if same else job.version + 1
            return structs.replace(job, spec=spec, enabled=enabled, version=version)

        def edit() -> UpdateJob:
            present = known_job(self._view, job.id)
            keeps = spec.fires_like(present.spec) and enabled
            version = (if_version or present.version) + 1
            by_calendar = self._fires.by_calendar(spec)
            why = f"version {version} by {actor}"
            return UpdateJob(
                id=job.id,
                spec=spec,
                enabled=enabled,
                next_us=self._fires.next(spec, job.id) if enabled else None,
                if_version=if_version,
                comment=comment,
                superseded=None if keeps else self._fires.due(present, why),
                is_exact=self._level.is_exact,
                by_calendar=by_calendar,
            )

        version = await self._proposer.decide(edit, actor, request_id)
        edited = structs.replace(job, spec=spec, enabled=enabled, version=version)
        return self._view.job(job.id) or edited  # it was done, also if it is gone by now

    async def set_enabled(self, ref: str, enabled: bool, *, actor: str, request_id: str) -> Job:
        """Enable or disable a job.

        Raises:
            Refused: there is no such job.
        """
        job = known_job(self._view, ref)

        def switch() -> EnableJob | DisableJob:
            present = known_job(self._view, job.id)
            if enabled:
                by_calendar = self._fires.by_calendar(present.spec)
                return EnableJob(
                    id=job.id,
                    next_us=self._fires.next(present.spec, job.id),
                    is_exact=self._level.is_exact,
                    by_calendar=by_calendar,
                    generation=self._level.stated(present.generation),
                )
            superseded = self._fires.due(present, f"the job was disabled by {actor}")
            return DisableJob(id=job.id, superseded=superseded, is_exact=self._level.is_exact)

        await self._proposer.decide(switch, actor, request_id)
        return self._view.job(job.id) or structs.replace(job, enabled=enabled)

    async def delete(self, ref: str, *, actor: str, request_id: str) -> Job:
        """Delete a job and cancel what it has open.

        Raises:
            Refused: there is no such job.
        """
        job = known_job(self._view, ref)

        def delete() -> DeleteJob:
            present = known_job(self._view, job.id)
            superseded = self._fires.due(present, f"the job was deleted by {actor}")
            return DeleteJob(id=job.id, superseded=superseded, is_exact=self._level.is_exact)

        await self._proposer.decide(delete, actor, request_id)
        return job

    def _checked(self, documents: Sequence[Mapping[str, Any]], request_id: str) -> CreateJobs:
        """The command that creates what the documents say, as of now.

        Raises:
            InvalidDocument: every fault of every document.
        """
        news, problems = [], []
        for position, document in enumerate(documents):
            try:
                spec, enabled = parse_job(document, defaults=self.defaults)
                news.append(self._new(job_id(request_id, position), spec, enabled))
            except InvalidDocument as error:
                problems += _placed(error.problems, position, len(documents))
        if problems:
            raise InvalidDocument(problems)
        return CreateJobs(jobs=tuple(news))

    def _new(self, identity: str, spec: JobSpec, enabled: bool) -> NewJob:
        by_calendar = self._fires.by_calendar(spec)
        next_us = self._fires.next(spec, identity)
        return NewJob(
            id=identity,
            spec=spec,
            enabled=enabled,
            next_us=next_us if enabled else None,
            by_calendar=by_calendar,
        )

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


def _placed(problems: Iterable[Problem], position: int, count: int) -> list[Problem]:
    """Faults of one document of several name its place."""
    if count == 1:
        return list(problems)
    return [replace(one, field=f"jobs[{position}].{one.field}") for one in problems]
