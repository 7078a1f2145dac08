"""A long history, put into the files of a node that is stopped: years of runs in a minute."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from engine.history.database import ROW_GROUP_SIZE
from engine.history.schema import ATTEMPTS, EXECUTIONS, Table
from engine.history.segments import segment_path

DAYS: Final = 365
ENTRY: Final = 1
"""The log entry that the planted rows claim to come from: below every node's watermark."""

_RUNS: Final = """
CREATE TEMP TABLE runs AS
SELECT
    number,
    jobs.*,
    scheduled,
    greatest(0.4, 8 + 30 * random() * random() * random()) AS late_ms,
    base_ms * (0.8 + 0.5 * random() + 0.2 * sin(hour(scheduled) / 24.0 * 2 * pi())) AS took_ms,
    random() < 0.004 + 0.03 * (place % 50 = 0)::INTEGER AS bad
FROM (
    SELECT range AS number,
        make_timestamp($since + (range::DOUBLE * $span // $rows)::BIGINT) AS scheduled,
        range % $jobs AS place
    FROM range($rows)
) JOIN jobs USING (place)
"""

_EXECUTION: Final = """
SELECT {entry}::BIGINT AS raft_index, number::INTEGER AS raft_pos,
    ended AS recorded_at, 'exe_' || lpad(to_hex(number), 20, '0') AS id,
    job_id, job_name, namespace, 1::INTEGER AS job_version,
    if(bad, 'failed', 'success') AS status, if(bad, 'attempts exhausted', '') AS reason,
    'schedule' AS trigger, scheduled AS scheduled_time, NULL::TIMESTAMP AS scheduled_until,
    began AS started_at, ended AS completed_at, took_ms AS duration_ms, late_ms AS lateness_ms,
    1::INTEGER AS attempts, if(bad, 503, 200)::INTEGER AS status_code,
    if(bad, 'upstream is down', '{{"rows":' || (number % 9999) || '}}') AS response,
    if(bad, 'HTTP 503', '') AS error, 'n1' AS node_id, '' AS replay_of, url, 'POST' AS method,
    tags::JSON AS tags, 1::INTEGER AS fires
FROM (SELECT *, scheduled + to_microseconds((late_ms * 1000)::BIGINT) AS began,
        scheduled + to_microseconds(((late_ms + took_ms) * 1000)::BIGINT) AS ended FROM runs)
"""

_ATTEMPT: Final = """
SELECT raft_index, raft_pos, recorded_at, id AS execution_id, job_id, job_name, namespace,
    1::INTEGER AS attempt, status AS outcome, node_id, started_at, completed_at, duration_ms,
    status_code, error, response,
    ('[["prepare",0,{{"job_version":1}}],["request",80,{{"url":"' || url || '"}}],["response",'
        || (duration_ms * 1000)::BIGINT || ',{{"status":' || status_code || '}}],["complete",'
        || (duration_ms * 1000)::BIGINT || ',{{}}]]')::JSON AS trace
FROM ({execution})
"""


def plant(data_dir: Path, jobs: list[dict[str, object]], rows: int, until_us: int) -> None:
    """Write `rows` executions of `jobs`, evenly over the year before `until_us`.

    Args:
        data_dir: of a node that is stopped and has applied at least one entry.
        jobs: public documents of the jobs, as REST gives them.
        rows: executions, each with one attempt.
        until_us: no planted run is due at this instant or later; microseconds UTC.
    """
    span_us = DAYS * 86_400_000_000
    with duckdb.connect(config={"threads": "2"}) as db:
        file = data_dir / "history.duckdb"
        db.execute(f"ATTACH '{file}' AS h (ROW_GROUP_SIZE {ROW_GROUP_SIZE})")
        db.execute("SELECT setseed(0.5)")
        db.execute(
            "CREATE TEMP TABLE jobs (place BIGINT, job_id VARCHAR, job_name VARCHAR, "
            "namespace VARCHAR, url VARCHAR, tags VARCHAR, base_ms DOUBLE)"
        )
        db.executemany(
            "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (place, job["id"], job["name"], job["namespace"], _url(job), "{}", 20 + place % 400)
                for place, job in enumerate(jobs)
            ],
        )
        db.execute(
            _RUNS,
            {"since": until_us - span_us, "span": span_us, "rows": rows, "jobs": len(jobs)},
        )
        execution = _EXECUTION.format(entry=ENTRY)
        _write(db, data_dir / "export", EXECUTIONS, execution)
        _write(db, data_dir / "export", ATTEMPTS, _ATTEMPT.format(execution=execution))
        db.execute("DELETE FROM h.derived")  # of entries that had no such rows
        db.execute("CHECKPOINT h")


def _url(job: dict[str, object]) -> str:
    webhook = job["webhook"]
    assert isinstance(webhook, dict)
    return str(webhook["url"])


def _write(db: duckdb.DuckDBPyConnection, export_dir: Path, table: Table, source: str) -> None:
    """The rows of a table, in time order, into the file and as one segment a day."""
    name = f"h.{table.name}"
    db.execute(f"INSERT INTO {name} BY NAME {source}")
    days = db.execute(
        f"SELECT DISTINCT recorded_at::DATE FROM {name} WHERE raft_index = {ENTRY} ORDER BY 1"
    ).fetchall()
    for (day,) in days:
        path = segment_path(export_dir, table.name, str(day), ENTRY, ENTRY)
        path.parent.mkdir(parents=True, exist_ok=True)
        chosen = (
            f"SELECT {', '.join(table.names)} FROM {name} WHERE raft_index = {ENTRY} "
            f"AND recorded_at >= DATE '{day}' AND recorded_at < DATE '{day}' + 1"
        )
        db.execute(f"COPY ({chosen}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
