"""Executions of the past: imports and the demo."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.api.schemas.envelope import Shape


class FinishedExecution(Shape):
    """An execution that ended elsewhere; the job is named by `job_id` or by name and namespace."""

    job_id: str = ""
    job_name: str = ""
    namespace: str = "default"
    scheduled_time: str | None = None
    started_at: str | None = None
    completed_at: str
    status: Literal["success", "failed", "skipped", "cancelled", "unknown"]
    attempts: int = 1
    status_code: int = 0
    error: str = ""
    trigger: Literal["schedule", "manual", "replay", "event", "workflow"] = "schedule"


class HistoryImport(Shape):
    """A batch of executions of the past; with `dry_run` only what would come of it."""

    label: str
    executions: list[FinishedExecution] = Field(min_length=1, max_length=5000)
    dry_run: bool = False


class RefusedRow(Shape):
    """One fault of one execution of a batch; `row` counts from 0."""

    row: int
    field: str
    reason: str
    hint: str


class HistoryImported(Shape):
    """What came of a batch; `duplicate_rows` count from 0."""

    label: str
    imported: int
    duplicates: int
    refused: int
    duplicate_rows: list[int]
    refusals: list[RefusedRow]
    dry_run: bool


class DemoHistory(Shape):
    """The synthetic history under `label`, and how much of it came with this call."""

    label: str
    days: int
    executions: int
    imported: int


class DemoLoaded(Shape):
    """How many demo jobs were created now; `history` where it was asked for."""

    created: int
    namespace: str
    history: DemoHistory | None


class DemoCleared(Shape):
    """How many demo jobs were deleted; the history of all of them stays."""

    deleted: int
    history: Literal["stays"]
