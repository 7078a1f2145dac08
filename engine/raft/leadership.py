"""Leadership as the cluster agreed on it: a committed claim whose index is the epoch.

Raft's own leader is a belief of one node. Here a node that Raft elects proposes a claim; when the
claim is applied, everything before it is applied too, and its index fences every scheduling command
of earlier owners. Work runs between that moment and the loss of the role.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from engine.core.errors import ChronosError
from engine.core.ids import new_request_id
from engine.raft.store import Store, accepted
from engine.state.messages import Accepted, ClaimLeadership

log = structlog.get_logger(__name__)

RETRY_S = 0.1
FAULT_S = 1.0
"""Work that failed begins again after so long: each beginning makes attempts lost."""
Work = Callable[[int], Awaitable[None]]


class Leadership:
    """Runs `work(epoch)` while this node owns scheduling, and cancels it on loss.

    Args:
        node: this node's id.
        work: a coroutine function that runs until cancelled.
    """

    def __init__(self, node: str, store: Store, work: Work):
        self._node = node
        self._store = store
        self._work = work
        self._wanted = asyncio.Event()
        self._lost = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leading = False
        self.epoch = 0
        """The epoch under which this node owns scheduling; 0 when it does not."""

    def on_role(self, role: str) -> None:
        """Raft's word that this node's role changed; callable from any thread."""
        self._leading = role == "leader"
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._turn, self._leading)

    def _turn(self, leading: bool) -> None:
        if leading:
            self._lost.clear()
            self._wanted.set()
        else:
            self.epoch = 0
            self._wanted.clear()
            self._lost.set()

    async def run(self) -> None:
        """Claim, work, lose, and wait for the next time, until cancelled."""
        self._loop = asyncio.get_running_loop()
        if self._leading:  # Raft elected this node before the loop was there to hear it
            self._turn(leading=True)
        while True:
            await self._wanted.wait()
            epoch = await self._claim()
            if not epoch:
                await asyncio.sleep(RETRY_S)
            elif not await self._hold(epoch):
                await asyncio.sleep(FAULT_S)

    async def _claim(self) -> int:
        command = ClaimLeadership(node=self._node, nonce=new_request_id())
        try:
            result = await self._store.propose(command, actor=self._node, request_id=command.nonce)
        except ChronosError as error:
            log.warning("leadership claim not answered", error=str(error))
            return 0
        if not accepted(result) or not isinstance(result, Accepted):
            return 0
        return int(result.value)

    async def _hold(self, epoch: int) -> bool:
        """Work until leadership is lost; False where the work failed."""
        if not self._wanted.is_set() or self._store.view.epoch != epoch:
            return True
        self.epoch = epoch
        log.info("leadership taken", epoch=epoch)
        work = asyncio.ensure_future(self._work(epoch))
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({work, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.epoch = 0
            lost.cancel()
            work.cancel()
            outcome = await asyncio.gather(work, return_exceptions=True)
            faults = [fault for fault in outcome if isinstance(fault, Exception)]
            for fault in faults:
                log.error("leader's work failed; it starts again", exc_info=fault)
        log.info("leadership laid down", epoch=epoch)
        return not faults
