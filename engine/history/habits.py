"""What jobs usually do, and what was noted when they were changed: reads for advice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.core.ids import Instant, JobId
from engine.history.sqlfiles import sql
from engine.history.store import History

NOTED_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class NotedVersion:
    """A version of a job with its comment; `at_us` in microseconds UTC."""

    job_id: JobId
    job_name: str
    namespace: str
    version: int
    at_us: Instant
    by: str
    comment: str


def hourly_starts(history: History, since_us: Instant, until_us: Instant) -> dict[int, int]:
    """Scheduled runs that were due in the window, by hour since the epoch."""
    window = {"since": since_us, "until": until_us}
    with history.cursor() as db:
        return dict(db.execute(sql("hourly_starts"), window).fetchall())


def usual_durations(history: History, since_us: Instant) -> dict[JobId, float]:
    """The median duration of each job's runs since then, milliseconds."""
    with history.cursor() as db:
        return dict(db.execute(sql("usual_durations"), {"since": since_us}).fetchall())


def usual_duration_ms(history: History, job_id: JobId) -> float | None:
    """The median duration of a job's latest hundred runs, milliseconds; None without any."""
    with history.cursor() as db:
        row = db.execute(sql("usual_duration"), {"job_id": job_id}).fetchone()
    return row[0] if row else None


def noted_versions(history: History, prefix: str) -> list[NotedVersion]:
    """Versions whose comment begins so, the newest first."""
    given = {"prefix": prefix, "most": NOTED_MAX}
    with history.cursor() as db:
        return [NotedVersion(*row) for row in db.execute(sql("noted_versions"), given).fetchall()]
