"""A year of the history on a wall clock: its days, and the hours of its weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb

from engine.core.clock import from_datetime
from engine.core.ids import Instant, JobId
from engine.history.derived import one_moment, progress, up_to_date
from engine.history.load import LOAD_HOURS, LOAD_QUARTERS
from engine.history.sqlfiles import sql
from engine.history.store import History
from engine.history.walls import wall_segments
from engine.model.job import Document
from engine.timing.zones import find_zone

_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """Which runs are looked at, and on whose clock; `zone` is an IANA name."""

    year: int
    zone: str = "UTC"
    job_id: JobId | None = None
    namespace: str | None = None


def calendar(history: History, year: Year) -> Document:
    """Runs, failures, skips and quantiles of the days and of the hours of the week that had any.

    Of one job or namespace the quantiles are exact. Of all they come from sums that are kept by the
    hour: they are off by less than a tenth, and in zones whose offset is no whole hour they are
    those of hours that begin up to 45 minutes earlier.

    Raises:
        InvalidDocument: there is no such zone.
    """
    find_zone(year.zone)  # refuses what is none, before anything is asked
    since, until = (_midnight(number, year.zone) for number in (year.year, year.year + 1))
    wall = {"since": since, "until": until, **wall_segments(year.zone, since, until)}
    with history.cursor() as db:
        if year.job_id is None and year.namespace is None:
            rows = _of_all(db, wall, history.watermark)
        else:
            asked = {**wall, "namespace": year.namespace, "job_id": year.job_id}
            rows = db.execute(sql("calendar"), asked).fetchall()
    days = [row for row in rows if row[0] is not None]
    return {
        "days": [{"date": _date(row[0]), **_numbers(row)} for row in days],
        "hours": [
            {"weekday": row[1], "hour": row[2], **_numbers(row)} for row in rows if row[0] is None
        ],
        "runs": sum(row[3] for row in days),
        "failed": sum(row[4] for row in days),
        "skipped": sum(row[5] for row in days),
    }


def _of_all(
    db: duckdb.DuckDBPyConnection, wall: dict[str, Any], upto: int
) -> list[tuple[Any, ...]]:
    """The rows of `calendar.sql` for all jobs, from the kept sums."""
    with one_moment(db):
        counts = db.execute(
            up_to_date(LOAD_QUARTERS) + sql("calendar_counts"),
            {**wall, "after": progress(db, LOAD_QUARTERS), "upto": upto},
        ).fetchall()
        quantiles = db.execute(
            up_to_date(LOAD_HOURS) + sql("calendar_quantiles"),
            {**wall, "after": progress(db, LOAD_HOURS), "upto": upto},
        ).fetchall()
    p95 = {row[:3]: row[3:] for row in quantiles}
    return [(*row, *p95.get(row[:3], (None, None))) for row in counts]


def _midnight(year: int, zone: str) -> Instant:
    return from_datetime(datetime(year, 1, 1, tzinfo=ZoneInfo(zone)))


def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).isoformat()


def _numbers(row: tuple[Any, ...]) -> Document:
    return {
        "runs": row[3],
        "failed": row[4],
        "skipped": row[5],
        "duration_p95_ms": row[6],
        "lateness_p95_ms": row[7],
    }
