"""Business calendars over REST, and the jobs that observe them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from engine.core.clock import from_datetime, to_datetime
from tests.kit.door import Door

MUNICH = {"name": "munich", "weekend": ["SAT", "SUN"], "country": "DE", "subdivision": "BY"}
JOB = {
    "name": "daily",
    "schedule": "0 9 * * *",
    "timezone": "Europe/Berlin",
    "calendar": "munich",
    "webhook": {"url": "http://127.0.0.1:9/run"},
    "enabled": True,
}


@pytest.fixture
def late_december(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wednesday 2026-12-23, noon in UTC; Friday 25 and Saturday 26 are holidays."""
    now = from_datetime(to_datetime(0).replace(year=2026, month=12, day=23, hour=12))
    monkeypatch.setattr(door.clock, "now_us", lambda: now)


async def made(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    assert (await client.post("/api/v1/calendars", json=MUNICH)).status_code == 201
    answer = await client.post("/api/v1/jobs", json=JOB | more)
    assert answer.status_code == 201, answer.text
    job: dict[str, Any] = answer.json()["data"]
    return job


async def days(client: httpx.AsyncClient, count: int = 3) -> list[str]:
    data = (await client.get(f"/api/v1/jobs/default/daily/next?count={count}")).json()["data"]
    return [fire["local"][:10] for fire in data["next"]]


@pytest.mark.usefixtures("late_december")
@pytest.mark.parametrize(
    ("rule", "expected", "words"),
    [
        ("skip", ["2026-12-24", "2026-12-28", "2026-12-29"], "but not when munich is closed"),
        ("next", ["2026-12-24", "2026-12-28", "2026-12-29"], "on the next open day"),
        ("previous", ["2026-12-24", "2026-12-28", "2026-12-29"], "on the last open day before"),
    ],
)
async def test_a_job_keeps_to_its_calendar(
    client: httpx.AsyncClient, rule: str, expected: list[str], words: str
) -> None:
    job = await made(client, on_closed=rule)
    assert await days(client) == expected
    assert job["next_run"] == "2026-12-24T08:00:00Z"
    data = (await client.get("/api/v1/jobs/default/daily/next")).json()["data"]
    assert words in data["words"]


@pytest.mark.usefixtures("late_december")
async def test_a_yearly_job_moves_to_an_open_day(client: httpx.AsyncClient) -> None:
    await made(client, schedule="0 9 25 12 *", on_closed="next")
    assert (await days(client, 1)) == ["2026-12-28"]


@pytest.mark.usefixtures("late_december")
async def test_an_edit_of_the_calendar_moves_its_jobs(client: httpx.AsyncClient) -> None:
    await made(client)
    edited = MUNICH | {"dates": ["2026-12-24"]}
    answer = await client.put("/api/v1/calendars/munich", json=edited, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["jobs"] == ["default/daily"]
    job = (await client.get("/api/v1/jobs/default/daily")).json()["data"]
    assert job["next_run"] == "2026-12-28T08:00:00Z"
    stale = await client.put("/api/v1/calendars/munich", json=edited, headers={"If-Match": '"1"'})
    assert stale.status_code == 409


@pytest.mark.usefixtures("late_december")
async def test_why_names_what_closed(door: Door, client: httpx.AsyncClient) -> None:
    await made(client)
    assert door.history.wait_for(door.store.index, 10)
    answer = await client.get("/api/v1/jobs/default/daily/why?at=2026-12-25T08:00:00Z")
    data = answer.json()["data"]
    assert data["verdict"] == "closed"
    assert "munich is closed (Christmas Day)" in data["words"]


@pytest.mark.usefixtures("late_december")
async def test_a_preview_knows_calendars_and_tells_what_one_changes(
    client: httpx.AsyncClient,
) -> None:
    await made(client, calendar="")
    params = {"schedule": "0 9 * * *", "timezone": "Europe/Berlin", "job": "default/daily"}
    params |= {"calendar": "munich"}
    data = (await client.get("/api/v1/schedules/preview", params=params)).json()["data"]
    assert data["next"][1]["local"].startswith("2026-12-28")
    assert data["effect"]["words"] == "Changes no fire time in the next 24h"
    params["calendar"] = "mnich"
    answer = await client.get("/api/v1/schedules/preview", params=params)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["hint"] == "did you mean munich?"


async def test_a_calendar_is_checked_shown_and_deleted(client: httpx.AsyncClient) -> None:
    shown = (await client.post("/api/v1/calendars?dry_run=true", json=MUNICH)).json()["data"]
    assert any(one["label"] == "Christmas Day" for one in shown["closed"])
    assert (await client.get("/api/v1/calendars")).json()["data"]["total"] == 0
    await made(client)
    assert (await client.post("/api/v1/calendars", json=MUNICH)).status_code == 409
    [listed] = (await client.get("/api/v1/calendars")).json()["data"]["calendars"]
    assert "closed" not in listed or listed["closed"] == []
    assert (await client.delete("/api/v1/calendars/munich")).status_code == 409
    await client.delete("/api/v1/jobs/default/daily")
    assert (await client.delete("/api/v1/calendars/munich")).status_code == 200
    assert (await client.get("/api/v1/calendars/munich")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (MUNICH | {"country": "Germany"}, "country"),
        (MUNICH | {"subdivision": "Bayern"}, "subdivision"),
        (MUNICH | {"weekend": ["Caturday"]}, "weekend[0]"),
        (MUNICH | {"dates": ["2026-02-30"]}, "dates[0]"),
        (MUNICH | {"ics": "BEGIN:VCALENDAR"}, "ics"),
        (MUNICH | {"colour": "red"}, "colour"),
    ],
)
async def test_a_fault_of_a_calendar_is_named(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    answer = await client.post("/api/v1/calendars", json=body)
    assert answer.status_code == 400, answer.text
    [detail] = answer.json()["error"]["details"]
    assert detail["field"] == field
    assert detail["hint"]


async def test_a_job_that_observes_nothing_known_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/jobs", json=JOB)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "calendar"
    batch = {"jobs": [JOB | {"name": "a", "calendar": ""}, JOB]}
    answer = await client.post("/api/v1/jobs/batch", json=batch)
    assert answer.json()["error"]["details"][0]["field"] == "jobs[1].calendar"


async def test_countries_are_listed_with_their_parts(client: httpx.AsyncClient) -> None:
    rows = (await client.get("/api/v1/calendars/countries")).json()["data"]["countries"]
    germany = next(row for row in rows if row["code"] == "DE")
    assert "BY" in germany["subdivisions"]
