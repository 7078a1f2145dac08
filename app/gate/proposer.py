"""Has a command agreed on, once or until the present holds still, and tells a refusal as `Refused`.

Every subject of the gate writes through it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from app.gate.level import ClusterLevel
from app.gate.refused import Refused, refused
from engine.raft.store import Store
from engine.state.messages import Accepted, Barrier, Command, Rejected, Result

DECIDE_TRIES: Final = 10
_MOVED_ON: Final = ("superseded", "moved")
"""Fields of refusals that say: look again."""


class Proposer:
    """Proposes what all members understand; `actor` is who asks, `request_id` the intention's."""

    def __init__(self, store: Store, level: ClusterLevel):
        self._store = store
        self._level = level

    async def send(self, command: Command, actor: str, request_id: str) -> Result:
        """The machine's answer to a command.

        Raises:
            Refused: a member does not understand it.
        """
        self._level.check(command)
        return await self._store.propose(command, actor=actor, request_id=request_id)

    async def propose(self, command: Command, actor: str, request_id: str) -> Any:
        """The value that the machine accepted a command with.

        Raises:
            Refused: it did not, or a member does not understand it.
        """
        result = await self.send(command, actor, request_id)
        if isinstance(result, Rejected):
            raise refused(result)
        return result.value

    async def decide(self, make: Callable[[], Command], actor: str, request_id: str) -> Any:
        """Propose what `make` makes of the present, again where that has moved on meanwhile.

        Raises:
            Refused: for another reason, or too often.
        """
        await self._store.ready()
        for number in range(DECIDE_TRIES):
            # The first is the request itself; each later look is one of its own, as answers are
            # remembered. A repeated request meets the same answers in the same order.
            name = f"{request_id}:{number}" if number else request_id
            # Schedules are computed here, of many jobs for a calendar: not on the loop's thread.
            command = await asyncio.to_thread(make)
            result = await self.send(command, actor, name)
            if isinstance(result, Accepted):
                return result.value
            if result.field not in _MOVED_ON:
                raise refused(result)
        raise Refused("CONFLICT", "what it is about keeps changing right now; try again")

    async def barrier(self) -> None:
        """Return when this node has applied everything that was committed before the call."""
        await self.propose(Barrier(), "barrier", "")
