"""The reports that jobs have written: which they were, not their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.core.ids import ExecutionId, Instant, JobId
from engine.history.sqlfiles import sql
from engine.history.store import History


class WrittenReport(NamedTuple):
    """One execution of a report job that succeeded; instants in microseconds UTC.

    `response` is the record that the dispatcher left, JSON.
    """

    execution_id: ExecutionId
    job_id: JobId
    job: str
    scheduled_us: Instant
    completed_us: Instant
    response: str


def reports_written(history: History, jobs: Sequence[JobId], most: int) -> list[WrittenReport]:
    """The latest reports that these jobs wrote, newest first."""
    values = {"jobs": list(jobs), "most": most}
    with history.cursor() as db:
        rows = db.execute(sql("reports_written"), values).fetchall()
    return [WrittenReport(*row) for row in rows]
