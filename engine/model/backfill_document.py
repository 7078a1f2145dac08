"""What people write of a backfill, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from engine.core.clock import rfc3339
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.model.backfill import Backfill
from engine.model.job import Document
from engine.model.reader import Reader

PARALLEL_MAX: Final = 100
NOTE_BYTES_MAX: Final = 500


class Which(StrEnum):
    """Which fire times of a stretch are run.

    ALL: every one. SKIPPED: those that were decided as not run. FAILED: those whose run failed or
    is unknown. UNDONE: the last two together.
    """

    ALL = "all"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """A stretch from since_us (included) to until_us (excluded), microseconds UTC."""

    since_us: Instant
    until_us: Instant
    which: Which
    parallel: int
    note: str


def parse_backfill(document: Mapping[str, Any], now_us: Instant) -> BackfillRequest:
    """Check what a person wants to be run.

    Args:
        document: `from`, and perhaps `until`, `which`, `parallel` and `note`.
        now_us: the present, microseconds UTC; nothing at it or after is a matter of a backfill.

    Raises:
        InvalidDocument: one problem per fault.
    """
    problems: list[Problem] = []
    reader = Reader(document, "", problems)
    since, until = reader.moment("from"), reader.moment("until")
    if since is None and not problems:
        reader.fault("from", "is missing", "text such as 2026-11-01T00:00:00Z")
    if until is not None and until > now_us:
        reader.fault("until", "lies ahead", "now or earlier: what is to come runs by itself")
    until = now_us if until is None else until
    if since is not None and since >= until:
        reader.fault("from", "is not before until", "an earlier moment")
    request = BackfillRequest(
        since_us=since or 0,
        until_us=until,
        which=reader.choice("which", Which, Which.UNDONE),
        parallel=reader.number("parallel", 1, 1, PARALLEL_MAX, int),
        note=reader.text("note", most=NOTE_BYTES_MAX),
    )
    reader.close()
    if problems:
        raise InvalidDocument(problems)
    return request


def backfill_document(backfill: Backfill, job_name: str) -> Document:
    """A backfill as the public sees it."""
    return {
        "id": backfill.id,
        "job_id": backfill.job_id,
        "job_name": job_name,
        "from": rfc3339(backfill.spans[0][0]),
        "until": rfc3339(backfill.spans[-1][1]),
        "stretches": len(backfill.spans),
        "total": backfill.total,
        "begun": backfill.begun,
        "succeeded": backfill.succeeded,
        "failed": backfill.failed,
        "next": rfc3339(backfill.next_us),
        "parallel": backfill.parallel,
        "state": backfill.state.value,
        "reason": backfill.reason,
        "note": backfill.note,
        "by": backfill.by,
        "started_at": rfc3339(backfill.started_us),
        "ended_at": rfc3339(backfill.ended_us),
    }
