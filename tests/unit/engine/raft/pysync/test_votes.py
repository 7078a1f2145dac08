"""Elections: a healthy leader is left alone, a vote counts once, the lease ends in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pysyncobj.node import Node

from engine.raft.pysync.library import CANDIDATE, LEADER
from tests.simulation.raft_sim.world import World, simulated


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A calm group with a leader."""
    with simulated(1, tmp_path) as calm:
        _pass(calm, 10.0)
        yield calm


def _pass(world: World, seconds: float) -> None:
    for _ in range(int(seconds / 0.05)):
        world.step(0.05, smooth=True)


def _leader(world: World) -> str:
    return next(n for n, r in world.replicas.items() if r.lease_ok())


def _isolate(world: World, name: str) -> None:
    for other in world.names:
        if other != name:
            world.blocked.add(frozenset((name, other)))
            world.links.cut(*sorted((name, other)))


def test_r7_a_follower_that_returns_deposes_nobody(world: World) -> None:
    head = _leader(world)
    term = world.replicas[head].raftCurrentTerm
    away = next(n for n in world.names if n != head)
    _isolate(world, away)
    _pass(world, 20.0)
    world.blocked.clear()
    _pass(world, 5.0)
    assert _leader(world) == head
    assert {r.raftCurrentTerm for r in world.replicas.values()} == {term}


def test_a_follower_that_hears_no_leader_knows_none(world: World) -> None:
    head = _leader(world)
    away = next(n for n in world.names if n != head)
    assert world.replicas[away].leader_heard() == Node(head)
    _isolate(world, away)
    _pass(world, 5.0)
    assert world.replicas[away].leader_heard() is None
    world.blocked.clear()
    _pass(world, 5.0)
    assert world.replicas[away].leader_heard() == Node(head)


def test_a_stalled_follower_reads_its_mail_before_it_stands(world: World) -> None:
    head = _leader(world)
    term = world.replicas[head].raftCurrentTerm
    name = next(n for n in world.names if n != head)
    others = [n for n in world.names if n != name]
    for _ in range(100):  # five seconds in which one thread does not run
        world.clock[0] += 0.05
        for other in others:
            world.replicas[other].doTick(0.0)
        for a in others:
            for b in others:
                world.links.deliver(a, b, 1000)
    world.replicas[name].doTick(0.0)
    _pass(world, 3.0)
    assert world.replicas[name].raftCurrentTerm == term


@pytest.mark.parametrize("gap", [0.3, 0.6, 0.9])
def test_nodes_whose_every_tick_is_late_still_elect(world: World, gap: float) -> None:
    head = _leader(world)
    _isolate(world, head)
    others = [n for n in world.names if n != head]
    for _ in range(40):
        world.clock[0] += gap
        for other in others:
            world.replicas[other].doTick(0.0)
        for a in others:
            for b in others:
                world.links.deliver(a, b, 1000)
        if any(world.replicas[n]._SyncObj__raftState == LEADER for n in others):
            return
    pytest.fail("nobody was elected")


def test_a_late_tick_puts_off_neither_a_node_alone_nor_an_agreed_election(
    world: World, tmp_path: Path
) -> None:
    follower = next(r for r in world.replicas.values() if not r.lease_ok())
    follower._forced = True
    follower._stand_at(0.0)
    follower._put_off(world.clock[0])
    assert follower._SyncObj__raftElectionDeadline == 0.0
    with simulated(1, tmp_path / "alone", names="A") as small:
        alone = small.replicas["A"]
        alone._stand_at(0.0)
        alone._put_off(small.clock[0])
        assert alone._SyncObj__raftElectionDeadline == 0.0


def test_a_voter_counts_once(world: World) -> None:
    name = next(n for n in world.names if n != _leader(world))
    replica = world.replicas[name]
    other = next(n for n in world.names if n != name)
    replica._SyncObj__raftState = CANDIDATE
    replica._SyncObj__votesCount = 0
    vote = {"type": "response_vote", "term": replica.raftCurrentTerm}
    for _ in range(5):
        world.links.ends[name]._onMessageReceived(Node(other), dict(vote))
    assert replica._SyncObj__votesCount == 1
    assert replica._SyncObj__raftState != LEADER


def test_the_lease_of_a_leader_cut_off_ends_before_another_can_begin(world: World) -> None:
    head = _leader(world)
    _isolate(world, head)
    ended = began = 0.0
    start = world.clock[0]
    while not began and world.clock[0] < start + 10:
        world.step(0.01, smooth=True)  # each step also checks that there is one lease at most
        if not ended and not world.replicas[head].lease_ok():
            ended = world.clock[0]
        if any(r.lease_ok() for n, r in world.replicas.items() if n != head):
            began = world.clock[0]
    assert 0 < ended < began


def test_a_transfer_ends_the_lease_at_once(world: World) -> None:
    head = _leader(world)
    world.replicas[head].transferLeadership()
    assert not world.replicas[head].lease_ok()
    _pass(world, 5.0)
    assert _leader(world) != head


def test_a_transfer_waits_until_the_successor_has_all_and_appends_nothing_meanwhile(
    world: World,
) -> None:
    head = _leader(world)
    replica = world.replicas[head]
    for number in range(3):
        replica.submit(b"before %d" % number, lambda *_: None)
    replica.doTick(0.0)  # appended and sent, and acknowledged by nobody
    replica.transferLeadership()
    replica.submit(b"behind", lambda *_: None)
    replica.doTick(0.0)
    assert replica.lease_ok(), "the successor lacks entries: nothing was given up yet"
    assert not any(b"behind" in entry[0] for entry in replica.journal[:])
    _pass(world, 5.0)
    assert _leader(world) != head
    assert not replica.handing_over


def test_a_transfer_to_nobody_who_can_take_it_leaves_the_leader_at_work(world: World) -> None:
    head = _leader(world)
    replica = world.replicas[head]
    away = next(n for n in world.names if n != head)
    _isolate(world, away)
    replica.submit(b"before", lambda *_: None)
    _pass(world, 1.0)
    replica.transferLeadership(Node(away))
    assert replica.lease_ok()
    _pass(world, 3.0)
    assert _leader(world) == head
    assert not replica.handing_over


def test_r18_a_vote_is_refused_while_a_leader_is_heard_unless_it_let_go(world: World) -> None:
    head = _leader(world)
    voter, candidate = [n for n in world.names if n != head][:2]
    replica = world.replicas[voter]
    term = replica.raftCurrentTerm + 1
    end = replica.journal[-1]
    ask = {"type": "request_vote", "term": term, "last_log_index": end[1], "last_log_term": end[2]}
    hear = world.links.ends[voter]._onMessageReceived
    hear(Node(candidate), dict(ask))
    assert replica.raftCurrentTerm == term - 1
    hear(Node(candidate), {"type": "released", "term": term})
    hear(Node(candidate), dict(ask))
    assert replica.raftCurrentTerm == term
    assert replica.journal.getVotedForNodeId() == candidate
