"""Three nodes under fifty jobs a second; the leader is killed three times within a minute."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from tests.bench.table import Row
from tests.kit.cluster import Arrival, Cluster, cluster, job, target, wait_for

JOBS = 50
LONG_S = 60.0
KILLS = 3


def failover() -> Iterator[Row]:
    """The gap is the longest time between two arrivals of one job; all fire once a second."""
    with (
        tempfile.TemporaryDirectory() as folder,
        target() as sink,
        cluster(Path(folder), 3) as nodes,
    ):
        documents = [job(f"j{k}", f"{sink.url}/j/{k}", concurrency="allow") for k in range(JOBS)]
        nodes.leader().request("POST", "/api/v1/jobs/batch", json={"jobs": documents})
        wait_for(lambda: len(sink.arrivals) > JOBS, 30, "the first fires")
        begun = time.time()
        kills = [_kill_and_restart(nodes, begun, number) for number in range(KILLS)]
        time.sleep(max(0.0, begun + LONG_S - time.time()))
        arrivals = [one for one in sink.arrivals if one.at < begun + LONG_S]
    yield from _rows(arrivals, begun, kills)


def _kill_and_restart(nodes: Cluster, begun: float, number: int) -> float:
    """When the leader was killed, Unix seconds; it is back before this returns."""
    time.sleep(max(0.0, begun + 5 + number * LONG_S / KILLS - time.time()))
    leader = nodes.leader()
    leader.kill()
    killed = time.time()
    time.sleep(5)
    leader.start()
    wait_for(leader.healthy, 60, f"{leader.name} is back")
    return killed


def _rows(arrivals: list[Arrival], begun: float, kills: list[float]) -> Iterator[Row]:
    by_job: dict[str, list[Arrival]] = defaultdict(list)
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in arrivals:
        by_job[one.path].append(one)
        keys[one.path, one.scheduled].add(one.key)
    fired = {path: {_second(one) for one in ones} for path, ones in by_job.items()}
    seconds = range(int(begun) + 1, int(begun + LONG_S) - 5)
    missed = sum(second not in fired[path] for path in fired for second in seconds)
    repeated = len(arrivals) - len(keys)
    gaps = [second.at - first.at for ones in by_job.values() for first, second in pairwise(ones)]
    first = {}
    for one in arrivals:
        first.setdefault((one.path, one.scheduled), one.at - _second(one))
    cuts = quantiles(first.values(), n=100)
    name = f"{JOBS} jobs a second, {KILLS} leaders killed in {LONG_S:.0f} s"
    yield Row(f"{name}: fire times run / missed", f"{len(keys):,} / {missed}")
    twice = sum(len(ids) > 1 for ids in keys.values())
    yield Row(f"{name}: claimed twice / sent again under the same id", f"{twice} / {repeated}")
    yield Row(f"{name}: longest gap at the sink", f"{max(gaps):.2f} s")
    yield Row(f"{name}: lateness p50 / p99", f"{cuts[49]:.3f} / {cuts[98]:.3f} s")
    after = [min(one.at for one in arrivals if one.at > killed + 0.05) - killed for killed in kills]
    words = ", ".join(f"{wait:.2f}" for wait in after)
    yield Row(f"{name}: first arrival after each kill", f"{words} s")


def _second(one: Arrival) -> int:
    return int(datetime.fromisoformat(one.scheduled).timestamp())
