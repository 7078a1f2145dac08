"""Nodes, leadership and health."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.envelope import Shape


class ClusterStatus(Shape):
    """This node, its peers and the log."""

    is_leader: bool
    jobs_total: int
    running: int
    next_runs: list[dict[str, Any]]
    node_id: str
    leader: str | None
    term: int
    nodes: list[dict[str, Any]]
    level: int = Field(0, description="Up to where this node understands the log.")
    cluster_level: int = Field(0, description="The least of its members'.")
    planning_faults: list[dict[str, str]] = Field(
        [], description="Jobs that the leader cannot plan: a fault of ours; the others go on."
    )
    clock_steps: list[dict[str, Any]] = Field(
        [], description="When this node's clock was set while it led, and by how many seconds."
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
