from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from app.api.routes.demo import demo_jobs
from app.config import load_config
from tests.kit.door import Door, open_door

JOB = {"name": "nightly", "schedule": "@hourly", "webhook": {"url": "http://127.0.0.1:9/run"}}
KEY = "a-key-of-some-length"


async def test_health_tells_whether_the_node_can_serve(
    door: Door, client: httpx.AsyncClient
) -> None:
    answer = await client.get("/health")
    assert answer.json()["data"]["status"] == "healthy"
    assert answer.json()["data"]["leader"] == "chronos-1"
    door.store.is_ready = False
    answer = await client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "NO_LEADER"


async def test_the_overview_counts_past_present_and_future(
    door: Door, client: httpx.AsyncClient
) -> None:
    await client.post("/api/v1/jobs", json=JOB | {"enabled": True})
    identity = (await client.post("/api/v1/jobs/default/nightly/trigger")).json()["data"]["id"]
    door.begin(identity)
    door.finish(identity)
    assert door.history.wait_for(door.store.index, 120)
    data = (await client.get("/api/v1/overview?window=15m")).json()["data"]
    assert data["counts"]["success"] == 1
    assert data["jobs_total"] == data["jobs_enabled"] == 1
    assert data["up_next"][0]["job_name"] == "nightly"
    assert data["window"] == "15m"
    stats = (await client.get("/api/v1/jobs/default/nightly/stats")).json()["data"]
    assert stats["runs"] == 1


async def test_the_cluster_status_names_nodes_and_next_runs(
    door: Door, client: httpx.AsyncClient
) -> None:
    await client.post("/api/v1/jobs", json=JOB | {"enabled": True})
    data = (await client.get("/api/v1/cluster/status")).json()["data"]
    assert data["is_leader"] is True
    assert data["jobs_total"] == 1
    assert set(data["next_runs"][0]) == {"job_id", "next_run"}
    answer = await client.post("/api/v1/cluster/transfer", json={"to": "chronos-1"})
    assert answer.status_code == 200
    assert door.transferred == ["chronos-1"]


async def test_a_schedule_is_previewed_in_words(client: httpx.AsyncClient) -> None:
    params: dict[str, Any] = {"schedule": "0 9 * * 1-5", "timezone": "Europe/Paris", "count": 2}
    data = (await client.get("/api/v1/schedules/preview", params=params)).json()["data"]
    assert "09:00" in data["words"]
    assert len(data["next"]) == 2


async def test_sql_answers_json_csv_and_arrow(door: Door, client: httpx.AsyncClient) -> None:
    door.sandbox.start()
    question = {"sql": "SELECT 1 AS one, 'a' AS letter"}
    data = (await client.post("/api/v1/sql", json=question)).json()["data"]
    assert data["rows"] == [[1, "a"]]
    assert [column["name"] for column in data["columns"]] == ["one", "letter"]
    csv = await client.post("/api/v1/sql", json=question, headers={"Accept": "text/csv"})
    assert csv.headers["Content-Type"].startswith("text/csv")
    assert csv.text.replace('"', "").split() == ["one,letter", "1,a"]
    accept = {"Accept": "application/vnd.apache.arrow.stream"}
    arrow = await client.post("/api/v1/sql", json=question, headers=accept)
    assert pa.ipc.open_stream(arrow.content).read_all().num_rows == 1
    refused = await client.post("/api/v1/sql", json={"sql": "DELETE FROM executions"})
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == "sql"
    tables = (await client.get("/api/v1/sql/schema")).json()["data"]["tables"]
    assert {"executions", "attempts", "steps", "jobs"} <= {table["name"] for table in tables}


async def test_the_demo_loads_once_and_clears_only_itself(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB | {"namespace": "demo", "name": "mine"})
    first = await client.post("/api/v1/demo")
    assert first.status_code == 201
    count = first.json()["data"]["created"]
    assert count == len(demo_jobs("http://127.0.0.1:8080"))
    assert (await client.post("/api/v1/demo")).json()["data"]["created"] == 0
    labelled = await client.get("/api/v1/jobs?tag=chronos-demo:true")
    assert labelled.json()["data"]["total"] == count
    assert (await client.delete("/api/v1/demo")).json()["data"]["deleted"] == count
    left = (await client.get("/api/v1/jobs")).json()["data"]["jobs"]
    assert [job["name"] for job in left] == ["mine"]


async def test_the_echo_is_as_slow_and_as_bad_as_it_is_told(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo?delay=1ms", content=b"hello", headers={"X-API-Key": "s"})
    assert answer.json()["data"]["body"] == "hello"
    assert answer.json()["data"]["headers"]["x-api-key"] == "***"
    assert (await client.get("/echo?status=503")).status_code == 503
    assert (await client.get("/echo?status=204")).status_code == 204
    assert (await client.get("/echo?fail_every=1")).status_code == 500
    assert (await client.get("/echo?delay=6m")).status_code == 400


async def test_metrics_count_requests_by_route(client: httpx.AsyncClient) -> None:
    await client.get("/api/v1/jobs/job_0123")
    text = (await client.get("/metrics")).text
    labels = '{method="GET",route="/api/v1/jobs/{ref}",status="404"}'
    assert f"chronos_http_requests_total{labels} 1.0" in text
    assert "chronos_raft_applied_index 1.0" in text
    assert "chronos_leader 1.0" in text


async def test_a_request_keeps_its_name(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health", headers={"X-Request-Id": "mine-1"})
    assert answer.headers["X-Request-Id"] == "mine-1"
    assert (await client.get("/health")).headers["X-Request-Id"].startswith("req_")


async def test_on_loopback_callers_may_name_themselves(client: httpx.AsyncClient) -> None:
    headers = {"X-Chronos-Actor": "alice"}
    answer = await client.post("/api/v1/jobs", json=JOB, headers=headers)
    assert answer.json()["data"]["updated_by"] == "alice"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Host": "rebound.example.org:8080"}]
)
async def test_a_foreign_page_reaches_nothing(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/api/v1/jobs", json=JOB, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "FORBIDDEN"


async def test_with_keys_only_their_holders_come_in(tmp_path: Path) -> None:
    flags = {
        "cluster": {"data_dir": str(tmp_path)},
        "auth": {"type": "api_key", "keys": [{"name": "bob", "key": KEY}]},
    }
    async with open_door(tmp_path, load_config(None, flags)) as (_, client):
        refused = await client.get("/api/v1/jobs")
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "UNAUTHENTICATED"
        assert (await client.get("/health")).status_code == 200
        for headers in ({"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}):
            assert (await client.get("/api/v1/jobs", headers=headers)).status_code == 200
        named = {"X-API-Key": KEY, "X-Chronos-Actor": "alice"}
        answer = await client.post("/api/v1/jobs", json=JOB, headers=named)
        assert answer.json()["data"]["updated_by"] == "bob"
        assert (await client.get("/api/v1/jobs", headers={"X-API-Key": "x"})).status_code == 401


async def test_only_peers_get_history_rows(door: Door, client: httpx.AsyncClient) -> None:
    assert door.history.wait_for(door.store.index, 120)
    url = "/internal/history?after=0&upto=1"
    assert (await client.get(url)).status_code == 403
    answer = await client.get(url, headers={"X-Chronos-Peer": "peer-token"})
    assert answer.status_code == 200


async def test_only_peers_pass_on_that_leadership_be_handed_over(
    door: Door, client: httpx.AsyncClient
) -> None:
    url, document = "/internal/transfer", {"to": "chronos-2"}
    assert (await client.post(url, json=document)).status_code == 403
    assert not door.transferred
    answer = await client.post(url, json=document, headers={"X-Chronos-Peer": "peer-token"})
    assert answer.status_code == 200
    assert door.transferred == ["chronos-2"]
