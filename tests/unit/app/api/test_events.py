"""Events over REST: the newest at once, and a stream over a real connection."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.routes import events
from app.client.client import Client
from app.config import load_config
from engine.model.execution import AttemptOutcome
from tests.kit.cluster import wait_for
from tests.kit.door import Door
from tests.kit.served import Served

JOB = {
    "name": "nightly",
    "schedule": "@hourly",
    "retry_policy": {"max_attempts": 1},
    "webhook": {"url": "http://127.0.0.1:9/run"},
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(tmp_path / "node")
    yield served
    served.stop()


def create(served: Served, name: str) -> None:
    answer = httpx.post(f"{served.url}/api/v1/jobs", json=JOB | {"name": name})
    assert answer.status_code == 201, answer.text


async def recent(client: httpx.AsyncClient, **params: Any) -> Any:
    answer = await client.get("/api/v1/events/recent", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def a_failed_run(door: Door, client: httpx.AsyncClient) -> str:
    await client.post("/api/v1/jobs", json=JOB)
    answer = await client.post("/api/v1/jobs/default/nightly/trigger")
    identity = str(answer.json()["data"]["id"])
    door.begin(identity)
    door.finish(identity, AttemptOutcome.FAILED)
    wait_for(lambda: door.live.newest.entry == door.store.index)
    return identity


async def test_the_newest_events_tell_a_run_from_its_end_to_its_beginning(
    door: Door, client: httpx.AsyncClient
) -> None:
    identity = await a_failed_run(door, client)
    data = await recent(client)
    kinds = [event["kind"] for event in data["events"]]
    assert kinds == ["ended", "started", "queued", "job_created", "leader"]
    ended = data["events"][0]
    assert ended["status"] == "failed"
    assert ended["execution_id"] == identity
    assert (ended["namespace"], ended["job_name"]) == ("default", "nightly")
    assert data["newest"] == ended["id"]
    assert not data["missed"]


async def test_events_are_asked_for_by_place_kind_namespace_and_text(
    door: Door, client: httpx.AsyncClient
) -> None:
    await a_failed_run(door, client)
    everything = (await recent(client))["events"]
    newer = await recent(client, after=everything[2]["id"])
    assert newer["events"] == everything[:2]
    assert [e["kind"] for e in (await recent(client, kind="ended,leader"))["events"]] == [
        "ended",
        "leader",
    ]
    assert (await recent(client, namespace="elsewhere"))["events"] == []
    assert len((await recent(client, q="night"))["events"]) == 4
    cut = await recent(client, after=everything[-1]["id"], limit=1)
    assert cut["events"] == everything[:1]
    assert cut["missed"]


@pytest.mark.parametrize(
    ("params", "field"), [({"kind": "nothing"}, "kind"), ({"after": "x"}, "after")]
)
async def test_a_filter_that_means_nothing_is_refused(
    client: httpx.AsyncClient, params: dict[str, str], field: str
) -> None:
    for path in ("/api/v1/events/recent", "/api/v1/events"):
        answer = await client.get(path, params=params)
        assert answer.status_code == 400
        assert answer.json()["error"]["details"][0]["field"] == field


def test_a_follower_hears_what_happens_and_goes_on_where_it_was(served: Served) -> None:
    client = Client(served.url)
    create(served, "first")
    wait_for(lambda: served.door.live.newest.entry == served.door.store.index)
    newest = client.recent_events()["newest"]
    following = client.follow_events(newest)
    create(served, "second")
    heard = next(following)
    assert (heard["kind"], heard["job_name"]) == ("job_created", "second")
    following.close()
    create(served, "third")
    again = client.follow_events(heard["id"])
    assert next(again)["job_name"] == "third"
    again.close()
    client.close()
    wait_for(lambda: served.door.live.followers == 0, what="nobody follows any more")


def test_a_follower_that_comes_too_late_is_told_of_the_gap(served: Served) -> None:
    jobs = [JOB | {"name": f"job-{number}"} for number in range(2_100)]
    answer = httpx.post(f"{served.url}/api/v1/jobs/batch", json={"jobs": jobs}, timeout=60)
    assert answer.status_code == 201
    wait_for(lambda: served.door.live.newest.entry == served.door.store.index)
    client = Client(served.url)
    following = client.follow_events("1-0", q="job-2099")
    assert next(following)["kind"] == "gap"
    assert next(following)["job_name"] == "job-2099"
    following.close()
    client.close()


def test_silence_is_broken_by_a_sign_of_life_that_carries_the_place(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    with httpx.stream("GET", f"{served.url}/api/v1/events?kind=retrying") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        create(served, "unheard")
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith(":"))
        wait_for(lambda: next(lines) == f"id: {served.door.live.newest}")


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Served]:
    settings = {
        "cluster": {"data_dir": str(tmp_path / "node")},
        "server": {"http": {"write_timeout": "500ms"}},
    }
    served = Served(tmp_path / "node", load_config(None, settings))
    yield served
    served.stop()


def test_a_reader_that_takes_nothing_is_let_go(
    impatient: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    served = impatient
    host, port = served.url.removeprefix("http://").split(":")
    with socket.socket() as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect((host, int(port)))
        stalled.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        wait_for(lambda: served.door.live.followers == 1)
        jobs = [JOB | {"name": f"job-{number}"} for number in range(1_900)]
        for round_ in range(8):
            batch = [job | {"name": f"{job['name']}-{round_}"} for job in jobs]
            httpx.post(f"{served.url}/api/v1/jobs/batch", json={"jobs": batch}, timeout=60)
        wait_for(lambda: served.door.live.followers == 0, what="the reader is let go")


async def test_there_is_a_last_stream(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "FOLLOWERS_MAX", 0)
    answer = await client.get("/api/v1/events")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]
    assert json.loads(answer.text)["error"]["code"] == "RATE_LIMITED"
