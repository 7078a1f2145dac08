"""The workbench over a real node: parameters, plans, cancelling, saved queries, other readers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.client.client import Client
from app.client.errors import ApiError
from app.workbench.query_shelf import built_in
from tests.kit.cluster import Cluster, Node, wait_for

ENDLESS = (
    "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range % 7 = b.range % 5"
)
READER = """import sys, duckdb, pyarrow.dataset as ds
root = sys.argv[1]
for _ in range(20):
    found = duckdb.sql(
        f"SELECT count(*) FROM read_parquet('{root}/executions/**/*.parquet', "
        "hive_partitioning = true)"
    ).fetchall()
    assert found[0][0] > 1000
table = ds.dataset(f"{root}/executions", format="parquet", partitioning="hive")
print(table.count_rows())
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    cluster = Cluster(tmp_path_factory.mktemp("workbench"), 1).start()
    one = cluster.nodes[0]
    one.request("POST", "/api/v1/demo?history=90d")

    def exported() -> bool:
        count = {"sql": "SELECT count(*) FROM executions"}
        return bool(one.request("POST", "/api/v1/sql", json=count)["rows"][0][0] > 1000)

    wait_for(exported, what="the demo's history is exported")
    yield one
    one.stop()


@pytest.fixture
def client(node: Node) -> Iterator[Client]:
    with closing(Client(node.url, timeout_s=120)) as client:
        yield client


@pytest.mark.parametrize("name", sorted(built_in()))
def test_a_built_in_query_gives_rows_on_the_demos_history(client: Client, name: str) -> None:
    days = {"hours": 2160} if name == "failures-last-night" else {}

    def ran() -> dict[str, Any] | None:
        answer = client.run_query(name, parameters=days)
        return answer if answer["row_count"] else None

    found = wait_for(ran, what=f"{name} has rows; skips come of the demo's own jobs, after a while")
    columns = [column["name"] for column in found["columns"]]
    chart = client.saved_query(name)["chart"] or {}
    assert {chart[key] for key in ("x", "y", "color") if chart.get(key)} <= set(columns)


def test_parameters_are_bound_and_never_pasted(client: Client) -> None:
    evil = "x' OR '1'='1"
    found = client.sql(
        "SELECT $Job, typeof($day), typeof($n), typeof($at)",
        parameters={
            "job": evil,
            "day": "2026-01-31",
            "n": {"type": "integer", "value": "7"},
            "at": "2026-01-31T10:00:00+01:00",
        },
    )
    assert found["rows"] == [[evil, "DATE", "INTEGER", "TIMESTAMP"]]


@pytest.mark.parametrize(
    ("given", "field", "reason"),
    [
        ({}, "parameters.n", "has no value"),
        ({"n": 1, "m": 2}, "parameters.m", "does not stand"),
        ({"n": {"type": "integer", "value": "one"}}, "parameters.n", "not an integer"),
        ({"n": {"type": "int", "value": 1}}, "parameters.n", "typed value"),
        ({"n": [1]}, "parameters.n", "plain value"),
    ],
)
def test_a_parameter_at_fault_is_named(
    client: Client, given: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(ApiError) as caught:
        client.sql("SELECT $n", parameters=given)
    (detail,) = caught.value.details
    assert detail["field"] == field
    assert reason in detail["reason"]


@pytest.mark.parametrize(("sql", "line"), [("SELECT 1,\n nope FROM jobs", 2), ("SELECT a b c", 1)])
def test_an_error_marks_its_line(client: Client, sql: str, line: int) -> None:
    with pytest.raises(ApiError) as caught:
        client.sql(sql)
    assert f"LINE {line}: " in caught.value.details[0]["reason"]
    assert "^" in caught.value.details[0]["reason"]


def test_a_plan_is_a_tree_and_a_text(client: Client) -> None:
    sql = "SELECT status, count(*) FROM executions WHERE job_name <> $job GROUP BY ALL"
    plan = client.sql(sql, parameters={"job": "x"}, explain=True)["plan"]
    assert plan["time_ms"] is None
    assert "read_parquet" in plan["text"]
    ran = client.sql(sql, parameters={"job": "x"}, analyze=True)["plan"]
    assert ran["time_ms"] > 0
    assert ran["tree"]["rows"] is not None
    assert "/executions/" not in str(ran)


def test_a_running_query_is_cancelled_by_its_id(node: Node, client: Client) -> None:
    with ThreadPoolExecutor(1) as pool, closing(Client(node.url, timeout_s=120)) as other:
        asked = pool.submit(other.sql, ENDLESS, id="long-one")

        def running() -> bool:
            return "long-one" in [one["id"] for one in client.sql_running()["queries"]]

        wait_for(running, what="the query is running")
        assert client.cancel_sql("long-one") == {"id": "long-one", "cancelled": True}
        with pytest.raises(ApiError, match="was cancelled"):
            asked.result(60)
    with pytest.raises(ApiError) as caught:
        client.cancel_sql("long-one")
    assert caught.value.status == 404


def test_the_schema_can_tell_what_stands_in_the_tables(client: Client) -> None:
    tables = {table["name"]: table for table in client.sql_schema(facts=True)["tables"]}
    assert tables["executions"]["rows"] > 1000
    assert tables["executions"]["first_at"] < tables["executions"]["last_at"]
    statuses = next(c for c in tables["executions"]["columns"] if c["name"] == "status")
    assert "success" in statuses["samples"]


def test_other_processes_read_the_export_while_the_engine_writes(
    node: Node, client: Client
) -> None:
    job = client.create_job(
        {
            "name": "beat",
            "schedule": "@every 1s",
            "enabled": True,
            "webhook": {"url": f"{node.url}/health"},
        }
    )
    export = Path(node.data_dir) / "export"
    read = subprocess.run(
        [sys.executable, "-c", READER, str(export)], capture_output=True, text=True, check=False
    )
    assert read.returncode == 0, read.stderr
    assert int(read.stdout) > 1000
    client.delete_job(job["id"])


def test_a_saved_query_is_kept_edited_with_care_and_survives_a_restart(
    node: Node, client: Client
) -> None:
    document = {
        "name": "mine",
        "sql": "SELECT $n + 1 AS more",
        "parameters": [{"name": "n", "type": "integer", "default": 4}],
        "chart": {"kind": "bar", "x": "more", "y": "more"},
    }
    first = client.create_query(document)
    assert (first["version"], first["built_in"]) == (1, False)
    assert client.update_query({**first, "title": "Mine"})["version"] == 2
    for again, reason in ((client.create_query, "already"), (client.update_query, "version 2")):
        with pytest.raises(ApiError, match=reason) as caught:
            again(first)
        assert caught.value.status == 409
    node.stop()
    node.start()
    wait_for(node.healthy, what="the node is back")
    kept = client.saved_query("mine")
    assert (kept["version"], kept["title"]) == (2, "Mine")
    assert client.run_query("mine")["rows"] == [[5]]
    assert client.run_query("mine", parameters={"N": "41"})["rows"] == [[42]]
    client.delete_query("mine")
    with pytest.raises(ApiError, match="no saved query"):
        client.saved_query("mine")
    with pytest.raises(ApiError, match="built in"):
        client.delete_query("slowest-jobs")
