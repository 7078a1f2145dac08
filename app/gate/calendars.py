"""Calendars: kept with what they do to the jobs that observe them, and forgotten."""

from __future__ import annotations

from app.gate.fire_times import FireTimes
from app.gate.level import ClusterLevel
from app.gate.proposer import Proposer
from engine.model.calendar import Calendar
from engine.state.messages import DeleteCalendar, SaveCalendar
from engine.state.view import View


class Calendars:
    """What people write of calendars."""

    def __init__(self, proposer: Proposer, view: View, fires: FireTimes, level: ClusterLevel):
        self._proposer = proposer
        self._view = view
        self._fires = fires
        self._level = level

    async def save(
        self, calendar: Calendar, *, if_version: int | None, actor: str, request_id: str
    ) -> None:
        """Keep a resolved calendar; the jobs that observe it fire by it from now on.

        Raises:
            Refused: another version than the wanted one is there, or there are too many.
        """

        def save() -> SaveCalendar:
            observers = [job for job in self._view.jobs() if job.spec.calendar == calendar.name]
            reason = f"calendar {calendar.name} by {actor}"
            due = (self._fires.due(job, reason) for job in observers)
            return SaveCalendar(
                calendar=calendar,
                if_version=if_version,
                moved=self._fires.moved(observers, calendar),
                superseded=tuple(skip for skip in due if skip is not None),
                is_exact=self._level.is_exact,
            )

        await self._proposer.decide(save, actor, request_id)

    async def delete(self, name: str, *, actor: str, request_id: str) -> None:
        """Forget a calendar.

        Raises:
            Refused: there is none, or jobs observe it.
        """
        await self._proposer.propose(DeleteCalendar(name=name), actor, request_id)
