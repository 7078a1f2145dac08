"""Three real nodes: the leader dies while jobs fire; nothing is missed, nothing claimed twice."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.kit.cluster import Cluster, cluster, job, target, wait_for

pytestmark = pytest.mark.cluster

JOBS = 50
KILLS = 3
BETWEEN_KILLS_S = 6


def test_no_fire_time_is_missed_or_claimed_twice_when_leaders_die(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        # `execute_all`: however long this machine takes to elect, no fire time may be left out.
        every = {"concurrency": "allow", "missed_run_policy": "execute_all"}
        documents = [job(f"j{k}", f"{sink.url}/j/{k}", **every) for k in range(JOBS)]
        nodes.leader().request("POST", "/api/v1/jobs/batch", json={"jobs": documents})
        wait_for(lambda: len(sink.arrivals) > JOBS, what="the first fires")
        for _ in range(KILLS):
            leader = nodes.leader()
            leader.kill()
            time.sleep(BETWEEN_KILLS_S)
            leader.start()
            wait_for(leader.healthy, what=f"{leader.name} is back")
            time.sleep(2)
        leader = nodes.leader()
        for k in range(JOBS):
            leader.request("POST", f"/api/v1/jobs/default%2Fj{k}/disable")
        wait_for(lambda: leader.request("GET", "/api/v1/cluster/status")["running"] == 0)
        _check_sink(sink.arrivals)
        _check_histories(nodes)


def _check_sink(arrivals: list[Any]) -> None:
    seconds: dict[str, set[int]] = defaultdict(set)
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for arrival in arrivals:
        moment = datetime.fromisoformat(arrival.scheduled)
        seconds[arrival.path].add(int(moment.timestamp()))
        keys[arrival.path, arrival.scheduled].add(arrival.key)
    assert len(seconds) == JOBS
    for path, fired in seconds.items():
        missing = set(range(min(fired), max(fired) + 1)) - fired
        assert not missing, f"{path} missed {sorted(missing)}"
    doubles = {where: ids for where, ids in keys.items() if len(ids) > 1}
    assert not doubles, "one fire time, two execution ids"


def _check_histories(nodes: Cluster) -> None:
    wait_for(nodes.settled, what="all nodes at the same index")
    rows = [node.executions() for node in nodes.up()]
    for row in rows[0]:
        # What was due while its job was being disabled is decided by the disabling.
        decided = row["reason"].startswith("superseded: the job was")
        assert row["status"] == "success" or (row["status"] == "skipped" and decided), row
    ids = Counter(row["id"] for row in rows[0])
    assert max(ids.values()) == 1
    for other in rows[1:]:
        assert other == rows[0]


def test_a_write_on_a_follower_reaches_the_leader(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        follower = nodes.followers()[0]
        created = follower.request("POST", "/api/v1/jobs", json=job("a", sink.url))
        for node in nodes.nodes:
            wait_for(
                lambda n=node: any(
                    found["id"] == created["id"]
                    for found in n.request("GET", "/api/v1/jobs")["jobs"]
                )
            )
