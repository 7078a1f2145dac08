"""What the history holds of one fire time of a job, and of the job at that time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from engine.core.ids import ExecutionId, Instant, JobId
from engine.history.sqlfiles import sql
from engine.history.store import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How a fire time, or the stretch that it fell into, was decided; microseconds UTC."""

    id: ExecutionId
    status: str
    reason: str
    error: str
    version: int
    attempts: int
    fires: int
    node: str
    scheduled_us: Instant
    until_us: Instant | None
    started_us: Instant | None
    completed_us: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChange:
    """A change of a job: created, updated, enabled, disabled or deleted; its document after it."""

    change: str
    version: int
    by: str
    comment: str
    at_us: Instant
    config: dict[str, Any]


def decided_at(history: History, job_id: JobId, at_us: Instant) -> list[Decided]:
    """How a job's fire time was decided, the newest first; empty where nothing is recorded."""
    names = (
        *("id", "status", "reason", "error", "version", "attempts", "fires", "node"),
        *("scheduled_us", "until_us", "started_us", "completed_us"),
    )
    with history.cursor() as db:
        rows = db.execute(sql("fire_time"), {"job_id": job_id, "at": at_us}).fetchall()
    return [Decided(**dict(zip(names, row, strict=True))) for row in rows]


def changes_around(history: History, job_id: JobId, at_us: Instant) -> list[JobChange]:
    """The changes of a job up to an instant and the one that followed, the newest first."""
    with history.cursor() as db:
        rows = db.execute(sql("job_changes"), {"job_id": job_id, "at": at_us}).fetchall()
    return [
        JobChange(
            change=row[0],
            version=row[1],
            by=row[2],
            comment=row[3],
            at_us=row[4],
            config=orjson.loads(row[5]),
        )
        for row in rows
    ]
