"""What comes due, in its order, whether it is near or not."""

from __future__ import annotations

import random
import threading

import pytest

from engine.core.ids import Instant, JobId
from engine.model.pause import Pause, Scope, ScopeKind
from engine.scheduler.ahead import AHEAD_US
from engine.scheduler.queue import DueQueue
from engine.state.messages import DeleteJob, DisableJob, EnableJob, JobsResumed
from engine.state.view import View
from tests.kit.jobs import SECOND, Log, new_job
from tests.unit.engine.scheduler.test_ahead import committed

NOW = 100 * SECOND


def queue_of(log: Log) -> DueQueue:
    return DueQueue(View(log.state, threading.Lock()))


def drained(queue: DueQueue, until: Instant) -> list[JobId]:
    """What is handed out as time goes by, a moment at a time."""
    found: list[JobId] = []
    now = NOW
    while (at := queue.next_fire(now)) is not None and at <= until:
        now = max(now, at)
        found += queue.pop_fires(now, 1)
    return found


@pytest.fixture
def log() -> Log:
    """A hundred jobs within twenty seconds, some of them at one moment."""
    drawn = random.Random(1)
    times = [NOW + drawn.randrange(100) * SECOND // 5 for _ in range(100)]
    return Log().with_jobs(*(new_job(f"{n:02}", next_us=at) for n, at in enumerate(times)))


def in_order(log: Log) -> list[JobId]:
    return [job for _, job in sorted((at, job) for job, at in log.state.next_us.items())]


def test_jobs_come_out_by_their_moment_and_then_by_their_id(log: Log) -> None:
    queue = queue_of(log)
    queue.rebuild()
    assert drained(queue, NOW + 60 * SECOND) == in_order(log)


def test_what_is_heard_of_comes_out_as_what_was_there(log: Log) -> None:
    queue = queue_of(log)
    assert queue.pop_fires(NOW + 5 * SECOND, 100) == []
    for one in log.committed:
        queue.take(one)
    assert drained(queue, NOW + 60 * SECOND) == in_order(log)


def test_what_is_not_near_is_told_by_its_second(log: Log) -> None:
    queue = queue_of(Log().with_jobs(new_job(next_us=NOW + SECOND // 4)))
    queue.rebuild()
    assert queue.next_fire(NOW - SECOND) == NOW
    assert queue.wait_us(NOW - SECOND, 0) == SECOND
    assert queue.next_fire(NOW - AHEAD_US) == NOW + SECOND // 4
    assert queue.pop_fires(NOW, 10) == []
    assert queue.pop_fires(NOW + SECOND // 4, 10) == ["job_backup"]


def test_a_job_that_moved_comes_out_once_and_at_its_new_moment(log: Log) -> None:
    queue = queue_of(log)
    queue.rebuild()
    for moment in (NOW + 30 * SECOND, NOW + 7, NOW + 5 * SECOND, NOW + 5 * SECOND):
        queue.take(log.do(DisableJob(id="job_00")))
        queue.take(log.do(EnableJob(id="job_00", next_us=moment)))
    queue.take(log.do(DeleteJob(id="job_01")))
    found = drained(queue, NOW + 60 * SECOND)
    assert found == in_order(log)
    assert len(found) == 99


def test_what_was_put_off_waits_until_then_or_until_a_pause_ends() -> None:
    log = Log().with_jobs(new_job(next_us=NOW))
    queue = queue_of(log)
    queue.put_off([(NOW + 60 * SECOND, "job_backup", NOW)])
    assert queue.pop_fires(NOW + SECOND, 10) == []
    assert queue.wait_us(NOW, 0) == 60 * SECOND
    every = Scope(ScopeKind.ALL, "")
    pause = Pause(id="pau_1", scope=every, from_us=0, until_us=NOW, note="", by="ann")
    queue.take(committed(JobsResumed(pause=pause)))
    assert queue.pop_fires(NOW + SECOND, 10) == ["job_backup"]
