"""Backfills and missed fire times over REST."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from engine.core.clock import rfc3339
from engine.model.execution import AttemptOutcome
from engine.scheduler.backfills import plan_backfills
from engine.state.messages import Accepted, Fire, Skip, StartExecutions
from tests.kit.door import Door

MINUTE = 60_000_000
JOB = {
    "name": "each-minute",
    "schedule": "* * * * *",
    "concurrency": "allow",
    "retry_policy": {"max_attempts": 1},
    "webhook": {"url": "http://127.0.0.1:9/run"},
    "enabled": True,
}
URL = "/api/v1/jobs/default/each-minute/backfill"


@pytest.fixture
async def first(door: Door, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> int:
    """The first of ten fire times: two ran, one failed, three were missed, the rest ran."""
    job = (await client.post("/api/v1/jobs", json=JOB)).json()["data"]
    start = door.store.view.next_us(job["id"])
    assert start is not None
    later = start + 10 * MINUTE
    monkeypatch.setattr(door.clock, "now_us", lambda: later)
    fires = [start + MINUTE * number for number in range(10)]
    claims = tuple(Fire(job["id"], 1, at, at + MINUTE) for at in fires)
    _decide(door, fires=claims[:3])
    reason = "missed: 3 fire times while no leader could decide (missed_run_policy ignore)"
    _decide(door, skips=(Skip(job["id"], 1, fires[3], fires[5], 3, fires[6], reason),))
    _decide(door, fires=claims[6:])
    for number, execution in enumerate(door.store.view.open_executions()):
        door.finish(execution.id, AttemptOutcome.FAILED if number == 1 else AttemptOutcome.SUCCESS)
    assert door.history.wait_for(door.store.index, 10)
    return start


def _decide(door: Door, **command: Any) -> None:
    result = door.store.apply(StartExecutions(epoch=door.store.view.epoch, **command))
    assert isinstance(result, Accepted)


@pytest.mark.parametrize(
    ("which", "places"),
    [("undone", [1, 3, 4, 5]), ("skipped", [3, 4, 5]), ("failed", [1]), ("all", list(range(10)))],
)
async def test_a_preview_tells_what_would_run(
    client: httpx.AsyncClient, first: int, which: str, places: list[int]
) -> None:
    body = {"from": rfc3339(first), "which": which}
    answer = await client.post(f"{URL}?dry_run=true", json=body)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert data["first"] == [rfc3339(first + MINUTE * place) for place in places]
    assert data["total"] == len(places)
    assert data["usual_ms"] == 1.5
    assert (await client.get("/api/v1/backfills")).json()["data"]["total"] == 0


async def test_a_backfill_runs_what_was_undone_and_then_nothing_is(
    door: Door, client: httpx.AsyncClient, first: int
) -> None:
    body = {"from": rfc3339(first), "parallel": 4, "note": "after the outage"}
    answer = await client.post(URL, json=body)
    assert answer.status_code == 202, answer.text
    backfill = answer.json()["data"]
    assert (backfill["total"], backfill["state"]) == (4, "running")
    commands, _ = plan_backfills(
        door.store.view, epoch=door.store.view.epoch, now=door.clock.now_us()
    )
    for command in commands:
        door.store.apply(command)
    for execution in door.store.view.open_executions():
        door.begin(execution.id)
        door.finish(execution.id)
    assert door.history.wait_for(door.store.index, 10)
    done = (await client.get(f"/api/v1/backfills/{backfill['id']}")).json()["data"]
    assert (done["state"], done["succeeded"], done["next"]) == ("done", 4, None)
    runs = (await client.get("/api/v1/executions?limit=50")).json()["data"]["executions"]
    filled = [run for run in runs if run["trigger"] == "backfill"]
    assert sorted(run["scheduled_time"] for run in filled) == [
        rfc3339(first + MINUTE * place) for place in (1, 3, 4, 5)
    ]
    for which in ("failed", "undone"):
        again = await client.post(URL, json={"from": rfc3339(first), "which": which})
        assert again.status_code == 400
        assert again.json()["error"]["details"][0]["field"] == "from"


async def test_what_was_missed_is_listed_as_stretches(
    client: httpx.AsyncClient, first: int
) -> None:
    data = (await client.get("/api/v1/missed?job=default/each-minute")).json()["data"]
    [stretch] = data["missed"]
    assert (data["fires"], stretch["fires"]) == (3, 3)
    assert (stretch["first"], stretch["last"]) == (
        rfc3339(first + 3 * MINUTE),
        rfc3339(first + 5 * MINUTE),
    )
    later = {"since": rfc3339(first + 60 * MINUTE)}
    assert (await client.get("/api/v1/missed", params=later)).json()["data"]["fires"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2099-01-01T00:00:00Z"}, "from"),
        ({"from": "2026-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}, "until"),
        ({"from": "2026-01-01T00:00:00Z", "which": "some"}, "which"),
        ({"from": "2026-01-01T00:00:00Z", "parallel": 0}, "parallel"),
        ({"from": "2020-01-01T00:00:00Z", "which": "all"}, "from"),
        ({"from": "2026-01-01T00:00:00Z", "speed": 2}, "speed"),
    ],
)
async def test_a_backfill_that_means_nothing_is_refused(
    client: httpx.AsyncClient, first: int, body: dict[str, Any], field: str
) -> None:
    answer = await client.post(URL, json=body)
    assert answer.status_code == 400, answer.text
    assert [one["field"] for one in answer.json()["error"]["details"]] == [field]


async def test_a_backfill_that_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/backfills/bfl_none")).status_code == 404
    assert (await client.delete("/api/v1/backfills/bfl_none")).status_code == 404
