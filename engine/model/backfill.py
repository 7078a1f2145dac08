"""A backfill: past fire times of a job that are run now, a few at a time.

It holds stretches and a cursor, never a list: a year of seconds costs as much as one.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

from engine.core.ids import Instant, JobId
from engine.timing.schedule import Schedule, Span, Within


class BackfillState(StrEnum):
    """Where a backfill stands."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """All instants are microseconds UTC.

    Attributes:
        spans: ascending stretches, each from an instant (included) to another (excluded).
        total: how many fire times they held when it was asked for.
        next_us: the first fire time that was not begun; None when all were.
        begun, succeeded, failed: fire times that were begun, and how those ended that did; what
            was cancelled or is unknown counts as failed.
        parallel: the most runs at once, within the job's own concurrency.
        ended_us: when it was done or cancelled; None before.
    """

    id: str
    job_id: JobId
    spans: tuple[Span, ...]
    total: int
    next_us: Instant | None
    parallel: int = 1
    begun: int = 0
    succeeded: int = 0
    failed: int = 0
    state: BackfillState = BackfillState.RUNNING
    reason: str = ""
    note: str = ""
    by: str = ""
    started_us: Instant = 0
    ended_us: Instant | None = None

    @property
    def open(self) -> int:
        """Runs that are under way or wait for theirs."""
        return self.begun - self.succeeded - self.failed

    def fires(self, schedule: Schedule) -> Schedule:
        """The fire times of the job's schedule that it is about."""
        return Within(schedule, self.spans)


def merged(spans: list[Span]) -> tuple[Span, ...]:
    """The same stretches, ascending and apart.

    >>> merged([(5, 7), (1, 3), (2, 5)])
    ((1, 7),)
    """
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def clipped(spans: tuple[Span, ...], start: Instant, end: Instant) -> tuple[Span, ...]:
    """The parts of stretches that lie in start <= t < end."""
    first = bisect_right([span[1] for span in spans], start)
    pairs = [(max(a, start), min(b, end)) for a, b in spans[first:]]
    return tuple((a, b) for a, b in pairs if a < b)
