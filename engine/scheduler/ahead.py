"""What will be proposed at a moment that is near, planned while there is time.

Nothing is claimed before its moment. A plan that lost its race by then is passed over by the
machine, for claims are compare-and-set; but which fire time *follows* a claim is the planner's
word, and so a plan is dropped when a job, a calendar or a pause changed after it was made.
"""

from __future__ import annotations

from typing import Final

from engine.core.ids import Instant, JobId
from engine.scheduler.planner import Plan
from engine.state.messages import (
    CalendarDeleted,
    CalendarSaved,
    Committed,
    JobDeleted,
    JobsPaused,
    JobsResumed,
    JobSwitched,
    JobUpdated,
)

AHEAD_US: Final = 500_000
"""So long before its moment what comes due is planned."""

_CHANGES: Final = frozenset(
    {
        JobUpdated,
        JobSwitched,
        JobDeleted,
        CalendarSaved,
        CalendarDeleted,
        JobsPaused,
        JobsResumed,
    }
)

Planned = tuple[list[JobId], Plan]


class Ahead:
    """The plans for one moment, `at`; None while there are none."""

    def __init__(self) -> None:
        self.at: Instant | None = None
        self._plans: list[Planned] = []
        self._given_up: Instant | None = None

    def takes(self, at: Instant, now: Instant) -> bool:
        """Whether what is due at a moment may be planned now; one moment at a time."""
        return now < at <= now + AHEAD_US and at != self._given_up and self.at in (None, at)

    @property
    def is_empty(self) -> bool:
        """Whether there is no plan."""
        return not self._plans

    def add(self, at: Instant, jobs: list[JobId], plan: Plan) -> None:
        """Keep a plan for its moment."""
        self.at = at
        self._plans.append((jobs, plan))

    def pop(self, now: Instant) -> list[Planned]:
        """The plans whose moment has come."""
        return self.drop() if self.at is not None and self.at <= now else []

    def drop(self) -> list[Planned]:
        """All plans; they are forgotten here."""
        plans, self._plans, self.at = self._plans, [], None
        return plans

    def is_changed_by(self, committed: Committed) -> bool:
        """Whether the plans no longer hold; their moment is not planned ahead again."""
        if self.at is None or _CHANGES.isdisjoint(map(type, committed.events)):
            return False
        self._given_up = self.at
        return True
