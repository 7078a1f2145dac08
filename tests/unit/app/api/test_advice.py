"""Recommendations and the balance over REST, on a real machine and history."""

from __future__ import annotations

import httpx
import pytest

from analytics.demo import facts
from tests.kit.door import Door

JOB = "/api/v1/jobs/demo/report-build"
ADVICE = f"{JOB}/recommendations"
OFF = "/api/v1/balance?switched_off=true"


@pytest.fixture
async def demo(door: Door, client: httpx.AsyncClient) -> Door:
    await client.post("/api/v1/demo?history=40d")
    assert door.history.wait_for(door.store.index, 60)
    return door


async def test_advice_is_told_previewed_applied_and_rolled_back(
    demo: Door, client: httpx.AsyncClient
) -> None:
    told = (await client.get(ADVICE)).json()["data"]
    assert told["optimal_time_slots"][0]["hour"] == facts.GOOD_HOUR
    assert told["suggested_schedule"] == "0 0-13,15-23 * * *"
    assert told["backtest"]["holds"]
    assert 0 < told["confidence"] <= 1
    shown = (await client.get(f"{ADVICE}/preview")).json()["data"]
    assert len(shown["gone"]) == 30
    done = (await client.post(f"{ADVICE}/apply?note=agreed")).json()["data"]
    assert done["job"]["schedule"] == told["suggested_schedule"]
    assert done["new_version"] == 2
    assert demo.history.wait_for(demo.store.index, 60)
    versions = (await client.get(f"{JOB}/versions")).json()["data"]["versions"]
    assert "agreed" in versions[0]["comment"]
    back = await client.post(done["rolled_back_by"].removeprefix("POST "))
    assert back.json()["data"]["job"]["schedule"] == "0 * * * *"


async def test_without_enough_runs_it_says_so_and_nothing_is_applied(
    client: httpx.AsyncClient,
) -> None:
    job = {"name": "a", "schedule": "@hourly", "webhook": {"url": "http://127.0.0.1:9/"}}
    await client.post("/api/v1/jobs", json=job)
    url = "/api/v1/jobs/default/a/recommendations"
    told = await client.get(url)
    assert told.status_code == 200
    assert not told.json()["data"]["enough"]
    assert "not enough data" in told.json()["data"]["why"]
    assert (await client.get(f"{url}/preview")).json()["data"]["suggested"] is None
    refused = await client.post(f"{url}/apply")
    assert refused.status_code == 409
    assert "not enough data" in refused.json()["error"]["message"]


async def test_a_herd_is_moved_once_and_taken_back_but_for_what_was_edited(
    demo: Door, client: httpx.AsyncClient
) -> None:
    plan = (await client.get(OFF)).json()["data"]
    assert plan["after"]["starts"] <= plan["before"]["starts"] / 2
    assert len(plan["moves"]) >= 6
    headers = {"Idempotency-Key": "thin-out"}
    body = {"switched_off": True}
    done = (await client.post("/api/v1/balance/apply", json=body, headers=headers)).json()["data"]
    assert len(done["changed"]) == len(plan["moves"])
    again = (await client.post("/api/v1/balance/apply", json=body, headers=headers)).json()["data"]
    assert again["batch"] == done["batch"]
    assert len(again["changed"]) == len(done["changed"])
    job = (await client.get(f"/api/v1/jobs/{done['changed'][0]['job']}")).json()["data"]
    assert job["version"] == 2
    await client.put(f"/api/v1/jobs/{job['id']}", json={**job, "description": "edited"})
    batch = {"batch": done["batch"]}
    undone = (await client.post("/api/v1/balance/undo", json=batch)).json()["data"]
    assert len(undone["changed"]) == len(done["changed"]) - 1
    assert undone["skipped"][0]["reason"] == "it was edited since"
    back = (await client.get(f"/api/v1/jobs/{done['changed'][1]['job']}")).json()["data"]
    assert (back["schedule"].split()[0], back["window"]) == ("0", facts.HERD_WINDOW)


async def test_a_job_that_changed_since_it_was_seen_is_left_alone(
    demo: Door, client: httpx.AsyncClient
) -> None:
    first = (await client.get(OFF)).json()["data"]["moves"][0]
    jobs = [{"id": first["job_id"], "version": 7}, {"id": "job_none"}]
    body = {"switched_off": True, "jobs": jobs}
    done = (await client.post("/api/v1/balance/apply", json=body)).json()["data"]
    assert done["changed"] == []
    assert [one["reason"] for one in done["skipped"]] == [
        "changed since the plan was made",
        "no move is suggested for it now",
    ]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("apply", {"jobs": 3}, "jobs"),
        ("apply", {"jobs": [{"version": 1}]}, "jobs[0].id"),
        ("apply", {"jobs": [{"id": "job_a", "version": "1"}]}, "jobs[0].version"),
        ("apply", {"switched_off": "yes"}, "switched_off"),
        ("apply", {"every": True}, "every"),
        ("undo", {"batch": "last"}, "batch"),
    ],
)
async def test_a_bad_body_is_named(
    client: httpx.AsyncClient, path: str, body: dict[str, object], field: str
) -> None:
    refused = await client.post(f"/api/v1/balance/{path}", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == field
