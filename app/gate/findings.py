"""Findings: what people make of them."""

from __future__ import annotations

from app.gate.proposer import Proposer
from engine.model.finding import FindingState
from engine.state.messages import ChangeFinding


class Findings:
    """What people write of findings."""

    def __init__(self, proposer: Proposer):
        self._proposer = proposer

    async def judge(
        self, finding_id: str, state: FindingState, note: str, *, actor: str, request_id: str
    ) -> None:
        """Say what becomes of a finding.

        Raises:
            Refused: there is no such finding.
        """
        command = ChangeFinding(id=finding_id, state=state, note=note)
        await self._proposer.propose(command, actor, request_id)
