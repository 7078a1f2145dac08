"""Names of things: pure functions, so that whoever computes an id computes the same one."""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import TypeAlias

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""

JobId: TypeAlias = str
ExecutionId: TypeAlias = str
RequestId: TypeAlias = str

_ID_BYTES = 10


def _digest(*parts: object) -> str:
    return _digest_of("\x1f".join(map(str, parts)))


def _digest_of(text: str) -> str:
    return blake2b(text.encode(), digest_size=_ID_BYTES).hexdigest()


def job_id(request_id: RequestId, position: int = 0) -> JobId:
    """The id of the job that a request creates; `position` counts within a batch.

    >>> job_id("r1") == job_id("r1", 0) != job_id("r1", 1)
    True
    """
    return "job_" + _digest("job", request_id, position)


def execution_id(job: JobId, generation: int, fire_us: Instant) -> ExecutionId:
    """The one id of the run of `job` at `fire_us`, whichever node claims it.

    >>> execution_id("j", 1, 0) == execution_id("j", 1, 0) != execution_id("j", 2, 0)
    True
    """
    # What `_digest` would join, written out: each claim asks on every node.
    return "exe_" + _digest_of(f"fire\x1f{job}\x1f{generation}\x1f{fire_us}")


def requested_execution_id(job: JobId, request_id: RequestId) -> ExecutionId:
    """The id of a run that a request asks for: the same request, the same run."""
    return "exe_" + _digest("request", job, request_id)


def backfill_id(request_id: RequestId) -> str:
    """The id of the backfill that a request asks for: the same request, the same backfill."""
    return "bfl_" + _digest("backfill", request_id)


def backfill_execution_id(backfill: str, fire_us: Instant) -> ExecutionId:
    """The id of the run of a fire time within a backfill."""
    return "exe_" + _digest("backfill", backfill, fire_us)


def pause_id(request_id: RequestId) -> str:
    """The id of the pause that a request asks for: the same request, the same pause."""
    return "pau_" + _digest("pause", request_id)


def finding_id(job: JobId, detector: str, first_run: ExecutionId) -> str:
    """The id of the episode that a detector saw begin with a run of `job`."""
    return "fin_" + _digest("finding", job, detector, first_run)


def model_id(job: JobId, kind: str, trained_at: Instant) -> str:
    """The id of one training of a kind of model on the runs of `job`; of all jobs under ""."""
    return "mdl_" + _digest("model", job, kind, trained_at)


def imported_execution_id(
    label: str, namespace: str, name: str, scheduled_us: Instant
) -> ExecutionId:
    """The id of a run that ended elsewhere: the same import label, job and time, the same run.

    >>> imported_execution_id("a", "n", "j", 0) == imported_execution_id("a", "n", "j", 0)
    True
    """
    return "exe_" + _digest("import", label, namespace, name, scheduled_us)


def imported_job_id(label: str, namespace: str, name: str) -> JobId:
    """The id under which a job's imported runs are grouped when the job does not exist here."""
    return "job_" + _digest("import", label, namespace, name)


def new_query_id() -> str:
    """A fresh random name for one running query."""
    return "qry_" + os.urandom(12).hex()


def new_request_id() -> RequestId:
    """A fresh random key for one intention of one client."""
    return "req_" + os.urandom(12).hex()
