"""Versions of jobs: an earlier one made the newest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.gate.jobs import Jobs
from app.gate.refused import Refused, known_job
from engine.core.errors import InvalidDocument
from engine.model.job import Job
from engine.model.redaction import HIDDEN
from engine.state.view import View

FindVersion = Callable[[str, int], dict[str, Any] | None]


class Versions:
    """What people write of versions.

    Args:
        jobs: takes the edit.
        view: where jobs are known.
        find: a job's recorded version (id, number), from this node's history.
    """

    def __init__(self, jobs: Jobs, view: View, find: FindVersion):
        self._jobs = jobs
        self._view = view
        self._find = find

    async def rollback(
        self, ref: str, version: int, *, actor: str, request_id: str
    ) -> tuple[Job, int]:
        """Make an earlier version the newest; secrets stay as they are stored now.

        Returns:
            The job, and the version that it had before.

        Raises:
            Refused: there is no such job or version, or a secret of it is no longer stored.
        """
        job = known_job(self._view, ref)
        recorded = self._find(job.id, version)
        if recorded is None:
            raise Refused("NOT_FOUND", f"job {job.name} has no version {version}")
        config = dict(recorded["config"])
        config["enabled"] = job.enabled
        config.setdefault("window_start", "fixed")  # what documents meant that do not say
        try:
            changed = await self._jobs.update(
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
