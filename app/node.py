"""The composition root: the only module that knows everyone. Starts in order, stops in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import hashlib
import hmac
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any

import httpx
import structlog

from analytics.reports.registry import kinds
from app.config import Config, SchedulerSettings
from app.current_jobs import CurrentJobs
from app.datadir import held
from app.feed import HistoryFeed
from app.gate.gate import Gate
from app.gate.refused import Refused
from app.health import Ailment, ailment, alarms, clock_alarms, disk_works
from app.live import LiveHub
from app.memory import give_back_what_is_free
from app.observe.pulse import Pulse
from app.operate.analyst import Analyst
from app.operate.report_dispatch import report_protocol
from app.operate.reporter import Reporter
from app.operate.trainer import Trainer
from app.server import ApiServer
from app.services import Services
from app.status import describe, describe_dispatch, leader_of
from engine.core.clock import Clock, SystemClock, rfc3339
from engine.core.errors import ChronosError, NotReady
from engine.core.ids import ExecutionId, JobId, new_request_id
from engine.core.version import LEVEL, VERSION
from engine.dispatch.dispatcher import Request, WorkerLimits
from engine.dispatch.outbox import Outbox
from engine.dispatch.watchdog import Watchdog
from engine.dispatch.worker import Worker
from engine.history.queries import Queries
from engine.history.sandbox import SqlSandbox
from engine.history.store import History
from engine.model.change import changed
from engine.model.document import Defaults
from engine.model.execution import Status
from engine.model.job import Job, MissedRunPolicy, RetryPolicy
from engine.raft.cluster_time import ClusterTime, agree
from engine.raft.leadership import Leadership
from engine.raft.pysync.node import RaftConfig, RaftNode
from engine.raft.replica import Replica
from engine.raft.store import RaftStore
from engine.scheduler.loop import Scheduler
from engine.state.messages import (
    AttemptBegun,
    Committed,
    ExecutionEnded,
    LeadershipClaimed,
    RegisterNode,
)

log = structlog.get_logger(__name__)

GRACE_US = 10_000_000
DRAIN_S = 3.0
HAND_OVER_S = 3.0
IDLE_S = 0.5
"""So long a leader that stops waits for what is at targets: it need not be sent a second time."""
LOOK_S = 0.02
AGAIN = -1
"""Instead of an exit code: begin anew from the files, in a process that remembers nothing."""
ASK_LEADER_S = 5.0
REGISTER_RETRY_S = 1.0
COLLECT_AFTER = (50_000, 20, 100)
"""Allocations before a collection of the young, and those before one of the older. What a fire
allocates is freed by counting; a collection finds nothing and looks at every job to say so."""

SWITCH_INTERVAL_S = 0.0005
"""A tick or a due moment waits at most so long for a thread that computes."""


class Node:
    """One running node."""

    def __init__(self, config: Config, clock: Clock):
        self._config = config
        self._started_us = clock.monotonic_us()
        self._failed = asyncio.Event()
        self._beats = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        cluster = config.cluster
        self.id = cluster.node_id
        self._members = (cluster.raft.address, *cluster.raft.peers)
        self._clock = cluster_time = ClusterTime(clock, cluster.raft.address, cluster.raft.peers)
        self._token = _peer_token(cluster.raft.secret) if cluster.raft.peers else ""
        alone = not cluster.raft.peers
        self.history = History(cluster.data_dir, node=self.id, clock=cluster_time, alone=alone)
        self.history.on_over = self._on_history_over
        self.feed = HistoryFeed(self.history, peers=self._peer_urls, token=self._token, alone=alone)
        self.live = LiveHub(self._find_job)
        self.replica = Replica(
            watermark=lambda: self.history.watermark,
            on_gap=self.feed.gap,
            on_restore=self.live.restored,
            members=self._members,
        )
        self.raft = RaftNode(
            RaftConfig(
                address=cluster.raft.address,
                peers=cluster.raft.peers,
                data_dir=cluster.data_dir / "raft",
                secret=cluster.raft.secret,
                heartbeat_timeout_us=cluster.raft.heartbeat_timeout_us,
                election_timeout_us=cluster.raft.election_timeout_us,
                snapshot_interval_us=cluster.raft.snapshot_interval_us,
                snapshot_threshold=cluster.raft.snapshot_threshold,
            ),
            self.replica,
            cluster_time,
            on_role=self._on_role,
            on_fatal=self._on_fatal,
        )
        self.store = RaftStore(self.raft, self.replica, cluster_time)
        self.outbox = Outbox(self.id, self.store)
        concurrency = config.dispatcher.concurrency
        self.reporter = Reporter(cluster.data_dir / "export")
        self.worker = Worker(
            limits=WorkerLimits(
                in_flight_max=concurrency.max_concurrent_jobs,
                per_job_max=concurrency.per_job_limit,
                connect_us_max=config.dispatcher.http.timeout_us,
                idle_connections_max=config.dispatcher.http.max_idle_conns,
                idle_connection_us_max=config.dispatcher.http.idle_conn_timeout_us,
            ),
            clock=self.store.log_time,
            may_send=self.raft.lease_valid,
            on_results=self.outbox.put,
            own={"report": report_protocol(self.reporter)},
        )
        self.watchdog = Watchdog(self.id, self.store, self.worker, self.outbox, self._level)
        self.scheduler = Scheduler(
            self.id,
            self.store,
            cluster_time,
            tick_us=config.scheduler.tick_interval_us,
            on_planned=self._expect,
        )
        self.analyst = Analyst(
            self.id,
            self.store,
            cluster_time,
            export_dir=cluster.data_dir / "export",
            interval_us=config.analytics.interval_us,
        )
        self.trainer = Trainer(
            self.id,
            self.store,
            cluster_time,
            export_dir=cluster.data_dir / "export",
            interval_us=config.analytics.training_us,
        )
        self.leadership = Leadership(self.id, self.store, self._schedule)
        self.queries = Queries(self.history)
        self.sandbox = SqlSandbox(cluster.data_dir / "export")
        self.gate = Gate(
            self.store,
            cluster_time,
            find_version=self.queries.version,
            find_execution=self.queries.execution,
            find_imported=self.queries.known,
            defaults=_defaults(config.scheduler),
            members=self._members,
        )
        for sink in (
            self.feed.take,
            self.scheduler.take,
            self._dispatch,
            self.live.take,
            self.analyst.take,
        ):
            self.replica.subscribe(sink)

    # ---- life --------------------------------------------------------------------------------

    async def run(self) -> int:
        """Serve until a signal or a fatal error; the process's exit code, or `AGAIN`.

        Raises:
            Fatal: a file of the log is damaged, and there are no peers who have it.
        """
        self._loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, stop.set)
        async with self._running():
            await _first_of(stop.wait(), self._failed.wait())
            if self.raft.fault:
                self._end_tasks()  # what they would propose is refused until the node begins anew
            again = self.raft.disk_failed or (self.history.over and not self.raft.fault)
            if again:
                await _first_of(stop.wait(), disk_works(self._config.cluster.data_dir))
        if again and not stop.is_set():
            log.warning("the disk takes writes: the node begins anew from its files", node=self.id)
            return AGAIN
        return 1 if self._failed.is_set() else 0

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        api = ApiServer(self._services(), self._config)
        # What was imported lives as long as the process. Before Raft ticks: a collection of all of
        # it would hold every thread for seconds on a slow machine.
        gc.freeze()
        pulse = Pulse({"dispatch": lambda: self.worker.turns, "scheduler": self._beat})
        try:
            self.history.start()
            self.worker.start()
            self.live.start()
            await asyncio.to_thread(self.raft.start, least=self.history.watermark)
            self.sandbox.start()
            self._tasks += [
                asyncio.create_task(self.leadership.run(), name="leadership"),
                asyncio.create_task(self.outbox.run(self._is_busy), name="outbox"),
                asyncio.create_task(self._register(), name="register"),
            ]
            api.start()
            pulse.start()
            # Not before: it would export what is there while the state is being read.
            self.history.set_jobs_source(CurrentJobs(self.replica.view))
            log.info("node started", node=self.id, http=self._config.server.http.address)
            yield
        finally:
            log.info("node stops", node=self.id)
            pulse.stop()
            if self._tasks:
                self._tasks[0].cancel()  # leadership: nobody plans until the other has claimed it
                await self._hand_over()
            self.live.stop()  # streams have no end of their own, and a stop waits for answers
            api.stop()
            # Without its log a node can neither begin nor report anything.
            grace_us = 0 if self.raft.fault else GRACE_US
            await asyncio.to_thread(self.worker.stop, grace_us)
            self.reporter.close()
            if grace_us:
                await self.outbox.drain(DRAIN_S)
            self._end_tasks()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.feed.stop()
            await asyncio.to_thread(self.raft.stop)
            self.sandbox.stop()
            self.history.stop()

    def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _hand_over(self) -> None:
        """Let another node lead before this one goes; what ends soon at targets is waited for."""
        if not self._leads():
            return
        await _until(lambda: not (self.worker.in_flight or self.outbox.size), IDLE_S)
        self.raft.transfer(None)
        await _until(lambda: not self._leads(), HAND_OVER_S)

    def _leads(self) -> bool:
        """Whether Raft's leader is this node, and somebody is there to follow it."""
        status = self.raft.status()
        followed = any(peer.connected for peer in status.peers)
        return status.role == "leader" and followed and not self.raft.fault

    async def _schedule(self, epoch: int) -> None:
        """A leader's work; what waits to be sent when it ends is the next leader's to send."""
        beside = [
            asyncio.create_task(self._beside(work), name=name)
            for name, work in (("analyst", self.analyst.run), ("trainer", self.trainer.run))
        ]
        beside.append(asyncio.create_task(self.watchdog.run(epoch), name="watchdog"))
        try:
            await self.scheduler.run(epoch)
        finally:
            self.worker.forget()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _beside(self, work: Callable[[], Awaitable[None]]) -> None:
        """What a leader has done in processes of their own, where that is wanted."""
        if self._config.analytics.enabled:
            await work()

    async def _register(self) -> None:
        """Tell the cluster how this node is reached, until the cluster has heard it."""
        command = RegisterNode(
            node=self.id,
            raft_address=self._config.cluster.raft.address,
            http_address=self._config.server.http.address,
            version=VERSION,
            level=LEVEL,
        )
        while True:
            try:
                await self.store.propose(command, actor=self.id, request_id=new_request_id())
            except ChronosError as error:
                log.info("not registered yet", reason=str(error))
                await asyncio.sleep(REGISTER_RETRY_S)
            else:
                return

    def _beat(self) -> int:
        """Called by the pulse; the event loop answers by the next look, if it moves."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._moved)
        return self._beats

    def _moved(self) -> None:
        self._beats += 1

    def _is_busy(self) -> bool:
        """Whether attempts wait to be sent."""
        return self.worker.queued > 0

    def _expect(self, jobs: Sequence[JobId]) -> None:
        """Have the worker make ready what it can of jobs that are about to fire."""
        known = (self.replica.view.job(job) for job in jobs)
        self.worker.expect([job for job in known if job is not None])

    # ---- called in the tick thread -----------------------------------------------------------

    def _on_role(self, role: str) -> None:
        log.info("raft role", node=self.id, role=role)
        self.leadership.on_role(role)

    def _on_fatal(self, reason: str) -> None:
        log.critical("the node cannot go on", node=self.id, reason=reason)
        self.leadership.on_role("follower")
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._failed.set)

    def _on_history_over(self) -> None:
        """DuckDB cannot open the file anew in this process. Called in whichever thread saw it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._failed.set)

    def _dispatch(self, committed: Committed) -> None:
        """Send what this leadership began, and stop what was ended; never on replayed entries."""
        epoch = self.leadership.epoch
        requests: dict[ExecutionId, Request] = {}
        for event in committed.events:
            if type(event) is AttemptBegun:
                if epoch and event.execution.epoch == epoch:
                    job = self.replica.view.job(event.execution.job_id)
                    if job is not None:
                        job = changed(job, event.execution.change)
                        requests[event.execution.id] = Request(execution=event.execution, job=job)
            elif type(event) is ExecutionEnded:
                if event.status is Status.CANCELLED:
                    requests.pop(event.execution.id, None)  # begun and replaced in the same entry
                    self.worker.cancel(event.execution.id)
            elif type(event) is LeadershipClaimed:
                self.worker.forget()  # what waits here is lost to that leadership, which sends it
        if requests:
            self.worker.submit(list(requests.values()))

    # ---- what doors ask ----------------------------------------------------------------------

    def _services(self) -> Services:
        return Services(
            config=self._config,
            clock=self._clock,
            gate=self.gate,
            view=self.replica.view,
            queries=self.queries,
            history=self.history,
            sandbox=self.sandbox,
            reporter=self.reporter,
            live=self.live,
            node=self,
        )

    def status(self) -> dict[str, Any]:
        """The answer of `GET /api/v1/cluster/status`, all but the counts of jobs."""
        known = describe(
            raft=self.raft.status(),
            view=self.replica.view,
            history=self.history,
            own_address=self._config.cluster.raft.address,
            node_id=self.id,
            is_leader=bool(self.leadership.epoch),
            backfilling=self.feed.filling,
        )
        return known | {
            "uptime_s": round(self.uptime_s(), 1),
            "version": VERSION,
            "level": LEVEL,
            "cluster_level": self._level(),
            "dispatch": describe_dispatch(
                self.worker,
                self.outbox,
                in_flight_max=self._config.dispatcher.concurrency.max_concurrent_jobs,
                now_us=self._clock.now_us(),
            ),
            "healthy": self.ailment() is None,
            "alarms": [
                *alarms(self.raft, self.history, self.feed.lost, self.id),
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

    def _level(self) -> int:
        return self.replica.view.level(self._members)

    def ailment(self) -> Ailment | None:
        """What keeps this node from serving; without a leader it can neither write nor promise."""
        return ailment(self.raft, self.id)

    def leader(self) -> str | None:
        """The node id of the owner of scheduling."""
        return leader_of(self.raft.status(), self.replica.view)

    def uptime_s(self) -> float:
        """Seconds since the node started."""
        return (self._clock.monotonic_us() - self._started_us) / 1e6

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
        """Hand leadership on; `to` is a node id or a Raft address.

        Raft hears it from its leader only, so that another node passes it on. See `NodeControl`.
        """
        leader = self.raft.status().leader
        if forward and leader != self._config.cluster.raft.address:
            await self._ask_leader(leader, to)
            return
        address = to
        for node in self.replica.view.nodes():
            if node.node == to:
                address = node.raft_address
        for peer in self.raft.status().peers:
            offset_us = peer.clock_offset_us
            if peer.address == address and offset_us is not None and not agree(offset_us):
                message = f"the clock of {to} is {offset_us / 1e6:+.1f} s off the cluster's time"
                raise Refused("CONFLICT", f"{message}: it may not lead")
        await asyncio.to_thread(self.raft.transfer, address)

    async def _ask_leader(self, leader: str | None, to: str | None) -> None:
        urls = [
            f"http://{node.http_address}/internal/transfer"
            for node in self.replica.view.nodes()
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

    def history_range(self, after: int, upto: int) -> bytes:
        """Rows for a peer; waits until this node has them itself."""
        self.history.wait_for(upto, DRAIN_S)
        return self.history.export_range(after, upto)

    def peer_token(self) -> str:
        """What a peer must show."""
        return self._token

    def _find_job(self, ref: str) -> Job | None:
        return self.replica.view.job(ref)

    def _peer_urls(self) -> list[str]:
        return [
            f"http://{node.http_address}"
            for node in self.replica.view.nodes()
            if node.node != self.id
        ]


def _defaults(scheduler: SchedulerSettings) -> Defaults:
    policy = scheduler.default_retry_policy
    return Defaults(
        timeout_us=scheduler.execution_timeout_us,
        missed_run_policy=MissedRunPolicy(scheduler.missed_run_policy),
        retry_policy=RetryPolicy(
            max_attempts=policy.max_attempts,
            initial_interval_us=policy.initial_interval_us,
            max_interval_us=policy.max_interval_us,
            multiplier=policy.multiplier,
        ),
        report_kinds=kinds.names(),
    )


def _peer_token(secret: str) -> str:
    return hmac.new(secret.encode(), b"chronos history", hashlib.sha256).hexdigest()


async def _first_of(*events: Coroutine[Any, Any, object]) -> None:
    waits = [asyncio.ensure_future(event) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _until(true: Callable[[], bool], seconds: float) -> None:
    """Wait for it, so long at most."""
    for _ in range(int(seconds / LOOK_S)):
        if true():
            return
        await asyncio.sleep(LOOK_S)


def serve(config: Config) -> int:
    """Run one node until it is told to stop; blocks. Returns the exit code.

    A node that its disk refused begins anew in the place of this process once the disk is well:
    what memory holds, and what the kernel says that the files hold, may differ from the disk.

    Raises:
        DataDirBusy: another process holds the data directory.
        ChronosError: it cannot start from what it finds there.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*COLLECT_AFTER)
    give_back_what_is_free()
    node = functools.partial(Node, config, SystemClock())

    async def main() -> int:
        return await node().run()

    with held(config.cluster.data_dir):
        code = asyncio.run(main())
    if code == AGAIN:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # this very program
    return code
