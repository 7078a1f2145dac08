"""Pauses over REST, and why a job ran at a moment or did not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from engine.core.clock import rfc3339
from engine.core.version import LEVEL
from engine.model.execution import AttemptOutcome
from engine.scheduler.backfills import plan_backfills
from engine.state.messages import Accepted, Fire, RegisterNode, Skip, StartExecutions
from tests.kit.door import Door

HOUR = 3_600_000_000
JOB = {
    "name": "hourly",
    "schedule": "0 * * * *",
    "concurrency": "allow",
    "retry_policy": {"max_attempts": 1},
    "webhook": {"url": "http://127.0.0.1:9/run"},
    "enabled": True,
}


async def created(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/jobs", json=JOB | more)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def why(client: httpx.AsyncClient, at: int | str, ref: str = "default/hourly") -> Any:
    text = at if isinstance(at, str) else rfc3339(at)
    answer = await client.get(f"/api/v1/jobs/{ref}/why", params={"at": text})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def decide(door: Door, job_id: str, **command: Any) -> list[str]:
    result = door.store.apply(StartExecutions(epoch=door.store.view.epoch, **command))
    assert isinstance(result, Accepted)
    return list(result.value)


async def test_a_pause_holds_a_job_until_it_is_resumed(client: httpx.AsyncClient) -> None:
    job = await created(client)
    assert job["paused"] is None
    body = {"scope": "job:default/hourly", "for": "5h", "note": "disk is full"}
    answer = await client.post("/api/v1/pauses", json=body)
    assert answer.status_code == 201, answer.text
    pause = answer.json()["data"]
    assert (pause["scope"], pause["job_name"]) == (f"job:{job['id']}", "default/hourly")
    held = (await client.get("/api/v1/jobs/default/hourly")).json()["data"]
    assert held["paused"]["note"] == "disk is full"
    assert held["next_run"] >= pause["until"] > job["next_run"]
    # What was read can be written again.
    assert (await client.put(f"/api/v1/jobs/{job['id']}", json=held)).status_code == 200
    assert (await client.delete(f"/api/v1/pauses/{pause['id']}")).status_code == 200
    again = (await client.get("/api/v1/jobs/default/hourly")).json()["data"]
    assert (again["paused"], again["next_run"]) == (None, job["next_run"])
    assert (await client.get("/api/v1/pauses")).json()["data"]["pauses"] == []
    [past] = (await client.get("/api/v1/pauses?past=true")).json()["data"]["pauses"]
    assert past["state"] == "over"


async def test_a_repeated_key_pauses_once(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "once"}
    for _ in range(2):
        answer = await client.post("/api/v1/pauses", json={"scope": "all"}, headers=headers)
        assert answer.status_code == 201
    assert (await client.get("/api/v1/pauses")).json()["data"]["total"] == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"scope": "nothing"}, 400, "scope"),
        ({"scope": "job:default/nobody"}, 404, None),
        ({"scope": "all", "for": "later"}, 400, "for"),
    ],
)
async def test_a_pause_that_means_nothing_is_refused(
    client: httpx.AsyncClient, body: dict[str, str], status: int, field: str | None
) -> None:
    answer = await client.post("/api/v1/pauses", json=body)
    assert answer.status_code == status
    details = answer.json()["error"]["details"]
    assert [detail["field"] for detail in details] == ([field] if field else [])
    assert (await client.delete("/api/v1/pauses/pau_none")).status_code == 404


async def test_why_tells_what_became_of_each_fire_time(
    door: Door, client: httpx.AsyncClient
) -> None:
    job = await created(client)
    first = door.store.view.next_us(job["id"])
    assert first is not None
    fires = [first + HOUR * number for number in range(8)]
    begun = decide(door, job["id"], fires=tuple(Fire(job["id"], 1, a, a + HOUR) for a in fires[:2]))
    door.finish(begun[0])
    door.finish(begun[1], AttemptOutcome.FAILED)
    skip = Skip(job["id"], 1, fires[2], fires[4], 3, fires[5], "missed: 3 fire times")
    decide(door, job["id"], skips=(skip,))
    assert door.history.wait_for(door.store.index, 10)
    good, bad, missed = [await why(client, fires[number]) for number in (0, 1, 3)]
    assert (good["verdict"], good["execution_id"]) == ("ran", begun[0])
    assert "1 attempt on chronos-1: success" in good["words"]
    assert "failed: its attempt failed" in bad["words"]
    assert (missed["verdict"], missed["after"]) == ("skipped", rfc3339(fires[4]))
    assert "missed: 3 fire times (one of 3 fire times" in missed["words"]
    planned = await why(client, fires[6])
    assert planned["verdict"] == "planned"
    assert planned["facts"][0]["words"] == "version 1 created by anonymous"
    assert (await why(client, fires[6] + 1))["verdict"] == "no_fire_time"


async def test_why_tells_of_pauses_edits_and_times_at_which_the_job_was_not(
    door: Door, client: httpx.AsyncClient
) -> None:
    job = await created(client)
    first = door.store.view.next_us(job["id"])
    assert first is not None
    body = {"scope": "namespace:default", "note": "moving house"}
    await client.post("/api/v1/pauses", json=body)
    assert door.history.wait_for(door.store.index, 10)
    held = await why(client, first)
    assert held["verdict"] == "paused"
    assert "paused by anonymous (namespace:default): moving house" in held["words"]
    before = await why(client, "2020-01-01T00:00:00Z")
    assert before["verdict"] == "not_created"
    assert "created at" in before["words"]
    await client.post("/api/v1/jobs/default/hourly/disable")
    assert door.history.wait_for(door.store.index, 10)
    off = await why(client, first)
    assert off["verdict"] == "disabled"
    assert "by anonymous" in off["words"]


async def test_why_without_a_moment_is_about_the_latest_fire_time(
    client: httpx.AsyncClient,
) -> None:
    await created(client)
    data = (await client.get("/api/v1/jobs/default/hourly/why")).json()["data"]
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)  # noqa: TID251  # a test
    assert data["at"] == now.isoformat().replace("+00:00", "Z")
    assert data["verdict"] == "not_created"
    assert (await client.get("/api/v1/jobs/default/hourly/why?at=noon")).status_code == 400


async def test_a_fire_time_that_an_edit_overtook_is_superseded(
    door: Door, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await created(client, schedule="* * * * * *")
    start = door.clock.now_us()
    monkeypatch.setattr(door.clock, "now_us", lambda: start + 10_000_000)
    edited = JOB | {"schedule": "0 0 1 1 *"}
    await client.put("/api/v1/jobs/default/hourly", json=edited)
    assert door.history.wait_for(door.store.index, 10)
    found = await why(client, start // 1_000_000 * 1_000_000 + 5_000_000)
    assert found["verdict"] == "superseded"
    assert "version 2 by anonymous came before it was decided" in found["words"]


async def test_what_an_older_node_does_not_understand_waits_for_its_upgrade(
    door: Door, client: httpx.AsyncClient
) -> None:
    old = RegisterNode(node="n2", raft_address="n2:7000", http_address="", version="0.0.9")
    door.store.apply(old)
    answer = await client.post("/api/v1/pauses", json={"scope": "all"})
    assert answer.status_code == 409
    assert answer.json()["error"]["message"] == "pauses: n2 must be upgraded first"
    answer = await client.post("/api/v1/jobs", json=JOB | {"dst": "skip"})
    assert answer.status_code == 409
    assert "the field dst of a job" in answer.json()["error"]["message"]
    assert (await client.post("/api/v1/jobs", json=JOB)).status_code == 201
    door.store.apply(replace(old, level=LEVEL))
    assert (await client.post("/api/v1/pauses", json={"scope": "all"})).status_code == 201


async def test_why_knows_what_a_stretch_is_about_and_what_a_backfill_ran(
    door: Door, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await created(client)
    first = door.store.view.next_us(job["id"])
    assert first is not None
    skip = Skip(job["id"], 1, first, first + 2 * HOUR, 3, first + 3 * HOUR, "missed: 3 fire times")
    decide(door, job["id"], skips=(skip,))
    assert door.history.wait_for(door.store.index, 10)
    monkeypatch.setattr(door.clock, "now_us", lambda: first + 3 * HOUR - 1)
    assert (await why(client, first + HOUR + 1))["verdict"] == "no_fire_time"
    body = {"from": rfc3339(first + HOUR), "until": rfc3339(first + 2 * HOUR)}
    answer = await client.post("/api/v1/jobs/default/hourly/backfill", json=body)
    assert answer.status_code == 202, answer.text
    commands, _ = plan_backfills(
        door.store.view, epoch=door.store.view.epoch, now=door.clock.now_us()
    )
    for command in commands:
        door.store.apply(command)
    [execution] = door.store.view.open_executions()
    door.begin(execution.id)
    door.finish(execution.id)
    assert door.history.wait_for(door.store.index, 10)
    filled = await why(client, first + HOUR)
    assert filled["verdict"] == "skipped"
    assert filled["words"].endswith("; a backfill ran it later: success")
