"""Jobs, as the cluster agrees on them."""

from __future__ import annotations

from engine.state.messages import CreateJobs, DisableJob, EnableJob, UpdateJob
from tests.kit.jobs import SECOND, Log, new_job, spec

JOB = "job_backup"


def test_a_batch_with_a_taken_name_creates_nothing() -> None:
    log = Log().with_jobs(new_job("backup"))
    refused = log.refused(CreateJobs(jobs=(new_job("fresh"), new_job("backup"))))
    assert (refused.code, refused.field) == ("CONFLICT", "jobs[1].name")
    assert list(log.state.jobs) == [JOB]


def test_a_request_repeated_gets_the_first_answer_and_changes_nothing() -> None:
    log = Log()
    command = CreateJobs(jobs=(new_job(),))
    first = log.do(command, "req_1")
    again = log.do(command, "req_1")
    assert first.result == again.result
    assert not again.events


def test_an_edit_of_the_schedule_opens_a_new_generation() -> None:
    log = Log().with_jobs(new_job())
    changed = UpdateJob(id=JOB, spec=spec(schedule="@every 20s"), enabled=True, next_us=20 * SECOND)
    assert log.ok(changed) == 2
    assert log.state.jobs[JOB].generation == 2
    assert log.state.next_us[JOB] == 20 * SECOND


def test_an_edit_of_anything_else_keeps_a_due_fire_time() -> None:
    log = Log().with_jobs(new_job())
    log.ok(UpdateJob(id=JOB, spec=spec(description="x"), enabled=True, next_us=90 * SECOND))
    assert log.state.jobs[JOB].generation == 1
    assert log.state.next_us[JOB] == 10 * SECOND


def test_an_edit_of_a_stale_version_is_refused() -> None:
    log = Log().with_jobs(new_job())
    stale = UpdateJob(id=JOB, spec=spec(), enabled=True, next_us=None, if_version=7)
    assert log.refused(stale).code == "CONFLICT"


def test_a_renamed_job_gives_its_old_name_free() -> None:
    log = Log().with_jobs(new_job())
    log.ok(UpdateJob(id=JOB, spec=spec("other"), enabled=True, next_us=None))
    log.ok(
        CreateJobs(
            jobs=(
                new_job("backup").__class__(id="job_2", spec=spec(), enabled=False, next_us=None),
            )
        )
    )
    assert log.state.by_name == {"default": {"other": JOB, "backup": "job_2"}}


def test_disabling_and_enabling_change_when_not_which_version() -> None:
    log = Log().with_jobs(new_job())
    log.ok(DisableJob(id=JOB))
    assert JOB not in log.state.next_us
    log.ok(EnableJob(id=JOB, next_us=70 * SECOND))
    assert log.state.next_us[JOB] == 70 * SECOND
    assert log.state.jobs[JOB].version == 1


def test_a_job_is_not_enabled_by_a_schedule_that_it_no_longer_has() -> None:
    log = Log().with_jobs(new_job())
    log.ok(DisableJob(id=JOB))
    log.ok(UpdateJob(id=JOB, spec=spec(schedule="@every 7s"), enabled=False, next_us=None))
    stale = EnableJob(id=JOB, next_us=70 * SECOND, is_exact=True, generation=1)
    refusal = log.refused(stale)
    assert (refusal.code, refusal.field) == ("CONFLICT", "moved")
    log.ok(EnableJob(id=JOB, next_us=77 * SECOND, is_exact=True, generation=2))
    assert log.state.next_us[JOB] == 77 * SECOND
