"""The simulator over many seeds. A failure names the seed and the line that repeats it."""

from __future__ import annotations

import os

import pytest

from tests.simulation.world import World

COUNT = int(os.environ.get("CHRONOS_SEEDS", "60"))
ONE = os.environ.get("CHRONOS_SEED")
SEEDS = [int(ONE)] if ONE else range(COUNT)

pytestmark = pytest.mark.simulation


@pytest.mark.parametrize("seed", SEEDS)
def test_every_fire_time_is_decided_once_whatever_fails(seed: int) -> None:
    world = World(seed)
    world.run()
    assert any(world.sent), "nothing ran at all"
