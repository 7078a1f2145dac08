from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx

from engine.model.execution import AttemptOutcome
from engine.state.messages import RecordFindings
from tests.kit.door import Door
from tests.unit.app.api.test_executions import JOB, trigger
from tests.unit.engine.history.events import make_finding


async def found(client: httpx.AsyncClient, words: str, **more: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/search", params={"q": words, **more})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["data"]["results"]
    return results


async def test_jobs_are_found_by_name_namespace_and_tag(client: httpx.AsyncClient) -> None:
    job = {**JOB, "namespace": "shop", "tags": {"team": "billing"}}
    await client.post("/api/v1/jobs", json=job)
    for words in ("nightly", "shop nightly", "billing"):
        assert ("job", "nightly") in {
            (one["kind"], one["title"]) for one in await found(client, words)
        }


async def test_an_action_leads_to_the_job_and_does_nothing(client: httpx.AsyncClient) -> None:
    job = (await client.post("/api/v1/jobs", json=JOB)).json()["data"]
    first = (await found(client, "pause job nightly"))[0]
    assert (first["kind"], first["title"], first["page"]) == ("action", "Pause nightly", "job")
    assert first["params"] == {"id": job["id"]}
    assert (await client.get("/api/v1/jobs/default/nightly")).json()["data"]["version"] == 1


async def test_pages_templates_and_actions_are_found(client: httpx.AsyncClient) -> None:
    assert (await found(client, "timeline"))[0]["page"] == "timeline"
    assert "template" in {one["kind"] for one in await found(client, "slack")}
    assert (await found(client, "new job"))[0]["page"] == "editor"


async def test_a_run_is_found_by_its_id_and_failures_by_their_job(
    door: Door, client: httpx.AsyncClient
) -> None:
    await client.post("/api/v1/jobs", json={**JOB, "retry_policy": {"max_attempts": 1}})
    identity = await trigger(client)
    door.begin(identity)
    door.finish(identity, AttemptOutcome.FAILED)
    await client.get(f"/api/v1/executions/{identity}")
    for words in (identity, identity[:12], "nightly failed"):
        assert identity in {one["params"].get("id") for one in await found(client, words)}


async def test_a_finding_is_found_by_what_it_says_and_by_its_job(
    door: Door, client: httpx.AsyncClient
) -> None:
    job = (await client.post("/api/v1/jobs", json=JOB)).json()["data"]
    made = replace(make_finding(), job_id=job["id"], detector="shared_failure")
    door.store.apply(RecordFindings(findings=(made,)))
    for words in ("shared failure", "nightly finding"):
        (one,) = [one for one in await found(client, words) if one["kind"] == "finding"]
        assert (one["page"], one["params"]) == ("anomalies", {"finding": made.id})


async def test_a_search_is_bounded(client: httpx.AsyncClient) -> None:
    assert len(await found(client, "", limit=3)) == 3
    answer = await client.get("/api/v1/search", params={"q": "x" * 201})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == "q"
