"""Leadership handed on: when people ask for it, and before a leader stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from app.gate.refused import Refused
from engine.core.errors import NotReady
from engine.raft.cluster_time import agree
from engine.raft.pysync.node import RaftNode
from engine.state.view import View

HAND_OVER_S = 3.0
IDLE_S = 0.5
"""So long a leader that stops waits for what is at targets: it need not be sent a second time."""
LOOK_S = 0.02
ASK_LEADER_S = 5.0


class HandOver:
    """Of this node's leadership, or of the leader that it knows.

    Args:
        raft: this node's.
        view: where the other nodes are known.
        address: this node's Raft address.
        token: what nodes of this cluster show each other.
    """

    def __init__(self, raft: RaftNode, view: View, *, address: str, token: str):
        self._raft = raft
        self._view = view
        self._address = address
        self._token = token

    async def transfer(self, to: str | None, *, forward: bool = True) -> None:
        """Hand leadership on; `to` is a node id or a Raft address.

        Raft hears it from its leader only, so that another node passes it on. See `NodeControl`.
        """
        leader = self._raft.status().leader
        if forward and leader != self._address:
            await self._ask_leader(leader, to)
            return
        address = to
        for node in self._view.nodes():
            if node.node == to:
                address = node.raft_address
        for peer in self._raft.status().peers:
            offset_us = peer.clock_offset_us
            if peer.address == address and offset_us is not None and not agree(offset_us):
                message = f"the clock of {to} is {offset_us / 1e6:+.1f} s off the cluster's time"
                raise Refused("CONFLICT", f"{message}: it may not lead")
        await asyncio.to_thread(self._raft.transfer, address)

    async def before_stop(self, is_idle: Callable[[], bool]) -> None:
        """Let another node lead before this one goes; what ends soon at targets is waited for."""
        if not self._leads():
            return
        await _until(is_idle, IDLE_S)
        self._raft.transfer(None)
        await _until(lambda: not self._leads(), HAND_OVER_S)

    def _leads(self) -> bool:
        """Whether Raft's leader is this node, and somebody is there to follow it."""
        status = self._raft.status()
        followed = any(peer.connected for peer in status.peers)
        return status.role == "leader" and followed and not self._raft.fault

    async def _ask_leader(self, leader: str | None, to: str | None) -> None:
        urls = [
            f"http://{node.http_address}/internal/transfer"
            for node in self._view.nodes()
            if node.raft_address == leader
        ]
        if not urls:
            raise NotReady("no leader is known; retry after a moment")
        try:
            async with httpx.AsyncClient(timeout=ASK_LEADER_S) as client:
                headers = {"X-Chronos-Peer": self._token}
                answer = await client.post(urls[0], json={"to": to}, headers=headers)
            if answer.status_code == httpx.codes.CONFLICT:
                raise Refused("CONFLICT", answer.json()["error"]["message"])
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise NotReady(f"the leader did not take it: {error}; retry after a moment") from None


async def _until(true: Callable[[], bool], seconds: float) -> None:
    """Wait for it, so long at most."""
    for _ in range(int(seconds / LOOK_S)):
        if true():
            return
        await asyncio.sleep(LOOK_S)
