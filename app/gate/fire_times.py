"""What a command says of fire times: those to come, and those due that an edit decides.

All of it is computed before the log, of the present and at the time of the log.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.gate.level import ClusterLevel
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.model.calendar import Calendar
from engine.model.job import Job, JobSpec
from engine.model.reader import one_of
from engine.raft.store import Store
from engine.scheduler.planner import skip_through
from engine.state.messages import Skip
from engine.timing.parse import schedule_of


class FireTimes:
    """Of jobs and their specs, by the calendars that they observe."""

    def __init__(self, store: Store, level: ClusterLevel):
        self._store = store
        self._level = level

    def by_calendar(self, spec: JobSpec) -> int:
        """The version of the calendar of a spec; read before fire times are computed by it."""
        calendar = self._store.view.calendar(spec.calendar) if spec.calendar else None
        return calendar.version if calendar else 0

    def next(self, spec: JobSpec, job: str) -> Instant | None:
        """The next fire time of a spec.

        Raises:
            InvalidDocument: it observes a calendar that is not there, or that leaves it no fire.
        """
        view = self._store.view
        if spec.calendar and view.calendar(spec.calendar) is None:
            names = [calendar.name for calendar in view.calendars()]
            hint = one_of(spec.calendar, names) if names else "chronosctl calendar apply -f FILE"
            reason = f"there is no calendar {spec.calendar}"
            raise InvalidDocument([Problem("calendar", reason, hint)])
        fire = view.fires_of(spec, job).next_after(self._store.now_us())
        if fire is None and spec.calendar and schedule_of(spec.timing, job).next_after(0):
            reason = f"{spec.calendar} leaves the job no fire time in fifty years"
            raise InvalidDocument([Problem("calendar", reason, "on_closed: next, or another one")])
        return fire

    def moved(
        self, observers: Iterable[Job], calendar: Calendar
    ) -> tuple[tuple[str, int, Instant | None], ...]:
        """Their next fire times by the calendar as it will be; each with id and generation."""
        now, closures = self._store.now_us(), calendar.closures
        return tuple(
            (
                job.id,
                job.generation,
                job.spec.fires(job.id, closures).next_after(now) if job.enabled else None,
            )
            for job in observers
        )

    def due(self, job: Job, why: str) -> Skip | None:
        """What of a job is due and not decided, as an edit decides it."""
        view, now = self._store.view, self._store.now_us()
        first = view.next_us(job.id)
        if first is None or first > now or not self._level.is_exact:
            return None
        reason = f"superseded: {why} came before it was decided"
        return skip_through(job, view.fires(job), first, now, reason)
