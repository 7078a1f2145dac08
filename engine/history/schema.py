"""The tables of the history: every column with its type, unit and meaning, in one place.

The DDL lives in `sql/migrations`; a test holds the two equal. The same descriptions are what the
SQL console shows and what `docs/reference/schema.md` is written from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

_ARROW: Final = {
    "VARCHAR": pa.string(),
    "JSON": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
    "DATE": pa.date32(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its DuckDB type, and what it says, with unit and zone."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table, or view, that ad hoc SQL can rely on."""

    name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema of a batch of rows."""
        return pa.schema([(column.name, _ARROW[column.type]) for column in self.columns])


_RAFT: Final = (
    Column("raft_index", "BIGINT", "Index of the log entry that the row comes from"),
    Column("raft_pos", "INTEGER", "Position of the row within its log entry, from 0"),
    Column("recorded_at", "TIMESTAMP", "Time of the log entry, UTC"),
)

EXECUTIONS: Final = Table(
    "executions",
    "One row per execution that is over, and one per stretch of fire times decided as not run",
    (
        *_RAFT,
        Column("id", "VARCHAR", "Execution id; the Idempotency-Key that the target received"),
        Column("job_id", "VARCHAR", "Id of the job"),
        Column("job_name", "VARCHAR", "Name of the job when the execution ended"),
        Column("namespace", "VARCHAR", "Namespace of the job"),
        Column("job_version", "INTEGER", "Version of the job that was run; 0 if imported"),
        Column("status", "VARCHAR", "success, failed, skipped, cancelled or unknown"),
        Column("reason", "VARCHAR", "Why it was skipped, failed, cancelled or is unknown"),
        Column("trigger", "VARCHAR", "schedule, manual, replay, event, workflow or backfill"),
        Column("scheduled_time", "TIMESTAMP", "Fire time, UTC; the first one of a skipped stretch"),
        Column("scheduled_until", "TIMESTAMP", "Last fire time of a skipped stretch, UTC"),
        Column("started_at", "TIMESTAMP", "Start of the first attempt, UTC; null if none began"),
        Column("completed_at", "TIMESTAMP", "When it became final, UTC"),
        Column("duration_ms", "DOUBLE", "started_at to completed_at, retries included, ms"),
        Column(
            "lateness_ms",
            "DOUBLE",
            "scheduled_time, or the start drawn in the window, to started_at, ms",
        ),
        Column("attempts", "INTEGER", "Attempts made, lost ones included"),
        Column("status_code", "INTEGER", "HTTP status of the last attempt; 0 if none came"),
        Column("response", "VARCHAR", "Response body of the last attempt, cut to a bound"),
        Column("error", "VARCHAR", "Error of the last attempt; empty if none"),
        Column("node_id", "VARCHAR", "Node of the last attempt; import:<label> if imported"),
        Column("replay_of", "VARCHAR", "Id of the execution that this one replays; empty if none"),
        Column("url", "VARCHAR", "URL of the job's target, secrets hidden"),
        Column("method", "VARCHAR", "HTTP method of the job's target; WRITE for a report"),
        Column("tags", "JSON", "Tags of the job, an object of strings"),
        Column("fires", "INTEGER", "Fire times that the row stands for; above 1 only if skipped"),
    ),
)

ATTEMPTS: Final = Table(
    "attempts",
    "One row per attempt that is over",
    (
        *_RAFT,
        Column("execution_id", "VARCHAR", "Id of the execution"),
        Column("job_id", "VARCHAR", "Id of the job"),
        Column("job_name", "VARCHAR", "Name of the job when the attempt ended"),
        Column("namespace", "VARCHAR", "Namespace of the job"),
        Column("attempt", "INTEGER", "Number of the attempt, from 1"),
        Column("outcome", "VARCHAR", "success, failed, timeout, cancelled or lost"),
        Column("node_id", "VARCHAR", "Node that made the attempt"),
        Column("started_at", "TIMESTAMP", "Start, UTC; null if unknown"),
        Column("completed_at", "TIMESTAMP", "End, UTC"),
        Column("duration_ms", "DOUBLE", "started_at to completed_at, ms"),
        Column("status_code", "INTEGER", "HTTP status; 0 if none came"),
        Column("error", "VARCHAR", "What went wrong; empty if nothing did"),
        Column("response", "VARCHAR", "Response body, cut to a bound"),
        Column("trace", "JSON", "Steps as [kind, offset in us, detail]; see the table steps"),
    ),
)

JOB_VERSIONS: Final = Table(
    "job_versions",
    "One row per change of a job; created and updated make a version",
    (
        *_RAFT,
        Column("job_id", "VARCHAR", "Id of the job"),
        Column("job_name", "VARCHAR", "Name of the job after the change"),
        Column("namespace", "VARCHAR", "Namespace of the job"),
        Column("version", "INTEGER", "Version of the job after the change, from 1"),
        Column("change", "VARCHAR", "created, updated, enabled, disabled or deleted"),
        Column("changed_by", "VARCHAR", "Who asked for it"),
        Column("comment", "VARCHAR", "What they said about it; often empty"),
        Column("config", "JSON", "The job's public document after the change, secrets hidden"),
    ),
)

AUDIT: Final = Table(
    "audit",
    "One row per command of a person, accepted or rejected",
    (
        *_RAFT,
        Column("actor", "VARCHAR", "Who asked"),
        Column("action", "VARCHAR", "create_jobs, update_job, delete_job, trigger_job, ..."),
        Column("target", "VARCHAR", "What it was about: a job, an execution"),
        Column("outcome", "VARCHAR", "accepted or rejected"),
        Column("detail", "JSON", "What came of it, or code and message of the refusal"),
    ),
)

FINDINGS: Final = Table(
    "findings",
    "One row per change of a finding: reported, grown, or its state changed; the last one counts",
    (
        *_RAFT,
        Column("id", "VARCHAR", "Id of the finding"),
        Column("job_id", "VARCHAR", "Id of the job"),
        Column("job_name", "VARCHAR", "Name of the job"),
        Column("namespace", "VARCHAR", "Namespace of the job"),
        Column("detector", "VARCHAR", "Which detector found it"),
        Column("signal", "VARCHAR", "duration, failures, cadence or mixed"),
        Column("state", "VARCHAR", "open, acknowledged, muted or resolved"),
        Column("first_at", "TIMESTAMP", "Fire time of the first unusual run, UTC"),
        Column("last_at", "TIMESTAMP", "Fire time of the latest unusual run, UTC"),
        Column("runs", "INTEGER", "How many runs left the band"),
        Column("score", "DOUBLE", "The worst run's distance in halves of the band; 1 is its edge"),
        Column("value", "DOUBLE", "What the worst run measured, in unit"),
        Column("low", "DOUBLE", "Lower end of the band at that run, in unit"),
        Column("high", "DOUBLE", "Upper end of the band at that run, in unit"),
        Column("unit", "VARCHAR", "Unit of value, low and high"),
        Column("execution_id", "VARCHAR", "The worst run"),
        Column("evidence", "VARCHAR", "The same in words"),
        Column("changed_by", "VARCHAR", "Who changed the state last; empty if nobody did"),
        Column("note", "VARCHAR", "Why they did"),
    ),
)

REPLAY_CHANGES: Final = Table(
    "replay_changes",
    "One row per replay that was started with a change, open ones included",
    (
        *_RAFT,
        Column("execution_id", "VARCHAR", "Id of the replay"),
        Column("job_id", "VARCHAR", "Id of the job"),
        Column("replay_of", "VARCHAR", "Id of the execution that it replays"),
        Column("change", "JSON", "What it sends otherwise than its job, secrets hidden"),
    ),
)

STORED: Final = (EXECUTIONS, ATTEMPTS, JOB_VERSIONS, AUDIT, FINDINGS, REPLAY_CHANGES)
"""What is projected from the log; append-only, ordered by (raft_index, raft_pos)."""

JOBS: Final = Table(
    "jobs",
    "The jobs as they are now",
    (
        Column("id", "VARCHAR", "Id of the job"),
        Column("name", "VARCHAR", "Name, unique within the namespace"),
        Column("namespace", "VARCHAR", "Namespace"),
        Column("description", "VARCHAR", "What people wrote about it"),
        Column("schedule", "VARCHAR", "Schedule as written"),
        Column("timezone", "VARCHAR", "IANA zone in which the schedule is read"),
        Column("enabled", "BOOLEAN", "Whether it fires"),
        Column("version", "INTEGER", "Current version, from 1"),
        Column("url", "VARCHAR", "URL of the target, secrets hidden"),
        Column("method", "VARCHAR", "HTTP method of the target; WRITE for a report"),
        Column("concurrency", "VARCHAR", "allow, forbid or replace"),
        Column("missed_run_policy", "VARCHAR", "ignore, execute_one or execute_all"),
        Column("tags", "JSON", "Tags, an object of strings"),
        Column("created_at", "TIMESTAMP", "When it was created, UTC"),
        Column("updated_at", "TIMESTAMP", "When it was last changed, UTC"),
        Column("updated_by", "VARCHAR", "Who changed it last"),
        Column("config", "JSON", "The public document, secrets hidden"),
    ),
)

STEPS: Final = Table(
    "steps",
    "One row per recorded step of an attempt, unfolded from attempts.trace",
    (
        Column("execution_id", "VARCHAR", "Id of the execution"),
        Column("job_id", "VARCHAR", "Id of the job"),
        Column("attempt", "INTEGER", "Number of the attempt, from 1"),
        Column("step", "BIGINT", "Number of the step within its attempt, from 1"),
        Column("kind", "VARCHAR", "schedule, prepare, auth, request, response, retry, ..."),
        Column("happened_at", "TIMESTAMP", "When, UTC"),
        Column("offset_ms", "DOUBLE", "Time since the attempt's start, ms"),
        Column("detail", "JSON", "What happened, secrets redacted"),
        Column("d", "DATE", "Day of recorded_at, UTC; filter on it to read less"),
    ),
)

DAY: Final = Column("d", "DATE", "Day of recorded_at, UTC; filter on it to read less")
"""The partition of the exported segments, a column of every exported table but jobs."""
