"""What a node tells of itself."""

from __future__ import annotations

from typing import Literal

from engine.core.value import Record
from engine.raft.pysync.library import LEADER, ROLES
from engine.raft.pysync.replica import Replica

Role = Literal["leader", "follower", "candidate"]


class PeerStatus(Record, frozen=True, kw_only=True):
    """A peer as this node sees it; `match_index` is known to the leader only.

    `clock_offset_us` is how far its clock is ahead of the cluster's time; None where unknown.
    """

    address: str
    connected: bool
    match_index: int | None
    clock_offset_us: int | None


class RaftStatus(Record, frozen=True, kw_only=True):
    """The node at the end of its last tick; indexes count log entries from 1.

    Attributes:
        slow_disk: whether its last flushes were all slow; `flush_s`: seconds the last one took.
        snapshot_fault: why the last snapshot could not be written, if it could not.
        rejoining: whether it lost its past and must not vote; `unheard`: who must be heard first.
        strangers: who lately said to be a member of this group, and is none by this node's list.
    """

    role: Role
    leader: str | None
    term: int
    commit_index: int
    applied_index: int
    last_log_index: int
    log_entries: int
    peers: tuple[PeerStatus, ...]
    clock_offset_us: int
    fsyncs: int
    lease_valid: bool
    slow_disk: bool
    flush_s: float
    snapshot_fault: str
    rejoining: bool
    unheard: tuple[str, ...]
    strangers: tuple[str, ...]


def observe(replica: Replica) -> RaftStatus:
    """The replica as it is now; in the tick thread only."""
    state = replica._SyncObj__raftState  # the library has no thread-safe status
    match = replica._SyncObj__raftMatchIndex  # as above
    leader = replica.leader_heard()
    peers = tuple(
        PeerStatus(
            address=node.id,
            connected=replica.isNodeConnected(node),
            match_index=match.get(node) if state == LEADER else None,
            clock_offset_us=replica.time.offset_us(node.id),
        )
        for node in replica.peers_in_order
    )
    return RaftStatus(
        role=ROLES[state],  # type: ignore[arg-type]  # the table's values are the roles
        leader=None if leader is None else leader.id,
        term=replica.raftCurrentTerm,
        commit_index=replica.raftCommitIndex,
        applied_index=replica.raftLastApplied,
        last_log_index=replica.journal[-1][1],
        log_entries=len(replica.journal),
        peers=peers,
        clock_offset_us=replica.time.offset_us(replica.selfNode.id) or 0,
        fsyncs=replica.journal.fsyncs,
        lease_valid=replica.lease_ok(),
        slow_disk=replica.journal.flushes.slow,
        flush_s=replica.journal.flushes.last_s,
        snapshot_fault=replica.snapshot_fault,
        rejoining=replica.rejoining,
        unheard=tuple(replica.unheard),
        strangers=tuple(replica.strangers()),
    )
