"""Backfills: started as they were planned, and stopped."""

from __future__ import annotations

from app.gate.level import ClusterLevel
from app.gate.proposer import Proposer
from engine.model.backfill import Backfill
from engine.state.messages import CancelBackfill, StartBackfill


class Backfills:
    """What people write of backfills."""

    def __init__(self, proposer: Proposer, level: ClusterLevel):
        self._proposer = proposer
        self._level = level

    async def start(
        self, backfill: Backfill, *, generation: int, actor: str, request_id: str
    ) -> None:
        """Run past fire times of a job, as planned by its schedule of a generation.

        Raises:
            Refused: the job is gone or was edited, or too many backfills are running.
        """
        command = StartBackfill(backfill=backfill, generation=self._level.stated(generation))
        await self._proposer.propose(command, actor, request_id)

    async def cancel(self, identity: str, *, actor: str, request_id: str) -> None:
        """Begin no more of a backfill.

        Raises:
            Refused: there is no such backfill.
        """
        await self._proposer.propose(CancelBackfill(id=identity), actor, request_id)
