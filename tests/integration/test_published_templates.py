"""Own templates on real nodes: after a kill, after a restart, and when the leader is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kit.cluster import Node, cluster, wait_for
from tests.unit.app.api.test_templates import own

REF = "/api/v1/templates/reporting/sales-digest"


def publish(node: Node, version: str) -> None:
    headers = {"Content-Type": "application/yaml"}
    node.request("POST", "/api/v1/templates", content=own(version), headers=headers)


def versions(node: Node) -> list[str]:
    answer: dict[str, Any] = node.request("GET", f"{REF}?consistency=linearizable")
    return [one["version"] for one in answer["versions"]]


def test_a_published_template_survives_a_kill_and_an_upgrade_follows(tmp_path: Path) -> None:
    with cluster(tmp_path, 1) as nodes:
        (node,) = nodes.nodes
        publish(node, "1.0.0")
        values = {"team": "emea", "token": "s3cret-token"}
        job = node.request("POST", f"{REF}/install", json={"values": values})
        node.kill()
        node.start()
        wait_for(node.healthy)
        assert versions(node) == ["1.0.0"]
        publish(node, "1.1.0")
        path = f"/api/v1/jobs/{job['id']}/template/upgrade"
        done = node.request("POST", path, json={})
        assert done["job"]["tags"]["chronos-template-version"] == "1.1.0"
        assert "s3cret-token" not in node.log()


@pytest.mark.cluster
def test_a_published_template_survives_the_loss_of_the_leader(tmp_path: Path) -> None:
    with cluster(tmp_path, 3) as nodes:
        publish(nodes.leader(), "1.0.0")
        publish(nodes.followers()[0], "1.1.0")
        nodes.leader().kill()
        leader = nodes.leader()
        assert versions(leader) == ["1.1.0", "1.0.0"]
        leader.request("DELETE", f"{REF}?version=1.1.0")
        for node in nodes.up():
            wait_for(lambda node=node: versions(node) == ["1.0.0"], 30, node.name)
