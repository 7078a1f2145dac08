"""The demo's synthetic past: labelled, disabled, once, and never about anybody's own job."""

from __future__ import annotations

import httpx
import pytest

from analytics.demo import facts
from app.api.routes.demo import history_jobs
from engine.model.document import parse_job
from tests.kit.door import Door

DEMO = "/api/v1/demo"


async def count(door: Door, label: str) -> int:
    assert door.history.wait_for(door.store.index, 120)
    with door.history.cursor() as db:
        found = db.execute(
            "SELECT count(*) FROM executions WHERE node_id = ?", [f"import:{label}"]
        ).fetchone()
    return int(found[0]) if found else 0


async def test_the_history_comes_once_however_often_it_is_loaded(
    door: Door, client: httpx.AsyncClient
) -> None:
    first = (await client.post(f"{DEMO}?history=3d")).json()["data"]
    past = first["history"]
    assert past["imported"] == past["executions"] == 3 * 516
    again = (await client.post(f"{DEMO}?history=4d")).json()["data"]
    assert again["created"] == 0
    assert again["history"]["label"] == past["label"]
    assert again["history"]["imported"] == 516
    assert await count(door, past["label"]) == 4 * 516


async def test_its_jobs_are_found_disabled_and_say_that_they_are_synthetic(
    door: Door, client: httpx.AsyncClient
) -> None:
    await client.post(f"{DEMO}?history=1d")
    jobs = (await client.get("/api/v1/jobs?tag=synthetic:true&limit=100")).json()["data"]["jobs"]
    assert {job["name"] for job in jobs} == {job.name for job in facts.JOBS}
    assert not any(job["enabled"] for job in jobs)
    assert all("SYNTHETIC" in job["description"] for job in jobs)
    assert door.history.wait_for(door.store.index, 120)
    runs = (await client.get("/api/v1/jobs/demo/report-build/executions")).json()["data"]
    assert runs["total"] == 24


async def test_cleared_its_history_stays_and_a_new_demo_has_its_own(
    door: Door, client: httpx.AsyncClient
) -> None:
    old = (await client.post(f"{DEMO}?history=1d")).json()["data"]["history"]
    cleared = (await client.delete(DEMO)).json()["data"]
    assert cleared["history"] == "stays"
    assert await count(door, old["label"]) == 516
    new = (await client.post(f"{DEMO}?history=1d")).json()["data"]["history"]
    assert new["label"] != old["label"]
    assert new["imported"] == 516
    assert await count(door, new["label"]) == 516
    runs = (await client.get("/api/v1/jobs/demo/report-build/executions")).json()["data"]
    assert runs["total"] == 24


async def test_a_job_of_ones_own_is_not_given_an_invented_past(client: httpx.AsyncClient) -> None:
    own = {
        "name": "ledger-sync",
        "namespace": "demo",
        "schedule": "@daily",
        "webhook": {"url": "http://127.0.0.1:9/run"},
    }
    await client.post("/api/v1/jobs", json=own)
    answer = await client.post(f"{DEMO}?history=1d")
    assert answer.status_code == 409
    assert "ledger-sync" in answer.json()["error"]["message"]
    assert (await client.post(DEMO)).status_code == 201


@pytest.mark.parametrize("length", ["0", "1h", "91d", "long", ""])
async def test_a_length_that_is_none_is_refused_before_anything_is_made(
    client: httpx.AsyncClient, length: str
) -> None:
    answer = await client.post(f"{DEMO}?history={length}")
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "history"
    assert (await client.get("/api/v1/jobs")).json()["data"]["total"] == 0


def test_every_job_of_the_history_is_a_valid_document() -> None:
    for document in history_jobs("http://127.0.0.1:8080"):
        spec, enabled = parse_job(document)
        assert not enabled
        assert spec.tags["chronos-demo"] == "true"
