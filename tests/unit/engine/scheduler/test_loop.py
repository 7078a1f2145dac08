"""The leader's loop when its clock is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from engine.core.ids import Instant
from engine.raft.replica import Replica
from engine.scheduler.loop import Scheduler
from engine.state.messages import (
    AttemptBegun,
    ClaimLeadership,
    Committed,
    CreateJobs,
    FiresSkipped,
)
from tests.kit.door import LogStore
from tests.kit.jobs import SECOND, new_job

START = 1_800_000_000 * SECOND
HOUR = 3_600 * SECOND


class SetClock:
    """Two clocks that stand still until a test moves them."""

    def __init__(self) -> None:
        self.wall, self.monotonic = START, 0

    def now_us(self) -> Instant:
        return self.wall

    def monotonic_us(self) -> int:
        return self.monotonic

    def pass_(self, us: int) -> None:
        self.wall += us
        self.monotonic += us


class Led:
    """A scheduler at work, and what came of it."""

    def __init__(self, policy: str):
        self.clock = SetClock()
        replica = Replica(watermark=lambda: 1 << 60, on_gap=lambda *_: None)
        self.store = LogStore(replica, self.clock)
        self.scheduler = Scheduler("n1", self.store, self.clock, tick_us=1_000)
        self.fired: list[Instant] = []
        self.skipped = 0
        replica.subscribe(self.scheduler.take)
        replica.subscribe(self._note)
        job = new_job(
            next_us=START + SECOND,
            schedule="* * * * * *",
            concurrency="allow",
            missed_run_policy=policy,
        )
        self.store.apply(ClaimLeadership(node="n1", nonce="n"))
        self.store.apply(CreateJobs(jobs=(job,)))

    def _note(self, committed: Committed) -> None:
        for event in committed.events:
            if isinstance(event, AttemptBegun) and event.claimed:
                self.fired.append(event.execution.scheduled_us)
            elif isinstance(event, FiresSkipped):
                self.skipped += event.fires

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 - a condition of a clock that is not real
                await asyncio.sleep(0.001)


@asynccontextmanager
async def led(policy: str) -> AsyncIterator[Led]:
    it = Led(policy)
    task = asyncio.create_task(it.scheduler.run(it.store.view.epoch))
    try:
        await asyncio.sleep(0.01)
        yield it
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(("policy", "made_up"), [("ignore", 0), ("execute_one", 1)])
async def test_what_a_clock_leaps_over_is_missed_and_the_policy_decides(
    policy: str, made_up: int
) -> None:
    async with led(policy) as it:
        it.clock.pass_(2 * SECOND)
        await it.until(lambda: len(it.fired) == 2)
        it.clock.wall += HOUR
        await it.until(lambda: it.skipped > 0)
        await it.until(lambda: it.store.view.next_us("job_backup") == it.clock.wall + SECOND)
        on_time = 11  # within ten seconds of the leap a fire time is late at worst
        assert len(it.fired) == 2 + made_up + on_time
        assert it.skipped == 3_600 - made_up - on_time
        assert [step for _, step in it.scheduler.steps] == [HOUR]


async def test_time_that_passed_is_late_and_never_missed() -> None:
    async with led("ignore") as it:
        it.clock.pass_(HOUR // 60)
        await it.until(lambda: len(it.fired) == 60)
        assert (it.skipped, len(it.scheduler.steps)) == (0, 0)


async def test_a_clock_that_is_set_back_repeats_nothing() -> None:
    async with led("execute_all") as it:
        it.clock.pass_(30 * SECOND)
        await it.until(lambda: len(it.fired) == 30)
        it.clock.wall -= 20 * SECOND
        await it.until(lambda: len(it.scheduler.steps) == 1)
        it.clock.pass_(22 * SECOND)
        await it.until(lambda: len(it.fired) == 32)
        assert it.fired == [START + SECOND * number for number in range(1, 33)]
