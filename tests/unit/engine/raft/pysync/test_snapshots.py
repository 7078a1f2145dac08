"""Snapshots: a kill at any moment loses nothing, a large one arrives, a damaged one stops."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest
from pysyncobj.config import SERIALIZER_STATE

from engine.raft.pysync import snapshots
from engine.raft.pysync.library import Entry, Fatal
from engine.raft.pysync.snapshots import SnapshotDamaged, SnapshotStore, SnapshotUnusable
from tests.unit.engine.raft.pysync.group import (
    Machine,
    Member,
    free_addresses,
    group,
    leader,
    stop,
    until,
)

PREV, LAST = (b"\x00a", 8, 2), (b"\x00b", 9, 2)


def _read(path: Path) -> tuple[Entry, Entry, bytes]:
    with snapshots.opened(path) as (prev, last, state):
        return prev, last, state.read()


def test_a_snapshot_reads_back_as_it_was_written(tmp_path: Path) -> None:
    snapshots.write(tmp_path / "s", PREV, LAST, [b"state"] * 1000)
    assert _read(tmp_path / "s") == (PREV, LAST, b"state" * 1000)


def test_equal_states_give_equal_files(tmp_path: Path) -> None:
    for name in "ab":
        snapshots.write(tmp_path / name, PREV, LAST, [b"state"])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_torn_or_damaged_snapshot_never_reads(tmp_path: Path) -> None:
    path = tmp_path / "s"
    snapshots.write(path, PREV, LAST, [os.urandom(500)])
    whole = path.read_bytes()
    for size in (0, 5, 100, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(SnapshotDamaged):
            _read(path)
    path.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    with pytest.raises(SnapshotDamaged):
        _read(path)


def _ship(store: SnapshotStore, data: bytes) -> bool:
    """Hands a snapshot to `store` in pieces of ten bytes."""
    for at in range(0, len(data), 10):
        store.setTransmissionData((data[at : at + 10], at == 0, False))
    return store.setTransmissionData((b"", False, True))


def test_a_damaged_shipment_leaves_the_own_snapshot_and_is_not_acknowledged(
    tmp_path: Path,
) -> None:
    snapshots.write(tmp_path / "own", PREV, LAST, [b"own"])
    snapshots.write(tmp_path / "sent", PREV, LAST, [b"sent"])
    store = SnapshotStore(tmp_path / "own")
    sent = (tmp_path / "sent").read_bytes()
    assert not _ship(store, sent[:-3])
    assert _read(store.path)[2] == b"own"
    assert _ship(store, sent)
    assert _read(store.path)[2] == b"sent"


def test_an_old_shipment_does_not_take_the_machine_back(tmp_path: Path) -> None:
    snapshots.write(tmp_path / "sent", PREV, LAST, [b"sent"])
    store = SnapshotStore(tmp_path / "own")
    store.applied = lambda: 9
    assert not _ship(store, (tmp_path / "sent").read_bytes())
    assert not store.path.exists()


def test_r19_a_snapshot_overtaken_by_a_shipped_one_is_dropped(tmp_path: Path) -> None:
    snapshots.write(tmp_path / "sent", (b"", 98, 1), (b"", 99, 1), [b"newer"])
    store = SnapshotStore(tmp_path / "own", fork=False)
    store.serialize(((None, lambda: [b"older"]), LAST, PREV, None), PREV[1])
    assert _ship(store, (tmp_path / "sent").read_bytes())
    assert store.checkSerializing()[0] == SERIALIZER_STATE.FAILED
    assert _read(store.path)[2] == b"newer"


def test_a_snapshot_that_took_long_is_rested_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [100.0]
    monkeypatch.setattr(snapshots, "now", lambda: at[0])

    def slow() -> list[bytes]:
        at[0] += 2.0
        return [b"large"]

    store = SnapshotStore(tmp_path / "own", fork=False)
    store.serialize(((None, slow), LAST, PREV, None), PREV[1])
    assert store.checkSerializing()[0] == SERIALIZER_STATE.SUCCESS
    assert store.checkSerializing() == (SERIALIZER_STATE.SERIALIZING, None)
    at[0] += 2.0 * snapshots.REST
    assert store.checkSerializing() == (SERIALIZER_STATE.NOT_SERIALIZING, None)


def test_the_machine_is_read_in_the_child_not_in_the_tick_thread(tmp_path: Path) -> None:
    class Teller(Machine):
        def snapshot(self) -> list[bytes]:
            (tmp_path / "pid").write_text(str(os.getpid()))
            return super().snapshot()

    (address,) = free_addresses(1)
    member = Member(tmp_path / "n", address, machine=Teller())
    member.must(b"x")
    member.node.force_snapshot()
    until((tmp_path / "n" / "raft.snapshot").exists)
    assert int((tmp_path / "pid").read_text()) != os.getpid()
    stop([member])


def test_a_child_that_fails_is_reported_and_the_next_snapshot_succeeds(tmp_path: Path) -> None:
    class Moody(Machine):
        def snapshot(self) -> list[bytes]:
            if not (tmp_path / "calm").exists():
                raise ValueError("not now")
            return super().snapshot()

    (address,) = free_addresses(1)
    member = Member(tmp_path / "n", address, machine=Moody())
    member.must(b"x")
    member.node.force_snapshot()
    member.must(b"y")
    (tmp_path / "calm").touch()

    def taken() -> bool:
        member.node.force_snapshot()
        return (tmp_path / "n" / "raft.snapshot").exists()

    until(taken)
    assert not member.fatal
    stop([member])


def test_a_journal_without_its_snapshot_refuses_to_start(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    for n in range(20):
        member.must(b"%d" % n)
    member.node.force_snapshot()
    until((tmp_path / "raft.snapshot").exists)
    stop([member])
    (tmp_path / "raft.snapshot").unlink()
    with pytest.raises(Fatal, match=r"raft\.snapshot is gone"):
        Member(tmp_path, address)


def test_a_machine_that_refuses_a_snapshot_stops_the_node(tmp_path: Path) -> None:
    class Picky(Machine):
        def restore(self, state: IO[bytes], index: int) -> None:
            raise ValueError("unknown version")

    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    member.must(b"x")
    member.node.force_snapshot()
    until((tmp_path / "raft.snapshot").exists)
    stop([member])
    with pytest.raises(SnapshotUnusable, match="unknown version"):
        Member(tmp_path, address, machine=Picky())


_VICTIM = """
import os, sys, time
from pathlib import Path
from tests.unit.engine.raft.pysync.group import Machine, Member
class Slow(Machine):
    def snapshot(self):
        data = super().snapshot()
        time.sleep(1.0)
        return data
member = Member(Path(sys.argv[1]), sys.argv[2], machine=Slow())
for n in range(200):
    member.must(b"before %d" % n)
member.node.force_snapshot()
member.must(b"started")
time.sleep(0.2)
for n in range(40):
    member.must(b"during %d" % n)
print("acked", flush=True)
time.sleep(float(sys.argv[3]))
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.9])
def test_r8_kill_nine_during_the_snapshot_loses_nothing(tmp_path: Path, delay_s: float) -> None:
    (address,) = free_addresses(1)
    victim = subprocess.run(
        [sys.executable, "-c", _VICTIM, str(tmp_path), address, str(delay_s)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert victim.returncode == -signal.SIGKILL, victim.stderr
    assert victim.stdout == "acked\n"
    again = Member(tmp_path, address)  # at once: the orphan must not hold the port
    again.must(b"after")
    expected = [b"before %d" % n for n in range(200)] + [b"started"]
    expected += [b"during %d" % n for n in range(40)] + [b"after"]
    assert again.machine.commands() == expected
    time.sleep(1.2)  # the orphan ends, and must not have put its file in place
    stop([again])
    once_more = Member(tmp_path, address)
    once_more.must(b"last")
    assert once_more.machine.commands() == [*expected, b"last"]
    stop([once_more])


def test_r8_a_crash_between_naming_and_trimming_keeps_the_tail(tmp_path: Path) -> None:
    (address,) = free_addresses(1)
    member = Member(tmp_path, address)
    for n in range(30):
        member.must(b"%d" % n)
    entries = member.node._replica.journal[:]
    prev, last = entries[9], entries[10]
    state = Machine()
    state.log = [(i, raw) for i, raw in member.machine.log if i <= last[1]]
    stop([member])
    snapshots.write(tmp_path / "raft.snapshot", prev, last, state.snapshot())
    again = Member(tmp_path, address)
    again.must(b"after")
    assert again.machine.commands() == [b"%d" % n for n in range(30)] + [b"after"]
    stop([again])


def test_r16_a_large_snapshot_reaches_a_member_that_lost_everything(tmp_path: Path) -> None:
    addresses = free_addresses(3)
    # Long time-outs, so that a machine that is short of CPU does not cost the leadership either.
    patient = {"heartbeat_timeout_us": 3_000_000, "election_timeout_us": 6_000_000}
    members = group(tmp_path, addresses, snapshot_threshold=1_000_000, **patient)
    head = leader(members)
    big = [os.urandom(1 << 20) for _ in range(24)]  # does not compress
    for raw in big:
        head.must(raw)
    # On a slow machine a command that had no answer in time is proposed, and applied, once more.
    until(lambda: all(set(big) <= set(m.machine.commands()) for m in members))
    lost = next(m for m in members if m is not head)
    stop([lost])
    for file in (tmp_path / lost.node.config.address.rpartition(":")[2]).iterdir():
        file.unlink()
    for member in members:
        if member is not lost:
            member.node.force_snapshot()
    until(lambda: all(m.node.status().log_entries < 10 for m in members if m is not lost))
    term = head.node.status().term
    config = lost.node.config
    again = Member(config.data_dir, config.address, config.peers, **patient)
    until(lambda: set(big) <= set(again.machine.commands()))
    head.must(b"after")
    until(lambda: again.machine.commands() == head.machine.commands())
    assert again.machine.commands()[-1] == b"after"
    assert head.node.status().term == term, "shipping must not cost the leadership"
    stop([m for m in members if m is not lost] + [again])


def test_commits_go_on_while_a_large_snapshot_is_written(tmp_path: Path) -> None:
    class Slow(Machine):
        def snapshot(self) -> list[bytes]:
            (tmp_path / "begun").touch()
            until((tmp_path / "go-on").exists, "the test lets it end")
            return super().snapshot()

    (address,) = free_addresses(1)
    member = Member(tmp_path / "n", address, machine=Slow())
    member.must(b"x" * (8 << 20))
    member.node.force_snapshot()
    until((tmp_path / "begun").exists, "it is being written")
    committed = [member.must(b"%d" % n) for n in range(200)]
    assert not (tmp_path / "n" / "raft.snapshot").exists(), "it is still being written"
    (tmp_path / "go-on").touch()
    until((tmp_path / "n" / "raft.snapshot").exists, "it ends")
    assert member.must(b"more") > committed[-1]
    stop([member])


def test_a_snapshot_that_cannot_be_written_is_told_of_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Machine):
        def snapshot(self) -> list[bytes]:
            if not (tmp_path / "room").exists():
                raise OSError(errno.ENOSPC, "no room")
            return super().snapshot()

    monkeypatch.setattr(snapshots, "AGAIN_S", 0.2)
    (address,) = free_addresses(1)
    member = Member(tmp_path / "n", address, machine=Full())
    member.must(b"x")
    member.node.force_snapshot()
    until(lambda: member.node.status().snapshot_fault == "No space left on device")
    member.must(b"y")
    (tmp_path / "room").touch()

    def taken() -> bool:
        member.node.force_snapshot()
        return (tmp_path / "n" / "raft.snapshot").exists()

    until(taken)
    until(lambda: not member.node.status().snapshot_fault, "the fault is over")
    assert not member.fatal
    stop([member])
