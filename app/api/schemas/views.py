"""The cluster at a glance: overview, timeline, calendar, events."""

from __future__ import annotations

from typing import Any, Literal

from app.api.schemas.envelope import Shape


class Overview(Shape):
    """The cluster at a glance."""

    window: str
    counts: dict[str, int]
    runs_per_minute: float
    success_rate: float | None
    running: int
    pending: int
    lateness_ms: dict[str, float | None]
    series: list[dict[str, Any]]
    attention: list[dict[str, Any]]
    up_next: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
    jobs_total: int
    jobs_enabled: int


class Mark(Shape):
    """What is drawn in a lane: an ended run or several merged ones, an open one, a coming fire."""

    kind: Literal["run", "open", "planned"]
    runs: int
    status: str
    counts: dict[str, int]
    fire: str | None
    to: str | None
    lateness_ms: float | None
    execution_id: str | None
    job_id: str
    job_name: str


class Lane(Shape):
    """A row of the timeline; `cell_s` is the stretch that a merged mark stands for, or 0."""

    key: str
    label: str
    runs: int
    failed: int
    cell_s: float
    planned_more: bool
    marks: list[Mark]


class Timeline(Shape):
    """A window in lanes of marks."""

    since: str
    until: str
    now: str
    by: str
    lanes: list[Lane]
    lanes_total: int
    open_more: int


class Calendar(Shape):
    """A year by day, and by hour of the week (0 is Monday), on the clock of a zone."""

    year: int
    zone: str
    runs: int
    failed: int
    skipped: int
    days: list[dict[str, Any]]
    hours: list[dict[str, Any]]


class EventDocument(Shape):
    """One fact of the log; its id is its place there, the same on every node."""

    id: str
    at: str
    kind: str
    namespace: str
    job_id: str
    job_name: str
    execution_id: str
    status: str
    attempt: int | None
    node_id: str
    actor: str
    text: str


class Events(Shape):
    """The newest events, newest first; `missed` says that some after `after` are gone."""

    events: list[EventDocument]
    newest: str
    missed: bool
