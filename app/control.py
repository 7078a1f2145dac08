"""What a door may ask of this node as a whole, answered by its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from app.config import Config
from app.feed import HistoryFeed
from app.health import Ailment, ailment, alarms, clock_alarms
from app.operate.hand_over import HandOver
from app.status import describe, describe_dispatch, leader_of
from engine.core.clock import Clock, rfc3339
from engine.core.version import LEVEL, VERSION
from engine.dispatch.outbox import Outbox
from engine.dispatch.worker import Worker
from engine.history.store import History
from engine.raft.leadership import Leadership
from engine.raft.pysync.node import RaftNode
from engine.scheduler.loop import Scheduler
from engine.state.view import View

ROWS_WAIT_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Keeps the promises of `NodeControl`.

    Attributes:
        token: what a peer must show.
        started_us: when the node started, by the clock's monotonic time.
    """

    config: Config
    token: str
    started_us: int
    clock: Clock
    raft: RaftNode
    view: View
    history: History
    feed: HistoryFeed
    worker: Worker
    outbox: Outbox
    scheduler: Scheduler
    leadership: Leadership
    hand_over: HandOver

    def status(self) -> dict[str, Any]:
        """The answer of `GET /api/v1/cluster/status`, all but the counts of jobs."""
        cluster = self.config.cluster
        address, peers = cluster.raft.address, cluster.raft.peers
        known = describe(
            raft=self.raft.status(),
            view=self.view,
            history=self.history,
            own_address=address,
            node_id=cluster.node_id,
            is_leader=bool(self.leadership.epoch),
            backfilling=self.feed.filling,
        )
        return known | {
            "uptime_s": round(self.uptime_s(), 1),
            "version": VERSION,
            "level": LEVEL,
            "cluster_level": self.view.level((address, *peers)),
            "dispatch": describe_dispatch(
                self.worker,
                self.outbox,
                in_flight_max=self.config.dispatcher.concurrency.max_concurrent_jobs,
                now_us=self.clock.now_us(),
            ),
            "healthy": self.ailment() is None,
            "alarms": [
                *alarms(self.raft, self.history, self.feed.lost, cluster.node_id),
                *clock_alarms(known["nodes"]),
            ],
            "planning_faults": [
                {"job_id": job, "error": error} for job, error in self.scheduler.faults.items()
            ],
            "clock_steps": [
                {"at": rfc3339(at), "seconds": round(step_us / 1e6, 3)}
                for at, step_us in self.scheduler.steps
            ],
        }

    def ailment(self) -> Ailment | None:
        """What keeps this node from serving; without a leader it can neither write nor promise."""
        return ailment(self.raft, self.config.cluster.node_id)

    def leader(self) -> str | None:
        """The node id of the owner of scheduling."""
        return leader_of(self.raft.status(), self.view)

    def uptime_s(self) -> float:
        """Seconds since the node started."""
        return (self.clock.monotonic_us() - self.started_us) / 1e6

    def clock_offset_us(self) -> int:
        """How far this node's clock is ahead of the cluster's time, microseconds."""
        return self.raft.status().clock_offset_us

    def in_flight(self) -> int:
        """Attempts at their targets."""
        return self.worker.in_flight

    def queued(self) -> int:
        """Attempts that wait for a place."""
        return self.worker.queued

    async def transfer(self, to: str | None, *, forward: bool = True) -> None:
        """Hand leadership on; see `HandOver`."""
        await self.hand_over.transfer(to, forward=forward)

    def history_range(self, after: int, upto: int) -> bytes:
        """Rows for a peer; waits until this node has them itself."""
        self.history.wait_for(upto, ROWS_WAIT_S)
        return self.history.export_range(after, upto)

    def peer_token(self) -> str:
        """What a peer must show."""
        return self.token
