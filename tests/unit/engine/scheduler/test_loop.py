"""The leader's loop: what it plans ahead, and when its clock is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from msgspec import structs

from engine.core.ids import Instant, JobId
from engine.model.execution import Status
from engine.model.pause import Pause, Scope, ScopeKind
from engine.raft.replica import Replica
from engine.scheduler.loop import Scheduler
from engine.state.messages import (
    AttemptBegun,
    ClaimLeadership,
    Committed,
    CreateJobs,
    DisableJob,
    EnableJob,
    FiresSkipped,
    PauseJobs,
    ResumeJobs,
    TriggerJob,
    UpdateJob,
)
from tests.kit.clocks import EPOCH, SetClock
from tests.kit.door import LogStore
from tests.kit.jobs import SECOND, new_job

START = EPOCH
HOUR = 3_600 * SECOND


class Led:
    """A scheduler at work, and what came of it."""

    def __init__(self, policy: str):
        self.clock = SetClock()
        replica = Replica(watermark=lambda: 1 << 60, on_gap=lambda *_: None)
        self.store = LogStore(replica, self.clock)
        self.planned: list[JobId] = []
        self.scheduler = Scheduler(
            "n1", self.store, self.clock, tick_us=1_000, on_planned=self.planned.extend
        )
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

    def running(self, execution_id: str) -> bool:
        execution = self.store.view.execution(execution_id)
        return execution is not None and execution.status is Status.RUNNING

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
        it.clock.step(HOUR)
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
        it.clock.step(-20 * SECOND)
        await it.until(lambda: len(it.scheduler.steps) == 1)
        it.clock.pass_(22 * SECOND)
        await it.until(lambda: len(it.fired) == 32)
        assert it.fired == [START + SECOND * number for number in range(1, 33)]


async def test_what_is_due_soon_is_planned_ahead_and_claimed_at_its_moment() -> None:
    async with led("ignore") as it:
        it.clock.pass_(700_000)
        await it.until(lambda: it.planned == ["job_backup"])
        await asyncio.sleep(0.05)
        assert not it.fired
        it.clock.pass_(300_000)
        await it.until(lambda: bool(it.fired))
        assert it.fired == [START + SECOND]
        assert it.store.view.next_us("job_backup") == START + 2 * SECOND


async def test_a_job_that_is_disabled_after_it_was_planned_does_not_fire() -> None:
    async with led("ignore") as it:
        it.clock.pass_(700_000)
        await it.until(lambda: bool(it.planned))
        it.store.apply(DisableJob(id="job_backup"))
        it.clock.pass_(5 * SECOND)
        await asyncio.sleep(0.05)
        assert not it.fired
        it.store.apply(EnableJob(id="job_backup", next_us=it.clock.wall + SECOND))
        it.clock.pass_(SECOND)
        await it.until(lambda: bool(it.fired))
        assert it.fired == [START + 6_700_000]


async def test_an_edit_after_a_job_was_planned_decides_what_follows() -> None:
    async with led("ignore") as it:
        it.clock.pass_(700_000)
        await it.until(lambda: bool(it.planned))
        job = it.store.view.job("job_backup")
        assert job is not None
        spec = structs.replace(job.spec, schedule="*/5 * * * * *")
        edit = UpdateJob(id=job.id, spec=spec, enabled=True, next_us=START + 5 * SECOND)
        it.store.apply(edit)
        it.clock.pass_(10 * SECOND)
        await it.until(lambda: len(it.fired) == 2)
        assert it.fired == [START + 5 * SECOND, START + 10 * SECOND]


async def test_a_pause_after_a_job_was_planned_skips_its_fire() -> None:
    async with led("ignore") as it:
        it.clock.pass_(700_000)
        await it.until(lambda: bool(it.planned))
        scope, now = Scope(kind=ScopeKind.ALL), it.clock.wall
        pause = Pause(id="p", scope=scope, from_us=now, until_us=None, note="", by="alice")
        it.store.apply(PauseJobs(pause=pause))
        it.clock.pass_(300_000)
        await it.until(lambda: it.skipped == 1)
        assert not it.fired


async def test_a_leap_after_a_job_was_planned_leaves_its_fire_to_the_policy() -> None:
    async with led("ignore") as it:
        it.clock.pass_(700_000)
        await it.until(lambda: bool(it.planned))
        it.clock.step(HOUR)
        await it.until(lambda: it.skipped > 0)
        await it.until(lambda: len(it.fired) == 10)
        assert min(it.fired) > START + HOUR - 10 * SECOND


async def test_a_paused_job_that_was_planned_ahead_is_not_forgotten_when_the_plan_is_dropped() -> (
    None
):
    async with led("execute_all") as it:
        scope = Scope(kind=ScopeKind.ALL)
        pause = Pause(id="p", scope=scope, from_us=START, until_us=None, note="", by="alice")
        it.store.apply(PauseJobs(pause=pause))
        it.clock.pass_(SECOND)
        await it.until(lambda: it.skipped == 1)
        it.planned.clear()
        it.clock.pass_(60 * SECOND + 700_000)  # soon its fire times are looked at together
        await it.until(lambda: bool(it.planned))
        it.store.apply(ResumeJobs(id="p"))
        it.clock.pass_(SECOND)
        await it.until(lambda: bool(it.fired))


async def test_a_leader_with_nothing_to_do_notices_that_another_claimed_leadership() -> None:
    it = Led("ignore")
    it.store.apply(DisableJob(id="job_backup"))
    work = asyncio.create_task(it.scheduler.run(it.store.view.epoch))
    await asyncio.sleep(0.01)
    assert not work.done()
    it.store.apply(ClaimLeadership(node="n2", nonce="m"))
    async with asyncio.timeout(30):
        await work


async def test_a_clock_that_is_set_back_holds_up_no_manual_run() -> None:
    async with led("execute_all") as it:
        it.clock.pass_(5 * SECOND)
        await it.until(lambda: len(it.fired) == 5)
        it.clock.step(-HOUR)
        it.store.apply(TriggerJob(job_id="job_backup", execution_id="exe_by_hand"))
        await it.until(lambda: it.running("exe_by_hand"))
        assert len(it.fired) == 5
