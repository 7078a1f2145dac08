"""A job full of secrets runs on a real node, and everything that the node gives is searched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from tests.kit.cluster import Cluster, cluster, target, wait_for

SECRET = "qz7-unfindable-secret"
PLACES = [
    "/api/v1/jobs",
    "/api/v1/jobs/default%2Fa",
    "/api/v1/jobs/default%2Fa/versions",
    "/api/v1/jobs/default%2Fa/executions",
    "/api/v1/executions",
    "/api/v1/overview",
    "/api/v1/cluster/status",
    "/metrics",
]
EDITED = set(PLACES[:3])
"""A job's body is shown where it is edited, as it was written."""
TABLES = ["executions", "attempts", "steps", "jobs", "job_versions", "audit"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A node on which the job was created, changed, fired and triggered."""
    with target() as sink, cluster(tmp_path_factory.mktemp("secrets"), 1) as nodes:
        node = nodes.leader()
        base = sink.url.removeprefix("http://")
        document = {
            "name": "a",
            "schedule": "@every 1s",
            "concurrency": "allow",
            "enabled": True,
            "webhook": {
                "url": f"http://bob:{SECRET}@{base}/a?token={SECRET}",
                "method": "POST",
                "headers": {"X-Api-Key": SECRET},
                "body": json.dumps({"password": SECRET}),
                "auth": {"type": "bearer", "token": SECRET},
            },
        }
        node.request("POST", "/api/v1/jobs", json=document)
        wait_for(lambda: sink.arrivals)
        document["description"] = "changed"
        node.request("PUT", "/api/v1/jobs/default%2Fa", json=document)
        node.request("POST", "/api/v1/jobs/default%2Fa/trigger?wait=10s")
        httpx.post(f"{node.url}/api/v1/jobs", json={**document, "schedule": "never"})
        wait_for(lambda: _sql(node, "SELECT * FROM executions")["rows"])
        yield nodes


def _sql(node: Any, sql: str) -> Any:
    return node.request("POST", "/api/v1/sql", json={"sql": sql, "limit": 1000})


@pytest.mark.parametrize("path", PLACES)
def test_no_answer_holds_a_secret(node: Cluster, path: str) -> None:
    text = httpx.get(node.leader().url + path).text
    if path in EDITED:
        text = text.replace(json.dumps(json.dumps({"password": SECRET}))[1:-1], "")
    assert SECRET not in text


def test_an_execution_holds_no_secret_and_shows_that_there_were_some(node: Cluster) -> None:
    leader = node.leader()
    found = leader.request("GET", "/api/v1/executions?status=success")["executions"][0]
    detail = leader.request("GET", f"/api/v1/executions/{found['id']}")
    assert SECRET not in json.dumps(detail)
    assert detail["request"]["headers"] == {"X-Api-Key": "***"}
    assert json.loads(detail["request"]["body"]) == {"password": "***"}
    assert "***@" in detail["request"]["url"]


@pytest.mark.parametrize("table", TABLES)
def test_no_table_holds_a_secret(node: Cluster, table: str) -> None:
    answer = json.dumps(_sql(node.leader(), f"SELECT * FROM {table}"))
    written = json.dumps(json.dumps({"password": SECRET}))[1:-1]
    for _ in range(3):  # the body lies in a JSON column, in a JSON answer
        answer = answer.replace(written, "")
        written = json.dumps(written)[1:-1]
    assert SECRET not in answer


def test_neither_the_log_of_the_node_nor_the_exported_files_hold_a_secret(node: Cluster) -> None:
    leader = node.leader()
    assert SECRET not in leader.log()
    files = list(Path(leader.data_dir, "export").rglob("*.parquet"))
    assert files
    for file in files:
        table = pq.read_table(file)
        for name in set(table.column_names) - {"config"}:
            assert SECRET not in str(table.column(name).to_pylist()), (file, name)
