"""Prints a Markdown table of measurements; each is bounded, on loopback, and cleans up.

Lateness is measured at the sink: arrival less the second at which the jobs were due. Figures of
different machines do not compare; ratios within one run do.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import psutil
from croniter import croniter
from cronsim import CronSim

from engine.core.clock import SystemClock
from engine.history.store import History
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.raft.pysync.node import Failure, RaftConfig, RaftNode
from engine.raft.replica import Replica
from engine.state.entry import Entry, encode
from engine.state.messages import (
    ClaimLeadership,
    Command,
    CreateJobs,
    Fire,
    RecordExecutions,
    StartExecutions,
)
from engine.timing.schedule import parse_schedule
from tests.bench.sink import Sink
from tests.kit.cluster import Cluster, free_ports, wait_for
from tests.kit.jobs import SECOND, Log, new_job

EXPRESSIONS = ["*/5 * * * *", "0 3 * * *", "30 8 * * 1-5", "0 0 1 */3 *", "15,45 9-17 * * 1-5"]
ZONE = "Europe/Berlin"
FIRES = 500
Row = tuple[str, str]


def burst(count: int) -> Iterator[Row]:
    """`count` jobs due in the same second on one node."""
    with tempfile.TemporaryDirectory() as folder, Sink() as sink:
        cluster = Cluster(Path(folder), 1).start()
        node = cluster.nodes[0]
        try:
            lead_s = 6 + count // 1000
            due = int(time.time()) + lead_s
            at = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            documents = [
                {
                    "name": f"b{k}",
                    "schedule": f"@at {at}",
                    "webhook": {"url": f"{sink.url}/j/{k}", "method": "POST", "body": "{}"},
                    "enabled": True,
                }
                for k in range(count)
            ]
            begun = time.monotonic()
            node.request("POST", "/api/v1/jobs/batch", json={"jobs": documents})
            added = time.monotonic() - begun
            wait_for(lambda: sink.count() >= count, 60, "all arrivals")
            late = sorted(moment - due for moment in sink.moments())
            cuts = quantiles(late, n=100)
            yield (
                f"{count:,} jobs due at once: first / last arrival",
                f"{late[0]:.3f} / {late[-1]:.3f} s",
            )
            yield (
                f"{count:,} jobs due at once: lateness p50 / p99",
                f"{cuts[49]:.3f} / {cuts[98]:.3f} s",
            )
            yield f"{count:,} jobs: added by one batch", f"{added:.2f} s"
        finally:
            node.stop()


class Member:
    """A Raft node with a replica, in this process."""

    def __init__(self, folder: Path, address: str, peers: tuple[str, ...]):
        self.replica = Replica(watermark=lambda: 1 << 60, on_gap=lambda _held, _through: None)
        config = RaftConfig(
            address=address, peers=peers, data_dir=folder, snapshot_threshold=100_000
        )
        self.raft = RaftNode(
            config, self.replica, on_role=lambda _role: None, on_fatal=sys.stderr.write
        )
        self.raft.start()

    def propose(self, command: Command) -> threading.Event:
        entry = Entry(at=1, actor="bench", request_id="", command=command)
        done = threading.Event()

        def settled(_result: object, failure: Failure | None) -> None:
            if failure is None:  # otherwise the node stops, with some still in flight
                done.set()

        self.raft.propose(encode(entry), settled)
        return done


def claims(nodes: int, seconds: float) -> Iterator[Row]:
    """Claims committed and flushed a second, 500 an entry, two entries in flight."""
    with tempfile.TemporaryDirectory() as folder:
        addresses = [f"127.0.0.1:{port}" for port in free_ports(nodes)]
        members = [
            Member(Path(folder) / str(k), own, tuple(a for a in addresses if a != own))
            for k, own in enumerate(addresses)
        ]
        try:
            leader: Member = wait_for(
                lambda: next((m for m in members if m.raft.status().role == "leader"), None)
            )
            jobs = [new_job(f"j{k}", SECOND, concurrency="replace") for k in range(FIRES)]
            leader.propose(CreateJobs(jobs=tuple(jobs))).wait(10)
            leader.propose(ClaimLeadership(node="bench", nonce="1")).wait(10)
            epoch, at, total = leader.replica.view.epoch, SECOND, 0
            flight: list[threading.Event] = []
            begun = time.monotonic()
            while time.monotonic() - begun < seconds:
                fires = tuple(Fire(job.id, 1, at, at + SECOND) for job in jobs)
                flight.append(leader.propose(StartExecutions(epoch=epoch, fires=fires)))
                at += SECOND
                if len(flight) > 1:
                    flight.pop(0).wait(10)
                    total += FIRES
            rate = total / (time.monotonic() - begun)
            yield f"claims committed a second, {nodes} node{'s' * (nodes > 1)}", f"{rate:,.0f}"
        finally:
            for member in members:
                member.raft.stop()


def next_fires(steps: int) -> Iterator[Row]:
    """Next-fire computations a second with a zone, beside croniter and cronsim."""
    start = datetime(2026, 3, 1, tzinfo=UTC)

    def ours(text: str) -> None:
        schedule, at = parse_schedule(text, ZONE), int(start.timestamp()) * SECOND
        for _ in range(steps):
            at = schedule.next_after(at) or 0

    def theirs_croniter(text: str) -> None:
        walk = croniter(text, start)
        for _ in range(steps):
            walk.get_next(float)

    def theirs_cronsim(text: str) -> None:
        walk = CronSim(text, start)
        for _ in range(steps):
            next(walk)

    def rate(run: Callable[[str], None]) -> float:
        for text in EXPRESSIONS:
            run(text)
        rounds = []
        for _ in range(3):
            begun = time.process_time()
            for text in EXPRESSIONS:
                run(text)
            rounds.append(steps * len(EXPRESSIONS) / (time.process_time() - begun))
        return median(rounds)

    own = rate(ours)
    yield "next fire times a second", f"{own:,.0f}"
    yield (
        "... against croniter / cronsim",
        (f"{own / rate(theirs_croniter):.0f}x / {own / rate(theirs_cronsim):.0f}x"),
    )


def history(entries: int) -> Iterator[Row]:
    """Rows written a second: each of 500 executions an entry is two rows."""
    log = Log().with_jobs(*(new_job(f"j{k}", SECOND) for k in range(FIRES)))
    epoch = int(log.ok(ClaimLeadership(node="n1", nonce="1")))
    for turn in range(entries):
        at = (turn + 1) * SECOND
        begun = log.ok(
            StartExecutions(
                epoch=epoch,
                fires=tuple(Fire(job, 1, at, at + SECOND) for job in log.state.jobs),
            )
        )
        results = tuple(
            AttemptResult(
                execution_id=one,
                attempt=1,
                outcome=AttemptOutcome.SUCCESS,
                started_us=at,
                finished_us=at + 1000,
                status_code=200,
                response="ok" * 200,
            )
            for one in begun
        )
        log.ok(RecordExecutions(results=results))
    with tempfile.TemporaryDirectory() as folder:
        store = History(Path(folder), node="n1", clock=SystemClock())
        store.start()
        start = time.monotonic()
        for committed in log.committed:
            store.project(committed)
        store.wait_for(log.index, 60)
        took = time.monotonic() - start
        store.stop()
    yield "history rows written a second", f"{2 * FIRES * entries / took:,.0f}"


def memory(count: int) -> Iterator[Row]:
    """Resident memory of a node by the jobs that it holds."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder), 1).start()
        node = cluster.nodes[0]
        assert node.process is not None
        process = psutil.Process(node.process.pid)
        try:
            before = process.memory_info().rss
            for first in range(0, count, 10_000):
                documents = [
                    {
                        "name": f"m{k}",
                        "schedule": "0 0 1 1 *",
                        "webhook": {"url": f"http://127.0.0.1:9/j/{k}"},
                        "enabled": True,
                    }
                    for k in range(first, first + 10_000)
                ]
                answer = httpx.post(
                    f"{node.url}/api/v1/jobs/batch", json={"jobs": documents}, timeout=120
                )
                assert answer.status_code == 201, answer.text
            time.sleep(3)
            after = process.memory_info().rss
            yield (
                f"node with {count:,} jobs",
                (f"{after / 2**20:.0f} MiB, {(after - before) / count / 1024:.1f} KiB a job"),
            )
        finally:
            node.stop()


def main(arguments: list[str]) -> int:
    """Run all, or with --quick the small ones."""
    quick = "--quick" in arguments
    benches: list[tuple[Callable[..., Iterator[Row]], tuple[Any, ...]]] = [
        (next_fires, (200 if quick else 2000,)),
        (claims, (1, 3.0)),
        (claims, (3, 3.0)),
        (history, (20 if quick else 100,)),
        (burst, (1000,)),
    ]
    if not quick:
        benches += [(burst, (10_000,)), (memory, (10_000,)), (memory, (100_000,))]
    sys.stdout.write("| what | figure |\n| --- | ---: |\n")
    for bench, how in benches:
        for what, figure in bench(*how):
            sys.stdout.write(f"| {what} | {figure} |\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
