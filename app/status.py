"""A node and its peers in the words of `GET /api/v1/cluster/status`."""

from __future__ import annotations

from typing import Any

from engine.core.ids import Instant
from engine.dispatch.outbox import Outbox
from engine.dispatch.worker import Worker
from engine.history.store import History
from engine.raft.cluster_time import agree
from engine.raft.pysync.node import RaftStatus
from engine.state.messages import NodeRegistered
from engine.state.view import View


def describe(
    *,
    raft: RaftStatus,
    view: View,
    history: History,
    own_address: str,
    node_id: str,
    is_leader: bool,
    backfilling: bool,
) -> dict[str, Any]:
    """What this node knows of the log, of its peers and of its own history.

    `own_address` is this node's Raft address, by which it stands in the address book; `is_leader`
    says whether it owns scheduling, `backfilling` whether it waits for rows of a peer.
    """
    return {
        "node_id": node_id,
        "is_leader": is_leader,
        "leader": leader_of(raft, view),
        "term": raft.term,
        "epoch": view.epoch,
        "commit_index": raft.commit_index,
        "applied_index": raft.applied_index,
        "log_entries": raft.log_entries,
        "lease_valid": raft.lease_valid,
        "nodes": _nodes(raft, view, own_address, node_id),
        "history": {
            "watermark": history.watermark,
            "lag_entries": max(0, raft.applied_index - history.watermark),
            "rows": history.rows,
            "backfilling": backfilling,
            "fault": history.fault,
        },
    }


def describe_dispatch(
    worker: Worker, outbox: Outbox, *, in_flight_max: int, now_us: Instant
) -> dict[str, Any]:
    """The attempts in the hands of this node, and whether they wait for a place."""
    since_us = worker.waiting_since_us
    waits_us = 0 if since_us is None else max(0, now_us - since_us)
    return {
        "in_flight": worker.in_flight,
        "in_flight_max": in_flight_max,
        "queued": worker.queued,
        "longest_wait_s": round(waits_us / 1e6, 1),
        "unrecorded": outbox.size,
    }


def leader_of(raft: RaftStatus, view: View) -> str | None:
    """The node id of the owner of scheduling, if there is one."""
    return (view.leader_node or None) if raft.leader is not None else None


def _nodes(raft: RaftStatus, view: View, own_address: str, node_id: str) -> list[dict[str, Any]]:
    """This node first, then its peers."""
    book = {node.raft_address: node for node in view.nodes()}
    last = raft.last_log_index
    own = _row(
        book.get(own_address),
        own_address,
        raft,
        connected=True,
        match_index=last,
        clock_offset_us=raft.clock_offset_us,
    )
    peers = [
        _row(
            book.get(peer.address),
            peer.address,
            raft,
            connected=peer.connected,
            match_index=peer.match_index,
            clock_offset_us=peer.clock_offset_us,
        )
        for peer in raft.peers
    ]
    return [own | {"node_id": node_id, "applied_index": raft.applied_index}, *peers]


def _row(
    known: NodeRegistered | None,
    address: str,
    raft: RaftStatus,
    *,
    connected: bool,
    match_index: int | None,
    clock_offset_us: int | None,
) -> dict[str, Any]:
    role = "follower" if connected else "unreachable"
    return {
        "node_id": known.node if known else address,
        "address": address,
        "http_address": known.http_address if known else None,
        "role": "leader" if address == raft.leader else role,
        "connected": connected,
        "match_index": match_index,
        "applied_index": None,
        "lag": None if match_index is None else max(0, raft.last_log_index - match_index),
        "clock_offset_us": clock_offset_us,
        "clock_agrees": None if clock_offset_us is None else agree(clock_offset_us),
    }
