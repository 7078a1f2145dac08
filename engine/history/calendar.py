"""A year of the history on a wall clock: its days, and the hours of its weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.core.clock import from_datetime
from engine.core.ids import Instant, JobId
from engine.history.sqlfiles import sql
from engine.history.store import History
from engine.model.job import Document
from engine.timing.zones import find_zone

_EPOCH: Final = date(1970, 1, 1)
SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """Which runs are looked at, and on whose clock; `zone` is an IANA name."""

    year: int
    zone: str = "UTC"
    job_id: JobId | None = None
    namespace: str | None = None


def calendar(history: History, year: Year) -> Document:
    """Runs, failures, skips and quantiles of the days and of the hours of the week that had any.

    Raises:
        InvalidDocument: there is no such zone.
    """
    zone = find_zone(year.zone)  # refuses what is none, before anything is asked
    since, until = (_midnight(number, year.zone) for number in (year.year, year.year + 1))
    table = zone.grow(until // SECOND_US)
    segments = [
        (begins * SECOND_US, ends * SECOND_US, offset * SECOND_US)
        for begins, ends, offset in zip(table.starts, table.starts[1:], table.offsets, strict=False)
        if ends * SECOND_US > since and begins * SECOND_US < until
    ]
    values = {
        "since": since,
        "until": until,
        "job_id": year.job_id,
        "namespace": year.namespace,
        "starts": [max(begins, since) for begins, _, _ in segments],
        "ends": [min(ends, until) for _, ends, _ in segments],
        "offsets": [offset for _, _, offset in segments],
    }
    with history.cursor() as db:
        rows = db.execute(sql("calendar"), values).fetchall()
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
