"""Snapshots: what older nodes wrote and read, and what jobs share."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from engine.core.errors import Incompatible
from engine.model.job import Job, WebhookAuth
from engine.raft.replica import Replica
from engine.state.entry import Entry, encode
from engine.state.messages import Command, CreateJobs, DisableJob, RegisterNode, UpdateJob
from engine.state.snapshot import JOBS_A_LINE, decode_state, encode_state
from tests.kit.jobs import new_job, spec

OLD = Path(__file__).parents[3] / "data" / "snapshots" / "level-1.json"
"""Written by a node of level 1, of five entries."""
MAIL = {"namespace": "ops", "schedule": "0 7 * * 1-5", "tags": {"team": "blue"}}


def replica(*commands: Command) -> Replica:
    made = Replica(watermark=lambda: 0, on_gap=lambda *_: None)
    for index, command in enumerate(commands, 1):
        made.apply(
            index, encode(Entry(at=index, actor="alice", request_id=f"r{index}", command=command))
        )
    return made


def held(where: Replica, ref: str) -> Job:
    job = where.view.job(ref)
    assert job is not None
    return job


def registered(name: str, level: int) -> RegisterNode:
    return RegisterNode(
        node=name, raft_address=f"{name}:1", http_address=f"{name}:2", version="", level=level
    )


def test_a_snapshot_of_level_1_opens() -> None:
    opened = replica()
    opened.restore([OLD.read_bytes()], 5)
    view = opened.view
    assert [job.name for job in view.jobs()] == ["backup", "mail", "copy"]
    mail, copy = held(opened, "default/mail"), held(opened, "ops/copy")
    assert mail.spec.retry_policy.max_attempts == 5
    assert mail.spec.webhook.auth == WebhookAuth(type="bearer", token="t")
    assert not copy.enabled
    assert view.next_us(copy.id) is None
    assert view.next_us("job_backup") == 20_000_000
    assert len(view.open_executions("job_backup")) == 1


def test_what_was_restored_from_either_format_is_one_state() -> None:
    first, second = replica(), replica()
    first.restore([OLD.read_bytes()], 5)
    second.restore(first.snapshot(), 5)
    assert second.state_bytes() == first.state_bytes()
    for command in (registered("n1", 2), DisableJob(id="job_backup")):
        for one in (first, second):
            one.apply(6, encode(Entry(at=6, actor="a", request_id="r", command=command)))
    assert second.state_bytes() == first.state_bytes()


def test_a_node_of_level_1_in_the_cluster_gets_what_it_can_read() -> None:
    jobs = CreateJobs(jobs=(new_job(), new_job("mail", **MAIL)))
    older = replica(registered("n1", 2), registered("n2", 1), jobs)
    (line,) = older.snapshot()
    document = msgspec.json.decode(line)
    assert document["format"] == document["state"]["format"] == 1
    assert document["state"]["names"] == {"default/backup": "job_backup", "ops/mail": "job_mail"}
    assert set(document["state"]["next_us"]) == {"job_backup", "job_mail"}
    newer = replica()
    newer.restore([line], 3)
    assert newer.state_bytes() == older.state_bytes()
    older.apply(4, encode(Entry(at=4, actor="n2", request_id="", command=registered("n2", 2))))
    assert len(list(older.snapshot())) == 3


def test_a_format_of_later_nodes_is_refused() -> None:
    with pytest.raises(Incompatible, match="format 9"):
        decode_state([b'{"format":9}'])
    with pytest.raises(Incompatible, match="format 9"):
        replica().restore([b'{"format":9,"through":0,"pending":[]}'], 1)


def test_many_jobs_take_several_lines_and_come_back_in_their_order() -> None:
    jobs = tuple(new_job(f"j{number}") for number in range(JOBS_A_LINE + 1))
    given = replica(CreateJobs(jobs=jobs))
    lines = list(encode_state(given._state))
    assert len(lines) == 3
    assert list(decode_state(lines).jobs) == [job.id for job in jobs]
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines)


def test_jobs_share_what_they_have_in_common() -> None:
    first, second = (new_job(name, retry_policy={"max_attempts": 7}, **MAIL) for name in "ab")
    given = replica(CreateJobs(jobs=(first,)), CreateJobs(jobs=(second,)))
    again = replica()
    again.restore(given.snapshot(), 2)
    for where in (given, again):
        one, other = (held(where, f"job_{name}") for name in "ab")
        assert one.spec.tags is other.spec.tags
        assert one.spec.schedule is other.spec.schedule
        assert one.spec.retry_policy is other.spec.retry_policy
        assert one.spec.webhook.headers is other.spec.webhook.headers


def test_a_default_that_was_spelled_out_gives_the_same_bytes() -> None:
    spelled = encode(
        Entry(
            at=1,
            actor="alice",
            request_id="",
            command=CreateJobs(jobs=(new_job(timeout="299s", timezone="Asia/Tokyo"),)),
        )
    )
    full = spelled.replace(b"299000000", b"300000000").replace(b"Asia/Tokyo", b"UTC")
    assert b"300000000" in full
    first, second = replica(), replica(CreateJobs(jobs=(new_job(),)))
    first.apply(1, full)
    one, other = (held(where, "job_backup") for where in (first, second))
    assert msgspec.json.encode(one) == msgspec.json.encode(other)


def test_an_edit_keeps_the_policy_that_others_share() -> None:
    edit = UpdateJob(id="job_a", spec=spec("a", timeout="9s"), enabled=True, next_us=None)
    given = replica(CreateJobs(jobs=(new_job("a"), new_job("b"))), edit)
    one, other = (held(given, f"job_{name}") for name in "ab")
    assert one.spec.retry_policy is other.spec.retry_policy
    assert one.spec.timeout_us == 9_000_000


def test_a_restored_state_holds_each_id_and_each_moment_once() -> None:
    given = replica(CreateJobs(jobs=(new_job("a"), new_job("b"))))
    again = replica()
    again.restore(given.snapshot(), 1)
    view, state = again.view, again._state
    assert view.next_us("job_a") is view.next_us("job_b")
    answer = state.requests["r1"].accepted
    assert answer is not None
    for known, told in zip(view.jobs(), answer.value, strict=True):
        assert known.id is told
        assert state.by_name["default"][known.name] is told
    assert again.state_bytes() == given.state_bytes()
