"""Random faults against real replicas: nothing acknowledged is lost, none differs or hangs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pysyncobj.syncobj
import pytest

from engine.raft.pysync import disk
from tests.simulation.raft_sim.world import World, broken_by, simulated

SEEDS = int(os.environ.get("CHRONOS_SEEDS", "60"))
FIRST = int(os.environ.get("CHRONOS_SEED", "0"))

pytestmark = pytest.mark.simulation


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Torn tails and forced elections are the point here; they need no log."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Any]:
    """Folders for seeds, numbered."""
    return (tmp_path / str(n) for n in range(1_000_000))


@pytest.mark.parametrize("tenth", range(10))
def test_no_seed_breaks_a_promise(tenth: int, scratch: Any) -> None:
    for seed in range(FIRST + tenth, FIRST + SEEDS, 10):
        fault = broken_by(seed, next(scratch))
        again = f"CHRONOS_SEED={seed} CHRONOS_SEEDS=1 pytest tests/simulation/test_raft_fuzz.py"
        assert fault is None, f"{fault}\nrepeat with: {again}"


def test_one_seed_gives_one_history(tmp_path: Path) -> None:
    histories = []
    for name in "ab":
        with simulated(7, tmp_path / name) as world:
            world.run()
            histories.append((world.agreed, world.acked, world.crashes, world.clock))
    assert histories[0] == histories[1]
    assert histories[0][1], "a run without an acknowledgement proves nothing"


def test_the_clock_the_dice_and_the_disk_are_given_back(tmp_path: Path) -> None:
    library: Any = pysyncobj.syncobj
    before = library.monotonicTime, library.random, disk.flush, disk.flush_folder
    assert broken_by(3, tmp_path) is None
    assert (library.monotonicTime, library.random, disk.flush, disk.flush_folder) == before


def _clocks_apart(world: World) -> set[int]:
    return {clock.ahead_us for clock in world.wall_clocks.values()}


def test_clocks_are_wrong_in_many_seeds(scratch: Any) -> None:
    apart = 0
    for seed in range(20):
        with simulated(seed, next(scratch)) as world:
            world.run()
            apart += len(_clocks_apart(world)) > 1
    assert apart > 3
