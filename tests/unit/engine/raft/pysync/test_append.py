"""Replication, message by message: nothing acknowledged is cut, nothing stale is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pysyncobj.node import Node

from engine.raft.pysync import disk
from tests.simulation.raft_sim.world import SimTransport, World, simulated


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A calm group with a leader."""
    with simulated(1, tmp_path) as calm:
        for _ in range(200):
            calm.step(0.05, smooth=True)
        yield calm


def _leader(world: World) -> str:
    return next(n for n, r in world.replicas.items() if r.lease_ok())


def _follower(world: World) -> str:
    return next(n for n in world.names if n != _leader(world))


def _append(world: World, first: int, count: int, term: int, **fields: Any) -> dict[str, Any]:
    """A message of the leader with `count` entries from index `first`."""
    journal = world.replicas[_leader(world)].journal
    before = journal[first - 1 - journal[0][1]]
    return {
        "type": "append_entries",
        "term": term,
        "commit_index": before[1],
        "seq": 1_000_000,
        "t": world.clock[0],
        "prevLogIdx": before[1],
        "prevLogTerm": before[2],
        "entries": [[b"\x00entry", first + n, term] for n in range(count)],
        **fields,
    }


def _receive(world: World, name: str, sender: str, message: dict[str, Any]) -> None:
    world.links.ends[name]._onMessageReceived(Node(sender), message)


def test_r1_a_message_sent_again_cuts_nothing(world: World) -> None:
    head, name = _leader(world), _follower(world)
    replica = world.replicas[name]
    end, term = replica.journal[-1][1], replica.raftCurrentTerm
    _receive(world, name, head, _append(world, end + 1, 20, term))
    assert replica.journal[-1][1] == end + 20
    _receive(world, name, head, _append(world, end + 1, 5, term))
    assert replica.journal[-1][1] == end + 20
    assert replica._acks[-1][1]["next_node_idx"] == end + 6, "only what was compared is answered"


def test_a_real_conflict_is_cut_from_the_first_difference(world: World) -> None:
    head, name = _leader(world), _follower(world)
    replica = world.replicas[name]
    end, term = replica.journal[-1][1], replica.raftCurrentTerm
    _receive(world, name, head, _append(world, end + 1, 10, term))
    message = _append(world, end + 1, 4, term)
    message["term"] = term + 1
    message["entries"][3][2] = term + 1
    _receive(world, name, head, message)
    terms = [entry[2] for entry in replica.journal[:]][-4:]
    assert replica.journal[-1][1] == end + 4
    assert terms == [term, term, term, term + 1]


def test_r2_an_acknowledgement_of_an_older_leadership_is_not_counted(world: World) -> None:
    head, name = _leader(world), _follower(world)
    replica = world.replicas[head]
    answer = {
        "type": "next_node_idx",
        "next_node_idx": 500,
        "reset": False,
        "success": True,
        "term": replica.raftCurrentTerm - 1,
        "seq": 1,
        "t": 0.0,
    }
    before = dict(replica._SyncObj__raftMatchIndex)
    _receive(world, head, name, answer)
    assert replica._SyncObj__raftMatchIndex == before


def test_r13_a_reset_older_than_the_last_one_obeyed_is_ignored(world: World) -> None:
    head, name = _leader(world), _follower(world)
    replica = world.replicas[head]
    term = replica.raftCurrentTerm
    reset = {"type": "next_node_idx", "reset": True, "success": False, "term": term, "t": 0.0}
    _receive(world, head, name, reset | {"next_node_idx": 2, "seq": replica._seq})
    assert replica._SyncObj__raftNextIndex[Node(name)] == 2
    _receive(world, head, name, reset | {"next_node_idx": 3, "seq": replica._seq})
    assert replica._SyncObj__raftNextIndex[Node(name)] == 2


def test_r17_a_piece_of_a_snapshot_commits_nothing_that_was_not_compared(world: World) -> None:
    head, name = _leader(world), _follower(world)
    replica = world.replicas[name]
    end, term = replica.journal[-1][1], replica.raftCurrentTerm
    _receive(world, name, head, _append(world, end + 1, 5, term))
    before = replica.raftCommitIndex
    piece = _append(world, end + 1, 0, term, commit_index=end + 5, serialized=(b"x", True, False))
    for field in ("prevLogIdx", "prevLogTerm", "entries"):
        del piece[field]
    _receive(world, name, head, piece)
    assert replica.raftCommitIndex == before


def test_the_flush_comes_before_the_acknowledgement(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, name = _leader(world), _follower(world)
    replica = world.replicas[name]
    events: list[str] = []
    flush, send = disk.flush, SimTransport.send

    def noted_flush(fd: int) -> None:
        events.append("flush")
        flush(fd)

    def noted_send(self: SimTransport, node: Node, message: Any) -> bool:
        if message["type"] == "next_node_idx" and message["success"]:
            events.append("acknowledgement")
        return send(self, node, message)

    monkeypatch.setattr(disk, "flush", noted_flush)
    monkeypatch.setattr(SimTransport, "send", noted_send)
    end, term = replica.journal[-1][1], replica.raftCurrentTerm
    _receive(world, name, head, _append(world, end + 1, 50, term))
    assert events == []
    replica.doTick(0.0)
    assert events[0] == "flush"
    assert events[-1] == "acknowledgement"
    assert events.count("acknowledgement") == 1


def test_a_leader_alone_in_its_count_flushes_before_it_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with simulated(1, tmp_path) as world:
        for _ in range(200):
            world.step(0.05, smooth=True)
        head = world.replicas[_leader(world)]
        world.propose(_leader(world))
        head.doTick(0.0)
        assert head.journal.dirty
        before = head.journal.fsyncs
        head.doTick(0.0)
        assert (head.journal.dirty, head.journal.fsyncs) == (False, before + 1)
