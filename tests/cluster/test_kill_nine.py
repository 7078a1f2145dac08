"""One node, killed while it works: it always starts, with all that it acknowledged."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from tests.kit.cluster import cluster, job, target, wait_for

pytestmark = pytest.mark.cluster

ROUNDS = 20


def test_nothing_acknowledged_is_lost_over_twenty_kills(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 1) as nodes:
        (node,) = nodes.nodes
        acknowledged: list[str] = []
        finished: set[str] = set()
        for k in range(ROUNDS):
            wait_for(node.healthy, what=f"start {k}: {node.data_dir}")
            created = node.request("POST", "/api/v1/jobs", json=job(f"j{k}", f"{sink.url}/{k}"))
            acknowledged.append(created["id"])
            end = time.monotonic() + 0.5 + (k % 5) * 0.2
            while time.monotonic() < end:
                page = node.request("GET", "/api/v1/executions?limit=200&status=success")
                finished |= {row["id"] for row in page["executions"]}
            node.kill()
            node.start()
        wait_for(node.healthy, what="the last start")
        jobs = {found["id"] for found in node.request("GET", "/api/v1/jobs?limit=1000")["jobs"]}
        assert jobs == set(acknowledged)
        assert finished, "nothing finished, so nothing was shown"
        for execution in finished:
            answer = httpx.get(f"{node.url}/api/v1/executions/{execution}", timeout=30)
            assert answer.status_code == 200, execution
