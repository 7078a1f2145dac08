"""Models: trained on request."""

from __future__ import annotations

from app.gate.proposer import Proposer
from engine.core.ids import Instant
from engine.model.job import Job
from engine.state.messages import TrainModels


class Models:
    """What people write of models."""

    def __init__(self, proposer: Proposer):
        self._proposer = proposer

    async def train(self, job: Job | None, *, actor: str, request_id: str) -> Instant:
        """Ask the leader to train the models of a job, or of all; since when that waits.

        Raises:
            Refused: too many trainings are waiting, or the job is gone.
        """
        command = TrainModels(job_id=job.id if job else "")
        at: Instant = await self._proposer.propose(command, actor, request_id)
        return at
