"""Every file of a stopped node is damaged in every way: nothing of it is served, all comes back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.cluster import Cluster, Node, cluster, job, target, wait_for

pytestmark = pytest.mark.cluster

RUNS = 40


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 4, len(data), max(1, len(data) // 8)):
        data[place] ^= 0x5A
    path.write_bytes(data)


def halved(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


WAYS: dict[str, Callable[[Path], None]] = {
    "flipped": flipped,
    "halved": halved,
    "emptied": emptied,
    "deleted": Path.unlink,
}
FILES = ("raft/raft.journal", "raft/raft.snapshot", "history.duckdb")


def worked(nodes: Cluster, url: str) -> None:
    """Jobs, runs, a snapshot on every node, and all nodes at one index with nothing to do."""
    leader = nodes.leader()
    leader.request("POST", "/api/v1/jobs", json=job("beat", url, concurrency="allow"))
    for number in range(RUNS):
        leader.request("POST", "/api/v1/jobs/default%2Fbeat/trigger")
        leader.request("POST", "/api/v1/jobs", json=job(f"j{number}", url, enabled=False))
    leader.request("POST", "/api/v1/jobs/default%2Fbeat/disable")
    for node in nodes.nodes:
        wait_for((node.data_dir / "raft" / "raft.snapshot").exists, what="a snapshot")
    wait_for(lambda: leader.status()["running"] == leader.status()["pending"] == 0)
    wait_for(nodes.settled, what="all at one index")


def refuses(node: Node) -> bool:
    """Whether the node ends as one that cannot trust its data, rather than serve."""
    node.start()
    process = node.process
    assert process is not None
    wait_for(lambda: process.poll() is not None or node.healthy(), what=f"{node.data_dir} starts")
    if process.poll() is None:
        return False
    node.process = None
    assert process.returncode == 1
    return True


def test_a_damaged_file_is_set_aside_and_rebuilt_from_the_peers(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3, snapshot_threshold=60) as nodes:
        worked(nodes, sink.url)
        node = nodes.followers()[0]
        for file in FILES:
            for way, damage in WAYS.items():
                assert node.stop() == 0
                path = node.data_dir / file
                damage(path)
                node.start()
                wait_for(node.healthy, what=f"{file} {way}: {node.data_dir}")
                wait_for(nodes.settled, what=f"{file} {way}: it has caught up")
                aside = list(path.parent.glob(f"{path.name}.corrupt-*"))
                status = node.status()
                # A snapshot beside a deleted journal, or the other way round, is set aside for it.
                told = [alarm for alarm in status["alarms"] if "set aside" in alarm]
                assert bool(aside) == bool(told) or way in ("deleted", "emptied"), (file, way)
                assert node.executions() == nodes.leader().executions(), (file, way)
                jobs = node.request("GET", "/api/v1/jobs?limit=1000")["jobs"]
                assert len(jobs) == RUNS + 1, (file, way)
                for old in node.data_dir.rglob("*.corrupt-*"):
                    old.unlink()
        assert node.stop() == 0
        shutil.rmtree(node.data_dir)  # the disk was exchanged
        node.start()
        wait_for(node.healthy, what="a node whose disk is gone")
        wait_for(nodes.settled, what="it has caught up")
        assert node.executions() == nodes.leader().executions()


def test_a_node_alone_refuses_what_nobody_could_bring_back(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 1, snapshot_threshold=60) as nodes:
        worked(nodes, sink.url)
        (node,) = nodes.nodes
        before = node.executions()
        assert node.stop() == 0
        kept = tmp_path / "kept"
        shutil.copytree(node.data_dir, kept)
        for file in FILES:
            for way, damage in WAYS.items():
                if (file, way) == ("history.duckdb", "deleted"):
                    continue  # an operator's own act, see below
                path = node.data_dir / file
                damage(path)
                if refuses(node):
                    assert "chronos restore" in node.log(), (file, way)
                else:  # half a journal may hold all that the snapshot does not
                    assert node.executions() == before, (file, way)
                    assert node.stop() == 0
                (node.data_dir / "node.log").unlink()
                assert not list(node.data_dir.rglob("*.corrupt-*")), "refused, and left alone"
                shutil.rmtree(node.data_dir)
                shutil.copytree(kept, node.data_dir)
        node.start()
        wait_for(node.healthy, what="the whole files")
        assert node.executions() == before
        assert node.stop() == 0
        for path in node.data_dir.glob("history.duckdb*"):
            path.unlink()
        node.start()
        wait_for(node.healthy, what="a history that was taken away")

        def told_or_whole() -> bool:
            told = any("no other node has them" in alarm for alarm in node.status()["alarms"])
            return told or node.executions() == before

        wait_for(told_or_whole, what="what the log no longer holds is told of")
        assert len(node.request("GET", "/api/v1/jobs?limit=1000")["jobs"]) == RUNS + 1
        node.request("POST", "/api/v1/jobs/default%2Fbeat/trigger")
        wait_for(
            lambda: any(row["status"] == "success" for row in node.executions()), what="it goes on"
        )
