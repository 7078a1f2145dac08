"""Templates over REST: found, previewed, installed, published, upgraded; and every refusal."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.kit.door import Door

SLACK = "/api/v1/templates/notification/slack-message"
HOOK = "https://hooks.slack.com/services/T0/B0/verysecretpath"
OWN = """
category: reporting
name: sales-digest
version: "{version}"
title: Sales digest
icon: mail
tags: [sales]
changes: {changes}
variables:
  team: {{type: string, title: Team, required: true}}
  token: {{type: secret, title: Token, required: true}}
  limit: {{type: integer, default: {limit}, min: 1}}
{more}job:
  schedule: "0 8 * * 1"
  description: "{about}"
  webhook:
    url: "http://127.0.0.1:9/digest/{{{{team}}}}"
    method: POST
    headers: {{Content-Type: application/json}}
    auth: {{type: bearer, token: "{{{{token}}}}"}}
    body: {{limit: "{{{{limit}}}}"{field}}}
  timeout: {timeout}
"""


def own(version: str = "1.0.0", **parts: Any) -> str:
    filled = {"changes": "first", "limit": 10, "more": "", "about": "a digest", "field": ""}
    return OWN.format(**{**filled, "timeout": "1m", "version": version, **parts})


NEWER = own(
    "1.1.0",
    changes="a region",
    limit=20,
    more="  region: {type: enum, choices: [eu, us], default: eu}\n",
    about="a better digest",
    field=', region: "{{region}}"',
    timeout="2m",
)


async def data(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


async def refused(answer: httpx.Response, status: int) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    return {one["field"]: one["reason"] for one in answer.json()["error"]["details"]}


async def publish(client: httpx.AsyncClient, text: str, **params: str) -> httpx.Response:
    headers = {"Content-Type": "application/yaml"}
    return await client.post("/api/v1/templates", content=text, params=params, headers=headers)


async def installed(client: httpx.AsyncClient, **more: Any) -> Any:
    """The job of the own template, made from its first version."""
    await data(await publish(client, own()), 201)
    body = {"values": {"team": "emea", "token": "s3cret-token"}, **more}
    return await data(
        await client.post("/api/v1/templates/reporting/sales-digest/install", json=body), 201
    )


async def upgrade(client: httpx.AsyncClient, job: Any, **body: Any) -> httpx.Response:
    return await client.post(f"/api/v1/jobs/{job['id']}/template/upgrade", json=body)


async def edit(client: httpx.AsyncClient, job: Any, **fields: Any) -> Any:
    now = await data(await client.get(f"/api/v1/jobs/{job['id']}"))
    return await data(await client.put(f"/api/v1/jobs/{job['id']}", json={**now, **fields}))


async def test_a_search_puts_the_best_match_first(client: httpx.AsyncClient) -> None:
    found = await data(await client.get("/api/v1/templates", params={"q": "github workflow"}))
    assert found["templates"][0]["name"] == "github-workflow-dispatch"
    assert found["categories"]["integration"] >= 1


async def test_a_category_and_a_tag_narrow_the_list(client: httpx.AsyncClient) -> None:
    params = {"category": "monitoring", "tag": "dead-man"}
    found = await data(await client.get("/api/v1/templates", params=params))
    assert {one["category"] for one in found["templates"]} == {"monitoring"}
    assert all("dead-man" in one["tags"] for one in found["templates"])
    answer = await client.get("/api/v1/templates", params={"category": "monitring"})
    assert "category" in await refused(answer, 400)


async def test_a_template_tells_its_variables_and_versions(client: httpx.AsyncClient) -> None:
    shown = await data(await client.get(SLACK))
    assert shown["variables"]["webhook_url"]["type"] == "secret"
    assert [one["version"] for one in shown["versions"]] == ["1.1.0", "1.0.0"]
    old = await data(await client.get(SLACK, params={"version": "1.0.0"}))
    assert "heading" not in old["variables"]
    assert (await client.get(SLACK, params={"version": "9.9.9"})).status_code == 404


async def test_a_preview_shows_the_job_its_fires_and_no_secret(
    door: Door, client: httpx.AsyncClient
) -> None:
    values = {"webhook_url": HOOK, "message": 'say "hi"', "schedule": "@every 10m"}
    answer = await client.post(f"{SLACK}/preview", json={"values": values, "name": "hi"})
    shown = await data(answer)
    assert json.loads(shown["job"]["webhook"]["body"])["text"] == 'say "hi"'
    assert shown["words"].startswith("Every 10 minutes")
    assert len(shown["next"]) == 5
    assert "verysecretpath" not in answer.text
    assert not door.store.view.jobs()


async def test_faults_of_values_name_each_and_never_a_secret(client: httpx.AsyncClient) -> None:
    values = {"webhook_url": "verysecretpath", "mesage": "x", "schedule": "99 * * * *"}
    answer = await client.post(f"{SLACK}/preview", json={"values": values})
    faults = await refused(answer, 400)
    assert set(faults) == {
        "values.webhook_url",
        "values.message",
        "values.mesage",
        "values.schedule",
    }
    assert "did you mean message?" in answer.text
    assert "verysecretpath" not in answer.text


async def test_a_fault_of_the_filled_job_is_told_without_its_secrets(
    client: httpx.AsyncClient,
) -> None:
    values = {"webhook_url": "https://:99999/verysecretpath", "message": "x", "timezone": "Mars/X"}
    answer = await client.post(f"{SLACK}/install", json={"values": values})
    assert set(await refused(answer, 400)) >= {"job.timezone"}
    assert "verysecretpath" not in answer.text


async def test_an_installed_job_remembers_its_template_but_no_secret(
    door: Door, client: httpx.AsyncClient
) -> None:
    job = await installed(client, name="digest", enabled=True)
    assert job["enabled"]
    assert job["next_run"]
    assert job["tags"] == {
        "chronos-template": "reporting/sales-digest",
        "chronos-template-version": "1.0.0",
        "chronos-template-values": "team=emea",
    }
    assert job["webhook"]["auth"]["token"] == "***"
    stored = door.store.view.job(job["id"])
    assert stored is not None
    assert stored.spec.webhook.auth is not None
    assert stored.spec.webhook.auth.token == "s3cret-token"


async def test_one_key_installs_once(client: httpx.AsyncClient) -> None:
    body = {"values": {"webhook_url": HOOK, "message": "x"}}
    headers = {"Idempotency-Key": "k"}
    first = await data(await client.post(f"{SLACK}/install", json=body, headers=headers), 201)
    again = await data(await client.post(f"{SLACK}/install", json=body, headers=headers), 201)
    assert first["id"] == again["id"]
    assert (await client.post(f"{SLACK}/install", json=body)).status_code == 409


async def test_a_later_version_reaches_the_job_and_local_edits_stay(
    client: httpx.AsyncClient,
) -> None:
    job = await installed(client)
    await edit(client, job, concurrency="allow")
    await data(await publish(client, NEWER), 201)
    listed = await data(await client.get("/api/v1/templates/instances"))
    assert (listed["upgradable"], listed["instances"][0]["state"]) == (1, "upgradable")

    plan = await data(await upgrade(client, job, dry_run=True))
    kinds = {one["field"]: one["kind"] for one in plan["changes"]}
    assert kinds == {
        "description": "updated",
        "webhook.body": "updated",
        "timeout": "updated",
        "concurrency": "kept",
    }
    assert plan["news"] == [{"version": "1.1.0", "changes": "a region"}]
    assert plan["job"]["timeout"] == "2m"
    now = await data(await client.get(f"/api/v1/jobs/{job['id']}"))
    assert now["timeout"] == "1m"

    done = (await data(await upgrade(client, job)))["job"]
    assert (done["timeout"], done["concurrency"]) == ("2m", "allow")
    assert json.loads(done["webhook"]["body"]) == {"limit": 20, "region": "eu"}
    assert done["tags"]["chronos-template-version"] == "1.1.0"


async def test_an_upgrade_keeps_the_stored_secret(door: Door, client: httpx.AsyncClient) -> None:
    job = await installed(client)
    await data(await publish(client, NEWER), 201)
    answer = await upgrade(client, job)
    await data(answer)
    stored = door.store.view.job(job["id"])
    assert stored is not None
    assert stored.spec.webhook.auth is not None
    assert stored.spec.webhook.auth.token == "s3cret-token"
    assert "s3cret-token" not in answer.text


async def test_what_both_sides_changed_is_a_conflict_until_it_is_decided(
    client: httpx.AsyncClient,
) -> None:
    job = await installed(client)
    await edit(client, job, timeout="3m", description="mine")
    await data(await publish(client, NEWER), 201)
    assert set(await refused(await upgrade(client, job), 409)) == {"timeout", "description"}
    decided = {"timeout": "theirs", "*": "mine"}
    done = (await data(await upgrade(client, job, resolve=decided)))["job"]
    assert (done["timeout"], done["description"]) == ("2m", "mine")


async def test_a_decision_about_nothing_is_a_fault(client: httpx.AsyncClient) -> None:
    job = await installed(client)
    await data(await publish(client, NEWER), 201)
    answer = await upgrade(client, job, resolve={"schedule": "mine", "*": "both"})
    assert set(await refused(answer, 400)) == {"resolve.schedule", "resolve.*"}


async def test_a_repeated_upgrade_makes_no_version_of_nothing(client: httpx.AsyncClient) -> None:
    job = await installed(client)
    await data(await publish(client, NEWER), 201)
    first = (await data(await upgrade(client, job)))["job"]
    again = (await data(await upgrade(client, job)))["job"]
    assert first["version"] == again["version"] == 2


async def test_other_values_change_a_job_of_the_same_version(client: httpx.AsyncClient) -> None:
    job = await installed(client)
    done = (await data(await upgrade(client, job, values={"team": "apac"})))["job"]
    assert done["webhook"]["url"].endswith("/digest/apac")
    assert done["tags"]["chronos-template-values"] == "team=apac"


async def test_what_cannot_be_recovered_is_asked_for_again(client: httpx.AsyncClient) -> None:
    job = await installed(client)
    await edit(client, job, webhook={"url": "http://127.0.0.1:9/elsewhere", "method": "POST"})
    await data(await publish(client, NEWER), 201)
    plan = await data(await upgrade(client, job, dry_run=True))
    assert [one["name"] for one in plan["needs"]] == ["token"]
    assert plan["changes"] == []
    assert set(await refused(await upgrade(client, job), 400)) == {"values.token"}
    plan = await data(await upgrade(client, job, dry_run=True, values={"token": "again-secret"}))
    assert {one["field"]: one["kind"] for one in plan["changes"]}["webhook.url"] == "kept"


async def test_a_new_variable_that_must_be_given_is_asked_for(client: httpx.AsyncClient) -> None:
    job = await installed(client)
    asks = NEWER.replace("default: eu", "required: true")
    await data(await publish(client, asks), 201)
    plan = await data(await upgrade(client, job, dry_run=True))
    assert [(one["name"], one["reason"]) for one in plan["needs"]] == [
        ("region", "is new in version 1.1.0")
    ]
    done = (await data(await upgrade(client, job, values={"region": "us"})))["job"]
    assert json.loads(done["webhook"]["body"])["region"] == "us"


async def test_a_job_by_hand_has_no_upgrade(client: httpx.AsyncClient) -> None:
    document = {"name": "a", "schedule": "@daily", "webhook": {"url": "http://127.0.0.1:9/x"}}
    job = await data(await client.post("/api/v1/jobs", json=document), 201)
    assert (await upgrade(client, job)).status_code == 409


async def test_a_published_template_is_its_namespaces_own(client: httpx.AsyncClient) -> None:
    await data(await publish(client, own(), namespace="payments"), 201)
    path = "/api/v1/templates/reporting/sales-digest"
    assert (await client.get(path)).status_code == 404
    shown = await data(await client.get(path, params={"namespace": "payments"}))
    assert (shown["namespace"], shown["built_in"]) == ("payments", False)
    listed = await data(await client.get("/api/v1/templates", params={"namespace": "other"}))
    assert "sales-digest" not in [one["name"] for one in listed["templates"]]
    values = {"team": "x", "token": "s3cret-token"}
    body = {"values": values, "namespace": "payments"}
    job = await data(await client.post(f"{path}/install", json=body), 201)
    assert job["namespace"] == "payments"
    elsewhere = {"values": values, "namespace": "other"}
    answer = await client.post(f"{path}/install", json=elsewhere, params={"namespace": "payments"})
    assert "namespace" in await refused(answer, 400)


async def test_an_export_is_what_was_published_and_can_be_published_again(
    client: httpx.AsyncClient,
) -> None:
    text = own() + "# a comment that people rely on\n"
    await data(await publish(client, text), 201)
    path = "/api/v1/templates/reporting/sales-digest/export"
    exported = await client.get(path)
    assert exported.text == text
    await data(await publish(client, exported.text, namespace="copies"), 201)


async def test_a_built_in_template_exports_what_could_be_published(
    client: httpx.AsyncClient,
) -> None:
    exported = (await client.get(f"{SLACK}/export")).text
    renamed = exported.replace("name: slack-message", "name: our-slack")
    await data(await publish(client, renamed), 201)


async def test_a_template_is_published_as_json_too(client: httpx.AsyncClient) -> None:
    document = await data(await client.get(SLACK))
    kept = {key: document[key] for key in ("category", "version", "title", "variables", "job")}
    await data(await client.post("/api/v1/templates", json={**kept, "name": "our-slack"}), 201)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (own().replace("version:", "verson:"), "verson"),
        (own().replace("title: Team,", "titel: Team,"), "variables.team.titel"),
        (own().replace("{{limit}}", "{{limits}}"), "job.webhook.body.limit"),
        (own().replace("integer", "number"), "variables.limit.type"),
        (own().replace("0 8 * * 1", "0 8 * *"), "job.schedule"),
        (own().replace("schedule:", "shedule:"), "job.shedule"),
        (own().replace("category: reporting", "category: reports"), "category"),
        (own("1.0"), "version"),
        (own().replace("default: 10", "default: 0"), "variables.limit.default"),
        ("a: b: c", "template:1"),
        ("- 1\n---\n- 2", "template"),
        ("a: &x 1\nb: *x", "template"),
        ("url: {{url}}", "template:1"),
    ],
)
async def test_each_fault_of_a_template_names_its_field(
    client: httpx.AsyncClient, text: str, field: str
) -> None:
    assert field in await refused(await publish(client, text), 400)


async def test_a_version_is_published_once_and_only_upwards(client: httpx.AsyncClient) -> None:
    await data(await publish(client, NEWER), 201)
    for text in (NEWER, own()):
        assert "version" in await refused(await publish(client, text), 409)


async def test_a_built_in_name_is_not_free_and_cannot_be_withdrawn(
    client: httpx.AsyncClient,
) -> None:
    exported = (await client.get(f"{SLACK}/export")).text
    assert (await publish(client, exported)).status_code == 409
    assert (await client.delete(SLACK)).status_code == 409


async def test_a_dry_run_checks_and_publishes_nothing(
    door: Door, client: httpx.AsyncClient
) -> None:
    await data(await publish(client, own(), dry_run="true"))
    assert door.store.view.templates() == []


async def test_a_withdrawn_template_leaves_its_jobs(client: httpx.AsyncClient) -> None:
    job = await installed(client)
    await data(await publish(client, NEWER), 201)
    path = "/api/v1/templates/reporting/sales-digest"
    await data(await client.delete(path, params={"version": "1.0.0"}))
    listed = await data(await client.get("/api/v1/templates/instances"))
    assert listed["instances"][0]["state"] == "version_unknown"
    assert (await upgrade(client, job)).status_code == 409
    await data(await client.delete(path))
    listed = await data(await client.get("/api/v1/templates/instances"))
    assert listed["instances"][0]["state"] == "gone"
    assert (await upgrade(client, job)).status_code == 404
    assert (await client.delete(path)).status_code == 404
    await data(await client.get(f"/api/v1/jobs/{job['id']}"))


async def test_who_published_is_in_the_audit(door: Door, client: httpx.AsyncClient) -> None:
    await data(await publish(client, own()), 201)
    door.history.wait_for(door.store.view.applied_index, 120)
    sql = "SELECT action, target, actor FROM audit WHERE action = 'publish_template'"
    with door.history.cursor() as cursor:
        assert cursor.execute(sql).fetchall() == [
            ("publish_template", "default/reporting/sales-digest", "anonymous")
        ]
