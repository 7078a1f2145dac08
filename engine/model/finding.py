"""A finding: what a detector says is unusual about a job's runs, and what people made of it.

open ──► acknowledged ──► resolved
  │            │              ▲
  └──► muted ──┴──────────────┘   resolved by a person, or by itself once the runs are usual again
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from engine.core.ids import ExecutionId, Instant, JobId


class FindingState(StrEnum):
    """What became of a finding; `muted` hides it until it ends."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MUTED = "muted"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One episode of unusual runs of a job, as one detector sees it.

    Attributes:
        id: a hash of job, detector and first run, so that who reports it again adds nothing.
        signal: duration, failures, cadence or mixed.
        first_us: fire time of the first unusual run, microseconds UTC.
        last_us: that of the latest.
        runs: how many runs left the band.
        score: how far the worst of them was, in halves of the band; 1 is its edge.
        value: what the worst run measured, in `unit`; `low` and `high` were its band.
        execution_id: the worst run.
        evidence: the same in words.
        by: who changed the state last; empty while nobody has.
        note: why they did.
        job_name: of an imported job that this cluster does not have; empty for its own jobs.
        namespace: likewise.
        recorded_us: when a finding of an imported job was recorded: its runs may be years old.
    """

    id: str
    job_id: JobId
    detector: str
    signal: str
    first_us: Instant
    last_us: Instant
    runs: int
    score: float
    value: float
    low: float
    high: float
    unit: str
    execution_id: ExecutionId
    evidence: str
    state: FindingState = FindingState.OPEN
    by: str = ""
    note: str = ""
    job_name: str = ""
    namespace: str = ""
    recorded_us: Instant = 0
