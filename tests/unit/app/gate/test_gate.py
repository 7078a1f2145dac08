"""What the gate answers where others write in the same moment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.api.deps import job_to_write
from app.api.problems import Refusal
from app.gate.gate import Gate
from engine.core.clock import SystemClock
from engine.model.pause import Pause, Scope, ScopeKind
from engine.raft.replica import Replica
from engine.state.messages import (
    Command,
    CreateJobs,
    DeleteJob,
    EnableJob,
    PauseJobs,
    Result,
    UpdateJob,
)
from tests.kit.door import LogStore
from tests.kit.jobs import new_job

JOB = {"name": "a", "schedule": "@yearly", "webhook": {"url": "http://127.0.0.1:9/"}}


class Busy(LogStore):
    """Somebody deletes each job as soon as it is edited or switched."""

    async def propose(self, command: Command, *, actor: str, request_id: str = "") -> Result:
        result = await super().propose(command, actor=actor, request_id=request_id)
        if isinstance(command, UpdateJob | EnableJob):
            self.apply(DeleteJob(id=command.id))
        return result


class Behind(LogStore):
    """What was written elsewhere is heard of with what is proposed here."""

    elsewhere: Command | None = None

    async def propose(self, command: Command, *, actor: str, request_id: str = "") -> Result:
        if self.elsewhere is not None:
            self.apply(self.elsewhere)
            self.elsewhere = None
        return await super().propose(command, actor=actor, request_id=request_id)


def store(kind: type[LogStore]) -> LogStore:
    replica = Replica(watermark=lambda: 1 << 60, on_gap=lambda *_: None)
    return kind(replica, SystemClock())


def gate(own: LogStore) -> Gate:
    return Gate(
        own,
        SystemClock(),
        find_version=lambda _id, _version: None,
        find_execution=lambda _id: None,
        find_imported=lambda _label, _ids, latest, _wait: (latest, set()),
    )


async def test_an_edit_that_took_effect_is_answered_as_done_though_the_job_is_gone() -> None:
    door = gate(store(Busy))
    (job,) = await door.jobs.create([JOB], actor="a", request_id="1")
    edited = await door.jobs.update(
        job.id, JOB | {"description": "again"}, actor="a", request_id="2"
    )
    assert (edited.version, edited.spec.description) == (2, "again")


async def test_a_switch_that_took_effect_is_answered_as_done_though_the_job_is_gone() -> None:
    door = gate(store(Busy))
    (job,) = await door.jobs.create([JOB], actor="a", request_id="1")
    switched = await door.jobs.set_enabled(job.id, True, actor="a", request_id="2")
    assert switched.enabled


async def test_a_pause_that_this_node_has_not_heard_of_yet_is_ended() -> None:
    own = Behind(Replica(watermark=lambda: 1 << 60, on_gap=lambda *_: None), SystemClock())
    scope = Scope(kind=ScopeKind.ALL)
    pause = Pause(id="pau_1", scope=scope, from_us=0, until_us=None, note="", by="alice")
    own.elsewhere = PauseJobs(pause=pause)
    assert (await gate(own).pauses.resume("pau_1", actor="a", request_id="1")).id == "pau_1"
    (ended,) = own.view.pauses()
    assert ended.until_us is not None


async def test_a_job_that_this_node_has_not_heard_of_yet_is_found_for_a_write() -> None:
    own = Behind(Replica(watermark=lambda: 1 << 60, on_gap=lambda *_: None), SystemClock())
    services: Any = SimpleNamespace(view=own.view, gate=gate(own))
    with pytest.raises(Refusal):
        await job_to_write(services, "job_a")
    own.elsewhere = CreateJobs(jobs=(new_job("a"),))
    assert (await job_to_write(services, "default/a")).id == "job_a"
