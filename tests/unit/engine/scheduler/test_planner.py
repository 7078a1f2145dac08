"""What a leader proposes for jobs that are due, late, missed or paused."""

from __future__ import annotations

import threading

import pytest

from engine.core.ids import Instant
from engine.model.job import Job
from engine.model.pause import Pause
from engine.model.pause_document import parse_scope
from engine.scheduler.planner import (
    FAULT_PAUSE_US,
    GRACE_US,
    PAUSED_STRETCH_US,
    Plan,
    plan,
)
from engine.state.messages import FiresSkipped, PauseJobs, ResumeJobs, StartExecutions
from engine.state.view import View
from engine.timing.schedule import Schedule
from tests.kit.jobs import SECOND, Log, new_job
from tests.unit.engine.state.test_executions import lead

MINUTE = 60 * SECOND
JOB = "job_backup"
EACH_SECOND = {"schedule": "* * * * * *", "concurrency": "allow"}


def planned(log: Log, now: Instant, since: Instant = 0) -> Plan:
    log.now = now
    view = View(log.state, threading.Lock())
    return plan(
        view, epoch=log.state.epoch, now=now, log_now=now, since=since, jobs=[JOB], executions=[]
    )


def pausing(log: Log, start: Instant, until: Instant | None = None, scope: str = "all") -> None:
    pause = Pause(
        id="pau_1", scope=parse_scope(scope), from_us=start, until_us=until, note="", by="ann"
    )
    log.ok(PauseJobs(pause=pause))


@pytest.fixture
def log() -> Log:
    log = Log().with_jobs(new_job(**EACH_SECOND))
    lead(log)
    return log


@pytest.mark.parametrize("policy", ["ignore", "execute_one", "execute_all"])
def test_a_job_of_which_all_fires_were_missed_and_none_is_due_now_is_planned(policy: str) -> None:
    log = Log().with_jobs(
        new_job(next_us=3_600 * SECOND, schedule="0 * * * *", missed_run_policy=policy)
    )
    lead(log)
    now = 3 * 3_600 * SECOND + 30 * MINUTE
    command = planned(log, now, since=now).command
    kept = {"ignore": 0, "execute_one": 1, "execute_all": 3}[policy]
    assert len(command.fires) == kept
    assert sum(skip.fires for skip in command.skips) == 3 - kept
    log.ok(command)
    assert log.state.next_us[JOB] == 4 * 3_600 * SECOND


def test_the_first_fire_of_a_pause_is_skipped_at_once_and_the_rest_in_stretches(log: Log) -> None:
    pausing(log, 10 * SECOND)
    first = planned(log, 10 * SECOND)
    [skip] = first.command.skips
    assert (skip.first_us, skip.last_us, skip.fires) == (10 * SECOND, 10 * SECOND, 1)
    assert skip.reason == "paused by ann (all)"
    log.ok(first.command)
    second = planned(log, 11 * SECOND)
    assert second.command == StartExecutions(epoch=log.state.epoch)
    assert second.later == ((11 * SECOND + PAUSED_STRETCH_US, JOB, 11 * SECOND),)
    gathered = planned(log, 11 * SECOND + PAUSED_STRETCH_US)
    assert gathered.command.skips[0].fires == 61


def test_a_resumption_decides_what_was_gathered_and_runs_what_follows(log: Log) -> None:
    pausing(log, 10 * SECOND)
    log.ok(planned(log, 10 * SECOND).command)
    log.now = 15 * SECOND + 1
    log.ok(ResumeJobs(id="pau_1"))
    command = planned(log, 16 * SECOND).command
    assert [(skip.first_us, skip.last_us, skip.fires) for skip in command.skips] == [
        (11 * SECOND, 15 * SECOND, 5)
    ]
    log.ok(command)
    assert [fire.fire_us for fire in planned(log, 16 * SECOND).command.fires] == [16 * SECOND]


def test_late_fires_before_a_pause_run(log: Log) -> None:
    pausing(log, 12 * SECOND, 14 * SECOND)
    command = planned(log, 13 * SECOND).command
    assert [fire.fire_us for fire in command.fires] == [10 * SECOND, 11 * SECOND]
    assert command.fires[-1].next_us == 12 * SECOND
    assert not command.skips


def test_of_the_stretches_around_a_pause_the_latest_is_made_up_for(
    log: Log,
) -> None:
    pausing(log, 20 * SECOND, 30 * SECOND)
    now = 3_600 * SECOND
    log.ok(planned(log, now, since=now).command)
    log.ok(planned(log, now, since=now).command)
    skips = [event for one in log.committed for event in one.events if type(event) is FiresSkipped]
    assert [(skip.first_us, skip.last_us, skip.fires) for skip in skips] == [
        (10 * SECOND, 19 * SECOND, 10),
        (20 * SECOND, 29 * SECOND, 10),
    ]
    assert skips[0].reason.startswith("missed")
    assert skips[1].reason.startswith("paused")
    assert log.state.next_us[JOB] == 30 * SECOND


def test_a_claim_that_was_proposed_before_a_pause_was_known_is_skipped(log: Log) -> None:
    command = planned(log, 10 * SECOND).command
    assert len(command.fires) == 1
    pausing(log, 10 * SECOND, scope="namespace:default")
    committed = log.do(command)
    [event] = committed.events
    assert isinstance(event, FiresSkipped)
    assert event.reason == "paused by ann (namespace:default)"
    assert log.state.next_us[JOB] == 11 * SECOND


def test_a_takeover_misses_nothing_that_is_younger_than_the_grace(log: Log) -> None:
    now = 10 * SECOND + GRACE_US
    command = planned(log, now, since=now).command
    assert len(command.fires) == 11
    assert not command.skips


def test_what_was_missed_longer_ago_than_the_catch_up_window_is_not_made_up_for() -> None:
    hourly = {"schedule": "0 * * * *", "missed_run_policy": "execute_all"}
    log = Log().with_jobs(new_job(next_us=3_600 * SECOND, catch_up_window="2h", **hourly))
    lead(log)
    now = 10 * 3_600 * SECOND + MINUTE
    stale = planned(log, now, since=now).command
    assert [(skip.fires, skip.last_us) for skip in stale.skips] == [(8, 8 * 3_600 * SECOND)]
    assert "longer ago than the catch-up window of 2h" in stale.skips[0].reason
    assert not stale.fires
    log.ok(stale)
    made_up = planned(log, now, since=now).command
    assert [fire.fire_us // SECOND // 3_600 for fire in made_up.fires] == [9, 10]


def test_a_year_of_missed_seconds_is_one_record() -> None:
    log = Log().with_jobs(new_job(missed_run_policy="ignore", **EACH_SECOND))
    lead(log)
    now = 366 * 86_400 * SECOND
    [skip] = planned(log, now, since=now).command.skips
    assert skip.fires == (now - GRACE_US) // SECOND - 10


def test_a_job_that_cannot_be_planned_does_not_stop_the_others(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.with_jobs(new_job("other", **EACH_SECOND))
    whole = View.fires

    def broken(view: View, job: Job) -> Schedule:
        if job.id == JOB:
            raise ZeroDivisionError("a fault of ours")
        return whole(view, job)

    monkeypatch.setattr(View, "fires", broken)
    log.now = 10 * SECOND
    view = View(log.state, threading.Lock())
    found = plan(
        view,
        epoch=1,
        now=log.now,
        log_now=log.now,
        since=0,
        jobs=[JOB, "job_other"],
        executions=[],
    )
    assert [fire.job_id for fire in found.command.fires] == ["job_other"]
    assert [job for job, _ in found.faults] == [JOB]
    assert found.later == ((10 * SECOND + FAULT_PAUSE_US, JOB, 10 * SECOND),)


@pytest.mark.parametrize("is_missed", [False, True])
def test_a_fire_time_that_is_not_in_the_schedule_any_more_is_decided_by_itself(
    log: Log, is_missed: bool
) -> None:
    log.state.next_us[JOB] = odd = 10 * SECOND + 500_000  # as read by other zone data
    now = 3_600 * SECOND
    command = planned(log, now, since=now if is_missed else 0).command
    decided = [*command.fires, *command.skips]
    assert len(decided) == 1
    assert bool(command.skips) is is_missed
    log.ok(command)
    assert log.state.next_us[JOB] == 11 * SECOND > odd
    assert planned(log, now).command.fires[0].fire_us == 11 * SECOND


def test_the_catch_up_window_reaches_back_from_now_not_from_a_pause() -> None:
    hourly = {"schedule": "0 * * * *", "missed_run_policy": "execute_all", "concurrency": "allow"}
    hour = 3_600 * SECOND
    log = Log().with_jobs(new_job(next_us=hour, catch_up_window="2h", **hourly))
    lead(log)
    pausing(log, 4 * hour, 5 * hour)
    now = 10 * hour + MINUTE
    for _ in range(4):
        log.ok(planned(log, now, since=now).command)
    made_up = [execution.scheduled_us // hour for execution in log.state.executions.values()]
    assert made_up == [9, 10]
