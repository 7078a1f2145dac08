"""Claims committed and flushed a second: the real log and state machine, without the door."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from engine.core.clock import SystemClock
from engine.raft.cluster_time import ClusterTime
from engine.raft.pysync.node import Failure, RaftConfig, RaftNode
from engine.raft.replica import Replica
from engine.state.entry import Entry, encode
from engine.state.messages import (
    Accepted,
    ClaimLeadership,
    Command,
    CreateJobs,
    Fire,
    StartExecutions,
)
from tests.bench.table import Row
from tests.kit.cluster import free_ports, wait_for
from tests.kit.jobs import SECOND, new_job

FIRES = 500
IN_FLIGHT = 2
ANSWER_S = 10.0


def _say(reason: str) -> None:
    sys.stderr.write(f"a node stopped by itself: {reason}\n")


class Answer:
    """What became of one proposal."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._result: object = None

    def settle(self, result: object, failure: Failure | None) -> None:
        self._result = result if failure is None else failure
        self._arrived.set()

    def accepted(self) -> Accepted:
        """The acceptance; AssertionError for a refusal, a failure or silence."""
        assert self._arrived.wait(ANSWER_S), f"no answer within {ANSWER_S} s"
        assert isinstance(self._result, Accepted), self._result
        return self._result


class Member:
    """A Raft node with a replica, in this process."""

    def __init__(self, folder: Path, address: str, peers: tuple[str, ...]):
        self.replica = Replica(watermark=lambda: 1 << 60, on_gap=lambda _held, _through: None)
        config = RaftConfig(
            address=address, peers=peers, data_dir=folder, snapshot_threshold=100_000
        )
        cluster_time = ClusterTime(SystemClock(), address, peers)
        self.raft = RaftNode(
            config, self.replica, cluster_time, on_role=lambda _role: None, on_fatal=_say
        )
        self.raft.start()

    def propose(self, command: Command) -> Answer:
        answer = Answer()
        entry = Entry(at=1, actor="bench", request_id="", command=command)
        self.raft.propose(encode(entry), answer.settle)
        return answer


def _commit(leader: Member, seconds: float) -> float:
    """Claims a second. Only what the machine began is counted, and all of it is waited for."""
    jobs = [new_job(f"j{k}", SECOND, concurrency="replace") for k in range(FIRES)]
    leader.propose(CreateJobs(jobs=tuple(jobs))).accepted()
    leader.propose(ClaimLeadership(node="bench", nonce="1")).accepted()
    epoch, at, total = leader.replica.view.epoch, SECOND, 0
    flight: deque[Answer] = deque()
    begun = time.monotonic()
    while flight or time.monotonic() - begun < seconds:
        if time.monotonic() - begun < seconds:
            fires = tuple(Fire(job.id, 1, at, at + SECOND) for job in jobs)
            flight.append(leader.propose(StartExecutions(epoch=epoch, fires=fires)))
            at += SECOND
            if len(flight) < IN_FLIGHT:
                continue
        total += len(flight.popleft().accepted().value)
    return total / (time.monotonic() - begun)


def _rate(nodes: int, seconds: float) -> float:
    with tempfile.TemporaryDirectory() as folder:
        addresses = [f"127.0.0.1:{port}" for port in free_ports(nodes)]
        members: list[Member] = []
        try:
            for k, own in enumerate(addresses):
                peers = tuple(a for a in addresses if a != own)
                members.append(Member(Path(folder) / str(k), own, peers))
            leader: Member = wait_for(
                lambda: next((m for m in members if m.raft.status().role == "leader"), None)
            )
            return _commit(leader, seconds)
        finally:
            for member in members:
                member.raft.stop()


def claims(seconds: float) -> Iterator[Row]:
    """One node, then three that share this process and its interpreter."""
    one, three = _rate(1, seconds), _rate(3, seconds)
    yield Row("claims, 3 nodes: ratio to 1 node", f"{three / one:.2f}x")
    yield Row("claims committed a second, 1 node", f"{one:,.0f}")
    yield Row("claims committed a second, 3 nodes", f"{three:,.0f}")
