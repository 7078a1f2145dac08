"""Pauses: who they hold, how they end, and that they do not pile up."""

from __future__ import annotations

import threading

import pytest

from engine.core.ids import Instant
from engine.model.pause import Pause
from engine.model.pause_document import parse_scope
from engine.state.messages import DeleteJob, PauseJobs, ResumeJobs
from engine.state.rules.pauses import KEPT_US, PAUSES_MAX
from engine.state.view import View
from tests.kit.jobs import SECOND, Log, new_job


def pause(
    identity: str = "pau_1", scope: str = "all", start: Instant = 0, until: Instant | None = None
) -> PauseJobs:
    held = Pause(
        id=identity, scope=parse_scope(scope), from_us=start, until_us=until, note="", by="ann"
    )
    return PauseJobs(pause=held)


@pytest.fixture
def log() -> Log:
    return Log().with_jobs(new_job("backup", tags={"team": "data"}), new_job("mail"))


def held_by(log: Log, name: str, at: Instant = 5 * SECOND) -> str | None:
    view = View(log.state, threading.Lock())
    job = view.job(f"default/{name}")
    assert job is not None
    found = view.pause_at(job, at)
    return found.id if found else None


@pytest.mark.parametrize(
    ("scope", "held"),
    [
        ("all", ["backup", "mail"]),
        ("namespace:default", ["backup", "mail"]),
        ("namespace:ops", []),
        ("tag:team=data", ["backup"]),
        ("tag:team=", []),
        ("job:job_mail", ["mail"]),
    ],
)
def test_a_scope_holds_its_jobs(log: Log, scope: str, held: list[str]) -> None:
    log.ok(pause(scope=scope))
    assert [name for name in ("backup", "mail") if held_by(log, name)] == held


def test_of_several_pauses_the_one_that_ends_last_is_told(log: Log) -> None:
    log.ok(pause("pau_1", until=10 * SECOND))
    log.ok(pause("pau_2", scope="job:job_mail"))
    assert held_by(log, "backup") == "pau_1"
    assert held_by(log, "mail") == "pau_2"


def test_a_resumption_keeps_what_was_and_takes_back_what_was_to_come(log: Log) -> None:
    log.ok(pause("pau_1", start=1 * SECOND))
    log.ok(pause("pau_2", start=50 * SECOND))
    log.now = 7 * SECOND
    assert log.ok(ResumeJobs(id="pau_1")) == log.ok(ResumeJobs(id="pau_1"))
    log.ok(ResumeJobs(id="pau_2"))
    assert held_by(log, "mail", 6 * SECOND) == "pau_1"
    assert held_by(log, "mail", 7 * SECOND) is None
    assert list(log.state.pauses) == ["pau_1"]
    assert log.refused(ResumeJobs(id="pau_2")).code == "NOT_FOUND"


def test_a_pause_of_a_job_goes_with_it_and_needs_it(log: Log) -> None:
    log.ok(pause(scope="job:job_mail"))
    log.ok(DeleteJob(id="job_mail"))
    assert not log.state.pauses
    assert log.refused(pause(scope="job:job_mail")).code == "NOT_FOUND"


def test_old_pauses_make_room(log: Log) -> None:
    for number in range(PAUSES_MAX):
        log.ok(pause(f"pau_{number}", until=SECOND))
    assert log.refused(pause("one_more")).code == "CONFLICT"
    log.now = KEPT_US + 2 * SECOND
    log.ok(pause("one_more"))
    assert list(log.state.pauses) == ["one_more"]


def test_the_next_run_is_the_first_fire_behind_all_pauses(log: Log) -> None:
    view = View(log.state, threading.Lock())
    job = view.job("default/backup")
    assert job is not None
    first = view.next_us(job.id)
    assert view.next_run(job) == first
    log.ok(pause("pau_1", until=30 * SECOND))
    log.ok(pause("pau_2", start=30 * SECOND, until=60 * SECOND))
    found = view.next_run(job)
    assert found is not None
    assert 60 * SECOND <= found < 70 * SECOND
    log.ok(pause("pau_3"))
    assert view.next_run(job) is None
