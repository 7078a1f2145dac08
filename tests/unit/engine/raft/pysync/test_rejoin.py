"""A node that lost its past: it asks everybody, takes what there is, and votes only then."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pysyncobj.node import Node

from engine.raft.pysync.library import Fatal
from tests.simulation.raft_sim.world import World, simulated
from tests.unit.engine.raft.pysync.group import Member, free_addresses, group, leader, stop, until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A calm group that agreed on something."""
    with simulated(1, tmp_path, names="ABC") as calm:
        passed(calm, 5.0)
        calm.propose(leading(calm))
        passed(calm, 5.0)
        yield calm


def passed(world: World, seconds: float) -> None:
    for _ in range(int(seconds / 0.05)):
        world.step(0.05, smooth=True)


def leading(world: World) -> str:
    return next(name for name, replica in world.replicas.items() if replica.lease_ok())


def emptied(world: World, name: str) -> None:
    """Its disk is exchanged while it is down."""
    world.crash(name, power=False)
    shutil.rmtree(world.folder / name)
    world.start(name)


def test_a_node_whose_disk_was_exchanged_votes_again_once_it_has_all(world: World) -> None:
    head = leading(world)
    lost = next(name for name in world.names if name != head)
    emptied(world, lost)
    replica = world.replicas[lost]
    rejoined = False
    for _ in range(200):
        world.step(0.05, smooth=True)
        rejoined |= replica.rejoining
    assert rejoined, "it knew that there was a past"
    assert not replica.rejoining
    assert replica.raftCurrentTerm == world.replicas[head].raftCurrentTerm
    assert world.machines[lost].log == world.machines[head].log


def test_it_takes_no_part_before_every_other_was_heard(world: World) -> None:
    head = leading(world)
    lost, away = (name for name in world.names if name != head)
    for other in (head, lost):
        world.blocked.add(frozenset((away, other)))
        world.links.cut(*sorted((away, other)))
    emptied(world, lost)
    passed(world, 10.0)
    replica = world.replicas[lost]
    assert replica.rejoining
    assert replica.unheard == [away]
    assert world.machines[lost].log == []
    assert not any(each.lease_ok() for each in world.replicas.values()), "one of three is none"
    world.blocked.clear()
    passed(world, 10.0)
    assert not replica.rejoining
    assert world.machines[lost].log == world.machines[leading(world)].log


def test_it_votes_for_nobody_and_stands_for_nothing_meanwhile(world: World) -> None:
    head = leading(world)
    lost, other = (name for name in world.names if name != head)
    replica = world.replicas[lost]
    replica.begin_rejoin("a test")
    end = replica.journal[-1]
    term = replica.raftCurrentTerm
    ask = {"term": term + 5, "last_log_index": end[1] + 9, "last_log_term": end[2] + 9}
    for kind in ("pre_vote", "request_vote"):
        world.links.ends[lost]._onMessageReceived(Node(other), {"type": kind, **ask})
    assert replica.raftCurrentTerm == term
    assert not world.links.queues[(lost, other)]
    world.clock[0] += 30.0
    replica.doTick(0.0)
    assert replica.raftCurrentTerm == term


def test_two_of_five_that_lost_their_past_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with simulated(3, tmp_path, names="ABCDE") as world:
        passed(world, 5.0)
        world.propose(leading(world))
        passed(world, 5.0)
        lost = [name for name in world.names if name != leading(world)][:2]
        for name in lost:
            emptied(world, name)
        passed(world, 10.0)
        for name in lost:
            assert not world.replicas[name].rejoining
            assert world.machines[name].log == world.machines[leading(world)].log


def test_a_group_that_begins_has_nobody_to_ask(tmp_path: Path) -> None:
    with simulated(2, tmp_path, names="ABC") as fresh:
        for _ in range(100):
            fresh.step(0.05, smooth=True)
            assert not any(replica.rejoining for replica in fresh.replicas.values())


def test_damaged_files_are_set_aside_and_come_back_from_the_peers(tmp_path: Path) -> None:
    members = group(tmp_path, free_addresses(3))
    head = leader(members)
    for number in range(20):
        head.must(b"%d" % number)
    hurt = next(member for member in members if member is not head)
    until(lambda: len(hurt.machine.log) == 20)
    config = hurt.node.config
    stop([hurt])
    path = config.data_dir / "raft.journal"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    again = Member(config.data_dir, config.address, config.peers)
    (aside,) = again.node.set_aside
    assert aside.startswith(f"{path}.corrupt-")
    assert Path(aside).read_bytes() == bytes(data), "kept as it was found"
    until(lambda: again.machine.log == head.machine.log, "it has all")
    until(lambda: not again.node.status().rejoining, "it votes again")
    stop([member for member in members if member is not hurt] + [again])


def test_a_log_that_ends_before_what_was_applied_has_lost_something(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    index = member.must(b"x")
    stop([member])
    with pytest.raises(Fatal, match=r"no peers .*chronos restore"):
        Member(tmp_path, address, least=index + 100)


def test_two_that_come_late_to_a_group_of_five_catch_up(tmp_path: Path) -> None:
    with simulated(1, tmp_path, "ABCDE") as world:
        for name in "DE":
            world.crash(name, power=False)
            shutil.rmtree(world.folder / name)
        passed(world, 5.0)
        world.propose("A")
        passed(world, 2.0)
        assert world.acked
        for name in "DE":
            world.start(name)
        passed(world, 15.0)
        assert not any(replica.rejoining for replica in world.replicas.values())
        assert len({machine.index for machine in world.machines.values()}) == 1
