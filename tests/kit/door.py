"""A node without Raft: the real machine, history, gate and REST application, on a log in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from app.api.main import create_app
from app.config import Config, load_config
from app.gate.gate import Gate
from app.health import Ailment
from app.live import LiveHub
from app.operate.reporter import Reporter
from app.services import Services
from engine.core.clock import Clock, SystemClock
from engine.core.errors import NotReady
from engine.core.ids import Instant
from engine.history.queries import Queries
from engine.history.sandbox import SqlSandbox
from engine.history.store import History
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.raft.log_time import LogTime
from engine.raft.replica import Replica, Sink
from engine.state.entry import Entry, encode
from engine.state.messages import (
    Accepted,
    Begin,
    ClaimLeadership,
    Command,
    RecordExecutions,
    Result,
    StartExecutions,
)
from engine.state.view import View


class LogStore:
    """A log of one node: what is proposed is applied at once."""

    def __init__(self, replica: Replica, clock: Clock):
        self.replica = replica
        self.log_time = LogTime(clock, lambda: replica.view.now_us)
        self.index = 0
        self.is_ready = True

    @property
    def view(self) -> View:
        return self.replica.view

    def subscribe(self, sink: Sink) -> None:
        self.replica.subscribe(sink)

    def now_us(self) -> Instant:
        return self.log_time.now_us()

    async def ready(self) -> None:
        pass

    async def propose(self, command: Command, *, actor: str, request_id: str = "") -> Result:
        return self.apply(command, actor, request_id)

    def apply(self, command: Command, actor: str = "test", request_id: str = "") -> Result:
        if not self.is_ready:
            raise NotReady("no leader answered; retry after a moment")
        self.index += 1
        entry = Entry(at=self.now_us(), actor=actor, request_id=request_id, command=command)
        return self.replica.apply(self.index, encode(entry))


class Door:
    """The REST application over a log in memory, and hands to play dispatcher with."""

    def __init__(self, data_dir: Path, config: Config | None = None):
        self.clock = SystemClock()
        self.config = config or load_config(None, {"cluster": {"data_dir": str(data_dir)}})
        self.history = History(data_dir, node="chronos-1", clock=self.clock)
        self.replica = Replica(watermark=lambda: self.history.watermark, on_gap=lambda *_: None)
        self.replica.subscribe(self.history.project)
        self.store = LogStore(self.replica, self.clock)
        self.live = LiveHub(self.replica.view.job)
        self.replica.subscribe(self.live.take)
        self.queries = Queries(self.history)
        self.sandbox = SqlSandbox(data_dir / "export")
        self.reporter = Reporter(data_dir / "export")
        self.transferred: list[str | None] = []
        self.gate = Gate(
            self.store,
            self.clock,
            find_version=self.queries.version,
            find_execution=self.queries.execution,
            find_imported=self.queries.known,
        )
        self.services = Services(
            config=self.config,
            clock=self.clock,
            gate=self.gate,
            view=self.store.view,
            queries=self.queries,
            history=self.history,
            sandbox=self.sandbox,
            reporter=self.reporter,
            live=self.live,
            node=self,
        )
        self.app = create_app(self.services)

    def start(self) -> None:
        self.history.start()
        self.live.start()
        claimed = self.store.apply(ClaimLeadership(node="chronos-1", nonce="n"))
        assert isinstance(claimed, Accepted)

    def stop(self) -> None:
        self.live.stop()
        self.sandbox.stop()
        self.history.stop()

    def begin(self, execution_id: str) -> None:
        """Start the attempt that an execution waits for."""
        execution = self.store.view.execution(execution_id)
        assert execution is not None
        begin = Begin(execution_id, execution.attempt)
        self.store.apply(StartExecutions(epoch=self.store.view.epoch, begins=(begin,)))

    def finish(self, execution_id: str, outcome: AttemptOutcome = AttemptOutcome.SUCCESS) -> None:
        """Report the running attempt of an execution."""
        execution = self.store.view.execution(execution_id)
        assert execution is not None
        result = AttemptResult(
            execution_id=execution_id,
            attempt=execution.attempt,
            outcome=outcome,
            started_us=execution.attempt_started_us,
            finished_us=execution.attempt_started_us + 1500,
            status_code=200 if outcome is AttemptOutcome.SUCCESS else 500,
            trace='[["request",10,{"url":"http://x"}],["complete",1400,{}]]',
        )
        self.store.apply(RecordExecutions(results=(result,)))

    # ---- NodeControl -------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        return {
            "node_id": "chronos-1",
            "is_leader": True,
            "leader": self.leader(),
            "term": 1,
            "nodes": [{"node_id": "chronos-1", "address": "127.0.0.1:7000", "role": "leader"}],
            "history": {
                "watermark": self.history.watermark,
                "lag_entries": 0,
                "rows": self.history.rows,
                "backfilling": False,
                "fault": self.history.fault,
            },
        }

    def ailment(self) -> Ailment | None:
        if self.store.is_ready:
            return None
        return Ailment("NO_LEADER", "chronos-1 knows no leader", "wait for a majority")

    def leader(self) -> str | None:
        return "chronos-1" if self.store.is_ready else None

    def uptime_s(self) -> float:
        return 1.0

    def clock_offset_us(self) -> int:
        return 0

    def in_flight(self) -> int:
        return 0

    def queued(self) -> int:
        return 0

    async def transfer(self, to: str | None, *, forward: bool = True) -> None:
        self.transferred.append(to)

    def history_range(self, after: int, upto: int) -> bytes:
        return self.history.export_range(after, upto)

    def peer_token(self) -> str:
        return "peer-token"


@asynccontextmanager
async def open_door(
    data_dir: Path, config: Config | None = None
) -> AsyncIterator[tuple[Door, httpx.AsyncClient]]:
    """A running door and a client inside the same process."""
    door = Door(data_dir, config)
    door.start()
    transport = httpx.ASGITransport(app=door.app)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            yield door, client
    finally:
        door.stop()
