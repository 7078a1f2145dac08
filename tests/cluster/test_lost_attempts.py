"""What a living leader loses is sent again, and a leader that hangs makes room for another."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.observe.pulse import EXIT_CODE
from tests.kit.cluster import HTTP, PATIENCE_S, cluster, job, target, wait_for

pytestmark = pytest.mark.cluster


def program(fault: str) -> tuple[str, ...]:
    return ("tests.cluster.faulty_node", fault)


def test_an_attempt_that_the_leader_lost_is_sent_again_and_blocks_nothing(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 1, program("loses")) as nodes:
        [node] = nodes.nodes
        node.request("POST", "/api/v1/jobs", json=job("a", sink.url, concurrency="forbid"))
        wait_for(lambda: len(sink.arrivals) > 2, what="the job runs on")
        first = sink.arrivals[0]
        assert first.attempt == "2", "the first was lost"
        path = f"/api/v1/executions/{first.key}"
        wait_for(lambda: node.request("GET", path)["status"] == "success")
        attempts = node.request("GET", path)["attempts_detail"]
        assert [attempt["outcome"] for attempt in attempts] == ["lost", "success"]


def test_a_leader_whose_dispatch_hangs_ends_and_another_one_sends(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        leader = nodes.leader()
        leader.stop()
        leader.program = program("hangs")
        leader.start()
        wait_for(leader.healthy, what=f"{leader.name} is back")

        def handed_over() -> bool:
            nodes.leader().request("POST", "/api/v1/cluster/transfer", json={"to": leader.name})
            return nodes.leader() is leader

        wait_for(handed_over, what=f"{leader.name} leads")

        def created() -> bool:  # a leader that was just elected may still refuse
            path = f"{leader.url}/api/v1/jobs"
            return HTTP.post(path, json=job("a", sink.url), timeout=PATIENCE_S).status_code == 201

        wait_for(created, what="the job is there")
        assert leader.process is not None
        assert leader.process.wait(PATIENCE_S) == EXIT_CODE
        leader.process = None
        assert "a thread hangs; the node ends" in leader.log()
        wait_for(lambda: sink.arrivals, what="another node sends")
        assert sink.arrivals[0].attempt == "2"
