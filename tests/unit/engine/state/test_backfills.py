"""Backfills: begun under a fence, by a cursor, within the job's concurrency, and counted."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from engine.core.ids import Instant
from engine.model.backfill import Backfill, BackfillState
from engine.model.execution import AttemptOutcome, Trigger
from engine.model.job import Job
from engine.model.pause import Pause
from engine.model.pause_document import parse_scope
from engine.scheduler.backfills import plan_backfills
from engine.state.messages import (
    Begin,
    BeginBackfill,
    CancelBackfill,
    DeleteJob,
    PauseJobs,
    RecordExecutions,
    StartBackfill,
    StartExecutions,
    UpdateJob,
)
from engine.state.view import View
from engine.timing.schedule import Schedule
from tests.kit.jobs import SECOND, Log, new_job, spec
from tests.unit.engine.state.test_executions import lead, result

NOW = 100 * SECOND
EACH = {"schedule": "*/10 * * * * *", "retry_policy": {"max_attempts": 1}}


def asked(parallel: int = 1) -> Backfill:
    """20 s to 60 s, without 40 s."""
    spans = ((20 * SECOND, 40 * SECOND), (50 * SECOND, 60 * SECOND + 1))
    return Backfill(
        id="bfl_1",
        job_id="job_backup",
        spans=spans,
        total=4,
        next_us=20 * SECOND,
        parallel=parallel,
    )


def log_of(concurrency: str = "allow", parallel: int = 1) -> Log:
    log = Log().with_jobs(new_job(next_us=NOW, concurrency=concurrency, **EACH))
    lead(log)
    log.now = NOW
    log.ok(StartBackfill(backfill=asked(parallel)))
    return log


def planned(log: Log) -> list[BeginBackfill]:
    view = View(log.state, threading.Lock())
    commands, faults = plan_backfills(view, epoch=log.state.epoch, now=log.now)
    assert not faults
    return commands


def begin_all(log: Log) -> list[Instant]:
    """Begin what there is room for, and return the fire times of what is open."""
    for command in planned(log):
        log.ok(command)
    return [execution.scheduled_us for execution in log.state.executions.values()]


def finish(log: Log, outcome: AttemptOutcome = AttemptOutcome.SUCCESS) -> None:
    """Run what waits to its end."""
    for execution in list(log.state.executions.values()):
        begin = Begin(execution.id, execution.attempt)
        log.ok(StartExecutions(epoch=log.state.epoch, begins=(begin,)))
        log.ok(RecordExecutions(results=(result(execution.id, outcome),)))


def test_a_backfill_walks_through_its_stretches_and_ends() -> None:
    log = log_of()
    seen = []
    while fires := begin_all(log):
        seen += fires
        finish(log, AttemptOutcome.FAILED if len(seen) == 2 else AttemptOutcome.SUCCESS)
    assert seen == [20 * SECOND, 30 * SECOND, 50 * SECOND, 60 * SECOND]
    backfill = log.state.backfills["bfl_1"]
    assert (backfill.state, backfill.succeeded, backfill.failed) == (BackfillState.DONE, 3, 1)
    assert log.state.last_runs == {}, "the job's own last run is another matter"


def test_as_many_run_at_once_as_were_asked_for() -> None:
    log = log_of(parallel=3)
    assert begin_all(log) == [20 * SECOND, 30 * SECOND, 50 * SECOND]
    assert begin_all(log) == [20 * SECOND, 30 * SECOND, 50 * SECOND]
    assert {one.trigger for one in log.state.executions.values()} == {Trigger.BACKFILL}


@pytest.mark.parametrize("concurrency", ["forbid", "replace"])
def test_a_job_that_does_not_overlap_has_one_at_a_time(concurrency: str) -> None:
    log = log_of(concurrency, parallel=3)
    assert begin_all(log) == [20 * SECOND]
    assert planned(log) == []
    forced = BeginBackfill(epoch=log.state.epoch, id="bfl_1", fires=((30 * SECOND, 50 * SECOND),))
    assert log.ok(forced) == 0


def test_a_proposal_that_lost_its_race_or_its_epoch_begins_nothing() -> None:
    log = log_of(parallel=3)
    [command] = planned(log)
    assert log.ok(command) == 3
    assert log.ok(command) == 0
    lead(log, "n2")
    assert log.refused(command).code == "NO_LEADER"


def test_a_cancelled_backfill_lets_what_runs_go_on() -> None:
    log = log_of()
    begin_all(log)
    assert log.ok(CancelBackfill(id="bfl_1")) == log.ok(CancelBackfill(id="bfl_1"))
    assert planned(log) == []
    finish(log)
    backfill = log.state.backfills["bfl_1"]
    assert (backfill.state, backfill.begun, backfill.succeeded) == (BackfillState.CANCELLED, 1, 1)
    assert backfill.reason == "cancelled by alice"
    assert log.refused(CancelBackfill(id="bfl_2")).code == "NOT_FOUND"


def test_an_edit_of_the_schedule_ends_it_and_another_edit_does_not() -> None:
    log = log_of()
    timeout = spec(concurrency="allow", timeout="1m", **EACH)
    log.ok(UpdateJob(id="job_backup", spec=timeout, enabled=True, next_us=NOW))
    assert log.state.backfills["bfl_1"].state is BackfillState.RUNNING
    hourly = spec(schedule="0 * * * *")
    log.ok(UpdateJob(id="job_backup", spec=hourly, enabled=True, next_us=NOW))
    assert log.state.backfills["bfl_1"].reason == "the schedule was edited"


def test_a_backfill_of_a_deleted_job_is_over() -> None:
    log = log_of()
    begin_all(log)
    log.ok(DeleteJob(id="job_backup"))
    assert log.state.backfills["bfl_1"].reason == "the job was deleted"
    assert log.refused(StartBackfill(backfill=asked())).code == "NOT_FOUND"


def test_a_pause_holds_a_backfill_up() -> None:
    log = log_of()
    pause = Pause(
        id="pau_1", scope=parse_scope("all"), from_us=0, until_us=NOW + 1, note="", by="ann"
    )
    log.ok(PauseJobs(pause=pause))
    assert planned(log) == []
    log.now = NOW + 1
    assert len(planned(log)) == 1


def test_a_backfill_that_cannot_be_planned_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = log_of().with_jobs(new_job("other", next_us=NOW, **EACH))
    log.ok(StartBackfill(backfill=replace(asked(), id="bfl_2", job_id="job_other")))
    whole = View.fires

    def broken(view: View, job: Job) -> Schedule:
        if job.id == "job_backup":
            raise ZeroDivisionError("a fault of ours")
        return whole(view, job)

    monkeypatch.setattr(View, "fires", broken)
    view = View(log.state, threading.Lock())
    commands, faults = plan_backfills(view, epoch=log.state.epoch, now=log.now)
    assert [command.id for command in commands] == ["bfl_2"]
    assert [job for job, _ in faults] == ["job_backup"]


def test_a_backfill_is_not_started_by_a_schedule_that_the_job_no_longer_has() -> None:
    log = log_of()
    other = spec(**EACH | {"schedule": "*/7 * * * * *"})
    log.ok(UpdateJob(id="job_backup", spec=other, enabled=True, next_us=NOW + SECOND))
    again = replace(asked(), id="bfl_2")
    assert log.refused(StartBackfill(backfill=again, generation=1)).code == "CONFLICT"
    log.ok(StartBackfill(backfill=again, generation=2))
