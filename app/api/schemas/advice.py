"""Recommendations for one job, and the balance of many."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from app.api.schemas.envelope import Shape
from app.api.schemas.jobs import Job, RetryPolicy


class TimeSlot(Shape):
    """An hour of the day in the job's zone; `score` is 0 to 1, `load` in starts a minute."""

    hour: int
    score: float
    success_rate: float
    success_low: float
    runs: int
    failures: int
    duration_ms: float | None
    lateness_ms: float | None
    load: float


class AdviceBackTest(Shape):
    """How the suggestion did on runs that it was not learned from; gains are shares."""

    learned: int
    judged: int
    holds: bool
    time_saved: float
    failures_saved: float
    agreement: float


class RetrySuggestion(Shape):
    """Another retry policy, or why none; `cures` counts what each attempt did."""

    suggested: RetryPolicy | None
    why: str
    cures: list[dict[str, int]]


class Recommendations(Shape):
    """All that a job's past advises; `confidence` is the share of resamples that agree."""

    job_id: str
    version: int
    runs: int
    enough: bool
    schedule: str
    timezone: str
    optimal_time_slots: list[TimeSlot]
    suggested_schedule: str | None
    why: str
    insights: list[str]
    confidence: float
    retry: RetrySuggestion
    backtest: AdviceBackTest | None
    next_today: list[dict[str, str]]
    next_suggested: list[dict[str, str]]


class Outlook(Shape):
    """What a schedule would have meant; null where nothing is known of its hours."""

    schedule: str
    fires: int
    failing: float | None
    turnaround_ms: float | None
    by_hour: list[int]


class WhatIf(Shape):
    """The last 30 days with the suggested schedule; `gone` and `added` are fires."""

    job_id: str
    since: str
    until: str
    why: str
    today: Outlook
    suggested: Outlook | None
    gone: list[str]
    added: list[str]


class AppliedAdvice(Shape):
    """The job after the advice; `rolled_back_by` undoes it."""

    job: Job
    previous_version: int
    new_version: int
    rolled_back_by: str


class BalancePeak(Shape):
    """A week minute by minute, told by its fullest minutes."""

    starts: int
    load: int
    at: str | None
    per_minute: list[int]


class BalanceMove(Shape):
    """A job that would start later within its window, whose end stays."""

    job_id: str
    job_name: str
    namespace: str
    version: int
    minutes: int
    schedule: str
    new_schedule: str
    window: str
    new_window: str


class BalanceBatch(Shape):
    """Moves that were applied together."""

    batch: str
    at: str
    by: str
    moved: int
    undoable: int


class BalancePlan(Shape):
    """Herds before and after; `per_minute` is the day of today's fullest minute, from 00:00 UTC."""

    since: str
    jobs: int
    windows: int
    steady_per_minute: float
    why: str
    day: str
    before: BalancePeak
    after: BalancePeak
    moves: list[BalanceMove]
    batches: list[BalanceBatch]


class BalanceRequest(Shape):
    """What to apply: all moves, or those of the jobs named, as they were seen."""

    jobs: list[dict[str, Any]] | None = Field(
        None, description='{"id": ..., "version": ...}; without a version, whatever it is.'
    )
    switched_off: bool = False
    namespace: str | None = None


class BalanceUndo(Shape):
    """Which moves to take back."""

    batch: str


class BalanceDone(Shape):
    """What was changed, and what was left alone, and why."""

    batch: str
    changed: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
