"""Executions, attempts and steps."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.changes import ChangeDocument, FieldChanged, ReplayLink
from app.api.schemas.envelope import Shape

Status = Literal["pending", "running", "success", "failed", "skipped", "cancelled", "unknown"]


class CalledRequest(Shape):
    """The request that an execution made, secrets hidden."""

    url: str
    method: str
    headers: dict[str, str] = Field({})
    body: str = ""


class Step(Shape):
    """A recorded moment of an attempt."""

    kind: str
    at: str
    offset_ms: float
    detail: dict[str, Any]


class AttemptDetail(Shape):
    """One try of an execution."""

    attempt: int
    node_id: str
    started_at: str | None
    completed_at: str | None
    outcome: str
    status_code: int | None
    error: str
    response: str
    steps: list[Step]


class Execution(Shape):
    """One run of a job at one fire time; `duration` is in nanoseconds."""

    id: str
    job_id: str
    job_name: str
    namespace: str
    timezone: str = Field("", description="Of the job as it ran; empty if imported.")
    scheduled_time: str
    started_at: str | None
    completed_at: str | None
    status: Status
    reason: str
    attempts: int
    status_code: int
    response: str
    error: str
    duration: int
    node_id: str
    trigger: Literal["schedule", "manual", "replay", "event", "workflow", "backfill"]
    request: CalledRequest | None
    replay_of: str
    change: ChangeDocument | None = Field(None, description="Of a replay with a change.")
    replay_count: int


class ExecutionDetail(Execution):
    """An execution with its attempts and their steps."""

    attempts_detail: list[AttemptDetail]
    differences: list[FieldChanged] = Field([], description="Of a changed replay to its original.")
    replays: list[ReplayLink] = Field([], description="Its replays, oldest first, at most 50.")


class Executions(Shape):
    """A page of executions, newest first."""

    executions: list[Execution]
    total: int
    next_cursor: str | None


class Replayed(Shape):
    """The new execution of an old one; of a dry run there is none."""

    replay_execution_id: str
    original_execution_id: str
    message: str
    differences: list[FieldChanged] = Field([])
    request: CalledRequest | None = Field(None, description="Of a dry run: what would be sent.")
