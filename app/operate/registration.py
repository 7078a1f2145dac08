"""A node tells the cluster how it is reached and what it understands."""

from __future__ import annotations

import asyncio

import structlog

from engine.core.errors import ChronosError
from engine.core.ids import new_request_id
from engine.raft.store import Store
from engine.state.messages import RegisterNode

log = structlog.get_logger(__name__)

RETRY_S = 1.0


async def register(store: Store, node: RegisterNode) -> None:
    """Return once the cluster has heard it."""
    while True:
        try:
            await store.propose(node, actor=node.node, request_id=new_request_id())
        except ChronosError as error:
            log.info("not registered yet", reason=str(error))
            await asyncio.sleep(RETRY_S)
        else:
            return
