"""The questions that the history answers, in the shapes that the REST API gives away.

Every call uses a cursor of its own, so any thread may ask at any time; readers never wait for the
writer. Only what is over is here: open executions are in the replicated state.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import duckdb
import orjson
import pyarrow as pa

from engine.core.clock import rfc3339
from engine.core.errors import InvalidDocument, NotReady, Problem
from engine.core.ids import ExecutionId, Instant, JobId
from engine.history.calendar import Year, calendar
from engine.history.imported import ImportedName, imported_names
from engine.history.lanes import Window, lanes
from engine.history.places import places_of
from engine.history.profile import HourOfWeek, week_profile
from engine.history.rows import imported_by
from engine.history.sqlfiles import sql
from engine.history.store import History
from engine.model.job import Document
from engine.model.target_document import request_document

BUCKETS: Final = 60
LATE_MS: Final = 5_000.0
ATTENTION_MAX: Final = 8
TIMELINE_JOBS: Final = 14
TIMELINE_BARS: Final = 200
SERIES_MAX: Final = 200
MINUTE_US: Final = 60_000_000
CLOCKS_APART_US: Final = 60 * MINUTE_US  # a start may be stamped by another node's clock
FOREVER_US: Final = 1 << 60
_COLUMNS: Final = (
    "raft_index, raft_pos, id, job_id, job_name, namespace, job_version, status, reason, trigger, "
    "epoch_us(scheduled_time), epoch_us(scheduled_until), epoch_us(started_at), "
    "epoch_us(completed_at), lateness_ms, attempts, status_code, response, error, node_id, "
    "replay_of, url, method, fires"
)
_STARTED, _COMPLETED = 12, 13  # the places of started_at and completed_at in _COLUMNS
_NEWEST_FIRST: Final = "completed_at DESC, raft_index DESC, raft_pos DESC"
"""By the end, not by the log: an import brings executions that ended long ago."""
_CURSOR: Final = re.compile(r"[0-9]{1,18}:[0-9]{1,18}:[0-9]{1,9}")
_BEFORE: Final = (
    "completed_at <= make_timestamp(?) "
    "AND (completed_at, raft_index, raft_pos) < (make_timestamp(?), ?, ?)"
)


class Queries:
    """Reads of one node's history; see `History.wait_for` to read one's own writes."""

    def __init__(self, history: History) -> None:
        self._history = history

    def executions(  # noqa: D417  # the filters explain themselves
        self,
        *,
        job_id: JobId | None = None,
        status: str | Sequence[str] | None = None,
        namespace: str | None = None,
        since_us: Instant | None = None,
        until_us: Instant | None = None,
        limit: int = 20,
        cursor: str | None = None,
    ) -> tuple[list[Document], str | None, int]:
        """Finished executions, newest end first.

        Args:
            status: one status, or several, as a sequence or separated by commas.
            since_us: only those completed at this instant or later.
            until_us: only those completed before this instant.
            limit: rows of a page, 1 to 1000.
            cursor: what the page before gave; it stays right while new rows come in.

        Returns:
            (executions, the next page's cursor or None, rows that match on all pages).

        Raises:
            InvalidDocument: the cursor is none of ours.
        """
        where, values = ["true"], list[Any]()
        for column, value in (("job_id", job_id), ("namespace", namespace)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if status:
            names = status.split(",") if isinstance(status, str) else list(status)
            where.append(f"status IN ({', '.join('?' * len(names))})")
            values.extend(name.strip() for name in names)
        if since_us is not None:
            where.append("completed_at >= make_timestamp(?)")
            values.append(since_us)
        if until_us is not None:
            where.append("completed_at < make_timestamp(?)")
            values.append(until_us)
        condition = " AND ".join(where)
        page, page_values = condition, list(values)
        if cursor:
            page += f" AND {_BEFORE}"
            page_values += _parse_cursor(cursor)
        with self._history.cursor() as db:
            counted = db.execute(
                f"SELECT count(*) FROM executions WHERE {condition}",  # noqa: S608  # values are bound
                values,
            ).fetchone()
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM executions WHERE {page} "  # noqa: S608  # values are bound
                f"ORDER BY {_NEWEST_FIRST} LIMIT ?",
                [*page_values, limit + 1],
            ).fetchall()
            more = len(rows) > limit
            rows = rows[:limit]
            documents = _documents(db, rows)
        following = _cursor(rows[-1]) if more and rows else None
        return documents, following, int(counted[0]) if counted else 0

    def execution(self, execution_id: ExecutionId) -> Document | None:
        """One finished execution with `attempts_detail`, or None."""
        with self._history.cursor() as db:
            rows = [
                row
                for place in sorted(places_of(db, execution_id))
                for row in db.execute(
                    f"SELECT {_COLUMNS} FROM executions WHERE raft_index = ? AND raft_pos = ?",  # noqa: S608  # values are bound
                    place,
                ).fetchall()
                if row[2] == execution_id
            ]
            if not rows:
                return None
            document = _documents(db, rows[-1:])[0]
            started, completed = rows[-1][_STARTED], rows[-1][_COMPLETED]
            since = max(0, started - CLOCKS_APART_US) if started is not None else 0
            until = completed + CLOCKS_APART_US
            document["attempts_detail"] = _attempts(db, execution_id, since, until)
        return document

    def replays_of(self, execution_id: ExecutionId, most: int) -> list[Document]:
        """The finished replays of an execution, oldest first, at most so many."""
        with self._history.cursor() as db:
            rows = db.execute(sql("replays_of"), {"id": execution_id, "most": most}).fetchall()
        return [{"id": row[0], "status": row[1], "scheduled_time": rfc3339(row[2])} for row in rows]

    def known(
        self, label: str, ids: Sequence[ExecutionId], through: int, wait_s: float
    ) -> tuple[int, set[ExecutionId]]:
        """Which of these executions were imported under `label` already.

        Args:
            label: of the import.
            ids: of executions.
            through: a log entry that must be looked at too.
            wait_s: seconds that its rows may take to arrive.

        Returns:
            (the log entry up to which the answer holds, those of `ids` that are there).

        Raises:
            NotReady: the rows of `through` did not arrive in time.
        """
        if self._history.watermark < through and not self._history.wait_for(through, wait_s):
            raise NotReady("this node's history is behind; retry after a moment")
        watermark = self._history.watermark
        with self._history.cursor() as db:
            found = db.execute(
                "SELECT id FROM executions WHERE node_id = ? AND id IN (SELECT unnest(?))",
                [imported_by(label), list(ids)],
            ).fetchall()
        return watermark, {row[0] for row in found}

    def attempts(self, execution_id: ExecutionId) -> list[Document]:
        """The finished attempts of an execution, open or over, first one first, with steps."""
        with self._history.cursor() as db:
            return _attempts(db, execution_id, 0, FOREVER_US)

    def versions(self, job_id: JobId) -> list[Document]:
        """The versions of a job, newest first; also of a deleted one."""
        return self._versions(job_id, None)

    def version(self, job_id: JobId, number: int) -> Document | None:
        """One version of a job, or None."""
        found = self._versions(job_id, number)
        return found[0] if found else None

    def _versions(self, job_id: JobId, number: int | None) -> list[Document]:
        with self._history.cursor() as db:
            rows = db.execute(sql("versions"), {"job_id": job_id, "version": number}).fetchall()
        return [
            {
                "job_id": row[0],
                "version": row[1],
                "config": orjson.loads(row[2]),
                "created_at": rfc3339(row[3]),
                "created_by": row[4],
                "comment": row[5],
            }
            for row in rows
        ]

    def overview(self, window_us: int, now_us: Instant) -> Document:
        """The finished part of the overview of the last `window_us` microseconds.

        Returns:
            counts, runs_per_minute, success_rate (0..1 or None), lateness_ms, series (61 aligned
            buckets, oldest first), attention and timeline, as the REST API names them. Rates
            count from the first run of the window, if that is later than its start.
        """
        bucket = max(1, window_us // BUCKETS)
        start = (now_us - window_us) // bucket * bucket
        window = {"since": start, "until": now_us}
        with self._history.cursor() as db:
            totals = db.execute(sql("overview_totals"), window).fetchone()
            series = db.execute(sql("overview_series"), {**window, "bucket": bucket}).fetchall()
            attention = db.execute(
                sql("attention"), {**window, "late_ms": LATE_MS, "most": ATTENTION_MAX}
            ).fetchall()
            timeline = db.execute(
                sql("timeline"), {**window, "jobs": TIMELINE_JOBS, "bars": TIMELINE_BARS}
            ).fetchall()
        assert totals is not None  # an aggregate always gives one row
        names = ("success", "failed", "skipped", "cancelled", "unknown")
        counts = dict(zip(names, totals[:5], strict=True))
        first = totals[5] if totals[5] is not None else start
        minutes = min(max(now_us - first, MINUTE_US), window_us) / MINUTE_US
        runs = sum(counts.values()) - counts["skipped"]
        by_bucket = {row[0]: row[1:] for row in series}
        buckets = (now_us - start) // bucket + 1
        return {
            "counts": counts,
            "runs_per_minute": runs / minutes,
            "success_rate": _rate(counts["success"], counts["failed"], counts["unknown"]),
            "lateness_ms": _percentiles(totals[6]),
            "series": [
                _bucket(start + number * bucket, by_bucket.get(number)) for number in range(buckets)
            ],
            "attention": [
                {
                    "job_id": row[0],
                    "job_name": row[1],
                    "namespace": row[2],
                    "status": row[3],
                    "reason": row[4] or "",
                    "count": row[5],
                    "last_at": rfc3339(row[6]),
                }
                for row in attention
            ],
            "timeline": [
                {
                    "execution_id": row[0],
                    "job_id": row[1],
                    "job_name": row[2],
                    "namespace": row[3],
                    "status": row[4],
                    "started_at": rfc3339(row[5]),
                    "completed_at": rfc3339(row[6]),
                }
                for row in timeline
            ],
        }

    def job_runs(self, job_id: JobId, most: int) -> pa.Table:
        """The latest `most` scheduled runs of a job, oldest first; see `sql/job_runs.sql`."""
        return self.runs_of_jobs([job_id], most)

    def load_hours(
        self, job_id: JobId | None, since: Instant, until: Instant, known_by: Instant
    ) -> list[tuple[int, int, float, int, int]]:
        """(hour since 1970, runs, busy seconds, jobs in it, jobs at all) of each busy hour."""
        values = {
            "jobs": None if job_id is None else [job_id],
            "since": since,
            "until": until,
            "known_by": known_by,
        }
        with self._history.cursor() as db:
            rows = db.execute(sql("load_hours"), values).fetchall()
        return [(row[1], row[2], row[3], row[4], row[5]) for row in rows]

    def runs_of_jobs(self, job_ids: Sequence[JobId], most: int) -> pa.Table:
        """The latest `most` scheduled runs of each job, oldest first; see `sql/job_runs.sql`."""
        with self._history.cursor() as db:
            table: pa.Table = db.sql(
                sql("job_runs"), params={"jobs": list(job_ids), "most": most}
            ).to_arrow_table()
        return table

    def job_quantiles(self, job_id: JobId) -> tuple[list[float] | None, list[float] | None]:
        """Median, 90th, 95th and 99th percentile of a job's durations and latenesses; ms."""
        with self._history.cursor() as db:
            durations, latenesses = db.execute(sql("job_quantiles"), {"job_id": job_id}).fetchall()[
                0
            ]
        return durations, latenesses

    def week_profile(self, job_id: JobId) -> list[HourOfWeek]:
        """The hours of a job's week that had runs."""
        return week_profile(self._history, job_id)

    def imported_job(self, ref: str) -> ImportedName | None:
        """The job that only imported executions know, by its id or as namespace/name."""
        with self._history.cursor() as db:
            return next(imported_names(db, [ref], ref), None)

    def job_stats(self, job_id: JobId, window_us: int, now_us: Instant) -> Document:
        """What one job did in the last `window_us` microseconds; `series` is oldest first."""
        window = {"job_id": job_id, "since": now_us - window_us, "until": now_us}
        with self._history.cursor() as db:
            totals = db.execute(sql("job_totals"), window).fetchone()
            series = db.execute(sql("job_series"), {**window, "most": SERIES_MAX}).fetchall()
        assert totals is not None  # an aggregate always gives one row
        runs, success, failed, unknown, duration, lateness = totals
        return {
            "runs": runs,
            "success": success,
            "failed": failed,
            "success_rate": _rate(success, failed, unknown),
            "duration_ms": _percentiles(duration),
            "lateness_ms": _percentiles(lateness),
            "series": [
                {
                    "scheduled_time": rfc3339(row[0]),
                    "duration_ms": row[1],
                    "status": row[2],
                    "execution_id": row[3],
                }
                for row in reversed(series)
            ],
        }

    def lanes(
        self, window: Window, *, lanes_max: int, marks_max: int
    ) -> tuple[list[Document], int]:
        """The lanes of a window, at most so many marks together, and how many lanes there are."""
        return lanes(self._history, window, lanes_max=lanes_max, marks_max=marks_max)

    def calendar(self, year: Year) -> Document:
        """What ran on the days of a year, and in the hours of its weeks."""
        return calendar(self._history, year)


def _documents(db: duckdb.DuckDBPyConnection, rows: list[tuple[Any, ...]]) -> list[Document]:
    """Contract executions of rows of `_COLUMNS`, with their requests and replay counts."""
    if not rows:
        return []
    ids = [row[2] for row in rows]
    replays = dict(db.execute(sql("replays"), {"ids": ids}).fetchall())
    changes = {
        identity: orjson.loads(text)
        for identity, text in db.execute(sql("changes"), {"ids": ids}).fetchall()
    }
    keys = sorted({(row[3], row[6]) for row in rows})
    found = db.execute(
        sql("requests"),
        {
            "job_ids": sorted({job for job, _ in keys}),
            "keys": [f"{job}/{version}" for job, version in keys],
        },
    ).fetchall()
    webhooks = {(row[0], row[1]): orjson.loads(row[2]) for row in found if row[2]}
    zones = {(row[0], row[1]): row[3] or "" for row in found}
    return [
        _document(row, webhooks.get((row[3], row[6])), replays, changes.get(row[2]))
        | {"timezone": zones.get((row[3], row[6]), "")}
        for row in rows
    ]


def _document(
    row: tuple[Any, ...],
    webhook: Document | None,
    replays: dict[str, int],
    change: Document | None,
) -> Document:
    sent = (webhook or {"headers": {}, "body": ""}) | (change or {})
    scheduled, until, started, completed = row[10:14]
    return {
        "id": row[2],
        "job_id": row[3],
        "job_name": row[4],
        "namespace": row[5],
        "job_version": row[6],
        "scheduled_time": rfc3339(scheduled),
        "scheduled_until": rfc3339(until),
        "started_at": rfc3339(started),
        "completed_at": rfc3339(completed),
        "status": row[7],
        "reason": row[8],
        "attempts": row[15],
        "status_code": row[16],
        "response": row[17],
        "error": row[18],
        "duration": (completed - started) * 1000 if started is not None else 0,
        "lateness_ms": row[14],
        "node_id": row[19],
        "trigger": row[9],
        # Once more on reading: rows of earlier builds hold URLs and headers as they were written.
        "request": request_document(
            row[21],
            row[22],
            sent["headers"],
            sent["body"],
        ),
        "replay_of": row[20],
        "change": change,
        "replay_count": replays.get(row[2], 0),
        "fires": row[23],
    }


def _attempts(
    db: duckdb.DuckDBPyConnection, execution_id: ExecutionId, since: Instant, until: Instant
) -> list[Document]:
    values = {"execution_id": execution_id, "since": since, "until": until}
    rows = db.execute(sql("attempts"), values).fetchall()
    return [
        {
            "attempt": row[0],
            "node_id": row[1],
            "started_at": rfc3339(row[2]),
            "completed_at": rfc3339(row[3]),
            "outcome": row[4],
            "status_code": row[5],
            "error": row[6],
            "response": row[7],
            "steps": steps_of(row[8], row[2]),
        }
        for row in rows
    ]


def steps_of(trace: str, started_us: Instant | None) -> list[Document]:
    """The steps of a trace; `at` is None when the attempt's start is unknown.

    >>> steps_of('[["auth",1500,{}]]', 0)
    [{'kind': 'auth', 'at': '1970-01-01T00:00:00.001500Z', 'offset_ms': 1.5, 'detail': {}}]
    """
    return [
        {
            "kind": kind,
            "at": rfc3339(started_us + offset) if started_us is not None else None,
            "offset_ms": offset / 1000,
            "detail": detail,
        }
        for kind, offset, detail in orjson.loads(trace)
    ]


def _bucket(time_us: Instant, row: tuple[Any, ...] | None) -> Document:
    success, failed, other, lateness = row or (0, 0, 0, None)
    return {
        "time": rfc3339(time_us),
        "success": success,
        "failed": failed,
        "other": other,
        "lateness_p95_ms": lateness,
    }


def _rate(success: int, failed: int, unknown: int) -> float | None:
    ended = success + failed + unknown
    return success / ended if ended else None


def _percentiles(values: list[float] | None) -> Document:
    p50, p95, p99 = values or (None, None, None)
    return {"p50": p50, "p95": p95, "p99": p99}


def _cursor(row: tuple[Any, ...]) -> str:
    return f"{row[_COMPLETED]}:{row[0]}:{row[1]}"


def _parse_cursor(text: str) -> tuple[Instant, Instant, int, int]:
    """The values of `_BEFORE`."""
    if not _CURSOR.fullmatch(text):
        problem = Problem("cursor", f"{text!r} is not a cursor", "take next_cursor of a page")
        raise InvalidDocument([problem])
    completed, index, position = map(int, text.split(":"))
    return completed, completed, index, position
