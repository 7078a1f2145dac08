"""How long a caller may take to send a body and to take an answer, and the end of all patience.

What a request itself waits for (`?wait=30s`, a query) is not counted: only the caller's part is.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import Refusal, failure
from engine.core.errors import Problem

STALLED: Final = "chronos.stalled"
"""Set in the scope of a request whose answer is not taken any more; an answer without end stops."""
_LOG: Final = structlog.get_logger("app.api")


class Patience:
    """Bounds a caller's slowness, so that a stalled one does not hold a connection for ever.

    Args:
        read_us: from the end of a request's head to the end of its body, microseconds.
        write_us: for each piece of an answer to be taken, microseconds.
    """

    def __init__(self, app: ASGIApp, *, read_us: int, write_us: int):
        self.app = app
        self.read_s = read_us / 1e6
        self.write_s = write_us / 1e6

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; a body that comes too slowly is answered 408, and 503 what a stop cuts off."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        until = asyncio.get_running_loop().time() + self.read_s
        reading, taken, begun = True, True, False

        async def receive_in_time() -> Message:
            nonlocal reading
            if not reading:  # the next message is the caller's leaving, whenever that is
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                reason = f"did not arrive within {self.read_s:g} s"
                problem = Problem("body", reason, "send it faster, or in smaller requests")
                raise Refusal("REQUEST_TIMEOUT", f"the body {reason}", [problem]) from None
            reading = bool(message.get("more_body"))
            return message

        async def send_in_time(message: Message) -> None:
            nonlocal taken, begun
            begun = True
            if not taken:
                return
            try:
                async with asyncio.timeout(self.write_s):
                    await send(message)
            except TimeoutError:
                # The server closes the connection of an answer that is never completed.
                taken = False
                scope[STALLED] = True
                _LOG.warning("answer not taken in time, dropped", path=scope["path"])

        try:
            await self.app(scope, receive_in_time, send_in_time)
        except asyncio.CancelledError:
            # The server stops and has waited long enough; nobody else cancels a request.
            if not begun:
                refusal = failure("NO_LEADER", "this node stops; ask again, or ask another node")
                await refusal(scope, receive, send)
