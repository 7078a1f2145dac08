"""The reports that jobs have written: which they were, not their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.core.ids import ExecutionId, Instant, JobId
from engine.history.queries import FOREVER_US
from engine.history.sqlfiles import sql
from engine.history.store import History

NEWEST: Final = (FOREVER_US, "")
"""A place before all others."""


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

    @property
    def place(self) -> tuple[Instant, ExecutionId]:
        """Where it stands among the others."""
        return self.completed_us, self.execution_id


def reports_written(
    history: History, jobs: Sequence[JobId], before: tuple[Instant, ExecutionId], most: int
) -> tuple[int, list[WrittenReport]]:
    """How many reports these jobs wrote, and those that stand before a place, newest first."""
    completed_us, execution_id = before
    values = {"jobs": list(jobs), "before_us": completed_us, "before_id": execution_id}
    with history.cursor() as db:
        rows = db.execute(sql("reports_written"), {**values, "most": most}).fetchall()
    return rows[0][0] if rows else 0, [WrittenReport(*row[1:]) for row in rows if row[1]]
