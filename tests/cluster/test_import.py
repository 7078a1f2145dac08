"""Three real nodes, one file through two of them, a dead leader: the same rows on all, once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.core.clock import rfc3339
from tests.kit.cluster import Node, cluster, wait_for

pytestmark = pytest.mark.cluster

ROWS = 3_000
BATCH = 250
FIRST_US = 1_769_850_000_000_000
MINUTE_US = 60_000_000


def executions() -> list[dict[str, Any]]:
    return [
        {
            "job_name": f"old-{number % 5}",
            "completed_at": rfc3339(FIRST_US + number * MINUTE_US),
            "status": "success",
        }
        for number in range(ROWS)
    ]


def send(node: Node, rows: list[dict[str, Any]], size: int) -> None:
    """Send every batch until it is answered with success, as a stubborn caller does."""
    for start in range(0, len(rows), size):
        body = {"label": "old", "executions": rows[start : start + size]}

        def sent(body: dict[str, Any] = body) -> bool:
            try:
                url = f"{node.url}/api/v1/history/import"
                return httpx.post(url, json=body, timeout=30).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for(sent, what=f"batch {start} is taken by {node.name}")


def held(node: Node) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    cursor = ""
    while cursor is not None:
        after = f"&cursor={cursor}" if cursor else ""
        page = node.request("GET", f"/api/v1/executions?limit=1000{after}")
        rows += [(row["id"], row["completed_at"]) for row in page["executions"]]
        cursor = page["next_cursor"]
    return rows


def test_all_nodes_hold_the_same_rows_once_though_the_leader_dies(tmp_path: Path) -> None:
    with cluster(tmp_path, 3) as nodes:
        leader = nodes.leader()
        one, other = nodes.followers()
        rows = executions()
        senders = [
            threading.Thread(target=send, args=(one, rows, BATCH)),
            threading.Thread(target=send, args=(other, rows, BATCH - 37)),
        ]
        for sender in senders:
            sender.start()
        leader.kill()
        leader.start()
        for sender in senders:
            sender.join(180)
        wait_for(leader.healthy, what="the killed node is back")
        for node in nodes.nodes:
            wait_for(lambda node=node: len(held(node)) == ROWS, what=f"{node.name} has all")  # type: ignore[misc]  # bound at once
        first, second, third = (held(node) for node in nodes.nodes)
        assert first == second == third
        assert len({identity for identity, _ in first}) == ROWS
