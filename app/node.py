"""The composition root: the only module that knows everyone. Starts in order, stops in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

import structlog

from app.config import Config
from app.control import Control
from app.current_jobs import CurrentJobs
from app.dispatch_feed import DispatchFeed
from app.feed import HistoryFeed
from app.gate.gate import Gate
from app.live import LiveHub
from app.observe.pulse import LoopBeat, Pulse
from app.operate.analyst import Analyst
from app.operate.hand_over import HandOver
from app.operate.leader_work import LeaderWork
from app.operate.registration import register
from app.operate.report_dispatch import report_protocol
from app.operate.reporter import Reporter
from app.operate.trainer import Trainer
from app.room_settings import job_defaults, peer_token, raft_config, registration, worker_limits
from app.server import ApiServer
from app.services import Services
from engine.core.clock import Clock
from engine.dispatch.outbox import Outbox
from engine.dispatch.watchdog import Watchdog
from engine.dispatch.worker import Worker
from engine.history.queries import Queries
from engine.history.sandbox import SqlSandbox
from engine.history.store import History
from engine.model.job import Job
from engine.raft.cluster_time import ClusterTime
from engine.raft.leadership import Leadership
from engine.raft.pysync.node import RaftNode
from engine.raft.replica import Replica
from engine.raft.store import RaftStore
from engine.scheduler.loop import Scheduler

log = structlog.get_logger(__name__)

GRACE_US = 10_000_000
DRAIN_S = 3.0


class Node:
    """One node, put together in the event loop that it runs in.

    Attributes:
        failed: set once the node cannot go on.
    """

    def __init__(self, config: Config, clock: Clock):
        started_us = clock.monotonic_us()
        cluster, address = config.cluster, config.cluster.raft.address
        peers, token = cluster.raft.peers, peer_token(config)
        members = (address, *peers)
        export_dir = cluster.data_dir / "export"
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self.failed = asyncio.Event()
        self.id = cluster.node_id
        cluster_time = ClusterTime(clock, address, peers)

        # The log, and what every node makes of it.
        alone = not peers
        self.history = History(cluster.data_dir, node=self.id, clock=cluster_time, alone=alone)
        self.history.on_over = self._on_history_over
        self.feed = HistoryFeed(self.history, peers=self._peer_urls, token=token, alone=alone)
        self.live = LiveHub(self._job)
        self.replica = Replica(
            watermark=lambda: self.history.watermark,
            on_gap=self.feed.gap,
            on_restore=self.live.restored,
            members=members,
        )
        view = self.replica.view
        self.raft = RaftNode(
            raft_config(config),
            self.replica,
            cluster_time,
            on_role=self._on_role,
            on_fatal=self._on_fatal,
        )
        self.store = RaftStore(self.raft, self.replica, cluster_time)

        # What a leader does.
        self.outbox = Outbox(self.id, self.store)
        self.reporter = Reporter(export_dir)
        self.worker = Worker(
            limits=worker_limits(config),
            clock=self.store.log_time,
            may_send=self.raft.lease_valid,
            on_results=self.outbox.put,
            own={"report": report_protocol(self.reporter)},
        )
        dispatch_feed = DispatchFeed(view, self.worker, lambda: self.leadership.epoch)
        watchdog = Watchdog(
            self.id, self.store, self.worker, self.outbox, lambda: view.level(members)
        )
        scheduler = Scheduler(
            self.id,
            self.store,
            cluster_time,
            tick_us=config.scheduler.tick_interval_us,
            on_planned=dispatch_feed.expect,
        )
        analyst = Analyst(
            self.id,
            self.store,
            cluster_time,
            export_dir=export_dir,
            interval_us=config.analytics.interval_us,
        )
        trainer = Trainer(
            self.id,
            self.store,
            cluster_time,
            export_dir=export_dir,
            interval_us=config.analytics.training_us,
        )
        beside = {"analyst": analyst.run, "trainer": trainer.run}
        work = LeaderWork(
            scheduler, watchdog, self.worker, beside if config.analytics.enabled else {}
        )
        self.leadership = Leadership(self.id, self.store, work.run)
        self.hand_over = HandOver(self.raft, view, address=address, token=token)
        for subscriber in (self.feed, scheduler, dispatch_feed, self.live, analyst):
            self.replica.subscribe(subscriber.take)

        # What doors touch.
        queries = Queries(self.history)
        self.sandbox = SqlSandbox(export_dir)
        gate = Gate(
            self.store,
            cluster_time,
            find_version=queries.version,
            find_execution=queries.execution,
            find_imported=queries.known,
            defaults=job_defaults(config),
            members=members,
        )
        control = Control(
            config=config,
            token=token,
            started_us=started_us,
            clock=cluster_time,
            raft=self.raft,
            view=view,
            history=self.history,
            feed=self.feed,
            worker=self.worker,
            outbox=self.outbox,
            scheduler=scheduler,
            leadership=self.leadership,
            hand_over=self.hand_over,
        )
        services = Services(
            config=config,
            clock=cluster_time,
            gate=gate,
            view=view,
            queries=queries,
            history=self.history,
            sandbox=self.sandbox,
            reporter=self.reporter,
            live=self.live,
            node=control,
        )
        self.api = ApiServer(services, config)
        self.pulse = Pulse(
            {"dispatch": lambda: self.worker.turns, "scheduler": LoopBeat(self._loop)}
        )
        self._registration = registration(config)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The node runs inside; once.

        Raises:
            Fatal: a file of the log is damaged, and there are no peers who have it.
        """
        # What was imported lives as long as the process. Before Raft ticks: a collection of all of
        # it would hold every thread for seconds on a slow machine.
        gc.freeze()
        try:
            self.history.start()
            self.worker.start()
            self.live.start()
            await asyncio.to_thread(self.raft.start, least=self.history.watermark)
            self.sandbox.start()
            self._tasks += [
                asyncio.create_task(self.leadership.run(), name="leadership"),
                asyncio.create_task(self.outbox.run(lambda: self.worker.queued > 0), name="outbox"),
                asyncio.create_task(register(self.store, self._registration), name="register"),
            ]
            self.api.start()
            self.pulse.start()
            # Not before: it would export what is there while the state is being read.
            self.history.set_jobs_source(CurrentJobs(self.replica.view))
            log.info("node started", node=self.id, http=self._registration.http_address)
            yield
        finally:
            log.info("node stops", node=self.id)
            self.pulse.stop()
            if self._tasks:
                self._tasks[0].cancel()  # leadership: nobody plans until the other has claimed it
                await self.hand_over.before_stop(self._is_idle)
            self.live.stop()  # streams have no end of their own, and a stop waits for answers
            self.api.stop()
            # Without its log a node can neither begin nor report anything.
            grace_us = 0 if self.raft.fault else GRACE_US
            await asyncio.to_thread(self.worker.stop, grace_us)
            self.reporter.close()
            if grace_us:
                await self.outbox.drain(DRAIN_S)
            self.end_tasks()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self.feed.stop()
            await asyncio.to_thread(self.raft.stop)
            self.sandbox.stop()
            self.history.stop()

    def end_tasks(self) -> None:
        """Propose nothing more."""
        for task in self._tasks:
            task.cancel()

    def _is_idle(self) -> bool:
        # In this order: what leaves the one is in the next by then.
        return not (self.worker.in_flight or self.worker.unreported or self.outbox.size)

    def _job(self, ref: str) -> Job | None:
        return self.replica.view.job(ref)

    def _peer_urls(self) -> list[str]:
        nodes = self.replica.view.nodes()
        return [f"http://{node.http_address}" for node in nodes if node.node != self.id]

    # ---- called in other threads -------------------------------------------------------------

    def _on_role(self, role: str) -> None:
        log.info("raft role", node=self.id, role=role)
        self.leadership.on_role(role)

    def _on_fatal(self, reason: str) -> None:
        log.critical("the node cannot go on", node=self.id, reason=reason)
        self.leadership.on_role("follower")
        self._loop.call_soon_threadsafe(self.failed.set)

    def _on_history_over(self) -> None:
        """DuckDB cannot open the file anew in this process."""
        self._loop.call_soon_threadsafe(self.failed.set)
