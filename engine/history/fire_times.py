"""What the history holds of one fire time of a job, and of the job at that time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from engine.core.ids import ExecutionId, Instant, JobId
from engine.history.sqlfiles import sql
from engine.history.store import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """How a fire time, or the stretch that it fell into, was decided; microseconds UTC."""

    trigger: str
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


@dataclass(frozen=True, slots=True)
class MissedStretch:
    """Fire times that nobody could decide in time; microseconds UTC."""

    id: ExecutionId
    job_id: JobId
    job_name: str
    namespace: str
    reason: str
    fires: int
    first_us: Instant
    last_us: Instant
    recorded_us: Instant


def missed_stretches(
    history: History, since_us: Instant, job_id: JobId | None, most: int
) -> list[MissedStretch]:
    """The stretches recorded since then, of one job or of all, the newest first."""
    given = {"since": since_us, "job_id": job_id, "most": most}
    with history.cursor() as db:
        return [MissedStretch(*row) for row in db.execute(sql("missed"), given).fetchall()]


def undone_spans(
    history: History,
    job_id: JobId,
    since_us: Instant,
    until_us: Instant,
    *,
    skipped: bool,
    failed: bool,
) -> list[tuple[Instant, Instant]]:
    """Where in [since, until) fire times were skipped, or failed, and no backfill made up for it.

    Each from an instant (included) to another (excluded), ascending; they may overlap.
    """
    given = {"job_id": job_id, "since": since_us, "until": until_us}
    with history.cursor() as db:
        rows = db.execute(sql("undone"), given).fetchall()
    done = sorted(first for status, first, _ in rows if status == "success")
    wanted = {"skipped": skipped, "failed": failed, "unknown": failed}
    return [
        part
        for status, first, last in rows
        if wanted.get(status)
        for part in _without(first, last, done)
    ]


def _without(
    first: Instant, last: Instant, done: Sequence[Instant]
) -> Iterator[tuple[Instant, Instant]]:
    """A stretch, first and last included, without the fire times that were done."""
    for at in done[bisect_left(done, first) : bisect_right(done, last)]:
        if first < at:
            yield first, at
        first = at + 1
    if first <= last:
        yield first, last + 1


def decided_at(history: History, job_id: JobId, at_us: Instant) -> list[Decided]:
    """How a job's fire time was decided, the newest first; empty where nothing is recorded."""
    names = (
        *("trigger", "id", "status", "reason", "error", "version", "attempts", "fires", "node"),
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
