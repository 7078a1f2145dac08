"""A run that failed is repaired by a change, on a real node that is stopped and started again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kit.cluster import Cluster, Node, wait_for


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    started = Cluster(tmp_path, 1).start()
    yield started.nodes[0]
    started.nodes[0].stop()


def failed_run(node: Node, **fields: Any) -> tuple[str, str]:
    document = {
        "name": "broken",
        "schedule": "@yearly",
        "concurrency": "allow",
        "webhook": {
            "url": f"{node.url}/echo?status=503&token=hunter2",
            "method": "POST",
            "body": '{"day": 1, "password": "hunter2"}',
        },
        "retry_policy": {"max_attempts": 1},
        **fields,
    }
    job = node.request("POST", "/api/v1/jobs", json=document)
    run = node.request("POST", f"/api/v1/jobs/{job['id']}/trigger", params={"wait": "60s"})
    assert run["status"] == "failed"
    return job["id"], run["id"]


def test_a_failed_run_succeeds_with_another_url_and_body(node: Node) -> None:
    job, original = failed_run(node)
    change = {"url": f"{node.url}/echo?token=***", "body": '{"day": 2, "password": "***"}'}
    path = f"/api/v1/executions/{original}/replay"
    preview = node.request("POST", path, json={"change": change}, params={"dry_run": "true"})
    assert [one["field"] for one in preview["differences"]] == ["url", "body"]
    assert not preview["replay_execution_id"]
    replay = node.request("POST", path, json={"change": change})["replay_execution_id"]
    run = wait_for(lambda: ended(node, replay), 60)
    assert run["status"] == "success"
    assert run["change"] == change
    assert run["request"]["body"] == '{"day": 2, "password": "***"}'
    assert run["differences"] == preview["differences"]
    answers = [run.pop("response"), run.pop("attempts_detail")]
    assert str(answers).count("hunter2") == 4, "the target got both, and said so twice"
    assert "hunter2" not in str(run)
    assert [one["id"] for one in node.request("GET", f"/api/v1/executions/{original}")["replays"]]
    assert "503" in node.request("GET", f"/api/v1/jobs/{job}")["webhook"]["url"]


def test_a_change_survives_a_restart(node: Node) -> None:
    job, original = failed_run(node)
    update = node.request("GET", f"/api/v1/jobs/{job}")
    update["retry_policy"] = {
        "max_attempts": 2,
        "initial_interval": "1h",
        "max_interval": "1h",
    }
    node.request("PUT", f"/api/v1/jobs/{job}", json=update)
    change = {"url": f"{node.url}/echo?status=500", "timeout": "7s"}
    path = f"/api/v1/executions/{original}/replay"
    replay = node.request("POST", path, json={"change": change})["replay_execution_id"]
    wait_for(lambda: "waits" in read(node, replay)["reason"], 60)
    node.stop()
    node.start()
    wait_for(node.healthy, 60)
    kept = wait_for(lambda: read(node, replay), 60)
    assert kept["change"] == change
    assert {one["field"] for one in kept["differences"]} == {"url", "timeout"}


def test_a_wrong_change_names_its_field(node: Node) -> None:
    _, original = failed_run(node)
    answer = httpx.post(
        f"{node.url}/api/v1/executions/{original}/replay", json={"change": {"url": "nowhere"}}
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "change.url"


def read(node: Node, execution: str) -> Any:
    return node.request("GET", f"/api/v1/executions/{execution}")


def ended(node: Node, execution: str) -> Any:
    run = read(node, execution)
    return run if run["completed_at"] else None
