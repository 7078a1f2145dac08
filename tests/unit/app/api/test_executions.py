from __future__ import annotations

import asyncio

import httpx

from engine.model.execution import AttemptOutcome
from tests.kit.door import Door

JOB = {
    "name": "nightly",
    "schedule": "25 2 * * *",
    "concurrency": "allow",
    "webhook": {"url": "http://127.0.0.1:9/run"},
}


async def trigger(client: httpx.AsyncClient, ref: str = "default/nightly") -> str:
    answer = await client.post(f"/api/v1/jobs/{ref}/trigger")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["data"]["id"])


async def test_a_triggered_run_is_pending_then_recorded_with_its_steps(
    door: Door, client: httpx.AsyncClient
) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    identity = await trigger(client)
    url = f"/api/v1/jobs/default/nightly/executions/{identity}"
    assert (await client.get(url)).json()["data"]["status"] == "pending"
    door.begin(identity)
    assert (await client.get(url)).json()["data"]["status"] == "running"
    door.finish(identity)
    data = (await client.get(f"/api/v1/executions/{identity}")).json()["data"]
    assert data["status"] == "success"
    assert data["duration"] == 1_500_000
    assert data["trigger"] == "manual"
    assert [step["kind"] for step in data["attempts_detail"][0]["steps"]] == ["request", "complete"]


async def test_waiting_answers_the_end(door: Door, client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB)

    added = asyncio.Event()
    door.store.subscribe(lambda committed: added.set() if committed.kind == "TriggerJob" else None)

    async def run() -> None:
        await added.wait()
        identity = door.store.view.open_executions()[0].id
        door.begin(identity)
        door.finish(identity)

    task = asyncio.create_task(run())
    answer = await client.post("/api/v1/jobs/default/nightly/trigger?wait=30s")
    await task
    assert answer.status_code == 200
    assert answer.json()["data"]["status"] == "success"


async def test_waiting_too_long_answers_202(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    answer = await client.post("/api/v1/jobs/default/nightly/trigger?wait=30ms")
    assert answer.status_code == 202
    assert answer.json()["data"]["status"] == "pending"


async def test_pages_hold_open_and_finished_runs_once_each(
    door: Door, client: httpx.AsyncClient
) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    ids = [await trigger(client) for _ in range(7)]
    for identity in ids[:4]:
        door.begin(identity)
        door.finish(identity)
    assert door.history.wait_for(door.store.index, 120)
    for limit in (1, 2, 3, 5, 20):
        found: list[str] = []
        cursor = ""
        while True:
            url = f"/api/v1/jobs/default/nightly/executions?limit={limit}{cursor}"
            data = (await client.get(url)).json()["data"]
            assert data["total"] == 7
            found += [row["id"] for row in data["executions"]]
            if data["next_cursor"] is None:
                break
            cursor = f"&cursor={data['next_cursor']}"
        assert sorted(found) == sorted(ids), limit
        assert set(found[:3]) == set(ids[4:])
    running = (await client.get("/api/v1/executions?status=pending,running")).json()["data"]
    assert running["total"] == 3


async def test_a_finished_run_is_replayed(door: Door, client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    identity = await trigger(client)
    door.begin(identity)
    door.finish(identity, AttemptOutcome.SUCCESS)
    url = f"/api/v1/jobs/default/nightly/executions/{identity}/replay"
    data = (await client.post(url)).json()["data"]
    assert data["original_execution_id"] == identity
    replay = (await client.get(f"/api/v1/executions/{data['replay_execution_id']}")).json()["data"]
    assert replay["trigger"] == "replay"
    assert replay["replay_of"] == identity


async def test_a_run_is_replayed_with_a_change(door: Door, client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    identity = await trigger(client)
    door.begin(identity)
    door.finish(identity, AttemptOutcome.SUCCESS)
    url = f"/api/v1/executions/{identity}/replay"
    change = {"url": "http://127.0.0.1:9/other", "timeout": "7s"}
    data = (await client.post(url, json={"change": change})).json()["data"]
    replay = data["replay_execution_id"]
    read = (await client.get(f"/api/v1/executions/{replay}")).json()["data"]
    door.begin(replay)
    door.finish(replay)
    ended = (await client.get(f"/api/v1/executions/{replay}")).json()["data"]
    for one in (read, ended):
        assert one["change"] == change
        assert one["request"]["url"] == change["url"]
        assert [found["field"] for found in one["differences"]] == ["url", "timeout"]
    original = (await client.get(f"/api/v1/executions/{identity}")).json()["data"]
    assert [(one["id"], one["status"]) for one in original["replays"]] == [(replay, "success")]
    assert original["timezone"] == "UTC"


async def test_a_fault_of_a_change_is_named(door: Door, client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    identity = await trigger(client)
    door.begin(identity)
    door.finish(identity, AttemptOutcome.SUCCESS)
    url = f"/api/v1/executions/{identity}/replay"
    for body, field in (({"change": {"url": "x"}}, "change.url"), ({"chnage": {}}, "chnage")):
        answer = await client.post(url, json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["details"][0]["field"] == field


async def test_an_open_run_is_cancelled_once(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    identity = await trigger(client)
    answer = await client.post(f"/api/v1/executions/{identity}/cancel")
    assert answer.status_code == 200
    assert answer.json()["data"]["status"] == "cancelled"
    assert (await client.post(f"/api/v1/executions/{identity}/cancel")).status_code == 409
    assert (await client.post("/api/v1/executions/nothing/cancel")).status_code == 404


async def test_an_execution_belongs_to_its_job(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    await client.post("/api/v1/jobs", json=JOB | {"name": "other"})
    identity = await trigger(client)
    answer = await client.get(f"/api/v1/jobs/default/other/executions/{identity}")
    assert answer.status_code == 404


async def test_executions_of_a_stretch_of_time_are_found(
    door: Door, client: httpx.AsyncClient
) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    over, running = await trigger(client), await trigger(client)
    door.begin(over)
    door.finish(over)
    assert door.history.wait_for(door.store.index, 120)

    async def found(**params: str) -> set[str]:
        data = (await client.get("/api/v1/executions", params=params)).json()["data"]
        assert data["total"] == len(data["executions"])
        return {row["id"] for row in data["executions"]}

    assert await found(since="2020-01-01T00:00:00Z", until="2399-01-01T00:00:00Z") == {
        over,
        running,
    }
    assert await found(until="2020-01-01T00:00:00Z") == set()
    assert await found(since="2399-01-01T00:00:00Z") == set()
