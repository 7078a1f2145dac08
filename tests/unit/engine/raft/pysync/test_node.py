"""The facade: one node and three, outcomes of proposals, errors that stop loudly."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from engine.raft.pysync.node import Failure, RaftConfig
from tests.unit.engine.raft.pysync.group import Member, free_addresses, group, leader, stop, until


def test_one_node_commits_and_remembers_over_a_restart(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    indexes = [member.must(b"%d" % n) for n in range(10)]
    until(member.node.lease_valid)
    status = member.node.status()
    assert (status.role, status.leader, status.peers) == ("leader", address, ())
    member.node.stop()
    again = Member(tmp_path, address)
    index = again.must(b"more")
    assert index > indexes[-1]
    assert again.machine.commands() == [b"%d" % n for n in range(10)] + [b"more"]
    stop([again])


def test_one_node_commits_about_one_flush_at_a_time_without_waiting_for_a_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    until(member.node.lease_valid)
    monkeypatch.setattr("engine.raft.pysync.node.IDLE_TICK_S", 60.0)
    member.must(b"first")
    before = member.node._replica.journal.fsyncs
    for n in range(20):
        member.must(b"%d" % n)
    assert member.node._replica.journal.fsyncs - before <= 22
    stop([member])


def test_three_nodes_agree_and_followers_may_propose(tmp_path: Path) -> None:
    members = group(tmp_path, free_addresses(3))
    leader(members)
    for n, member in enumerate(members * 5):
        member.must(b"%d" % n)
    until(lambda: len({tuple(m.machine.log) for m in members}) == 1)
    assert sorted(members[0].machine.commands()) == sorted(b"%d" % n for n in range(15))
    assert sum(m.node.lease_valid() for m in members) == 1
    stop(members)


def test_leadership_is_handed_over_on_request(tmp_path: Path) -> None:
    members = group(tmp_path, free_addresses(3))
    first = leader(members)
    first.must(b"x")
    until(lambda: all(len(m.machine.log) == 1 for m in members))
    target = next(m for m in members if m is not first)
    until(
        lambda: (
            (
                first.node.transfer(target.node.config.address) or time.sleep(0.1)  # type: ignore[func-returns-value]
            )
            or target.node.status().role == "leader"
        )
    )
    assert not first.node.lease_valid()
    target.must(b"y")
    stop(members)


def test_without_a_majority_a_proposal_is_surely_not_applied(tmp_path: Path) -> None:
    addresses = free_addresses(3)
    lonely = Member(tmp_path, addresses[0], tuple(addresses[1:]))
    assert lonely.call(b"x", timeout=0.3) == (None, Failure.NOT_READY)
    assert not lonely.node.lease_valid()
    stop([lonely])
    assert lonely.machine.log == []


def test_a_leader_that_lost_its_followers_answers_unknown_and_loses_its_lease(
    tmp_path: Path,
) -> None:
    members = group(tmp_path, free_addresses(3))
    head = leader(members)
    head.must(b"x")
    stop([m for m in members if m is not head])
    result = head.call(b"y", timeout=0.3)
    assert result[0] is None
    until(lambda: not head.node.lease_valid())
    until(lambda: head.node.status().role != "leader")
    stop([head])


def test_r3_a_callback_that_raises_applies_nothing_twice(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    called = threading.Event()

    def done(_result: object, _failure: Failure | None) -> None:
        called.set()
        raise RuntimeError("from the callback")

    member.node.propose(b"once", done)
    assert called.wait(10)
    member.must(b"after")
    assert member.machine.commands() == [b"once", b"after"]
    stop([member])


def test_r4_a_machine_that_raises_stops_the_node_and_says_so(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    member.must(b"fine")
    assert member.call(b"boom") == (None, Failure.UNKNOWN)
    until(lambda: member.fatal)
    assert "MachineFailed" in member.fatal[0]
    assert member.call(b"late") == (None, Failure.NOT_READY)
    assert member.machine.commands() == [b"fine"]


def test_a_stopped_node_gives_back_its_port_and_every_callback(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    member.must(b"x")
    answers: list[Failure | None] = []
    for n in range(100):
        member.node.propose(b"%d" % n, lambda _r, failure: answers.append(failure))
    stop([member])
    assert len(answers) == 100
    member = Member(tmp_path, address)
    member.must(b"y")
    stop([member])


def test_a_held_snapshot_waits_for_the_release(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address, snapshot_threshold=1_000_000)
    with member.node.hold_snapshots():
        for n in range(50):
            member.must(b"%d" % n)
        member.node.force_snapshot()
        member.must(b"held")
        assert not (tmp_path / "raft.snapshot").exists()
    until((tmp_path / "raft.snapshot").exists)
    until(lambda: member.node.status().log_entries < 10)
    stop([member])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"address": "nowhere"}, "host:port"),
        ({"address": "10.0.0.1:7000", "peers": ("10.0.0.2:7000",)}, "secret"),
        ({"address": "127.0.0.1:1", "peers": ("127.0.0.1:1",)}, "not the node's own"),
        ({"address": "127.0.0.1:1", "secret": "short"}, "16"),
        ({"address": "127.0.0.1:1", "heartbeat_timeout_us": 2_000_000}, "exceed"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(
    tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        RaftConfig(data_dir=tmp_path, **fields)  # type: ignore[arg-type]
