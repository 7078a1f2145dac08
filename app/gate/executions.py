"""Executions on request: triggered, replayed, and cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.gate.proposer import Proposer
from app.gate.refused import Refused, known_job
from engine.core.ids import requested_execution_id
from engine.model.change_document import parse_change
from engine.model.execution import Execution, Status, Trigger
from engine.state.messages import CancelExecution, TriggerJob
from engine.state.view import View

FindExecution = Callable[[str], dict[str, Any] | None]


class Executions:
    """What people write of executions.

    Args:
        proposer: writes.
        view: where jobs and open executions are known.
        find: a finished execution by id, from this node's history.
    """

    def __init__(self, proposer: Proposer, view: View, find: FindExecution):
        self._proposer = proposer
        self._view = view
        self._find = find

    async def trigger(self, ref: str, *, actor: str, request_id: str) -> Execution:
        """Run a job now.

        Raises:
            Refused: there is no such job, or it forbids overlap and runs.
        """
        job = known_job(self._view, ref)
        command = TriggerJob(job_id=job.id, execution_id=requested_execution_id(job.id, request_id))
        return await self._start(command, actor, request_id)

    async def replay(
        self, execution_id: str, *, actor: str, request_id: str, change: Any = None
    ) -> Execution:
        """Run a finished execution's job again, noted as its replay.

        Args:
            execution_id: of the original.
            actor: who asks.
            request_id: of the intention.
            change: what this replay sends otherwise than the job, as a document; None for nothing.

        Raises:
            InvalidDocument: the change's faults.
            Refused: the execution or its job is not known, or overlap is forbidden.
        """
        open_one = self._view.execution(execution_id)
        known = self._find(execution_id)
        if open_one is None and known is None:
            raise Refused("NOT_FOUND", f"there is no execution {execution_id}")
        ref = open_one.job_id if open_one else str((known or {})["job_id"])
        job = known_job(self._view, ref)
        command = TriggerJob(
            job_id=job.id,
            execution_id=requested_execution_id(job.id, request_id),
            trigger=Trigger.REPLAY,
            replay_of=execution_id,
            change=None if change is None else parse_change(change, job),
        )
        return await self._start(command, actor, request_id)

    async def cancel(self, execution_id: str, *, actor: str, request_id: str) -> Execution:
        """End an open execution; the answer is as it was before.

        Raises:
            Refused: it is not open (409) or not known at all (404).
        """
        execution = self._view.execution(execution_id)
        if execution is None:
            if self._find(execution_id) is None:
                raise Refused("NOT_FOUND", f"there is no execution {execution_id}")
            raise Refused("CONFLICT", f"execution {execution_id} is over already")
        await self._proposer.propose(CancelExecution(id=execution_id), actor, request_id)
        return execution

    async def _start(self, command: TriggerJob, actor: str, request_id: str) -> Execution:
        identity = await self._proposer.propose(command, actor, request_id)
        execution = self._view.execution(str(identity))
        if execution is not None:
            return execution
        # It ended between the answer and this look: say what it was when it was asked for.
        job = known_job(self._view, command.job_id)
        return Execution(
            id=str(identity),
            job_id=job.id,
            job_version=job.version,
            trigger=command.trigger,
            scheduled_us=self._view.now_us,
            status=Status.PENDING,
            replay_of=command.replay_of,
            change=command.change,
        )
