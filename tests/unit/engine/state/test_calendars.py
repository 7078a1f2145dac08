"""Calendars: kept with versions, and never out of step with the jobs that observe them."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from engine.model.calendar import Calendar
from engine.model.calendar_document import parse_calendar
from engine.state.messages import (
    CreateJobs,
    DeleteCalendar,
    DeleteJob,
    DisableJob,
    EnableJob,
    SaveCalendar,
    Skip,
    UpdateJob,
)
from engine.state.view import View
from tests.kit.jobs import SECOND, Log, new_job, spec

OFFICE = "office"


def calendar(**fields: Any) -> Calendar:
    return parse_calendar({"name": OFFICE, **fields})


@pytest.fixture
def log() -> Log:
    log = Log()
    log.ok(SaveCalendar(calendar=calendar(weekend=["SAT", "SUN"])))
    observer = replace(new_job(calendar=OFFICE, schedule="0 12 * * *"), by_calendar=1)
    return log.with_jobs(observer, new_job("mail"))


def test_an_edit_moves_its_observers_into_a_generation_of_their_own(log: Log) -> None:
    before = log.state.jobs["job_backup"].generation
    edit = SaveCalendar(
        calendar=calendar(weekend=["SUN"]), moved=(("job_backup", before, 77 * SECOND),)
    )
    assert log.ok(edit) == 2
    assert log.state.jobs["job_backup"].generation == before + 1
    assert log.state.next_us["job_backup"] == 77 * SECOND
    assert log.state.jobs["job_mail"].generation == 1


@pytest.mark.parametrize(
    "moved",
    [(), (("job_backup", 9, None),), (("job_backup", 1, None), ("job_mail", 1, None))],
)
def test_an_edit_that_does_not_know_its_observers_changes_nothing(
    log: Log, moved: tuple[Any, ...]
) -> None:
    refusal = log.refused(SaveCalendar(calendar=calendar(), moved=moved))
    assert (refusal.code, refusal.field) == ("CONFLICT", "moved")
    assert log.state.calendars[OFFICE].version == 1


@pytest.mark.parametrize(("if_version", "is_taken"), [(0, False), (1, True), (2, False)])
def test_an_edit_of_another_version_is_refused(log: Log, if_version: int, is_taken: bool) -> None:
    log.ok(DeleteJob(id="job_backup"))
    result = log.do(SaveCalendar(calendar=calendar(), if_version=if_version)).result
    assert (getattr(result, "field", "") == "") is is_taken


def test_a_job_needs_the_calendar_that_it_observes(log: Log) -> None:
    lost = new_job("lost", calendar="nowhere")
    assert log.refused(CreateJobs(jobs=(lost,))).field == "calendar"
    edited = spec("mail", calendar="nowhere")
    command = UpdateJob(id="job_mail", spec=edited, enabled=True, next_us=None)
    assert log.refused(command).field == "calendar"


def test_a_calendar_that_is_observed_stays(log: Log) -> None:
    assert "backup observes it" in log.refused(DeleteCalendar(name=OFFICE)).message
    log.ok(DeleteJob(id="job_backup"))
    log.ok(DeleteCalendar(name=OFFICE))
    assert log.refused(DeleteCalendar(name=OFFICE)).code == "NOT_FOUND"


def test_the_rule_is_part_of_the_timing_only_where_a_calendar_is_observed(log: Log) -> None:
    for name, generation in (("backup", 2), ("mail", 1)):
        fields = {"calendar": OFFICE, "schedule": "0 12 * * *"} if name == "backup" else {}
        edited = spec(name, on_closed="next", **fields)
        by = 1 if name == "backup" else 0
        edit = UpdateJob(id=f"job_{name}", spec=edited, enabled=True, next_us=None, by_calendar=by)
        log.ok(edit)
        assert log.state.jobs[f"job_{name}"].generation == generation


def test_a_view_follows_each_edit(log: Log) -> None:
    view = View(log.state, threading.Lock())
    job = view.job("default/backup")
    assert job is not None
    saturday = 2 * 86_400 * SECOND  # 1970-01-03
    monday = 4 * 86_400 * SECOND
    noon = 12 * 3_600 * SECOND
    assert view.fires(job).next_after(saturday) == monday + noon
    log.ok(SaveCalendar(calendar=calendar(), moved=(("job_backup", 1, None),)))
    assert view.fires(job).next_after(saturday) == saturday + noon


def superseding(log: Log, *, next_us: int, skip: Skip | None) -> SaveCalendar:
    moved = (("job_backup", log.state.jobs["job_backup"].generation, next_us),)
    skips = (skip,) if skip else ()
    return SaveCalendar(
        calendar=calendar(weekend=["SUN"]), moved=moved, superseded=skips, is_exact=True
    )


def test_an_exact_edit_leaves_no_fire_time_undecided_and_decides_none_twice(log: Log) -> None:
    due = log.state.next_us["job_backup"]
    log.now = due + 5 * SECOND
    left = superseding(log, next_us=due + 60 * SECOND, skip=None)
    assert "came due meanwhile" in log.refused(left).message
    skip = Skip("job_backup", 1, due, due, 1, due + SECOND, "superseded: by an edit")
    assert (
        "came due meanwhile"
        in log.refused(superseding(log, next_us=due + 60 * SECOND, skip=skip)).message
    ), "the skip leads to a time that is due as well"
    whole = Skip("job_backup", 1, due, due, 1, due + 60 * SECOND, "superseded: by an edit")
    assert (
        "came due meanwhile"
        in log.refused(superseding(log, next_us=due + 2 * SECOND, skip=whole)).message
    ), "the new schedule begins at a time that was decided"
    log.ok(superseding(log, next_us=due + 60 * SECOND, skip=whole))
    assert log.state.next_us["job_backup"] == due + 60 * SECOND


def test_a_job_that_was_planned_by_an_older_calendar_is_refused(log: Log) -> None:
    stale = replace(new_job("late", calendar=OFFICE), by_calendar=7)
    refusal = log.refused(CreateJobs(jobs=(stale,)))
    assert refusal.message == "calendar office was edited meanwhile"
    edited = spec("mail", calendar=OFFICE)
    command = UpdateJob(id="job_mail", spec=edited, enabled=True, next_us=None, by_calendar=7)
    assert log.refused(command).message == "calendar office was edited meanwhile"
    log.ok(DisableJob(id="job_backup"))
    enabled = EnableJob(id="job_backup", next_us=10**15, is_exact=True, by_calendar=7)
    assert log.refused(enabled).message == "calendar office was edited meanwhile"
