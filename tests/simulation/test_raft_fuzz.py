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
from engine.raft.pysync.append import Append
from engine.raft.pysync.journal import Journal
from engine.raft.pysync.library import SyncObj
from tests.simulation.raft_sim.world import broken_by, simulated

SEEDS = int(os.environ.get("CHRONOS_SEEDS", "60"))
FIRST = int(os.environ.get("CHRONOS_SEED", "0"))
MUTANT_SEEDS = 150  # a mutant must be caught within these; most are within ten

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


def _caught(scratch: Any, *signs: str) -> bool:
    """True when a seed breaks with one of the signs (any fault, if none is named)."""
    for seed in range(MUTANT_SEEDS):
        fault = broken_by(seed, next(scratch))
        if fault is not None and (not signs or any(sign in fault for sign in signs)):
            return True
    return False


def _count_as_the_library(self: Any, node: Any, message: Any) -> None:
    if message["term"] == self.raftCurrentTerm and node in self._SyncObj__raftMatchIndex:
        SyncObj._SyncObj__onMessageReceived(self, node, message)


def test_the_fuzzer_catches_resets_that_chase_each_other_r13(
    monkeypatch: pytest.MonkeyPatch, scratch: Any
) -> None:
    monkeypatch.setattr(Append, "_count", _count_as_the_library)
    assert _caught(scratch, "stuck")


def test_the_fuzzer_catches_cutting_what_matches_r1(
    monkeypatch: pytest.MonkeyPatch, scratch: Any
) -> None:
    def take(self: Any, node: Any, message: Any) -> None:
        SyncObj._SyncObj__onMessageReceived(self, node, message)

    # What re-sends is the library's way of obeying resets: the cure of R13 hides R1. Without that
    # cure alone nodes get stuck, see above, but nothing is ever cut.
    monkeypatch.setattr(Append, "_take", take)
    monkeypatch.setattr(Append, "_count", _count_as_the_library)
    assert _caught(scratch, "had applied", "lost", "diverged", "is committed")


def test_the_fuzzer_catches_acknowledging_before_the_flush(
    monkeypatch: pytest.MonkeyPatch, scratch: Any
) -> None:
    def tick(self: Any, seconds: float = 0.0) -> None:
        SyncObj._onTick(self, seconds)
        acks, self._acks = self._acks, []
        for node, message in acks:
            self._SyncObj__transport.send(node, message)

    monkeypatch.setattr(Append, "_onTick", tick)
    assert _caught(scratch)


def test_the_fuzzer_catches_a_flush_that_does_nothing(
    monkeypatch: pytest.MonkeyPatch, scratch: Any
) -> None:
    monkeypatch.setattr("tests.simulation.raft_sim.world.Disk.flush", lambda _self, _fd: None)
    assert _caught(scratch)


def test_the_fuzzer_catches_voting_after_the_disk_was_lost(
    monkeypatch: pytest.MonkeyPatch, scratch: Any
) -> None:
    monkeypatch.setattr(Journal, "blank", False)  # nobody sees that the past is gone
    assert _caught(scratch, "lost", "diverged", "is committed", "had applied")


def test_the_fuzzer_catches_committing_by_a_piece_of_a_snapshot_r17(
    monkeypatch: pytest.MonkeyPatch, scratch: Any
) -> None:
    stock = Append._SyncObj__onMessageReceived

    def receive(self: Any, node: Any, message: Any) -> None:
        if message.get("serialized") and message["term"] >= self.raftCurrentTerm:
            self._echo = (message["seq"], message["t"])
            SyncObj._SyncObj__onMessageReceived(self, node, message)
        else:
            stock(self, node, message)

    monkeypatch.setattr(Append, "_SyncObj__onMessageReceived", receive)
    assert _caught(scratch)
