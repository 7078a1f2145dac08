"""Many worlds: of the cluster's logic, or of the real Raft code on hostile networks and disks."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.simulation import world
from tests.simulation.raft_sim import world as raft_world

CHUNK = 50


class Broken(NamedTuple):
    """What a seed broke."""

    seed: int
    fault: str


def raft_broken_by(seed: int) -> str | None:
    """What a seed breaks of the Raft layer's promises; None when all are kept."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # torn tails and forced elections are the point
    try:
        with tempfile.TemporaryDirectory() as folder:
            return raft_world.broken_by(seed, Path(folder) / "raft")
    finally:
        logging.disable(before)


WORLDS: dict[str, Callable[[int], str | None]] = {
    "cluster": world.broken_by,
    "raft": raft_broken_by,
}


def repeat(kind: str, seed: int) -> str:
    """The line that repeats a world."""
    return f"python -m tests.simulation {kind} --seed {seed}"


def broken_by(kind: str, seeds: range) -> list[Broken]:
    """The seeds that break something, and what."""
    return [Broken(seed, fault) for seed in seeds if (fault := WORLDS[kind](seed)) is not None]


def broken_in_parallel(kind: str, seeds: range, processes: int) -> Iterator[Broken]:
    """The same as it is found, in the order of the seeds."""
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(processes) as pool:
        for found in pool.map(broken_by, [kind] * len(chunks), chunks):
            yield from found
