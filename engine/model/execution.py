"""The execution: one run of a job at one fire time, its attempts, and how it ends.

pending ──► running ──► success | failed | cancelled | unknown
   ▲           │
   └── retry ──┘                 skipped: decided without running
"""

from __future__ import annotations

from enum import StrEnum

from engine.core.ids import ExecutionId, Instant, JobId
from engine.core.value import Record


class Status(StrEnum):
    """Where an execution stands; the last five are final."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Trigger(StrEnum):
    """Why an execution exists."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    REPLAY = "replay"
    EVENT = "event"
    WORKFLOW = "workflow"
    BACKFILL = "backfill"


class AttemptOutcome(StrEnum):
    """How one try ended. `lost`: its dispatcher died or lost its lease; nobody knows."""

    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    LOST = "lost"


class Change(Record, frozen=True, kw_only=True):
    """What one execution sends otherwise than its job; None keeps what the job says.

    `headers` is the whole set that is sent; `timeout_us` is in microseconds.
    """

    url: str | None = None
    method: str | None = None
    headers: dict[str, str] | None = None
    body: str | None = None
    timeout_us: int | None = None


class Execution(Record, frozen=True, kw_only=True):
    """An execution that is not over. All instants are microseconds UTC.

    `attempt` is the number of the current or next attempt, from 1; `failures` counts those that
    used up the retry policy (a lost attempt does not); `due_us` is when a pending one may start;
    `planned_us` is the start that was drawn in the job's window, 0 where none was; `epoch` is the
    leadership under which the running attempt was begun.
    """

    id: ExecutionId
    job_id: JobId
    job_version: int
    trigger: Trigger
    scheduled_us: Instant
    status: Status
    attempt: int = 1
    failures: int = 0
    due_us: Instant = 0
    planned_us: Instant = 0
    started_us: Instant = 0
    attempt_started_us: Instant = 0
    epoch: int = 0
    node: str = ""
    replay_of: ExecutionId = ""
    change: Change | None = None
    backfill: str = ""
    asks_first: bool = False
    """Whether the next attempt asks the target before it sends."""


class AttemptResult(Record, frozen=True, kw_only=True):
    """What the dispatcher reports of one attempt.

    `trace` is a JSON array of steps `[kind, offset_us, detail]` with kind one of schedule,
    prepare, auth, request, response, retry, complete, error; `offset_us` counts from
    `started_us`; `detail` is an object with secrets redacted. `response` is cut to a bound.
    `reached` is False only where it is certain that nothing of the request left.
    """

    execution_id: ExecutionId
    attempt: int
    outcome: AttemptOutcome
    started_us: Instant
    finished_us: Instant
    status_code: int = 0
    error: str = ""
    response: str = ""
    trace: str = "[]"
    reached: bool = True

    @property
    def is_doubtful(self) -> bool:
        """Whether nobody knows if the attempt had its effect."""
        if self.outcome in (AttemptOutcome.SUCCESS, AttemptOutcome.CANCELLED):
            return False
        return self.reached and not self.status_code
