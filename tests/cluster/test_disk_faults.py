"""Real nodes whose disks refuse or hang: they say so, step aside, lose nothing and come back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.cli.main import app as chronosctl
from tests.kit.cluster import HTTP, Node, cluster, job, target, wait_for
from tests.kit.disks import failing, needs_strace

pytestmark = [pytest.mark.cluster, needs_strace]

EVERY = {"concurrency": "allow", "missed_run_policy": "execute_all"}


def ailment(node: Node) -> str:
    """What `/health` says is wrong; empty while it is well, or does not answer."""
    try:
        answer = HTTP.get(f"{node.url}/health", timeout=10)
    except httpx.HTTPError:
        return ""
    if answer.status_code == 200:
        return ""
    assert answer.status_code == 503
    details: list[dict[str, str]] = answer.json()["error"]["details"]
    return details[0]["reason"]


def jobs_of(node: Node) -> set[str]:
    return {found["id"] for found in node.request("GET", "/api/v1/jobs?limit=1000")["jobs"]}


def create(node: Node, count: int, url: str, prefix: str) -> set[str]:
    """Jobs that were acknowledged by this node."""
    made = set()
    for number in range(count):
        document = job(f"{prefix}-{number}", url, schedule="@daily", enabled=False)
        made.add(node.request("POST", "/api/v1/jobs", json=document)["id"])
    return made


@pytest.mark.parametrize(
    ("calls", "fault", "words"),
    [
        ("fdatasync", "error=EIO", "Input/output error"),
        ("write", "error=ENOSPC", "No space left on device"),
    ],
)
def test_a_leader_whose_disk_refuses_says_so_gives_way_and_comes_back(
    tmp_path: Path, calls: str, fault: str, words: str
) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        leader = nodes.leader()
        made = create(leader, 5, sink.url, "before")
        leader.request("POST", "/api/v1/jobs", json=job("beat", f"{sink.url}/beat", **EVERY))
        wait_for(lambda: len(sink.arrivals) > 2, what="the job fires")
        assert leader.pid is not None
        path = leader.data_dir / "raft" / "raft.journal"
        with failing(leader.pid, calls, fault, path=path if calls == "write" else None):
            wait_for(lambda: words in ailment(leader), what=f"{leader.name} says what ails it")
            others = [node for node in nodes.nodes if node is not leader]
            successor = wait_for(
                lambda: next((node for node in others if node.status()["is_leader"]), None),
                what="another leads",
            )
            begun = len(sink.arrivals)
            wait_for(lambda: len(sink.arrivals) > begun + 2, what="the job goes on")
            made |= create(successor, 5, sink.url, "during")
            status = leader.status()
            assert not status["healthy"]
            assert any(words in alarm for alarm in status["alarms"])
            told = CliRunner().invoke(chronosctl, ["--url", leader.url, "cluster", "status"])
            assert words in told.output, told.output
            refused = HTTP.post(f"{leader.url}/api/v1/jobs", json=job("no", sink.url), timeout=60)
            assert refused.status_code == 503
            assert words in refused.text
        wait_for(leader.healthy, what=f"{leader.name} is well by itself: {leader.data_dir}")
        assert leader.status()["alarms"] == []
        disabled = nodes.leader().request("POST", "/api/v1/jobs/default%2Fbeat/disable")
        wait_for(nodes.settled, what="all at the same index")
        for node in nodes.nodes:
            assert jobs_of(node) == made | {disabled["id"]}
        seconds = {
            int(datetime.fromisoformat(arrival.scheduled).timestamp()) for arrival in sink.arrivals
        }
        assert seconds == set(range(min(seconds), max(seconds) + 1)), "a second was missed"
        keys: dict[str, set[str]] = {}
        for arrival in sink.arrivals:
            keys.setdefault(arrival.scheduled, set()).add(arrival.key)
        assert all(len(ids) == 1 for ids in keys.values()), "one fire time, two execution ids"


def test_a_leader_whose_disk_is_slow_says_so_and_gives_way(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        leader = nodes.leader()
        leader.request("POST", "/api/v1/jobs", json=job("beat", f"{sink.url}/beat", **EVERY))
        assert leader.pid is not None
        others = [node for node in nodes.nodes if node is not leader]
        with failing(leader.pid, "fdatasync", "delay_enter=900ms"):
            wait_for(lambda: "is slow" in ailment(leader), what=f"{leader.name} says it")
            wait_for(lambda: any(n.status()["is_leader"] for n in others), what="another leads")
            begun = len(sink.arrivals)
            wait_for(lambda: len(sink.arrivals) > begun + 2, what="the job goes on")
        wait_for(leader.healthy, what="it is well again")
        assert leader.process is not None
        assert leader.process.poll() is None


def test_a_disk_that_does_not_answer_at_all_is_told_of(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 1) as nodes:
        (node,) = nodes.nodes
        node.request("POST", "/api/v1/jobs", json=job("beat", sink.url))
        assert node.pid is not None
        with failing(node.pid, "fdatasync", "delay_enter=15s"):
            wait_for(lambda: "has not answered a flush" in ailment(node), what="it says so")
        wait_for(node.healthy, what="it goes on once the disk answers")


def test_a_node_alone_keeps_what_it_acknowledged_over_a_failing_disk(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 1) as nodes:
        (node,) = nodes.nodes
        made = create(node, 5, sink.url, "before")
        assert node.pid is not None
        with failing(node.pid, "fdatasync", "error=EIO"):
            answer = HTTP.post(f"{node.url}/api/v1/jobs", json=job("no", sink.url), timeout=60)
            assert answer.status_code == 503
            wait_for(lambda: "Input/output" in ailment(node), what="it says so")
        wait_for(node.healthy, what="it is well by itself")
        kept = jobs_of(node)
        assert made <= kept
        assert len(kept) <= len(made) + 1, "at most the one whose answer was that nobody knows"
        create(node, 1, sink.url, "after")
