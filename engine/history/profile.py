"""Statistics of each job by hour of its week, kept up to date as executions arrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import duckdb

from engine.core.clock import SECOND_US
from engine.core.errors import InvalidDocument
from engine.core.ids import Instant, JobId
from engine.history.derived import Derived, one_moment, progress, up_to_date
from engine.history.sqlfiles import sql
from engine.timing.zones import find_zone

if TYPE_CHECKING:
    from engine.history.store import History  # it keeps the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Count, mean, sum of squared deviations from it, smallest and largest; milliseconds."""

    count: int
    mean: float | None
    m2: float | None
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HourOfWeek:
    """What the scheduled runs of a job due in one hour of its week came to.

    Attributes:
        hour: 0 is Monday 00:00 on the job's clock, 167 Sunday 23:00.
        runs: runs that ended as success, failed or unknown.
        failed: those that did not end as success.
        duration: of those that began.
        lateness: of those that began; its `least` is not kept.
    """

    hour: int
    runs: int
    failed: int
    duration: Sums
    lateness: Sums


def week_profile(history: History, job_id: JobId) -> list[HourOfWeek]:
    """The hours of a job's week that had runs, as of the newest durable row."""
    with history.cursor() as db, one_moment(db):
        values = _values(db, progress(db, WEEK_PROFILES), history.watermark, job_id)
        query = up_to_date(WEEK_PROFILES, "job_id = $job_id") + sql("profile_merge")
        rows = db.execute(query, values).fetchall()
    return [_hour(row) for row in rows]


def _values(
    db: duckdb.DuckDBPyConnection, after: int, upto: int, job_id: JobId | None = None
) -> dict[str, Any]:
    """The entries, and the clocks of the jobs that ran; of each version in a temporary table."""
    chosen = {"after": after, "upto": upto, "job_id": job_id}
    first, last = db.execute(sql("profile_span"), chosen).fetchall()[0]
    db.execute(sql("profile_clocks"), chosen)
    names = db.execute("SELECT DISTINCT zone FROM temp.clocks WHERE zone IS NOT NULL").fetchall()
    stretches = [
        (name, *(seconds * SECOND_US for seconds in stretch))
        for name in sorted({"UTC", *(str(row[0]) for row in names)})
        for stretch in (_stretches(name, first, last) if first is not None else ())
    ]
    columns = [list(column) for column in zip(*stretches, strict=True)] or [[], [], [], []]
    return {**chosen, **dict(zip(("zones", "starts", "ends", "offsets"), columns, strict=True))}


def _stretches(zone: str, first: Instant, last: Instant) -> list[tuple[int, int, int]]:
    try:
        found = find_zone(zone)
    except InvalidDocument:  # a zone that this machine does not know any more
        found = find_zone("UTC")
    return found.stretches(first // SECOND_US, last // SECOND_US)


def _hour(row: tuple[Any, ...]) -> HourOfWeek:
    return HourOfWeek(
        hour=row[1],
        runs=row[2],
        failed=row[3],
        duration=Sums(count=row[4], mean=row[5], m2=row[6], least=row[7], most=row[8]),
        lateness=Sums(count=row[9], mean=row[10], m2=row[11], least=None, most=row[12]),
    )


WEEK_PROFILES: Final = Derived(
    table="week_profiles",
    values=_values,
    united="WITH parts AS (SELECT * FROM week_profiles) " + sql("profile_merge"),  # noqa: S608  # our own text
)
