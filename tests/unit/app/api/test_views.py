"""The timeline and the calendar over REST."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.api.routes import timeline as route
from engine.core.clock import rfc3339, to_datetime
from tests.kit.door import Door

JOB = {
    "name": "nightly",
    "schedule": "@every 60s",
    "enabled": True,
    "concurrency": "allow",
    "tags": {"team": "data"},
    "webhook": {"url": "http://127.0.0.1:9/run"},
}


async def create(client: httpx.AsyncClient, **fields: Any) -> None:
    answer = await client.post("/api/v1/jobs", json=JOB | fields)
    assert answer.status_code == 201, answer.text


async def trigger(client: httpx.AsyncClient, ref: str = "default/nightly") -> str:
    answer = await client.post(f"/api/v1/jobs/{ref}/trigger")
    return str(answer.json()["data"]["id"])


async def board(door: Door, client: httpx.AsyncClient, ahead: int = 0, **params: Any) -> Any:
    assert door.history.wait_for(door.store.index, 120)
    if ahead:
        params["until"] = rfc3339(door.clock.now_us() + ahead * 1_000_000)
    answer = await client.get("/api/v1/timeline", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def kinds(lane: Any) -> list[str]:
    return [mark["kind"] for mark in lane["marks"]]


async def test_a_lane_holds_what_ended_what_runs_and_what_is_planned(
    door: Door, client: httpx.AsyncClient
) -> None:
    await create(client)
    over = await trigger(client)
    door.begin(over)
    door.finish(over)
    running = await trigger(client)
    door.begin(running)
    waiting = await trigger(client)
    (lane,) = (await board(door, client, ahead=300))["lanes"]
    assert lane["label"] == "default/nightly"
    assert kinds(lane) == ["run", "open", "open"] + ["planned"] * 5
    ids = [mark["execution_id"] for mark in lane["marks"]]
    assert ids[0] == over
    assert set(ids[1:3]) == {running, waiting}
    by_id = {mark["execution_id"]: mark for mark in lane["marks"]}
    assert by_id[waiting]["from"] is None
    assert by_id[running]["from"]
    assert lane["runs"] == 3
    assert not lane["planned_more"]


async def test_what_is_planned_is_bounded_and_says_that_there_is_more(
    door: Door, client: httpx.AsyncClient
) -> None:
    since = rfc3339(door.clock.now_us())  # this machine may take seconds until it asks
    for number in range(4):
        await create(client, name=f"fast-{number}", schedule="@every 1s")
    found = await board(door, client, ahead=3600, since=since, q="fast")
    marks = [mark for lane in found["lanes"] for mark in lane["marks"]]
    assert len(marks) == route.PLANNED_MAX
    assert all(lane["planned_more"] for lane in found["lanes"])


async def test_filters_apply_to_every_kind_of_mark(door: Door, client: httpx.AsyncClient) -> None:
    await create(client)
    await create(client, name="other", namespace="ops", tags={}, enabled=False)
    for ref in ("default/nightly", "ops/other"):
        door.begin(await trigger(client, ref))
    assert len((await board(door, client, ahead=90))["lanes"]) == 2
    for params in ({"namespace": "ops"}, {"q": "THER"}):
        (lane,) = (await board(door, client, ahead=90, **params))["lanes"]
        assert lane["label"] == "ops/other"
    for params in ({"tag": "team:data"}, {"tag": "team"}):
        (lane,) = (await board(door, client, ahead=90, **params))["lanes"]
        assert lane["label"] == "default/nightly"
    (lane,) = (await board(door, client, ahead=90, status="planned"))["lanes"]
    assert set(kinds(lane)) == {"planned"}
    both = (await board(door, client, ahead=90, status="running,failed"))["lanes"]
    assert [kinds(lane) for lane in both] == [["open"], ["open"]]
    assert (await board(door, client, status="failed"))["lanes"] == []


async def test_lanes_can_be_namespaces_or_values_of_a_tag(
    door: Door, client: httpx.AsyncClient
) -> None:
    await create(client)
    await create(client, name="other", namespace="ops", tags={})
    for ref in ("default/nightly", "ops/other"):
        door.begin(await trigger(client, ref))
    by_space = (await board(door, client, by="namespace"))["lanes"]
    assert [lane["label"] for lane in by_space] == ["default", "ops"]
    by_team = (await board(door, client, by="tag:team"))["lanes"]
    assert [lane["label"] for lane in by_team] == ["", "data"]


async def test_lanes_without_room_are_counted(
    door: Door, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "LANES_MAX", 1)
    monkeypatch.setattr(route, "OPEN_MAX", 3)
    await create(client)
    await create(client, name="other")
    for ref in ("default/nightly", "default/other"):
        for _ in range(2):
            door.begin(await trigger(client, ref))
    found = await board(door, client)
    assert len(found["lanes"]) == 1
    assert found["open_more"] + found["lanes"][0]["runs"] == 4


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-01-01"}, "until"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "since"),
        ({"since": "2020-01-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "since"),
        ({"by": "colour"}, "by"),
        ({"by": "tag:"}, "by"),
        ({"tag": ":x"}, "tag"),
        ({"status": "late"}, "status"),
    ],
)
async def test_a_window_that_means_nothing_is_refused(
    client: httpx.AsyncClient, params: dict[str, str], field: str
) -> None:
    answer = await client.get("/api/v1/timeline", params=params)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field


async def test_the_calendar_counts_what_ran_today(door: Door, client: httpx.AsyncClient) -> None:
    await create(client)
    identity = await trigger(client)
    door.begin(identity)
    door.finish(identity)
    assert door.history.wait_for(door.store.index, 120)
    answer = await client.get("/api/v1/calendar", params={"job_id": "default/nightly"})
    data = answer.json()["data"]
    today = to_datetime(door.clock.now_us())
    assert data["year"] in (today.year, (today - timedelta(minutes=1)).year)
    (day,) = data["days"]
    assert day["runs"] == 1
    assert datetime.fromisoformat(day["date"]).replace(tzinfo=UTC) <= today
    assert data["hours"][0]["runs"] == 1
    other = await client.get("/api/v1/calendar", params={"namespace": "elsewhere"})
    assert other.json()["data"]["days"] == []


@pytest.mark.parametrize(
    ("params", "field"), [({"year": "12"}, "year"), ({"zone": "Mars/Base"}, "zone")]
)
async def test_a_calendar_that_means_nothing_is_refused(
    client: httpx.AsyncClient, params: dict[str, str], field: str
) -> None:
    answer = await client.get("/api/v1/calendar", params=params)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field
