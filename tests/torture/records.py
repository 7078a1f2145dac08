"""What the checker reads: arrivals, rows of the histories, and what was asked of the cluster.

All instants are microseconds UTC, but for `at` of an arrival, which is in seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAUSE_S = 20
"""For so long a torture pauses jobs; most pauses are ended sooner."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request at the sink, in the order of arrival."""

    at: float
    path: str
    key: str
    scheduled_us: int
    attempt: int

    @property
    def job(self) -> str:
        """The name of the job, which is the last part of the path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Run:
    """A row of `executions`: a run that is over, or a stretch of skipped fire times."""

    index: int
    position: int
    recorded_us: int
    id: str
    job_id: str
    job_name: str
    status: str
    reason: str
    trigger: str
    scheduled_us: int
    until_us: int | None
    started_us: int | None
    completed_us: int
    fires: int

    @property
    def last_us(self) -> int:
        """The last fire time that the row stands for."""
        return self.scheduled_us if self.until_us is None else self.until_us


@dataclass(frozen=True, slots=True)
class Attempt:
    """A row of `attempts`."""

    index: int
    position: int
    execution_id: str
    attempt: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Change:
    """A row of `job_versions`: what a job was from there on."""

    index: int
    position: int
    recorded_us: int
    job_id: str
    job_name: str
    version: int
    change: str
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """What one node says that happened, in the order of the log."""

    runs: list[Run]
    attempts: list[Attempt]
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Write:
    """Something that was asked of the cluster and acknowledged.

    `asked` and `acknowledged` are seconds by the torture's own clock. `proof` is what must be
    found: a description, an execution, a pause.
    """

    asked: float
    acknowledged: float
    kind: str
    job: str
    proof: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that was gathered of one torture.

    At `end_us`, after the log entry `end_index`, the torture began to switch all jobs off.
    `pauses` are the ids of those that are known; `skew_us` says by how much nodes' clocks may
    have differed.
    """

    arrivals: list[Arrival]
    histories: dict[str, History]
    writes: list[Write]
    end_us: int
    end_index: int
    skew_us: int = 0
    pauses: set[str] = field(default_factory=set)

    @property
    def agreed(self) -> History:
        """The history of one node; that all are equal is checked apart."""
        return next(iter(self.histories.values()))


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that must not be: its kind, and the records that show it."""

    kind: str
    text: str


def instant(text: str) -> int:
    """The instant of RFC 3339 text."""
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def arrivals_of(lines: Iterable[dict[str, Any]]) -> list[Arrival]:
    """The arrivals of the sink's lines."""
    return [
        Arrival(line["at"], line["path"], line["key"], instant(line["scheduled"]), line["attempt"])
        for line in lines
    ]
