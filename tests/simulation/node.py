"""A node: the real leadership, scheduler, outbox, gate and replica on a virtual clock.

What is not real is what would need threads, sockets or files: Raft (`edge.py`), the dispatch
(`targets.py`) and DuckDB, of which only what it holds durably is kept.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from app.dispatch_feed import DispatchFeed
from app.feed import HistoryFeed
from app.gate.gate import Gate
from app.operate.leader_work import LeaderWork
from app.operate.registration import register
from engine.core.errors import ChronosError
from engine.core.ids import Instant
from engine.core.version import LEVEL, VERSION
from engine.dispatch.outbox import Outbox
from engine.dispatch.watchdog import Watchdog
from engine.raft.leadership import Leadership
from engine.raft.replica import Replica
from engine.raft.store import RaftStore
from engine.scheduler.loop import Scheduler
from engine.state.messages import Committed, RegisterNode
from tests.simulation.edge import Group, Port
from tests.simulation.loop import VirtualLoop
from tests.simulation.targets import Hands

if TYPE_CHECKING:
    from tests.simulation.world import World

START: Instant = 1_700_000_000_000_000
TICK_US = 1_000_000
SNAPSHOTS_KEPT = 3


class SimClock:
    """The cluster's time as a node has it: wrong by `skew_us`, which can change while it runs."""

    is_known = True

    def __init__(self, loop: VirtualLoop, skew_us: int):
        self._loop, self.skew_us = loop, skew_us

    def now_us(self) -> Instant:
        return START + int(self._loop.passed * 1e6) + self.skew_us

    def monotonic_us(self) -> int:
        return int(self._loop.passed * 1e6)


class Rows:
    """In the place of DuckDB: which entries' rows this node holds, and up to where durably.

    It outlives its node's process, but for what was not flushed.
    """

    def __init__(self) -> None:
        self.durable: list[int] = []
        self.queue: list[int] = []

    @property
    def watermark(self) -> int:
        return self.durable[-1] if self.durable else 0

    def project(self, committed: Committed) -> None:
        """As `History.project`: one at or below what was taken is skipped."""
        taken = self.queue[-1] if self.queue else self.watermark
        if committed.index > taken:
            self.queue.append(committed.index)

    def flush(self) -> None:
        self.durable += [one for one in self.queue if one > self.watermark]
        self.queue.clear()

    def crash(self) -> None:
        self.queue.clear()


class Feed(HistoryFeed):
    """The real feed; what it would fetch from a peer over HTTP comes from the peer at once."""

    def __init__(self, node: SimNode):
        super().__init__(node.rows, peers=list, token="")  # type: ignore[arg-type]
        self._node = node

    def gap(self, held: int, through: int) -> None:
        self._node.gaps += 1
        self._through = max(self._through, through)
        if not self._filling:
            self._filling = True
            self._node.spawn(self._fill_soon())

    async def _fill_soon(self) -> None:
        while not self._filled():
            await asyncio.sleep(0.3)
            self._fetch()
        self._node.flush_soon()

    def _fetch(self) -> bool:
        """From a peer that holds the whole range; one that does not refuses it."""
        rows = self._node.rows
        peers = self._node.group.in_touch() if self._node.linked else []
        for peer in peers:
            if peer.rows.watermark >= self._through:
                after = rows.watermark
                rows.durable += [one for one in peer.rows.durable if after < one <= self._through]
                return True
        return False


class SimNode:
    """See the module."""

    def __init__(self, world: World, number: int, skew_us: int):
        self.id = f"n{number + 1}"
        self.group: Group = world.group
        self.random: random.Random = world.random
        self.clock = SimClock(world.loop, skew_us)
        self.rows = Rows()
        self.up, self.linked = False, True
        self.applied = 0
        self.snapshots: list[tuple[list[bytes], int]] = []
        self._world, self._sim = world, world.loop
        self._members = tuple(f"raft-{k + 1}" for k in range(world.count))
        self._registration = RegisterNode(
            node=self.id,
            raft_address=self._members[number],
            http_address=f"http-{number + 1}",
            version=VERSION,
            level=LEVEL,
        )
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self.gaps = 0
        self._life = 0
        self._flushing = False
        self._stirred = False

    # ---- life -----------------------------------------------------------------------------------

    def start(self, donor: SimNode | None = None) -> None:
        """A process begins: from its own snapshot, or, where it lags too far, from a donor's."""
        self._life += 1
        self.up, self.applied, self.believes, self._flushing = True, 0, False, False
        clock, sim = self.clock, self._sim
        self.feed = Feed(self)
        self.replica = Replica(watermark=lambda: self.rows.watermark, on_gap=self.feed.gap)
        self.port = Port(self.group, self)
        self.store = RaftStore(self.port, self.replica, clock)  # type: ignore[arg-type]
        self.outbox = Outbox(self.id, self.store)
        self.worker: Any = Hands(
            sim,
            self._world.targets,
            self.store.log_time,
            may_send=self.port.lease_valid,
            on_results=self.outbox.put,
            watch=lambda request: self._world.referee.sends(self, request),
        )
        view = self.replica.view
        dispatch_feed = DispatchFeed(view, self.worker, lambda: self.leadership.epoch)
        self.watchdog = Watchdog(
            self.id, self.store, self.worker, self.outbox, lambda: view.level(self._members)
        )
        self.scheduler = Scheduler(
            self.id, self.store, clock, tick_us=TICK_US, on_planned=dispatch_feed.expect
        )
        work = LeaderWork(self.scheduler, self.watchdog, self.worker, {})
        self.leadership = Leadership(self.id, self.store, work.run)
        self.gate = Gate(
            self.store,
            clock,
            find_version=lambda _id, _version: None,
            find_execution=lambda _id: None,
            find_imported=lambda _label, _ids, latest, _wait: (latest, set()),
            members=self._members,
        )
        for sink in (
            self._keep,
            self.scheduler.take,
            dispatch_feed.take,
            lambda committed: self._world.referee.hears(self, committed),
        ):
            self.replica.subscribe(sink)
        for task in (
            self.outbox.run(lambda: self.worker.queued > 0),
            self.leadership.run(),
            register(self.store, self._registration),
        ):
            self.spawn(task)
        if donor is not None:
            self.install(donor)
        elif self.snapshots:
            data, applied = self.random.choice(self.snapshots)
            self._restore(data, applied)
        self.stir()

    def crash(self) -> None:
        """As `kill -9` and a cut of the power: what was not flushed is gone."""
        self.up = False
        self.port.close()
        self.worker.close()
        self.rows.crash()
        tasks, self._tasks = self._tasks, {}
        for task in tasks:
            task.cancel()
        if self.group.leader is self:
            self.group.leader = None

    def spawn(self, work: Any, *, asked: bool = False) -> asyncio.Task[Any]:
        """Run a coroutine that dies with the process; `asked` for a person, who hears of errors."""
        task = self._sim.create_task(work)
        self._tasks[task] = None

        def ended(_task: object) -> None:
            self._tasks.pop(task, None)
            fault = None if task.cancelled() else task.exception()
            if fault is not None and not (asked and isinstance(fault, ChronosError)):
                self._world.fails(fault)

        task.add_done_callback(ended)
        return task

    def hear(self, role: str, after: float) -> None:
        """Raft's word about this node's role comes after some seconds."""
        life = self._life

        def told() -> None:
            leads = self.group.leader is self
            if self.up and self._life == life and leads == (role == "leader"):
                self.believes = leads
                self.leadership.on_role(role)

        self._sim.call_later(after, told)

    # ---- the log --------------------------------------------------------------------------------

    def stir(self) -> None:
        """There is something to apply: some of it will be, soon."""
        if self.up and self.linked and not self._stirred:
            self._stirred = True
            wait = self.random.uniform(0.001, 0.01 + self.group.harm.lag_s)
            self._sim.call_later(wait, self._apply)

    def _apply(self) -> None:
        self._stirred = False
        if not (self.up and self.linked):
            return
        end = len(self.group.log)
        if self.group.harm.lag_s and self.random.random() < 0.3:
            end = self.random.randint(self.applied, end)
        while self.applied < end:
            index = self.applied + 1
            raw = self.group.log[index - 1]
            result = self.replica.apply(index, raw)
            self.applied = index
            self._world.referee.compares(self, index)
            self.port.applied(index, result)
        if self.applied < len(self.group.log):
            self.stir()

    def snapshot(self) -> None:
        """Keep one, as the forked child does."""
        self.snapshots.append((list(self.replica.snapshot()), self.applied))
        del self.snapshots[:-SNAPSHOTS_KEPT]

    def install(self, donor: SimNode) -> None:
        """Raft ships a snapshot: the log that this node lacks was cut."""
        data, applied = list(donor.replica.snapshot()), donor.applied
        if applied > self.applied:
            self._restore(data, applied)
            self.snapshots = [(data, applied)]

    def _restore(self, data: list[bytes], applied: int) -> None:
        self.replica.restore(data, applied)
        self.applied = applied

    # ---- the history ----------------------------------------------------------------------------

    def _keep(self, committed: Committed) -> None:
        self.feed.take(committed)
        self.flush_soon()

    def flush_soon(self) -> None:
        """The history writes what it took group by group."""
        if not self._flushing:
            self._flushing = True
            wait = self.random.uniform(0.01, self._world.flush_s)
            self._sim.call_later(wait, self._flush, self._life)

    def _flush(self, life: int) -> None:
        if self.up and self._life == life:
            self._flushing = False
            self.rows.flush()
