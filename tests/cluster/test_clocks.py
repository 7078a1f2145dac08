"""Real nodes whose clocks are set while they run: who leads, and when jobs fire."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kit.cluster import job, target, wait_for
from tests.torture.ground import Loopback, find_libfaketime
from tests.torture.nodes import Group, Node

pytestmark = pytest.mark.cluster

FAR_S = 3_600
LIBRARY = find_libfaketime()


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    """Three nodes, each with a clock that can be set."""
    if LIBRARY is None:
        pytest.skip("libfaketime not found (apt-get install libfaketime)")
    ground = Loopback(3)
    nodes = [Node(k, ground, 3, tmp_path / f"n{k + 1}", libfaketime=LIBRARY) for k in range(3)]
    group = Group(nodes)
    try:
        group.start()
        wait_for(lambda: all(node.status() for node in nodes), what="all nodes answer")
        yield group
    finally:
        group.close()


def _leader(group: Group) -> Node:
    found: Node = wait_for(group.leader, what="a leader")
    return found


def _clocks(node: Node) -> dict[str, Any]:
    status = node.status()
    return {row["node_id"]: row["clock_agrees"] for row in status["nodes"]} if status else {}


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def test_a_leader_whose_clock_is_set_hands_over_and_is_not_followed(group: Group) -> None:
    with target() as sink:
        former = _leader(group)
        document = job("tick", f"{sink.url}/tick", concurrency="allow")
        former.ask("POST", "/api/v1/jobs", json=document)
        wait_for(lambda: len(sink.arrivals) > 1, what="the first fires")
        former.step_clock(FAR_S)
        wait_for(lambda: group.leader() not in (None, former), what="another leader")
        leader = _leader(group)
        wait_for(lambda: _clocks(leader).get(former.name) is False, what="the alarm, at the leader")
        wait_for(lambda: _clocks(former).get(former.name) is False, what="the alarm, at the node")
        assert f"the clock of {former.name} is +3" in str(leader.status())
        with pytest.raises(httpx.HTTPStatusError) as refused:
            leader.ask("POST", "/api/v1/cluster/transfer", json={"to": former.name})
        assert refused.value.response.status_code == 409
        assert "off the cluster's time" in refused.value.response.text
        former.step_clock(0)
        wait_for(lambda: all(_clocks(leader).values()), what="all clocks agree again")
        runs = leader.ask("GET", "/api/v1/executions?limit=1000")["executions"]
        assert all(_seconds(run["scheduled_time"]) < time.time() for run in runs)
        assert not [run for run in runs if run["status"] == "skipped"]


@pytest.mark.parametrize("far_s", [FAR_S, -FAR_S])
def test_a_job_that_is_made_through_a_node_with_a_wrong_clock_fires_at_once(
    group: Group, far_s: int
) -> None:
    with target() as sink:
        leader = _leader(group)
        asked = next(node for node in group.nodes if node is not leader)
        asked.step_clock(far_s)
        tick = job("tick", f"{sink.url}/tick", concurrency="allow")  # also by hand, at any moment
        made = asked.ask("POST", "/api/v1/jobs", json=tick)
        assert abs(_seconds(made["created_at"]) - time.time()) < FAR_S / 2
        wait_for(lambda: len(sink.arrivals) > 1, what="the first fires")
        asked.ask("POST", "/api/v1/jobs/default/tick/disable")
        run = asked.ask("POST", "/api/v1/jobs/default/tick/trigger")
        wait_for(lambda: _ended(leader, run["id"]), what="the run by hand")


def _ended(node: Node, execution: str) -> bool:
    found: dict[str, Any] = node.ask("GET", f"/api/v1/executions/{execution}")
    return found["status"] == "success"


def test_a_node_that_starts_with_a_wrong_clock_goes_by_the_others(group: Group) -> None:
    leader = _leader(group)
    late = next(node for node in group.nodes if node is not leader)
    late.kill()
    late.step_clock(FAR_S)
    late.start()
    wait_for(late.status, what="it answers")
    paused = late.ask("POST", "/api/v1/pauses", json={"scope": "all", "for": "1m"}, seconds=30)
    assert abs(_seconds(paused["from"]) - time.time()) < FAR_S / 2
    wait_for(lambda: _clocks(late).get(late.name) is False, what="it knows that its clock is wrong")
