"""The leader's loop: sleep until something is due, plan, propose. It holds no decisions.

The tick is the longest sleep, not the precision: the loop wakes at the soonest due instant.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

import structlog

from engine.core.clock import Clock
from engine.core.errors import ChronosError
from engine.core.ids import ExecutionId, Instant, JobId
from engine.raft.store import Store, accepted
from engine.scheduler.ahead import AHEAD_US, Ahead
from engine.scheduler.backfills import plan_backfills
from engine.scheduler.clock_watch import ClockWatch
from engine.scheduler.planner import GRACE_US, Plan, plan
from engine.scheduler.queue import DueQueue
from engine.state.messages import (
    BeginBackfill,
    Committed,
    RecoverExecutions,
    Rejected,
    StartExecutions,
)

log = structlog.get_logger(__name__)

BATCH_MAX = 1000
"""The most jobs in one entry: some 60 KB of log."""

FIRST_MAX = 200
"""The most jobs in the first entry of a moment: its runs do not wait for those of a long one."""

RETRY_S = 0.05
STEPS_KEPT = 20
STEP_US_MAX = GRACE_US
"""A clock put forward by more than this leaps over fire times, which nobody could decide."""


class Scheduler:
    """Plans for the epochs that this node owns.

    Args:
        node: this node's id, the actor of its proposals.
        tick_us: the longest sleep, microseconds.
        on_planned: told which jobs come due within half a second; it must not block.
    """

    def __init__(
        self,
        node: str,
        store: Store,
        clock: Clock,
        *,
        tick_us: int,
        on_planned: Callable[[Sequence[JobId]], None] = lambda _: None,
    ):
        self._node = node
        self._store = store
        self._clock = clock
        self._tick_us = tick_us
        self._on_planned = on_planned
        self._queue = DueQueue(store.view)
        self._ahead = Ahead()
        self._arrived: deque[Committed] = deque()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watch = ClockWatch(clock)
        self._since: Instant = 0
        self.faults: dict[JobId, str] = {}
        """Jobs that could not be planned, and why: faults of ours."""
        self.steps: deque[tuple[Instant, int]] = deque(maxlen=STEPS_KEPT)
        """When the time was set while this node led, and by how much, microseconds."""

    def take(self, committed: Committed) -> None:
        """Hear of a committed entry; called in the tick thread, never blocks."""
        if self._loop is not None and committed.events:
            self._arrived.append(committed)
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self, epoch: int) -> None:
        """Schedule under `epoch` until cancelled, or until the cluster says it is over."""
        self._loop = asyncio.get_running_loop()
        self._arrived.clear()
        self.faults.clear()
        try:
            self._since, _ = self._watch.look()
            result = await self._store.propose(RecoverExecutions(epoch=epoch), actor=self._node)
            if not accepted(result):
                return
            self._rebuild()
            while await self._tick(epoch):
                pass
        finally:
            self._loop = None

    async def _tick(self, epoch: int) -> bool:
        """Propose what is due now and sleep until the next due instant; False: fenced."""
        self._wake.clear()
        while self._arrived:
            committed = self._arrived.popleft()
            self._queue.take(committed)
            if self._ahead.is_changed_by(committed):
                self._plan_again()
        if self._store.view.epoch != epoch:  # or it would be noticed when something is due
            return False
        now = self._look_at_clock()
        wait_us = self._wait_us(now, self._store.now_us())
        was_due = wait_us is not None and wait_us <= 0
        if was_due and not await self._propose_due(epoch, now):
            return False
        if not await self._begin_backfills(epoch, now):  # after what is due, which is on time
            return False
        if was_due:
            return True
        if self._plan_ahead(epoch, now):
            await asyncio.sleep(0)  # results, too, are this loop's to propose
            return True
        sleep_us = self._tick_us if wait_us is None else min(self._tick_us, wait_us)
        if (soon := self._queue.next_fire(now)) is not None and soon - AHEAD_US > now:
            sleep_us = min(sleep_us, soon - AHEAD_US - now)
        try:
            async with asyncio.timeout(sleep_us / 1e6):
                await self._wake.wait()
        except TimeoutError:
            pass
        return True

    def _look_at_clock(self) -> Instant:
        """The time; where the clock was put forward, what it leapt over was missed, not late."""
        now, step_us = self._watch.look()
        if abs(step_us) > STEP_US_MAX:
            self._plan_again()
            self.steps.append((now, step_us))
            log.error("the time was set while this node led", seconds=step_us / 1e6)
        if step_us > STEP_US_MAX:
            self._since = now
        return now

    async def _propose_due(self, epoch: int, now: Instant) -> bool:
        proposals: list[asyncio.Future[bool]] = []
        log_now = self._store.now_us()

        async def begin(jobs: list[JobId], planned: Plan) -> None:
            self._queue.put_off(planned.later)
            self._note(jobs, planned)
            command = planned.command
            if command.skips or command.fires or command.begins:
                # The first entry is under way while the second is planned: the first run is early.
                proposals.append(asyncio.ensure_future(self._propose(command)))
                await asyncio.sleep(0)

        for jobs, planned in self._ahead.pop(now):
            await begin(jobs, planned)
        while (wait_us := self._queue.wait_us(now, log_now)) is not None and wait_us <= 0:
            jobs = self._queue.pop_fires(now, BATCH_MAX if proposals else FIRST_MAX)
            executions = self._queue.pop_starts(log_now, BATCH_MAX)
            await begin(jobs, self._plan(epoch, now, jobs, executions, log_now))
        return all(await asyncio.gather(*proposals))

    def _plan_ahead(self, epoch: int, now: Instant) -> bool:
        """Plan some of what comes due soon; False where there is nothing to plan yet."""
        at = self._queue.next_fire(now)
        if at is None or not self._ahead.takes(at, now):
            return False
        limit = FIRST_MAX if self._ahead.is_empty else BATCH_MAX
        if jobs := self._queue.pop_fires(at, limit):
            self._ahead.add(at, jobs, self._plan(epoch, at, jobs))
            self._on_planned(jobs)
        return True

    def _plan(
        self,
        epoch: int,
        now: Instant,
        jobs: list[JobId],
        executions: Iterable[ExecutionId] = (),
        log_now: Instant = 0,
    ) -> Plan:
        return plan(
            self._store.view,
            epoch=epoch,
            now=now,
            log_now=log_now,
            since=self._since,
            jobs=jobs,
            executions=executions,
        )

    def _plan_again(self) -> None:
        """What was planned ahead no longer holds: it is planned when it is due."""
        view = self._store.view
        for jobs, _ in self._ahead.drop():
            # Of a paused job the fire time lies before the moment at which it is looked at again.
            fires = ((view.next_us(job), job) for job in jobs)
            self._queue.put_off((at, job, at) for at, job in fires if at is not None)

    def _rebuild(self) -> None:
        self._ahead.drop()
        self._queue.rebuild()

    def _wait_us(self, now: Instant, log_now: Instant) -> int | None:
        wait_us = self._queue.wait_us(now, log_now)
        if self._ahead.at is None:
            return wait_us
        ahead_us = self._ahead.at - now
        return ahead_us if wait_us is None else min(wait_us, ahead_us)

    async def _begin_backfills(self, epoch: int, now: Instant) -> bool:
        """Begin what there is room for; a run that ends wakes the loop to begin the next."""
        commands, faults = plan_backfills(self._store.view, epoch=epoch, now=now)
        for job, error in faults:
            if job not in self.faults:
                self._fault(job, error)
        return all(await asyncio.gather(*(self._propose(command) for command in commands)))

    def _note(self, jobs: Iterable[JobId], planned: Plan) -> None:
        """Remember which jobs could not be planned, until they can."""
        for job in self.faults.keys() & jobs:
            del self.faults[job]
        for job, error in planned.faults:
            self._fault(job, error)

    def _fault(self, job: JobId, error: Exception) -> None:
        self.faults[job] = f"{type(error).__name__}: {error}"
        log.error("a job cannot be planned; it is tried again", job=job, exc_info=error)

    async def _propose(self, command: StartExecutions | BeginBackfill) -> bool:
        try:
            result = await self._store.propose(command, actor=self._node)
        except ChronosError as error:
            # Claims are compare-and-set: proposing again what may be applied already is harmless.
            log.warning("claims not answered, planned again", error=str(error))
            self._rebuild()
            await asyncio.sleep(RETRY_S)
            return True
        if isinstance(result, Rejected):
            log.warning("claims refused", message=result.message)
            self._rebuild()
            return result.code != "NO_LEADER"
        return True
