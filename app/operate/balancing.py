"""Moves of many jobs as new versions, and back: nothing that changed meanwhile is touched."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from analytics.advice.balance import Move
from app.gate.gate import Gate
from app.gate.refused import Refused
from engine.core.durations import format_duration
from engine.core.errors import InvalidDocument
from engine.core.ids import Instant, JobId
from engine.history.habits import NotedVersion
from engine.model.document import job_document
from engine.state.view import View

NOTE: Final = "balance "
_NOTED: Final = re.compile(r"balance (bal_[0-9a-f]{12}): ")


@dataclass(slots=True)
class Done:
    """What came of it: names with new versions, and names with the reason they were left alone."""

    batch: str
    changed: list[dict[str, object]] = field(default_factory=list)
    skipped: list[dict[str, object]] = field(default_factory=list)


@dataclass(slots=True)
class Batch:
    """Moves that were applied together; `undoable` of them are as they were left."""

    name: str
    at_us: Instant
    by: str
    moved: int = 0
    undoable: int = 0


def batch_name(request_id: str) -> str:
    """The same for the same request, so that a repeat meets its own moves."""
    return f"bal_{hashlib.blake2b(request_id.encode(), digest_size=6).hexdigest()}"


async def apply_moves(
    gate: Gate,
    view: View,
    moves: Sequence[Move],
    *,
    versions: dict[JobId, int],
    actor: str,
    request_id: str,
) -> Done:
    """Each move as a new version of its job, unless it is no longer at the version that was seen.

    `versions` are those that the caller saw, of the jobs that it named.
    """
    done = Done(batch_name(request_id))
    for move in moves:
        job = view.job(move.job.id)
        seen = versions.get(move.job.id, move.job.version)
        if job is None or job.version != seen:
            _skip(done, move.job.id, move.job.name, "changed since the plan was made")
            continue
        document = job_document(job) | {
            "schedule": move.timing.text,
            "window": format_duration(move.window_us),
        }
        note = f"{NOTE}{done.batch}: starts {move.minutes} min later, within its window"
        try:
            changed = await gate.jobs.update(
                job.id,
                document,
                actor=actor,
                request_id=f"{request_id}:{job.id}",
                if_version=seen,
                comment=note,
            )
        except (Refused, InvalidDocument) as error:
            _skip(done, job.id, move.job.name, str(error))
            continue
        done.changed.append(
            {
                "job_id": job.id,
                "job": move.job.name,
                "version": changed.version,
                "schedule": move.timing.text,
            }
        )
    return done


def told_again(batch: str, noted: Iterable[NotedVersion]) -> Done:
    """What a batch did, for a request that is repeated after it took effect."""
    done = Done(batch)
    for one in noted:
        name = f"{one.namespace}/{one.job_name}"
        done.changed.append({"job_id": one.job_id, "job": name, "version": one.version})
    return done


async def undo_moves(
    gate: Gate,
    view: View,
    noted: Iterable[NotedVersion],
    *,
    batch: str,
    actor: str,
    request_id: str,
) -> Done:
    """Each job of the batch back to the version before; those edited since are left alone."""
    done = Done(batch)
    for one in noted:
        name = f"{one.namespace}/{one.job_name}"
        job = view.job(one.job_id)
        if job is None or job.version != one.version:
            reason = "it was deleted" if job is None else "it was edited since"
            _skip(done, one.job_id, name, reason)
            continue
        try:
            changed, _ = await gate.versions.rollback(
                job.id, one.version - 1, actor=actor, request_id=f"{request_id}:{job.id}"
            )
        except Refused as error:
            _skip(done, job.id, name, error.message)
            continue
        done.changed.append(
            {
                "job_id": job.id,
                "job": name,
                "version": changed.version,
                "schedule": changed.spec.schedule,
            }
        )
    return done


def batches_of(noted: Iterable[NotedVersion], view: View) -> list[Batch]:
    """The batches behind noted versions, the newest first, without those that are all undone."""
    found: dict[str, Batch] = {}
    for one in noted:
        match = _NOTED.match(one.comment)
        if match is None:
            continue
        batch = found.setdefault(match[1], Batch(match[1], one.at_us, one.by))
        batch.moved += 1
        job = view.job(one.job_id)
        batch.undoable += job is not None and job.version == one.version
    return [batch for batch in found.values() if batch.undoable]


def _skip(done: Done, job_id: JobId, name: str, reason: str) -> None:
    done.skipped.append({"job_id": job_id, "job": name, "reason": reason})
