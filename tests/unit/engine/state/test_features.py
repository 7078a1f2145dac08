"""What needs which level of the log, and which level a cluster has."""

from __future__ import annotations

import threading

import pytest

from engine.core.version import LEVEL
from engine.model.job import JobSpec
from engine.state.features import needed
from engine.state.messages import (
    CreateJobs,
    DisableJob,
    EnableJob,
    RegisterNode,
    ResumeJobs,
    UpdateJob,
)
from engine.state.view import View
from tests.kit.jobs import Log, new_job, spec

LEVEL_0 = {
    *("name", "namespace", "description", "schedule", "timezone", "webhook", "report"),
    *("retry_policy", "timeout_us", "concurrency", "missed_run_policy", "tags", "window_us"),
}
"""Fields of a job that were there before levels were counted."""


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ({}, 0),
        ({"window": "5s", "window_start": "fixed"}, 0),
        ({"window": "5s"}, 1),
        ({"dialect": "robfig"}, 1),
        ({"dst": "skip"}, 1),
        ({"starts_at": "2026-01-01T00:00:00Z"}, 1),
        ({"ends_at": "2036-01-01T00:00:00Z"}, 1),
        ({"catch_up_window": "1h"}, 1),
        ({"calendar": "office"}, 1),
        ({"on_closed": "next"}, 0),
    ],
)
def test_a_job_needs_what_its_fields_need(written: dict[str, str], level: int) -> None:
    created = CreateJobs(jobs=(new_job("a"), new_job("b", **written)))
    assert needed(created)[0] == level
    edited = UpdateJob(id="job_a", spec=spec(**written), enabled=True, next_us=None)
    assert needed(edited)[0] == level
    assert bool(needed(edited)[1]) is bool(level)


def test_every_field_of_a_job_has_a_level() -> None:
    known = set(JobSpec.__struct_fields__)
    from engine.state import features

    assert known == LEVEL_0 | set(features._FIELDS) | {"window_start", "on_closed"}


def test_commands_need_what_they_need() -> None:
    assert needed(ResumeJobs(id="pau_1")) == (1, "pauses")
    assert needed(DisableJob(id="job_a")) == (0, "")
    assert needed(EnableJob(id="job_a", next_us=1)) == (0, "")
    assert needed(EnableJob(id="job_a", next_us=1, generation=3))[0] == 2


def register(log: Log, name: str, level: int) -> None:
    node = RegisterNode(
        node=name, raft_address=f"{name}:7000", http_address="", version="", level=level
    )
    log.ok(node)


def test_a_cluster_is_at_the_level_of_its_oldest_node() -> None:
    log = Log()
    view = View(log.state, threading.Lock())
    assert view.level() == LEVEL
    register(log, "n1", LEVEL)
    register(log, "n2", 0)
    assert view.level() == 0
    assert view.level(["n1:7000", "n2:7000"]) == 0
    assert view.level(["n1:7000"]) == LEVEL, "n2 is gone"
    assert view.level(["n1:7000", "elsewhere:7000"]) == 0, "who knows how n2 is reached"
    register(log, "n2", LEVEL)
    assert view.level() == LEVEL
