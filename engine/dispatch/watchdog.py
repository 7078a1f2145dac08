"""Finds running attempts that nobody on the leader holds, and has them declared lost.

An attempt is leased to the dispatcher of the leader that began it. Between nodes the epoch ends the
lease; this ends it on a node that lives. Whatever a fault of ours or of a protocol loses is found
here, so that no execution stays "running" and no job with `forbid` is blocked by one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from engine.core.errors import ChronosError
from engine.dispatch.outbox import Outbox
from engine.dispatch.worker import Attempt, Worker
from engine.model.execution import Status
from engine.raft.store import Store, accepted
from engine.state.features import needed
from engine.state.messages import LoseAttempts, Lost

log = structlog.get_logger(__name__)

LOOK_S = 5.0
"""An attempt on its way from one hand to the next is in neither for less than this."""

BATCH_MAX = 1000


class Watchdog:
    """Looks while this node leads.

    Args:
        node: this node's id, the actor of its proposals.
        level: up to which level all nodes understand the log; an older one stops at what it
            does not know.
    """

    def __init__(
        self, node: str, store: Store, worker: Worker, outbox: Outbox, level: Callable[[], int]
    ):
        self._node = node
        self._store = store
        self._worker = worker
        self._outbox = outbox
        self._level = level
        self._suspects: set[Attempt] = set()
        self._turns = 0

    async def run(self, epoch: int) -> None:
        """Look again and again under `epoch`, until cancelled."""
        self._suspects.clear()
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look(epoch)

    async def look(self, epoch: int) -> None:
        """Declare lost what was unheld at the look before and still is.

        A thread that has not moved since may have anything in its hands; if it never moves again,
        this node ends.
        """
        turns, self._turns = self._turns, self._worker.turns
        if turns == self._turns:
            return
        unheld = self._unheld(epoch)
        lost = sorted(unheld & self._suspects)
        self._suspects = unheld
        if not lost:
            return
        command = LoseAttempts(
            epoch=epoch, attempts=tuple(Lost(*attempt) for attempt in lost[:BATCH_MAX])
        )
        if self._level() < needed(command)[0]:
            log.error("nobody holds some attempts; upgrade all nodes", count=len(lost))
            return
        log.error("attempts that nobody holds are declared lost", count=len(lost), first=lost[0])
        try:
            answer = await self._store.propose(command, actor=self._node)
        except ChronosError as error:
            log.warning("lost attempts not answered, looked at again", error=str(error))
        else:
            if not accepted(answer):
                log.warning("lost attempts refused", answer=answer)

    def _unheld(self, epoch: int) -> set[Attempt]:
        running = {
            (execution.id, execution.attempt)
            for execution in self._store.view.open_executions()
            if execution.status is Status.RUNNING and execution.epoch == epoch
        }
        ended = self._outbox.attempts()
        return {one for one in running - ended if not self._worker.holds(one)}
