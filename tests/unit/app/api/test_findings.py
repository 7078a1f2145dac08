"""Findings over REST, on a real machine and history."""

from __future__ import annotations

from dataclasses import replace

import httpx

from engine.state.messages import RecordFindings
from tests.kit.door import Door
from tests.unit.engine.history.events import make_finding

JOB = {"name": "a", "schedule": "@hourly", "webhook": {"url": "http://127.0.0.1:9/"}}


async def finding(door: Door, client: httpx.AsyncClient) -> str:
    job = (await client.post("/api/v1/jobs", json=JOB)).json()["data"]
    made = replace(make_finding(), job_id=job["id"])
    door.store.apply(RecordFindings(findings=(made,)))
    return made.id


async def test_a_finding_is_listed_shown_judged_and_filtered(
    door: Door, client: httpx.AsyncClient
) -> None:
    identity = await finding(door, client)
    listed = (await client.get("/api/v1/findings?state=open&job_id=default/a")).json()["data"]
    assert [one["id"] for one in listed["findings"]] == [identity]
    assert listed["findings"][0]["title"] == "Duration outlier"
    headers = {"X-Chronos-Actor": "bob"}
    url = f"/api/v1/findings/{identity}"
    judged = await client.post(f"{url}/acknowledge?note=seen", headers=headers)
    assert judged.json()["data"]["state"] == "acknowledged"
    shown = (await client.get(url)).json()["data"]
    assert (shown["by"], shown["note"]) == ("bob", "seen")
    assert (await client.get("/api/v1/findings?state=open")).json()["data"]["total"] == 0


async def test_findings_come_in_pages_that_new_ones_do_not_move(
    door: Door, client: httpx.AsyncClient
) -> None:
    await finding(door, client)
    (first,) = door.store.view.findings()

    def found(number: int) -> None:
        later = {"first_us": first.last_us + number, "last_us": first.last_us + number}
        made = replace(first, id=f"fin_1{number}", **later)
        door.store.apply(RecordFindings(findings=(made,)))

    for number in range(1, 5):
        found(number)
    page = (await client.get("/api/v1/findings?limit=2")).json()["data"]
    seen = [one["id"] for one in page["findings"]]
    found(9)
    while page["next_cursor"]:
        path = f"/api/v1/findings?limit=2&cursor={page['next_cursor']}"
        page = (await client.get(path)).json()["data"]
        seen += [one["id"] for one in page["findings"]]
    assert seen == ["fin_14", "fin_13", "fin_12", "fin_11", first.id]
    wrong = await client.get("/api/v1/findings?cursor=WzFd")
    assert wrong.json()["error"]["details"][0]["field"] == "cursor"


async def test_bad_calls_are_named(door: Door, client: httpx.AsyncClient) -> None:
    identity = await finding(door, client)
    for method, path, status, field in (
        ("GET", "/api/v1/findings?state=done", 400, "state"),
        ("GET", "/api/v1/findings?job_id=none", 404, "job"),
        ("GET", "/api/v1/findings/fin_0", 404, "finding"),
        ("POST", "/api/v1/findings/fin_0/mute", 404, "finding"),
        ("POST", f"/api/v1/findings/{identity}/forget", 400, "action"),
        ("POST", f"/api/v1/findings/{identity}/mute?note={'x' * 1001}", 400, "note"),
        ("GET", "/api/v1/jobs/default/a/anomalies?detector=magic", 400, "detector"),
        ("GET", "/api/v1/jobs/default/a/anomalies?runs=0", 400, "runs"),
    ):
        answer = await client.request(method, path)
        assert answer.status_code == status, (path, answer.text)
        assert answer.json()["error"]["details"][0]["field"] == field


async def test_a_job_without_runs_says_that_there_is_not_enough(
    door: Door, client: httpx.AsyncClient
) -> None:
    await client.post("/api/v1/jobs", json=JOB | {"timezone": "Asia/Tokyo"})
    data = (await client.get("/api/v1/jobs/default/a/anomalies")).json()["data"]
    assert (data["enough"], data["timezone"]) == (False, "Asia/Tokyo")
    assert data["runs"] == []
