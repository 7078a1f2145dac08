"""The procedure that `chronosctl cluster join|leave` prints, step by step: three, four, three."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.cluster.jobs_at_work import caught_up, check_nothing_missed, start_jobs, stop_jobs
from tests.kit.cluster import Cluster, Node, cluster, free_ports, target, wait_for

pytestmark = pytest.mark.cluster


def test_a_node_joins_and_leaves_by_the_procedure_while_jobs_fire(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        start_jobs(nodes, sink.url)
        wait_for(lambda: len(sink.arrivals) > 20, what="the first fires")
        http, raft = (f"127.0.0.1:{port}" for port in free_ports(2))
        new = Node("n4", tmp_path / "n4", http, raft)
        new.peers = [node.raft for node in nodes.nodes]

        new.start()  # 1 and 2: the new list, and the new node
        wait_for(lambda: "knows no leader" in why(new), what="nobody hears it yet")
        for node in leader_last(nodes):  # 3: the others, one at a time
            assert node.stop() == 0
            node.peers.append(new.raft)
            node.start()
            caught_up(nodes, node)
        nodes.nodes.append(new)
        wait_for(new.healthy, what="4: the new node takes part")
        wait_for(nodes.settled, what="it has all, the past too")
        assert {row["address"] for row in new.status()["nodes"]} == {n.raft for n in nodes.nodes}
        assert new.executions() == nodes.nodes[0].executions()

        leaving = nodes.nodes[0]
        if nodes.leader() is leaving:  # 2: it does not lead, and stays up
            wait_for(lambda: handed_over(nodes, leaving), what="another leads")
        nodes.nodes.remove(leaving)
        for node in leader_last(nodes):  # 3
            assert node.stop() == 0
            node.peers.remove(leaving.raft)
            node.start()
            caught_up(nodes, node)
        if any(node.raft < leaving.raft for node in nodes.nodes):  # whom it calls, by address
            wait_for(lambda: any(stranger(n, leaving) for n in nodes.nodes), what="it is told of")
        wait_for(lambda: why(leaving), what="the one that left knows no leader")
        assert leaving.stop() == 0  # 4

        stop_jobs(nodes)
        check_nothing_missed(sink.arrivals)
        wait_for(nodes.settled, what="all at one index")
        first, *others = [node.executions() for node in nodes.nodes]
        assert all(other == first for other in others)


def leader_last(nodes: Cluster) -> list[Node]:
    leader = nodes.leader()
    return [node for node in nodes.nodes if node is not leader] + [leader]


def handed_over(nodes: Cluster, node: Node) -> bool:
    node.request("POST", "/api/v1/cluster/transfer", json={"to": None})
    return nodes.leader() is not node


def stranger(node: Node, other: Node) -> bool:
    return any(alarm.startswith(other.raft) for alarm in node.status()["alarms"])


def why(node: Node) -> str:
    """Why it does not serve; empty while it does, or does not answer."""
    try:
        answer = httpx.get(f"{node.url}/health", timeout=10)
    except httpx.HTTPError:
        return ""
    return "" if answer.status_code == 200 else str(answer.json()["error"]["details"][0]["reason"])
