"""Real nodes on loopback for these tests, with a machine that keeps what it is given."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, ClassVar

import msgspec

from engine.core.clock import SystemClock
from engine.raft.cluster_time import ClusterTime
from engine.raft.pysync.node import Failure, RaftConfig, RaftNode
from tests.kit.cluster import PATIENCE_S, free_ports


class Machine:
    """A list of commands; b"boom" raises."""

    def __init__(self) -> None:
        self.log: list[tuple[int, bytes]] = []

    def apply(self, index: int, raw: bytes) -> int:
        if raw == b"boom":
            raise ValueError("boom")
        self.log.append((index, raw))
        return index

    def snapshot(self) -> list[bytes]:
        return [msgspec.msgpack.encode(self.log)]

    def restore(self, state: IO[bytes], index: int) -> None:
        self.log = msgspec.msgpack.decode(state.read(), type=list[tuple[int, bytes]])

    def commands(self) -> list[bytes]:
        return [raw for _, raw in self.log]


def free_addresses(count: int) -> list[str]:
    """Loopback addresses whose ports are free now."""
    return [f"127.0.0.1:{port}" for port in free_ports(count)]


def until(true: Callable[[], Any], what: str = "") -> None:
    """Waits until `true()`."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"never came true: {what or true}"
        time.sleep(0.01)


class Member:
    """A node, its machine, and what it called back."""

    all: ClassVar[list[Member]] = []
    """Those of the running test."""

    def __init__(self, folder: Path, address: str, peers: tuple[str, ...] = (), **config: Any):
        self.machine: Any = config.pop("machine", None) or Machine()
        least = config.pop("least", 0)
        self.roles: list[str] = []
        self.fatal: list[str] = []
        self.node = RaftNode(
            RaftConfig(address=address, peers=peers, data_dir=folder, **config),
            self.machine,
            ClusterTime(SystemClock(), address, peers),
            on_role=self.roles.append,
            on_fatal=self.fatal.append,
        )
        self.all.append(self)
        self.node.start(least=least)

    def call(self, raw: bytes, timeout: float = 10.0) -> tuple[object, Failure | None]:
        """Proposes and waits for the answer."""
        came, answers = threading.Event(), []

        def done(result: object, failure: Failure | None) -> None:
            answers.append((result, failure))
            came.set()

        self.node.propose(raw, done, timeout=timeout)
        assert came.wait(PATIENCE_S), "the callback never came"
        return answers[0]

    def must(self, raw: bytes) -> int:
        """Proposes until it is applied; the index."""
        for _ in range(20):
            result, failure = self.call(raw)
            if failure is None:
                assert isinstance(result, int)
                return result
            time.sleep(0.05)
        raise AssertionError("never accepted")


def group(folder: Path, addresses: list[str], **config: Any) -> list[Member]:
    """One member for each address, all started."""
    return [
        Member(folder / a.rpartition(":")[2], a, tuple(b for b in addresses if b != a), **config)
        for a in addresses
    ]


def leader(members: list[Member]) -> Member:
    """The member that holds the lease, once one does."""
    until(lambda: any(m.node.lease_valid() for m in members), "a leader")
    return next(m for m in members if m.node.lease_valid())


def stop(members: list[Member]) -> None:
    """Stops all."""
    for member in members:
        member.node.stop()
