"""A real node trains on a past, tells what is to come, and tells the same after its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kit.cluster import Node, cluster, wait_for

pytestmark = pytest.mark.slow


def trained(node: Node) -> bool:
    found = node.request("GET", "/api/v1/models?job=demo/report-build")
    return bool(found["models"]) and not found["training"]


def numbers(node: Node) -> list[Any]:
    cards = node.request("GET", "/api/v1/models?job=demo/report-build")["models"]
    return [node.request("GET", f"/api/v1/models/{card['id']}") for card in cards]


def test_a_job_is_trained_told_and_remembered(tmp_path: Path) -> None:
    with cluster(tmp_path, 1) as nodes:
        node = nodes.leader()
        node.request("POST", "/api/v1/demo?history=90d")
        rows = {"sql": "SELECT count(*) FROM executions WHERE job_name = 'report-build'"}
        wait_for(
            lambda: node.request("POST", "/api/v1/sql", json=rows)["rows"][0][0] == 2160,
            60,
            "the history is exported",
        )
        node.request("POST", "/api/v1/models/train", json={"job": "demo/report-build"})
        wait_for(lambda: trained(node), 240, "the models are trained")
        cards = {card["kind"]: card for card in numbers(node)}
        assert cards["duration"]["verdict"] == "shown"
        assert cards["duration"]["metrics"]["mase"] < cards["duration"]["metrics"]["naive_mase"]

        told = node.request("GET", "/api/v1/jobs/demo%2Freport-build/forecast?horizon=24h")
        longest = max(told["runs"], key=lambda run: run["mean"])
        assert longest["at"][11:13] == "14"
        assert 180_000 < longest["mean"] < 300_000
        risk = node.request("GET", "/api/v1/jobs/demo%2Freport-build/risk")["risks"][1]
        assert risk["outcome"] == "slow"
        assert 0.0 <= risk["probability"] <= 1.0
        before = numbers(node)

        node.kill()
        node.start()
        wait_for(node.healthy, 60)
        assert numbers(node) == before
