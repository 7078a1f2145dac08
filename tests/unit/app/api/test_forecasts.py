"""Forecasts, risks, batches and model cards over REST, on a real machine and history."""

from __future__ import annotations

from dataclasses import replace

import httpx

from engine.state.messages import RecordModels
from tests.kit.door import Door
from tests.unit.engine.state.test_models import CARD

JOB = {"name": "a", "schedule": "@hourly", "webhook": {"url": "http://127.0.0.1:9/"}}


async def created(client: httpx.AsyncClient) -> str:
    return str(
        (await client.post("/api/v1/jobs", json=JOB | {"timezone": "Asia/Tokyo"})).json()["data"][
            "id"
        ]
    )


async def test_before_any_training_all_of_it_says_that_there_is_not_enough(
    client: httpx.AsyncClient,
) -> None:
    await created(client)
    load = (await client.get("/api/v1/forecasts/load")).json()["data"]
    assert [(one["kind"], one["card"]) for one in load["measures"]] == [
        ("load_runs", None),
        ("load_busy", None),
    ]
    job = (await client.get("/api/v1/jobs/default/a/forecast")).json()["data"]
    assert (job["runs"], job["duration_card"], job["timezone"]) == ([], None, "Asia/Tokyo")
    risks = (await client.get("/api/v1/jobs/default/a/risk")).json()["data"]["risks"]
    assert [one["probability"] for one in risks] == [None, None]
    assert [one["timezone"] for one in risks] == ["Asia/Tokyo"] * 2
    assert risks[0]["why"].startswith("no model was trained yet")
    assert (await client.get("/api/v1/risks")).json()["data"]["risks"] == []
    batch = (await client.get("/api/v1/forecasts/batch?disabled=true")).json()["data"]
    assert batch["p50"] is None
    assert [one["job_name"] for one in batch["unknown"]] == ["a"]


async def test_a_card_is_listed_shown_and_its_training_waits(
    door: Door, client: httpx.AsyncClient
) -> None:
    identity = await created(client)
    asked = await client.post("/api/v1/models/train", json={"job": "default/a"})
    assert asked.status_code == 202
    listed = (await client.get("/api/v1/models")).json()["data"]
    assert [one["job_id"] for one in listed["training"]] == [identity]
    door.store.apply(RecordModels(models=(replace(CARD, job_id=identity),), answers=(identity,)))
    listed = (await client.get("/api/v1/models?kind=fails&verdict=shown&job=default/a")).json()
    (card,) = listed["data"]["models"]
    assert (card["job_name"], card["version"], listed["data"]["training"]) == ("a", 1, [])
    whole = (await client.get(f"/api/v1/models/{card['id']}")).json()["data"]
    assert whole["numbers"] == CARD.numbers
    assert [one["version"] for one in whole["versions"]] == [1]


async def test_bad_calls_are_named(client: httpx.AsyncClient) -> None:
    await created(client)
    for path, status, field in (
        ("/api/v1/forecasts/load?horizon=5m", 400, "horizon"),
        ("/api/v1/jobs/default/a/forecast?horizon=14d", 400, "horizon"),
        ("/api/v1/jobs/default/none/risk", 404, "job"),
        ("/api/v1/risks?outcome=explodes", 400, "outcome"),
        ("/api/v1/forecasts/batch?tag=team", 400, "tag"),
        ("/api/v1/forecasts/batch?by=soon", 400, "by"),
        (
            "/api/v1/forecasts/batch?since=2027-01-01T00:00:00Z&until=2027-02-01T00:00:00Z",
            *(400, "until"),
        ),
        ("/api/v1/models?kind=magic", 400, "kind"),
        ("/api/v1/models?verdict=magic", 400, "verdict"),
        ("/api/v1/models/mdl_0", 404, "model"),
    ):
        answer = await client.get(path)
        assert answer.status_code == status, (path, answer.text)
        assert answer.json()["error"]["details"][0]["field"] == field, path
    for body, field in (({"jobs": []}, "jobs"), ({"job": 3}, "job"), ({"job": "none"}, "job")):
        answer = await client.post("/api/v1/models/train", json=body)
        assert answer.status_code in (400, 404)
        assert answer.json()["error"]["details"][0]["field"] == field
