"""What a door may touch: the gate to write, the view and the history to read, the node's status."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from app.config import Config
from app.gate.gate import Gate
from app.health import Ailment
from app.live import LiveHub
from app.operate.reporter import Reporter
from app.workbench.recordings import RecentRecordings
from engine.core.clock import Clock
from engine.history.queries import Queries
from engine.history.sandbox import SqlSandbox
from engine.history.store import History
from engine.state.view import View


class NodeControl(Protocol):
    """What a door may ask of the node as a whole."""

    def status(self) -> dict[str, Any]:
        """The answer of `GET /api/v1/cluster/status`."""
        ...

    def ailment(self) -> Ailment | None:
        """What keeps this node from serving; None where it knows a leader and its log moves."""
        ...

    def leader(self) -> str | None:
        """The node id of the owner of scheduling, if there is one."""
        ...

    def uptime_s(self) -> float:
        """Seconds since the node started."""
        ...

    def clock_offset_us(self) -> int:
        """How far this node's clock is ahead of the cluster's time, microseconds."""
        ...

    def in_flight(self) -> int:
        """Attempts that this node has at their targets now."""
        ...

    def queued(self) -> int:
        """Attempts that wait for a place on this node."""
        ...

    async def transfer(self, to: str | None, *, forward: bool = True) -> None:
        """Have the leader make another node the leader; best effort.

        Args:
            to: a node id; None for the most current.
            forward: ask the leader when it is not this node.

        Raises:
            Refused: the clock of that node is off the cluster's time.
            NotReady: there is no leader to ask, or it did not answer.
        """
        ...

    def history_range(self, after: int, upto: int) -> bytes:
        """Rows of the log entries (after, upto], for a peer that lacks them."""
        ...

    def peer_token(self) -> str:
        """What a peer must show to ask for `history_range`; empty on a node without peers."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Handed to every route."""

    config: Config
    clock: Clock
    gate: Gate
    view: View
    queries: Queries
    history: History
    sandbox: SqlSandbox
    reporter: Reporter
    live: LiveHub
    node: NodeControl
    recordings: RecentRecordings = field(default_factory=RecentRecordings)
