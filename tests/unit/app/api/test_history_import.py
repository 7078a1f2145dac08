"""Executions of the past arrive over REST, each once, and each fault is told by its row."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from engine.state.messages import ImportExecutions
from tests.kit.door import Door
from tests.kit.runs_of_the_past import batch, run

JOB = {"name": "orders", "schedule": "@hourly", "webhook": {"url": "http://127.0.0.1:9/run"}}


def past(minute: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "job_name": "orders",
        "scheduled_time": f"2026-01-31T09:{minute:02}:00Z",
        "started_at": f"2026-01-31T09:{minute:02}:01Z",
        "completed_at": f"2026-01-31T09:{minute:02}:03Z",
        "status": "success",
        **fields,
    }


async def send(client: httpx.AsyncClient, *rows: Any, **fields: Any) -> dict[str, Any]:
    body = {"label": "old", "executions": list(rows), **fields}
    answer = await client.post("/api/v1/history/import", json=body)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def listed(door: Door, client: httpx.AsyncClient) -> dict[str, Any]:
    assert door.history.wait_for(door.store.index, 120)
    data: dict[str, Any] = (await client.get("/api/v1/executions")).json()["data"]
    return data


async def test_imported_executions_are_listed_in_their_time(
    door: Door, client: httpx.AsyncClient
) -> None:
    done = await send(client, past(1), past(3), past(2, status="failed", error="boom"))
    assert (done["imported"], done["duplicates"], done["refused"]) == (3, 0, 0)
    page = await listed(door, client)
    assert [row["completed_at"][14:16] for row in page["executions"]] == ["03", "02", "01"]
    middle = page["executions"][1]
    assert (middle["status"], middle["error"]) == ("failed", "boom")
    assert (middle["node_id"], middle["trigger"]) == ("import:old", "schedule")
    assert middle["lateness_ms"] == 1000
    one = (await client.get(f"/api/v1/executions/{middle['id']}")).json()["data"]
    assert one["attempts_detail"] == []


async def test_the_same_rows_again_add_nothing_whatever_their_batches(
    door: Door, client: httpx.AsyncClient
) -> None:
    await send(client, past(1), past(2))
    again = await send(client, past(2), past(3), past(1))
    assert (again["imported"], again["duplicates"]) == (1, 2)
    assert again["duplicate_rows"] == [0, 2]
    assert (await listed(door, client))["total"] == 3


async def test_a_row_that_stands_twice_in_a_batch_counts_once(client: httpx.AsyncClient) -> None:
    done = await send(client, past(1), past(1))
    assert (done["imported"], done["duplicate_rows"]) == (1, [1])


async def test_two_imports_at_once_do_not_double_a_row(
    door: Door, client: httpx.AsyncClient
) -> None:
    rows = [past(minute) for minute in range(20)]
    both = await asyncio.gather(send(client, *rows), send(client, *rows[5:]))
    assert sum(done["imported"] for done in both) == 20
    assert (await listed(door, client))["total"] == 20


async def test_another_label_is_another_import(door: Door, client: httpx.AsyncClient) -> None:
    await send(client, past(1))
    assert (await send(client, past(1), label="other"))["imported"] == 1
    assert (await listed(door, client))["total"] == 2


async def test_a_dry_run_says_what_would_come_and_writes_nothing(
    door: Door, client: httpx.AsyncClient
) -> None:
    await send(client, past(1))
    before = door.store.index
    done = await send(client, past(1), past(2), past(3, status="odd"), dry_run=True)
    assert (done["imported"], done["duplicates"], done["refused"]) == (1, 1, 1)
    assert done["dry_run"] is True
    assert door.store.index == before


async def test_bad_rows_are_told_and_do_not_hold_up_the_good_ones(
    door: Door, client: httpx.AsyncClient
) -> None:
    done = await send(
        client, past(1), past(2, status="odd"), 7, past(3, started_at="2027-01-01T00:00:00Z")
    )
    assert (done["imported"], done["refused"]) == (1, 3)
    assert [(fault["row"], fault["field"]) for fault in done["refusals"]] == [
        (1, "status"),
        (2, ""),
        (3, "started_at"),
    ]
    assert all(fault["hint"] for fault in done["refusals"])


async def test_an_existing_job_gets_its_runs_by_name_and_by_id(
    door: Door, client: httpx.AsyncClient
) -> None:
    job = (await client.post("/api/v1/jobs", json=JOB | {"tags": {"team": "web"}})).json()["data"]
    by_id = past(2) | {"job_id": job["id"]}
    del by_id["job_name"]
    done = await send(client, past(1), by_id, past(3, job_id="job_none"))
    assert (done["imported"], done["refused"]) == (2, 1)
    assert done["refusals"][0]["field"] == "job_id"
    assert door.history.wait_for(door.store.index, 120)
    runs = (await client.get("/api/v1/jobs/default/orders/executions")).json()["data"]
    assert runs["total"] == 2
    stats = (await client.get("/api/v1/jobs/default/orders/stats?window=1h")).json()["data"]
    assert stats["runs"] == 0  # they ended long before the window


async def test_a_job_that_is_not_here_is_grouped_under_one_id(
    door: Door, client: httpx.AsyncClient
) -> None:
    await send(client, past(1, job_name="shop/till"), past(2, job_name="till", namespace="shop"))
    rows = (await listed(door, client))["executions"]
    assert len({row["job_id"] for row in rows}) == 1
    assert {row["namespace"] for row in rows} == {"shop"}


async def test_a_row_without_a_schedule_was_due_when_it_started(
    door: Door, client: httpx.AsyncClient
) -> None:
    await send(
        client,
        {
            "job_name": "a",
            "started_at": past()["started_at"],
            "completed_at": past()["completed_at"],
            "status": "success",
        },
        {"job_name": "b", "completed_at": past()["completed_at"], "status": "skipped"},
    )
    rows = {row["job_name"]: row for row in (await listed(door, client))["executions"]}
    assert rows["a"]["lateness_ms"] == 0
    assert rows["b"]["lateness_ms"] is None
    assert rows["b"]["attempts"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"label": ""}, "label"),
        ({"label": "a b"}, "label"),
        ({"label": 7}, "label"),
        ({"executions": []}, "executions"),
        ({"executions": "x"}, "executions"),
        ({"executions": [{}] * 5001}, "executions"),
        ({"dry_run": "yes"}, "dry_run"),
        ({"rows": []}, "rows"),
    ],
)
async def test_a_request_of_another_shape_is_refused_whole(
    client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    body = {"label": "old", "executions": [past(1)], **change}
    answer = await client.post("/api/v1/history/import", json=body)
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [field]


async def test_too_many_bytes_are_refused_with_the_way_out(client: httpx.AsyncClient) -> None:
    rows = [past(1, error="é" * 3000) for _ in range(2000)]
    body = {"label": "old", "executions": rows}
    answer = await client.post("/api/v1/history/import", json=body)
    assert answer.status_code == 400
    assert "several batches" in answer.json()["error"]["details"][0]["hint"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"job_name": ""}, "job_name"),
        ({"job_name": "a/b/c"}, "job_name"),
        ({"job_name": "a\nb"}, "job_name"),
        ({"job_name": 5}, "job_name"),
        ({"namespace": "x" * 200}, "namespace"),
        ({"completed_at": None}, "completed_at"),
        ({"completed_at": "2026-01-31T09:00:00"}, "completed_at"),
        ({"completed_at": 5}, "completed_at"),
        ({"completed_at": "2200-01-01T00:00:00Z"}, "completed_at"),
        ({"completed_at": "1960-01-01T00:00:00Z"}, "completed_at"),
        ({"scheduled_time": "2026-01-31T09:05:00Z"}, "scheduled_time"),
        ({"status": "running"}, "status"),
        ({"status": None}, "status"),
        ({"attempts": -1}, "attempts"),
        ({"attempts": True}, "attempts"),
        ({"status_code": 10**9}, "status_code"),
        ({"error": []}, "error"),
        ({"trigger": "cron"}, "trigger"),
        ({"colour": "red"}, "'colour'"),
    ],
)
async def test_each_fault_of_a_row_names_its_field(
    client: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    done = await send(client, past(1) | change)
    assert done["imported"] == 0
    assert field in [fault["field"] for fault in done["refusals"]]


async def test_a_node_that_looked_too_early_looks_again(
    door: Door, client: httpx.AsyncClient
) -> None:
    known = door.gate.imports._find
    looks: list[int] = []

    def late(label: str, ids: Any, through: int, wait_s: float) -> tuple[int, set[str]]:
        found = known(label, ids, through, wait_s)
        looks.append(found[0])
        if len(looks) == 1:  # somebody else's import arrives between the look and the proposal
            other: ImportExecutions = batch("old", run(1), known_upto=found[0])
            door.store.apply(other)
        return found

    door.gate.imports._find = late
    assert (await send(client, past(1)))["imported"] == 1
    assert len(looks) == 2
    assert looks[1] > looks[0]


async def test_a_key_repeats_one_intention_and_never_swallows_another(
    door: Door, client: httpx.AsyncClient
) -> None:
    counts = []
    for minute in (1, 1, 2):
        answer = await client.post(
            "/api/v1/history/import",
            json={"label": "old", "executions": [past(minute)]},
            headers={"Idempotency-Key": "always-the-same"},
        )
        counts.append(answer.json()["data"]["imported"])
    assert counts == [1, 0, 1]
    assert (await listed(door, client))["total"] == 2
