"""Nodes without a past take part again, whoever else is without one."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.simulation.raft_sim.world import World, simulated


def _pass(world: World, seconds: float) -> None:
    for _ in range(int(seconds / 0.05)):
        world.step(0.05, smooth=True)


def test_two_that_come_late_to_a_group_of_five_catch_up(tmp_path: Path) -> None:
    with simulated(1, tmp_path, "ABCDE") as world:
        for name in "DE":
            world.crash(name, power=False)
            shutil.rmtree(world.folder / name)
        _pass(world, 5.0)
        world.propose("A")
        _pass(world, 2.0)
        assert world.acked
        for name in "DE":
            world.start(name)
        _pass(world, 15.0)
        assert not any(replica.rejoining for replica in world.replicas.values())
        assert len({machine.index for machine in world.machines.values()}) == 1
