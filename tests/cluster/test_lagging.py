"""A follower that slept past the log catches up by a snapshot, and its past is complete."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from engine.core.clock import SystemClock
from engine.history.store import History
from tests.kit.cluster import Cluster, Node, cluster, job, target, wait_for

pytestmark = pytest.mark.cluster

RUNS = 3_000
BATCH = 250


def runs_of_the_past(start: int) -> dict[str, Any]:
    """A batch of runs to import; each becomes rows that snapshots do not hold."""
    rows = [
        {
            "job_name": f"old-{number % 7}",
            "completed_at": f"2026-01-{1 + number // 1440:02}T"
            f"{number // 60 % 24:02}:{number % 60:02}:00Z",
            "status": "success",
        }
        for number in range(start, start + BATCH)
    ]
    return {"label": "old", "executions": rows}


def work_without(nodes: Cluster, url: str) -> None:
    """Thousands of runs and many jobs while a node is down, far more than the log keeps."""
    leader = nodes.leader()
    for number in range(40):
        leader.request("POST", "/api/v1/jobs", json=job(f"j{number}", url, concurrency="allow"))
    for start in range(0, RUNS, BATCH):
        leader.request("POST", "/api/v1/history/import", json=runs_of_the_past(start))
    wait_for(lambda: len(leader.executions()) > RUNS + 400, what="runs of the jobs themselves")
    for number in range(40):
        leader.request("POST", f"/api/v1/jobs/default%2Fj{number}/disable")
    wait_for(lambda: leader.status()["running"] == 0, what="the last runs end")


def compacted_past(nodes: Cluster, index: int) -> bool:
    marks = [node.status() for node in nodes.up()]
    return all(mark["applied_index"] - mark["log_entries"] > index for mark in marks)


def test_a_follower_that_slept_past_the_log_has_every_row(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3, snapshot_threshold=50) as nodes:
        sleeper = nodes.followers()[0]
        nodes.leader().request("POST", "/api/v1/jobs", json=job("first", sink.url, enabled=False))
        wait_for(nodes.settled, what="all at one index")
        seen = sleeper.status()["applied_index"]
        assert sleeper.stop() == 0
        work_without(nodes, sink.url)
        wait_for(lambda: compacted_past(nodes, seen), what="the log no longer holds what it lacks")
        sleeper.start()
        wait_for(sleeper.healthy, what="it is back")
        wait_for(nodes.settled, what="it has all")
        assert "history filled from a peer" in sleeper.log()
        for node in nodes.nodes:  # some 5 KB, whatever the history holds
            assert (node.data_dir / "raft" / "raft.snapshot").stat().st_size < 10 * RUNS
        same_everywhere(nodes)


def test_the_past_is_complete_though_the_peer_dies_while_it_is_fetched(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3, snapshot_threshold=50) as nodes:
        sleeper = nodes.followers()[0]
        wait_for(nodes.settled, what="all at one index")
        seen = sleeper.status()["applied_index"]
        assert sleeper.stop() == 0
        work_without(nodes, sink.url)
        wait_for(lambda: compacted_past(nodes, seen), what="the log no longer holds what it lacks")
        peers = [node for node in nodes.nodes if node is not sleeper]
        sleeper.start()
        wait_for(lambda: "history lacks entries" in sleeper.log(), what="it asks for rows")
        for peer in peers:  # whichever is asked: one after the other dies and comes back
            killed(peer, peers)
        wait_for(sleeper.healthy, what="it is back")
        wait_for(nodes.settled, what="it has all")
        same_everywhere(nodes)


def killed(peer: Node, peers: list[Node]) -> None:
    peer.kill()
    threading.Event().wait(0.5)
    peer.start()
    for node in peers:
        wait_for(node.healthy, what=f"{node.name} is back")


def same_everywhere(nodes: Cluster) -> None:
    """Row for row, in every table."""
    first, *others = [node.executions() for node in nodes.nodes]
    assert len(first) > RUNS + 400
    assert all(other == first for other in others), "the histories differ"
    upto = nodes.leader().status()["history"]["watermark"]
    for node in nodes.nodes:
        assert node.stop() == 0
    assert len({digest(node, upto) for node in nodes.nodes}) == 1


def digest(node: Node, upto: int) -> str:
    """Of all rows that a stopped node holds."""
    history = History(node.data_dir, node=node.name, clock=SystemClock(), export_every_s=0)
    history.start()
    try:
        assert history.watermark >= upto
        return history.content_hash(upto)
    finally:
        history.stop()
