"""Chronos as one peer among others: `python -m tests.bench.runner [--nodes 3]`.

It speaks the runner protocol of a benchmark that measures schedulers side by side: the environment
says what to do (`BENCH_SINK`, `BENCH_N`, `BENCH_PLAN`, `BENCH_SECOND`, `BENCH_DIR`, `BENCH_REUSE`),
standard output says how far it is (`ADDED seconds`, `SCHED pids`, `READY`), and SIGTERM ends it.
Everything is as it is shipped: journal and history are flushed, whatever store is asked for.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.kit.cluster import Cluster, cluster

BATCH = 10_000
PAD = "x" * 150


def _say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def _schedule(plan: str, number: int, second: int) -> str:
    if plan == "burst":
        return f"{second} * * * * *"
    if plan == "minute":
        return f"{number % 60} * * * * *"
    if plan == "second":
        return "* * * * * *"
    assert plan == "far", plan
    month = time.gmtime(time.time() + (60 + number % 200) * 86_400).tm_mon
    clock = f"{number % 60} {number // 60 % 60} {number // 3600 % 24}"
    return f"{clock} {1 + number % 28} {month} *"


def _document(number: int, schedule: str, sink: str) -> dict[str, Any]:
    return {
        "name": f"j{number}",
        "schedule": schedule,
        "webhook": {
            "url": f"{sink}/j/{number}",
            "method": "POST",
            "body": f'{{"job": {number}, "pad": "{PAD}"}}',
        },
        "concurrency": "allow",
        "enabled": True,
    }


def _add(nodes: Cluster, environment: dict[str, str]) -> float:
    """Seconds that it took to add all jobs through the leader's API."""
    leader, count = nodes.leader(), int(environment["BENCH_N"])
    plan, sink = environment["BENCH_PLAN"], environment["BENCH_SINK"]
    second = int(environment.get("BENCH_SECOND") or 0)
    took = 0.0
    for first in range(0, count, BATCH):
        documents = [
            _document(number, _schedule(plan, number, second), sink)
            for number in range(first, min(count, first + BATCH))
        ]
        begun = time.monotonic()
        leader.request("POST", "/api/v1/jobs/batch", json={"jobs": documents})
        took += time.monotonic() - begun
    return took


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.runner", description=__doc__)
    parser.add_argument("--nodes", type=int, default=3)
    options = parser.parse_args(arguments)
    environment = dict(os.environ)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with cluster(Path(environment["BENCH_DIR"]), options.nodes) as nodes:
        took = 0.0 if environment.get("BENCH_REUSE") else _add(nodes, environment)
        _say("ADDED", f"{took:.3f}")
        leader = nodes.leader()
        others = [node.pid for node in nodes.nodes if node is not leader]
        _say("SCHED", leader.pid, *others)
        _say("READY")
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
