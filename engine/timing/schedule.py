"""When a job fires: the Schedule protocol and its kinds that are no cron expression.

Instants are whole microseconds since the epoch, UTC. Everything is pure: a schedule has no clock
and answers the same for the same instant, on every node.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from engine.core.ids import Instant
from engine.timing.cron import BETWEEN_MAX

Span = tuple[Instant, Instant]
"""From an instant (included) to another (excluded)."""


class Schedule(Protocol):
    """The fire times of a job."""

    def next_after(self, instant: Instant) -> Instant | None:
        """Return the first fire strictly after `instant`; None when it never fires again."""

    def last_before(self, instant: Instant) -> Instant | None:
        """Return the last fire strictly before `instant`; None when it had never fired."""

    def between(self, start: Instant, end: Instant, limit: int = BETWEEN_MAX) -> list[Instant]:
        """Return the fires t with start < t <= end, the earliest `limit` of them, ascending."""

    def count(self, start: Instant, end: Instant) -> int:
        """Return how many fires t have start < t <= end, without making them one by one."""


@dataclass(frozen=True, slots=True)
class Every:
    """A fire once a period, `phase_us` after its multiples since the epoch.

    So the fires are the same whichever node leads, and whenever it was started.
    """

    period_us: int
    phase_us: int = 0

    def next_after(self, instant: Instant) -> Instant:
        """Return the first fire after `instant`."""
        return instant + self.period_us - (instant - self.phase_us) % self.period_us

    def last_before(self, instant: Instant) -> Instant:
        """Return the last fire before `instant`."""
        return self.next_after(instant - 1) - self.period_us

    def between(self, start: Instant, end: Instant, limit: int = BETWEEN_MAX) -> list[Instant]:
        """Return the fires in start < t <= end, the earliest `limit`."""
        fires = range(self.next_after(start), end + 1, self.period_us)
        return list(fires[:limit])

    def count(self, start: Instant, end: Instant) -> int:
        """Return how many fires t have start < t <= end."""
        first, last = ((at - self.phase_us) // self.period_us for at in (start, end))
        return max(0, last - first)


@dataclass(frozen=True, slots=True)
class Once:
    """A single fire."""

    at: Instant

    def next_after(self, instant: Instant) -> Instant | None:
        """Return the fire while it is ahead of `instant`, None from then on."""
        return self.at if self.at > instant else None

    def last_before(self, instant: Instant) -> Instant | None:
        """Return the fire once it lies before `instant`, None until then."""
        return self.at if self.at < instant else None

    def between(self, start: Instant, end: Instant, limit: int = BETWEEN_MAX) -> list[Instant]:
        """Return the fire if start < fire <= end."""
        return [self.at] if start < self.at <= end and limit > 0 else []

    def count(self, start: Instant, end: Instant) -> int:
        """Return 1 if start < fire <= end, else 0."""
        return int(start < self.at <= end)


@dataclass(frozen=True, slots=True)
class Within:
    """The fires of a schedule that lie in one of some spans; these ascend and do not touch."""

    schedule: Schedule
    spans: tuple[Span, ...]

    def next_after(self, instant: Instant) -> Instant | None:
        """Return the first fire strictly after `instant`; None when it never fires again."""
        for start, end in self.spans[bisect_right(self.spans, instant + 1, key=itemgetter(1)) :]:
            fire = self.schedule.next_after(max(instant, start - 1))
            if fire is None or fire < end:
                return fire
        return None

    def last_before(self, instant: Instant) -> Instant | None:
        """Return the last fire strictly before `instant`; None when it had never fired."""
        known = bisect_right(self.spans, instant - 1, key=itemgetter(0))
        for start, end in reversed(self.spans[:known]):
            fire = self.schedule.last_before(min(instant, end))
            if fire is None or fire >= start:
                return fire
        return None

    def between(self, start: Instant, end: Instant, limit: int = BETWEEN_MAX) -> list[Instant]:
        """Return the fires t with start < t <= end, the earliest `limit` of them, ascending."""
        fires: list[Instant] = []
        for low, high in self._common(start, end):
            fires += self.schedule.between(low, high, limit - len(fires))
        return fires

    def count(self, start: Instant, end: Instant) -> int:
        """Return how many fires t have start < t <= end."""
        return sum(self.schedule.count(low, high) for low, high in self._common(start, end))

    def _common(self, start: Instant, end: Instant) -> list[Span]:
        """What the spans have in common with start < t <= end, in that form."""
        pairs = [(max(start, first - 1), min(end, last - 1)) for first, last in self.spans]
        return [(low, high) for low, high in pairs if low < high]
