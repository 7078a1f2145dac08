from __future__ import annotations

from typing import Any

import httpx

from tests.kit.door import Door

HTTP_SERVICE = {"url": "http://127.0.0.1:9/run"}


def document(name: str = "nightly", **more: Any) -> dict[str, Any]:
    return {"name": name, "schedule": "25 2 * * *", "webhook": HTTP_SERVICE} | more


async def create(client: httpx.AsyncClient, name: str = "nightly", **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/jobs", json=document(name, **more))
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_a_created_job_is_found_by_id_and_by_name(client: httpx.AsyncClient) -> None:
    job = await create(client, namespace="ops", enabled=True)
    for ref in (job["id"], "ops/nightly", "ops%2Fnightly"):
        answer = await client.get(f"/api/v1/jobs/{ref}")
        assert answer.json() == {"success": True, "data": job, "error": None}
    assert job["next_run"] is not None
    assert job["updated_by"] == "anonymous"


async def test_a_dry_run_creates_nothing_and_shows_what_would_come(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/api/v1/jobs?dry_run=true", json=document())
    assert answer.status_code == 200
    assert len(answer.json()["data"]["next"]) == 5
    assert (await client.get("/api/v1/jobs")).json()["data"]["total"] == 0


async def test_a_repeated_key_creates_one_job(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "once"}
    ids = set()
    for _ in range(2):
        answer = await client.post("/api/v1/jobs", json=document(), headers=headers)
        assert answer.status_code == 201
        ids.add(answer.json()["data"]["id"])
    assert len(ids) == 1


async def test_a_taken_name_is_a_conflict(client: httpx.AsyncClient) -> None:
    await create(client)
    answer = await client.post("/api/v1/jobs", json=document())
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"


async def test_a_batch_is_all_or_nothing(client: httpx.AsyncClient) -> None:
    bad = {"jobs": [document("a"), document("b", schedule="61 * * * *")]}
    answer = await client.post("/api/v1/jobs/batch", json=bad)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "jobs[1].schedule"
    good = {"jobs": [document("a"), document("b")]}
    answer = await client.post("/api/v1/jobs/batch", json=good)
    assert answer.status_code == 201
    assert answer.json()["data"]["created"] == 2
    assert (await client.get("/api/v1/jobs")).json()["data"]["total"] == 2


async def test_an_update_needs_the_current_version_when_it_names_one(
    client: httpx.AsyncClient,
) -> None:
    job = await create(client)
    tag = (await client.get(f"/api/v1/jobs/{job['id']}")).headers["ETag"]
    url = f"/api/v1/jobs/{job['id']}"
    changed = await client.put(url, json=document(timeout="1m"), headers={"If-Match": tag})
    assert changed.status_code == 200
    assert changed.json()["data"]["version"] == 2
    stale = await client.put(url, json=document(timeout="2m"), headers={"If-Match": tag})
    assert stale.status_code == 409
    stale = await client.delete(url, headers={"If-Match": '"1"'})
    assert stale.status_code == 409


async def test_a_known_etag_is_answered_without_a_body(client: httpx.AsyncClient) -> None:
    await create(client)
    first = await client.get("/api/v1/jobs")
    again = await client.get("/api/v1/jobs", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""


async def test_switching_and_deleting_answer_the_job(client: httpx.AsyncClient) -> None:
    await create(client)
    enabled = await client.post("/api/v1/jobs/default/nightly/enable")
    assert enabled.json()["data"]["enabled"] is True
    disabled = await client.post("/api/v1/jobs/default/nightly/disable")
    assert disabled.json()["data"]["enabled"] is False
    gone = await client.delete("/api/v1/jobs/default/nightly")
    assert gone.status_code == 200
    assert gone.json()["data"]["name"] == "nightly"
    assert (await client.get("/api/v1/jobs/default/nightly")).status_code == 404


async def test_a_job_may_be_called_like_a_part_of_a_job(client: httpx.AsyncClient) -> None:
    for name in ("next", "stats", "executions", "versions", "trigger", "batch"):
        job = await create(client, name)
        answer = await client.get(f"/api/v1/jobs/default/{name}")
        assert answer.json()["data"]["id"] == job["id"], name


async def test_lists_filter_sort_and_page_without_gaps(client: httpx.AsyncClient) -> None:
    for number in range(7):
        tags = {"team": "pay" if number % 2 else "ops"}
        await create(client, f"job-{number}", tags=tags, enabled=number > 3)

    async def names(query: str) -> list[str]:
        found: list[str] = []
        cursor = ""
        while True:
            data = (await client.get(f"/api/v1/jobs?{query}&limit=2{cursor}")).json()["data"]
            found += [job["name"] for job in data["jobs"]]
            if data["next_cursor"] is None:
                assert len(found) == data["total"]
                return found
            cursor = f"&cursor={data['next_cursor']}"

    everything = [f"job-{number}" for number in range(7)]
    assert await names("sort=name") == everything
    assert await names("sort=-name") == everything[::-1]
    assert await names("sort=created_at") == everything
    assert await names("sort=-created_at") == everything[::-1]
    assert sorted(await names("sort=next_run")) == everything
    assert sorted(await names("sort=-last_run")) == everything
    assert await names("tag=team:pay") == ["job-1", "job-3", "job-5"]
    assert await names("tag=team:pay&sort=-name") == ["job-5", "job-3", "job-1"]
    assert await names("enabled=true") == ["job-4", "job-5", "job-6"]
    assert await names("q=JOB-3") == ["job-3"]
    assert await names("namespace=elsewhere") == []


async def test_coming_fires_are_told_in_utc_and_in_the_zone(client: httpx.AsyncClient) -> None:
    job = await create(client, timezone="Asia/Kolkata")
    data = (await client.get(f"/api/v1/jobs/{job['id']}/next?count=3")).json()["data"]
    assert len(data["next"]) == 3
    assert data["next"][0]["utc"].endswith("T20:55:00Z")
    assert data["next"][0]["local"].endswith("T02:25:00+05:30")


async def test_secrets_are_never_given_back(client: httpx.AsyncClient) -> None:
    auth = {"type": "bearer", "token": "very-secret"}
    job = await create(client, webhook=HTTP_SERVICE | {"auth": auth})
    assert job["webhook"]["auth"]["token"] == "***"
    seen = await client.get(f"/api/v1/jobs/{job['id']}/versions")
    assert "very-secret" not in seen.text


async def test_versions_are_listed_and_restored(client: httpx.AsyncClient) -> None:
    job = await create(client, timeout="1m")
    url = f"/api/v1/jobs/{job['id']}"
    await client.put(url, json=document(timeout="2m"), params={"comment": "longer"})
    versions = (await client.get(f"{url}/versions")).json()["data"]["versions"]
    assert [(v["version"], v["comment"]) for v in versions] == [(2, "longer"), (1, "")]
    assert (await client.get(f"{url}/versions/1")).json()["data"]["config"]["timeout"] == "1m"
    rolled = (await client.post(f"{url}/rollback/1")).json()["data"]
    assert rolled["rolled_back_from"] == 2
    assert rolled["new_version"] == 3
    assert rolled["job"]["timeout"] == "1m"
    assert (await client.post(f"{url}/rollback/9")).status_code == 404


async def test_a_write_without_a_leader_asks_to_come_again(
    door: Door, client: httpx.AsyncClient
) -> None:
    door.store.is_ready = False
    answer = await client.post("/api/v1/jobs", json=document())
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "NO_LEADER"
    assert answer.headers["Retry-After"] == "1"


async def test_a_linearizable_read_asks_the_log(door: Door, client: httpx.AsyncClient) -> None:
    before = door.store.index
    assert (await client.get("/api/v1/jobs?consistency=linearizable")).status_code == 200
    assert door.store.index == before + 1
