"""Three real nodes: the leader dies while jobs fire; nothing is missed, nothing claimed twice."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from tests.cluster.jobs_at_work import check_nothing_missed, start_jobs, stop_jobs
from tests.kit.cluster import Cluster, cluster, job, target, wait_for

pytestmark = pytest.mark.cluster

JOBS = 50
KILLS = 3
BETWEEN_KILLS_S = 6


def test_no_fire_time_is_missed_or_claimed_twice_when_leaders_die(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        start_jobs(nodes, sink.url, JOBS)
        wait_for(lambda: len(sink.arrivals) > JOBS, what="the first fires")
        for _ in range(KILLS):
            leader = nodes.leader()
            leader.kill()
            time.sleep(BETWEEN_KILLS_S)
            leader.start()
            wait_for(leader.healthy, what=f"{leader.name} is back")
            time.sleep(2)
        stop_jobs(nodes, JOBS)
        check_nothing_missed(sink.arrivals, JOBS)
        _check_histories(nodes)


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
