"""What is unusual about runs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.envelope import Shape


class Finding(Shape):
    """An episode of unusual runs, as one detector sees it."""

    id: str
    job_id: str
    job_name: str
    namespace: str
    imported: bool
    timezone: str = Field("", description="Of the job; empty where it is gone.")
    detector: str
    title: str
    explanation: str
    signal: Literal["duration", "failures", "cadence", "mixed"]
    state: Literal["open", "acknowledged", "muted", "resolved"]
    first_at: str
    last_at: str
    runs: int
    score: float
    value: float
    low: float
    high: float
    unit: str
    execution_id: str
    evidence: str
    by: str
    note: str


class Findings(Shape):
    """Findings, the latest first."""

    findings: list[Finding]
    total: int
    next_cursor: str | None


class Verdict(Shape):
    """What the band says of a job's runs at a glance."""

    unusual: int = Field(description="Runs that left the band.")
    latest: int = Field(description="How many of them were the latest, one after the other.")
    words: str


class Anomalies(Shape):
    """A job's latest runs as a detector judges them; `score` 1 is the edge of the band."""

    job_id: str
    job_name: str
    namespace: str
    imported: bool
    timezone: str = Field("", description="Of the job; empty of an imported one.")
    detector: str
    unit: str
    least: int
    enough: bool
    verdict: Verdict
    detectors: list[dict[str, Any]]
    back_tests: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    deploys: list[dict[str, Any]]
    findings: list[Finding]
