"""What every node agrees on: plain maps of nouns.

Only `engine.state.rules` writes here. Maps keep insertion order, which is log order, so that equal
indexes have equal bytes on every node; those are `engine/state/snapshot.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from engine.core.ids import ExecutionId, Instant, JobId, RequestId
from engine.model.backfill import Backfill
from engine.model.calendar import Calendar
from engine.model.execution import Execution, Status
from engine.model.finding import Finding
from engine.model.job import Job
from engine.model.model_card import ModelCard
from engine.model.pause import Pause
from engine.model.saved_query import SavedQuery
from engine.model.template import PublishedTemplate
from engine.state.messages import Accepted, NodeRegistered, Rejected, Result

REQUESTS_MAX = 10_000
IMPORT_LABELS_MAX = 1_000
REQUEST_AGE_US_MAX = 24 * 3600 * 1_000_000


def full_name(namespace: str, name: str) -> str:
    """The name by which people address a job.

    >>> full_name("default", "backup")
    'default/backup'
    """
    return f"{namespace}/{name}"


class LastRun(msgspec.Struct, frozen=True, gc=False):
    """How a job's latest execution went; `failures` counts those in a row."""

    scheduled_us: Instant
    status: Status
    failures: int = 0


@dataclass(slots=True)
class Remembered:
    """The answer given to a request, kept so that a retry gets the same one."""

    at: Instant
    accepted: Accepted | None
    rejected: Rejected | None

    @property
    def result(self) -> Result:
        """The answer, whichever it was."""
        result = self.accepted or self.rejected
        assert result is not None
        return result


@dataclass(slots=True)
class State:
    """The replicated state. `now` is the largest time seen in an entry; it never runs back.

    `by_name` has the jobs of each namespace by their name.
    `imports` is the index of the latest import of each label; `imports_floor` is the largest index
    of those that were forgotten, for which it answers. `models` has the versions of each kind and
    job, newest first; `trainings` since when people wait for one, by job, of all under "".
    """

    format: int = 2
    applied_index: int = 0
    now: Instant = 0
    epoch: int = 0
    leader: str = ""
    nonce: str = ""
    nodes: dict[str, NodeRegistered] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    by_name: dict[str, dict[str, JobId]] = field(default_factory=dict)
    next_us: dict[JobId, Instant] = field(default_factory=dict)
    last_runs: dict[JobId, LastRun] = field(default_factory=dict)
    executions: dict[ExecutionId, Execution] = field(default_factory=dict)
    open_by_job: dict[JobId, list[ExecutionId]] = field(default_factory=dict)
    pauses: dict[str, Pause] = field(default_factory=dict)
    backfills: dict[str, Backfill] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    requests: dict[RequestId, Remembered] = field(default_factory=dict)
    templates: dict[str, list[PublishedTemplate]] = field(default_factory=dict)
    queries: dict[str, SavedQuery] = field(default_factory=dict)
    imports: dict[str, int] = field(default_factory=dict)
    imports_floor: int = 0
    models: dict[str, list[ModelCard]] = field(default_factory=dict)
    trainings: dict[JobId, Instant] = field(default_factory=dict)
