"""Leadership as a committed claim, and the address book."""

from __future__ import annotations

from engine.state.messages import (
    Accepted,
    Barrier,
    ClaimLeadership,
    LeadershipClaimed,
    NodeRegistered,
    RegisterNode,
)
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import State


@decides(ClaimLeadership)
def claim(state: State, command: ClaimLeadership, context: Context) -> Decision:
    """The latest claim in the log owns scheduling; its index is the epoch that fences the rest."""
    yield LeadershipClaimed(node=command.node, epoch=context.index)
    return Accepted(value=context.index)


@evolves(LeadershipClaimed)
def claimed(state: State, event: LeadershipClaimed) -> None:
    """Remember the owner."""
    state.epoch, state.leader = event.epoch, event.node


@decides(RegisterNode)
def register(state: State, command: RegisterNode, context: Context) -> Decision:
    """A node's addresses replace what was known of it."""
    yield NodeRegistered(
        node=command.node,
        raft_address=command.raft_address,
        http_address=command.http_address,
        version=command.version,
        level=command.level,
    )
    return Accepted()


@evolves(NodeRegistered)
def registered(state: State, event: NodeRegistered) -> None:
    """Write the address book."""
    state.nodes[event.node] = event


@decides(Barrier)
def barrier(state: State, command: Barrier, context: Context) -> Decision:
    """Nothing to decide: being applied is the answer."""
    yield from ()
    return Accepted(value=context.index)
