"""Backfills, and what was missed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.api.schemas.envelope import Shape


class BackfillRequest(Shape):
    """Past fire times that are to be run; the job's schedule of today names them."""

    from_: str = Field(alias="from", description="RFC 3339; included.")
    until: str | None = Field(None, description="RFC 3339, excluded; now if left out.")
    which: Literal["undone", "skipped", "failed", "all"] = "undone"
    parallel: int = Field(1, description="Runs at once; 1 unless the job allows overlap.")
    note: str = ""


class Backfill(Shape):
    """A backfill; `next` is the first fire time that was not begun."""

    id: str
    job_id: str
    job_name: str
    from_: str = Field(alias="from")
    until: str
    stretches: int
    total: int
    begun: int
    succeeded: int
    failed: int
    next: str | None
    parallel: int
    state: Literal["running", "done", "cancelled"]
    reason: str
    note: str
    by: str
    started_at: str | None
    ended_at: str | None


class BackfillPreview(Backfill):
    """What a backfill would do: its first fire times, and how long it would take."""

    first: list[str]
    usual_ms: float | None
    lasts: str | None


class Backfills(Shape):
    """Backfills, the newest first."""

    backfills: list[Backfill]
    total: int


class MissedStretch(Shape):
    """Fire times that nobody could decide in time, and were not made up for."""

    execution_id: str
    job_id: str
    job_name: str
    namespace: str
    reason: str
    fires: int
    first: str
    last: str
    recorded_at: str


class Missed(Shape):
    """Missed stretches, the newest first; `fires` is how many fire times they hold."""

    missed: list[MissedStretch]
    fires: int
    more: bool
