"""Whatever people send, they are told what is wrong, where, and what would be right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kit.door import Door, open_door

JOB: dict[str, Any] = {
    "name": "nightly",
    "schedule": "25 2 * * *",
    "webhook": {"url": "http://127.0.0.1:9/run"},
}


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[Door, httpx.AsyncClient]]:
    async with open_door(tmp_path) as opened:
        yield opened


@pytest.fixture
def client(pair: tuple[Door, httpx.AsyncClient]) -> httpx.AsyncClient:
    return pair[1]


def webhook(**more: Any) -> dict[str, Any]:
    return {"webhook": JOB["webhook"] | more}


def assert_refusal(answer: httpx.Response, field: str, code: str = "VALIDATION_ERROR") -> None:
    body = answer.json()
    assert answer.status_code < 500, answer.text
    assert body["success"] is False
    assert body["data"] is None
    assert body["error"]["code"] == code, answer.text
    details = body["error"]["details"]
    named = [detail for detail in details if detail["field"] == field]
    assert named, f"{field} is not among {details}"
    assert named[0]["reason"]
    assert named[0]["hint"], details


DOCUMENTS: list[tuple[str, dict[str, Any]]] = [
    ("name", {"name": None}),
    ("name", {"name": ""}),
    ("name", {"name": "two words"}),
    ("name", {"name": "x" * 200}),
    ("name", {"name": 7}),
    ("name", {"name": "a/b"}),
    ("name", {"name": "nul\x00"}),
    ("namespace", {"namespace": "../etc"}),
    ("schedule", {"schedule": None}),
    ("schedule", {"schedule": ""}),
    ("schedule", {"schedule": "* * * *"}),
    ("schedule", {"schedule": "61 * * * *"}),
    ("schedule", {"schedule": "0 0 30 2 *"}),
    ("schedule", {"schedule": "@every 0s"}),
    ("schedule", {"schedule": "@every tuesday"}),
    ("schedule", {"schedule": "@reboot"}),
    ("schedule", {"schedule": "@at yesterday"}),
    ("schedule", {"schedule": 5}),
    ("schedule", {"schedule": "* " * 5000}),
    ("timezone", {"timezone": "Mars/Olympus"}),
    ("timezone", {"timezone": "../../etc/passwd"}),
    ("timezone", {"timezone": 3}),
    ("webhook", {"webhook": None}),
    ("webhook", {"webhook": "http://example.org"}),
    ("webhook.url", webhook(url="")),
    ("webhook.url", webhook(url="ftp://example.org")),
    ("webhook.url", webhook(url="http://")),
    ("webhook.url", webhook(url="http://a b/")),
    ("webhook.url", webhook(url="http://h:99999/")),
    ("webhook.url", webhook(url="file:///etc/passwd")),
    ("webhook.method", webhook(method="BREW")),
    ("webhook.headers.a b", webhook(headers={"a b": "c"})),
    ("webhook.headers.X", webhook(headers={"X": "a\r\nHost: b"})),
    ("webhook.headers", webhook(headers=["a"])),
    ("webhook.headers.X", webhook(headers={"X": 1})),
    ("webhook.body", webhook(body="x" * 100_000)),
    ("webhook.success_codes", webhook(success_codes=[99])),
    ("webhook.success_codes", webhook(success_codes=["299-200"])),
    ("webhook.auth.type", webhook(auth={"type": "magic"})),
    ("webhook.urll", webhook(urll="x")),
    ("retry_policy.max_attempts", {"retry_policy": {"max_attempts": 0}}),
    ("retry_policy.max_attempts", {"retry_policy": {"max_attempts": True}}),
    ("retry_policy.initial_interval", {"retry_policy": {"initial_interval": "soon"}}),
    ("retry_policy.multiplier", {"retry_policy": {"multiplier": 1e9}}),
    ("retry_policy", {"retry_policy": []}),
    ("timeout", {"timeout": "5 parsecs"}),
    ("timeout", {"timeout": 300}),
    ("timeout", {"timeout": "90d"}),
    ("timeout", {"timeout": "0s"}),
    ("concurrency", {"concurrency": "sometimes"}),
    ("missed_run_policy", {"missed_run_policy": "execute_two"}),
    ("tags", {"tags": ["a"]}),
    ("tags.a", {"tags": {"a": 1}}),
    ("enabled", {"enabled": "yes"}),
    ("shedule", {"shedule": "* * * * *"}),
    ("dispatch", {"dispatch": {"type": "http", "http": {"url": "http://h/"}}}),
    ("dependencies", {"dependencies": {"depends_on": ["a"]}}),
]


@pytest.mark.parametrize(("field", "change"), DOCUMENTS, ids=lambda value: str(value)[:40])
async def test_a_bad_job_names_the_field(
    client: httpx.AsyncClient, field: str, change: dict[str, Any]
) -> None:
    document = {key: value for key, value in (JOB | change).items() if value is not None}
    assert_refusal(await client.post("/api/v1/jobs", json=document), field)
    await client.post("/api/v1/jobs", json=JOB)
    if field != "name" or "name" in document:
        assert_refusal(await client.put("/api/v1/jobs/default/nightly", json=document), field)


async def test_all_faults_are_told_at_once(client: httpx.AsyncClient) -> None:
    document = {"name": "a b", "schedule": "x", "webhook": {"url": "y"}, "timeout": "z"}
    answer = await client.post("/api/v1/jobs", json=document)
    fields = {detail["field"] for detail in answer.json()["error"]["details"]}
    assert fields == {"name", "schedule", "webhook.url", "timeout"}


BODIES: list[tuple[bytes, str]] = [
    (b"", "INVALID_JSON"),
    (b"   ", "INVALID_JSON"),
    (b"{", "INVALID_JSON"),
    (b'{"name": NaN}', "INVALID_JSON"),
    (b'{"name": "\xff"}', "INVALID_JSON"),
    (b'{"name": "\\ud800"}', "INVALID_JSON"),
    (b"[" * 5000, "INVALID_JSON"),
    (b"name: nightly", "INVALID_JSON"),
    (b"[]", "VALIDATION_ERROR"),
    (b"null", "VALIDATION_ERROR"),
    (b'"text"', "VALIDATION_ERROR"),
    (b"7", "VALIDATION_ERROR"),
    (b"true", "VALIDATION_ERROR"),
]
PATHS = ["/api/v1/jobs", "/api/v1/jobs/batch", "/api/v1/sql", "/api/v1/cluster/transfer"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("body", "code"), BODIES, ids=lambda value: repr(value)[:20])
async def test_a_body_that_is_no_object_is_told_so(
    client: httpx.AsyncClient, path: str, body: bytes, code: str
) -> None:
    assert_refusal(await client.post(path, content=body), "body", code)


CALLS: list[tuple[str, str, Any, str]] = [
    ("GET", "/api/v1/jobs?limit=0", None, "limit"),
    ("GET", "/api/v1/jobs?limit=1001", None, "limit"),
    ("GET", "/api/v1/jobs?limit=many", None, "limit"),
    ("GET", "/api/v1/jobs?limit=99999999999999999999999", None, "limit"),
    ("GET", "/api/v1/jobs?cursor=nonsense", None, "cursor"),
    ("GET", "/api/v1/jobs?cursor=%00", None, "cursor"),
    ("GET", "/api/v1/jobs?cursor=WzEsMl0", None, "cursor"),
    ("GET", "/api/v1/jobs?cursor=é", None, "cursor"),
    ("GET", "/api/v1/jobs?sort=colour", None, "sort"),
    ("GET", "/api/v1/jobs?enabled=perhaps", None, "enabled"),
    ("GET", "/api/v1/jobs?tag=:x", None, "tag"),
    ("GET", "/api/v1/jobs?consistency=eventual", None, "consistency"),
    ("GET", "/api/v1/jobs/default/nightly/next?count=0", None, "count"),
    ("GET", "/api/v1/jobs/default/nightly/next?count=1e3", None, "count"),
    ("GET", "/api/v1/jobs/default/nightly/stats?window=soon", None, "window"),
    ("GET", "/api/v1/jobs/default/nightly/stats?window=9999d", None, "window"),
    ("GET", "/api/v1/jobs/default/nightly/versions/zero", None, "number"),
    ("GET", "/api/v1/jobs/default/nightly/versions/0", None, "number"),
    ("GET", "/api/v1/jobs/default/nightly/versions/99999999999999999999", None, "number"),
    ("POST", "/api/v1/jobs/default/nightly/rollback/-1", None, "number"),
    ("GET", "/api/v1/executions?status=done", None, "status"),
    ("GET", "/api/v1/executions?since=yesterday", None, "since"),
    ("GET", "/api/v1/executions?since=2027-01-01T00:00:00", None, "since"),
    ("GET", "/api/v1/executions?since=99999-01-01T00:00:00Z", None, "since"),
    ("GET", "/api/v1/executions?cursor=open", None, "cursor"),
    ("GET", "/api/v1/executions?cursor=1:2:3:4", None, "cursor"),
    ("GET", "/api/v1/executions?limit=-1", None, "limit"),
    ("GET", "/api/v1/schedules/preview", None, "schedule"),
    ("GET", "/api/v1/schedules/preview?schedule=nonsense", None, "schedule"),
    ("GET", "/api/v1/schedules/preview?schedule=@daily&timezone=X", None, "timezone"),
    ("GET", "/api/v1/schedules/preview?schedule=@daily&count=-1", None, "count"),
    ("GET", "/api/v1/overview?window=1y", None, "window"),
    ("GET", "/api/v1/overview?window=", None, "window"),
    ("POST", "/api/v1/jobs/batch", {"jobs": []}, "jobs"),
    ("POST", "/api/v1/jobs/batch", {"jobs": "all"}, "jobs"),
    ("POST", "/api/v1/jobs/batch", {"job": []}, "job"),
    ("POST", "/api/v1/jobs/batch", {"jobs": [JOB, 7]}, "jobs[1]"),
    ("POST", "/api/v1/jobs/batch", {"jobs": [7]}, "jobs[0]"),
    ("POST", "/api/v1/jobs/batch", {"jobs": [JOB | {"timeout": "x"}]}, "jobs[0].timeout"),
    ("POST", "/api/v1/jobs/batch", {"jobs": [{}] * 10_001}, "jobs"),
    ("POST", "/api/v1/sql", {}, "sql"),
    ("POST", "/api/v1/sql", {"sql": ""}, "sql"),
    ("POST", "/api/v1/sql", {"sql": 1}, "sql"),
    ("POST", "/api/v1/sql", {"sql": "SELECT 1", "limit": 0}, "limit"),
    ("POST", "/api/v1/sql", {"sql": "SELECT 1", "limit": "ten"}, "limit"),
    ("POST", "/api/v1/sql", {"sql": "SELECT 1", "lmit": 1}, "lmit"),
    ("POST", "/api/v1/sql", {"sql": "x" * 200_000}, "sql"),
    ("POST", "/api/v1/sql", {"sql": "SELECT '\x00'"}, "sql"),
    ("POST", "/api/v1/cluster/transfer", {"to": "nobody"}, "to"),
    ("POST", "/api/v1/cluster/transfer", {"to": 3}, "to"),
    ("POST", "/api/v1/cluster/transfer", {"too": None}, "too"),
    ("GET", "/echo?delay=forever", None, "delay"),
    ("GET", "/echo?status=99", None, "status"),
    ("POST", "/echo?fail_every=-1", None, "fail_every"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"), CALLS, ids=lambda value: str(value)[:60]
)
async def test_a_bad_call_names_the_parameter(
    client: httpx.AsyncClient, method: str, path: str, body: Any, field: str
) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    assert_refusal(await client.request(method, path, json=body), field)


async def test_a_bad_wait_is_a_bad_timeout(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    for wait in ("soon", "1y", "11m", ""):
        url = f"/api/v1/jobs/default/nightly/trigger?wait={wait}"
        assert_refusal(await client.post(url), "wait", "INVALID_TIMEOUT")


async def test_bad_headers_are_named(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    url = "/api/v1/jobs/default/nightly"
    answer = await client.put(url, json=JOB, headers={"If-Match": "latest"})
    assert_refusal(answer, "If-Match")
    for key in ("two words", "", "x" * 500):
        answer = await client.post(f"{url}/enable", headers={"Idempotency-Key": key})
        assert_refusal(answer, "Idempotency-Key")


MISSING = [
    ("GET", "/api/v1/jobs/job_0", "job"),
    ("GET", "/api/v1/jobs/default/none", "job"),
    ("PUT", "/api/v1/jobs/default/none", "job"),
    ("DELETE", "/api/v1/jobs/default/none", "job"),
    ("POST", "/api/v1/jobs/none/trigger", "job"),
    ("POST", "/api/v1/jobs/none/enable", "job"),
    ("GET", "/api/v1/jobs/none/next", "job"),
    ("GET", "/api/v1/jobs/none/executions", "job"),
    ("GET", "/api/v1/jobs/none/versions", "job"),
    ("GET", "/api/v1/jobs/default/nightly/versions/9", "version"),
    ("GET", "/api/v1/executions/none", "execution"),
    ("GET", "/api/v1/jobs/default/nightly/executions/none", "execution"),
    ("POST", "/api/v1/jobs/default/nightly/executions/none/replay", "execution"),
    ("POST", "/api/v1/jobs/default/nightly/rollback/9", "version"),
    ("POST", "/api/v1/executions/none/cancel", "execution"),
    ("GET", "/api/v1/jobs/%00/%ff", "job"),
    ("GET", "/api/v1/nothing", "path"),
    ("GET", "/", "path"),
]


@pytest.mark.parametrize(("method", "path", "field"), MISSING, ids=str)
async def test_what_is_not_there_is_a_404(
    client: httpx.AsyncClient, method: str, path: str, field: str
) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    answer = await client.request(method, path, json=JOB if method == "PUT" else None)
    assert answer.status_code == 404
    assert_refusal(answer, field, "NOT_FOUND")


async def test_a_wrong_method_says_which_are_possible(client: httpx.AsyncClient) -> None:
    answer = await client.request("PATCH", "/api/v1/jobs/nightly")
    assert answer.status_code == 405
    assert_refusal(answer, "method", "METHOD_NOT_ALLOWED")
    assert answer.json()["error"]["details"][0]["hint"] == "possible: DELETE, GET, PUT"
    assert answer.headers["Allow"] == "DELETE, GET, PUT"
