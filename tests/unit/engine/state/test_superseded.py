"""Edits decide what is due, or are refused: no fire time is left without a record."""

from __future__ import annotations

import pytest

from engine.core.ids import Instant
from engine.state.messages import (
    Accepted,
    Command,
    DeleteJob,
    DisableJob,
    Fire,
    FiresSkipped,
    Skip,
    StartExecutions,
    UpdateJob,
)
from tests.kit.jobs import SECOND, Log, new_job, spec
from tests.unit.engine.state.test_executions import lead

JOB = "job_backup"
DUE = 10 * SECOND
EACH = {"schedule": "* * * * * *"}


def skip(until: Instant, fires: int) -> Skip:
    return Skip(JOB, 1, DUE, until, fires, until + SECOND, "superseded: version 2 by ann")


def edits(superseded: Skip | None) -> list[Command]:
    hourly = spec(schedule="0 * * * *")
    exact = {"superseded": superseded, "is_exact": True}
    return [
        UpdateJob(id=JOB, spec=hourly, enabled=True, next_us=3_600 * SECOND, **exact),
        UpdateJob(id=JOB, spec=spec(**EACH), enabled=False, next_us=None, **exact),
        DisableJob(id=JOB, **exact),
        DeleteJob(id=JOB, **exact),
    ]


@pytest.fixture(params=range(4), ids=["schedule", "switched off", "disable", "delete"])
def which(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_what_is_due_is_decided_by_the_edit(which: int) -> None:
    log = Log().with_jobs(new_job(**EACH))
    log.now = 12 * SECOND
    committed = log.do(edits(skip(12 * SECOND, 3))[which])
    assert isinstance(committed.result, Accepted)
    first = committed.events[0]
    assert isinstance(first, FiresSkipped)
    assert (first.first_us, first.last_us, first.fires) == (DUE, 12 * SECOND, 3)
    assert log.state.next_us.get(JOB) in (None, 3_600 * SECOND)


@pytest.mark.parametrize("known", [None, skip(11 * SECOND, 2)])
def test_an_edit_that_would_leave_a_fire_time_undecided_is_refused(
    which: int, known: Skip | None
) -> None:
    log = Log().with_jobs(new_job(**EACH))
    log.now = 12 * SECOND
    assert log.refused(edits(known)[which]).field == "superseded"
    assert log.state.next_us[JOB] == DUE


def test_the_leader_may_be_quicker(which: int) -> None:
    log = Log().with_jobs(new_job(concurrency="allow", **EACH))
    epoch = lead(log)
    log.now = DUE
    claim = Fire(JOB, 1, DUE, DUE + SECOND)
    log.ok(StartExecutions(epoch=epoch, fires=(claim,)))
    committed = log.do(edits(skip(DUE, 1))[which])
    assert isinstance(committed.result, Accepted)
    assert not any(isinstance(event, FiresSkipped) for event in committed.events)


def test_an_edit_that_keeps_the_schedule_leaves_due_fire_times_to_the_leader() -> None:
    log = Log().with_jobs(new_job(**EACH))
    log.now = 12 * SECOND
    same = spec(timeout="1m", **EACH)
    log.ok(UpdateJob(id=JOB, spec=same, enabled=True, next_us=13 * SECOND, is_exact=True))
    assert log.state.next_us[JOB] == DUE


def test_an_edit_of_an_older_release_means_what_it_meant() -> None:
    log = Log().with_jobs(new_job(**EACH))
    log.now = 12 * SECOND
    log.ok(DisableJob(id=JOB))
    assert JOB not in log.state.next_us
