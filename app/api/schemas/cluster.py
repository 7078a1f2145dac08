"""Nodes, leadership and health."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.envelope import Shape


class DispatchStatus(Shape):
    """Attempts in the hands of this node."""

    in_flight: int = Field(description="At their targets.")
    in_flight_max: int = Field(description="What waits beyond it waits, soonest fire time first.")
    queued: int = Field(description="Wait for a place: the node's, their job's or their target's.")
    longest_wait_s: float = Field(description="Of those that wait, seconds.")
    unrecorded: int = Field(description="Ended, with the result on its way into the log.")


class ClusterStatus(Shape):
    """This node, its peers and the log."""

    is_leader: bool
    jobs_total: int
    running: int
    next_runs: list[dict[str, Any]]
    node_id: str
    leader: str | None
    term: int
    nodes: list[dict[str, Any]] = Field(
        description="This node first. `clock_offset_us`: how far a node's clock is ahead of the "
        "cluster's time, where this node knows it; `clock_agrees`: whether that is near enough "
        "to lead."
    )
    level: int = Field(0, description="Up to where this node understands the log.")
    cluster_level: int = Field(0, description="The least of its members'.")
    dispatch: DispatchStatus | None = Field(None, description="What a leading node sends.")
    healthy: bool = Field(True, description="Whether this node can serve; as /health says it.")
    alarms: list[str] = Field(
        [], description="What of this node somebody should look at, a sentence each."
    )
    planning_faults: list[dict[str, str]] = Field(
        [], description="Jobs that the leader cannot plan: a fault of ours; the others go on."
    )
    clock_steps: list[dict[str, Any]] = Field(
        [], description="When the time was set while this node led, and by how many seconds."
    )


class Transfer(Shape):
    """Who should lead next; null lets the cluster choose."""

    to: str | None = None


class Transferred(Shape):
    """A transfer that was asked for; the cluster status tells when it is done."""

    requested: str | None
    leader: str | None


class Health(Shape):
    """A node that can serve."""

    status: Literal["healthy"]
    timestamp: str
    leader: str | None
    node_id: str
