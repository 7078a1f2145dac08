from __future__ import annotations

from typing import Any

import httpx
import pytest

from analytics.replay.export import STEPS_MAX, session_document
from analytics.replay.recording import recording_of
from analytics.replay.session import Session
from engine.model.execution import AttemptOutcome
from tests.kit.door import Door
from tests.kit.recordings import SECRET, retried

EVALUATE = "/api/v1/replay/evaluate"
JOB = {
    "name": "nightly",
    "schedule": "25 2 * * *",
    "concurrency": "allow",
    "webhook": {"url": "http://127.0.0.1:9/run"},
    "retry_policy": {"max_attempts": 1},
}


async def ended(
    door: Door, client: httpx.AsyncClient, outcome: AttemptOutcome = AttemptOutcome.SUCCESS
) -> str:
    """An execution with the two steps that the door records."""
    await client.post("/api/v1/jobs", json=JOB)
    answer = await client.post("/api/v1/jobs/default/nightly/trigger")
    identity = str(answer.json()["data"]["id"])
    door.begin(identity)
    door.finish(identity, outcome)
    return identity


async def evaluated(client: httpx.AsyncClient, **question: Any) -> dict[str, Any]:
    answer = await client.post(EVALUATE, json=question)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def faults(client: httpx.AsyncClient, **question: Any) -> list[str]:
    answer = await client.post(EVALUATE, json=question)
    assert answer.status_code == 400, answer.text
    return [detail["field"] for detail in answer.json()["error"]["details"]]


def sent() -> dict[str, Any]:
    return session_document(Session(recording_of(retried())))


async def test_a_recording_is_one_line_of_steps_with_the_state_after_each(
    door: Door, client: httpx.AsyncClient
) -> None:
    identity = await ended(door, client)
    data = (await client.get(f"/api/v1/executions/{identity}/replay")).json()["data"]
    assert data["execution"]["job_name"] == "nightly"
    assert data["total"] == 2
    assert [(step["number"], step["kind"]) for step in data["steps"]] == [
        (1, "request"),
        (2, "complete"),
    ]
    assert data["steps"][0]["state"]["outcome"] == "running"
    assert data["steps"][1]["state"]["outcome"] == "success"
    assert data["steps"][1]["state"]["request"] == 1


async def test_each_move_leads_where_it_says(door: Door, client: httpx.AsyncClient) -> None:
    identity = await ended(door, client)
    question = {"execution_id": identity}
    places = [
        ({}, 0, "initialized"),
        ({"move": "forward"}, 1, "paused"),
        ({"cursor": 1, "move": "forward"}, 2, "completed"),
        ({"cursor": 2, "move": "back"}, 1, "paused"),
        ({"cursor": 2, "move": "restart"}, 0, "initialized"),
        ({"move": "goto", "to": 2}, 2, "completed"),
        ({"move": "continue", "breakpoints": ["request"]}, 1, "at_breakpoint"),
        ({"move": "continue"}, 2, "completed"),
        ({"move": "continue", "to": 1}, 1, "paused"),
        ({"cursor": 1, "move": "continue", "to": 0}, 1, "paused"),
    ]
    for how, cursor, status in places:
        place = await evaluated(client, **question, **how)
        assert (place["cursor"], place["status"]) == (cursor, status), how


async def test_watches_are_computed_at_the_cursor_and_faults_stand_in_their_place(
    client: httpx.AsyncClient,
) -> None:
    place = await evaluated(
        client, session=sent(), cursor=4, watches=["detail.status + 1", "step.knd", "detail"]
    )
    status, fault, detail = place["watches"]
    assert status["value"] == 504
    assert fault["error"]["position"] == 6
    assert detail["value"]["status"] == 503
    assert place["step"]["kind"] == "response"
    assert place["state"]["request"]["url"].endswith("token=***")


async def test_a_sent_session_is_walked_without_a_secret(client: httpx.AsyncClient) -> None:
    document = sent()
    document["steps"][2]["detail"]["password"] = SECRET
    answer = await client.post(EVALUATE, json={"session": document, "cursor": 3})
    assert answer.status_code == 200
    assert SECRET not in answer.text


async def test_every_fault_of_a_question_is_told(door: Door, client: httpx.AsyncClient) -> None:
    identity = await ended(door, client)
    found = await faults(
        client, execution_id=identity, cursor=3, breakpoints=["detail.status >", 4], watches="x"
    )
    assert found == ["cursor", "breakpoints[1]", "breakpoints[0]", "watches"]
    assert await faults(client, execution_id=identity, move="sideways") == ["move"]
    assert await faults(client, execution_id=identity, move="goto") == ["to"]
    assert await faults(client, execution_id=identity, move="goto", to=3) == ["to"]
    assert await faults(client, execution_id=identity, move="continue", to=3) == ["to"]
    assert await faults(client, session={"format": "x"}) == ["session.format"]
    assert await faults(client, session=[]) == ["session"]
    assert await faults(client, execution_id=7) == ["execution_id"]
    assert await faults(client) == ["execution_id"]
    assert await faults(client, execution_id="x", session={}) == ["execution_id"]
    assert await faults(client, recording="x", session={}) == ["session"]
    assert await faults(client, recording=7) == ["recording"]
    assert await faults(client, execution_id=identity, around=201) == ["around"]
    assert await faults(client, execution_id="x", speed=2) == ["speed"]


async def test_a_sent_session_may_not_be_endless(client: httpx.AsyncClient) -> None:
    document = sent()
    document["steps"] = [document["steps"][0]] * (STEPS_MAX + 1)
    assert await faults(client, session=document) == ["session.steps"]


async def test_a_long_session_is_sent_once_and_then_asked_about_by_name(
    client: httpx.AsyncClient,
) -> None:
    document = sent()
    document["steps"] = document["steps"] * 1000
    first = await evaluated(client, session=document)
    place = await evaluated(client, recording=first["recording"], move="goto", to=9_999, around=60)
    assert (place["cursor"], place["total"]) == (9_999, 11_000)
    assert [step["number"] for step in place["around"]] == list(range(9_970, 10_030))
    assert place["recording"] == first["recording"]
    again = await evaluated(client, session=document)
    assert again["recording"] == first["recording"]


async def test_a_session_that_was_forgotten_is_not_found_and_says_what_to_do(
    door: Door, client: httpx.AsyncClient
) -> None:
    first = await evaluated(client, session=sent())
    door.services.recordings.bytes_max = 1
    document = sent() | {"cursor": 1}
    second = await evaluated(client, session=document)
    answer = await client.post(EVALUATE, json={"recording": first["recording"]})
    assert answer.status_code == 404
    (detail,) = answer.json()["error"]["details"]
    assert detail["field"] == "recording"
    assert "send the session again" in detail["hint"]
    assert (await evaluated(client, recording=second["recording"]))["total"] == 11


async def test_a_part_of_a_recording_is_shown_with_the_state_of_the_whole(
    door: Door, client: httpx.AsyncClient
) -> None:
    identity = await ended(door, client)
    url = f"/api/v1/executions/{identity}/replay"
    part = (await client.get(url, params={"first": 2, "limit": 1})).json()["data"]
    whole = (await client.get(url)).json()["data"]
    assert part["steps"] == whole["steps"][1:]
    assert part["total"] == 2
    beyond = (await client.get(url, params={"first": 9})).json()["data"]
    assert beyond["steps"] == []
    assert (await client.get(url, params={"first": 0})).status_code == 400


async def test_an_open_execution_is_looked_at_anew_and_an_ended_one_is_kept(
    door: Door, client: httpx.AsyncClient
) -> None:
    await client.post("/api/v1/jobs", json=JOB)
    answer = await client.post("/api/v1/jobs/default/nightly/trigger")
    identity = str(answer.json()["data"]["id"])
    assert (await evaluated(client, execution_id=identity))["total"] == 0
    door.begin(identity)
    door.finish(identity, AttemptOutcome.SUCCESS)
    assert (await evaluated(client, execution_id=identity))["total"] == 2
    assert door.services.recordings.of_execution(identity) is not None


async def test_two_executions_are_compared(door: Door, client: httpx.AsyncClient) -> None:
    one, other = await ended(door, client), await ended(door, client)
    data = (await client.get(f"/api/v1/executions/{one}/compare/{other}")).json()["data"]
    assert (data["left"]["id"], data["right"]["id"]) == (one, other)
    assert data["first_difference"] is None
    worse = await ended(door, client, AttemptOutcome.FAILED)
    data = (await client.get(f"/api/v1/executions/{one}/compare/{worse}")).json()["data"]
    assert data["first_difference"]["field"] == "outcome"


async def test_a_session_is_exported_as_json_and_taken_back(
    door: Door, client: httpx.AsyncClient
) -> None:
    identity = await ended(door, client)
    url = f"/api/v1/executions/{identity}/replay.json"
    answer = await client.get(url, params={"cursor": 1, "breakpoint": "error", "watch": "attempt"})
    assert answer.headers["content-disposition"] == f'inline; filename="replay-{identity}.json"'
    document = answer.json()
    assert (document["cursor"], document["breakpoints"]) == (1, ["error"])
    place = await evaluated(client, session=document, cursor=1, move="forward")
    assert place["status"] == "completed"


async def test_a_session_is_exported_as_a_page_of_nobodys_origin(
    door: Door, client: httpx.AsyncClient
) -> None:
    identity = await ended(door, client)
    answer = await client.get(f"/api/v1/executions/{identity}/replay.html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == "sandbox allow-scripts"
    assert identity in answer.text


@pytest.mark.parametrize("path", ["replay", "replay.json", "replay.html", "compare/{id}"])
async def test_what_is_not_there_is_not_found(
    door: Door, client: httpx.AsyncClient, path: str
) -> None:
    identity = await ended(door, client)
    answer = await client.get("/api/v1/executions/exe_none/" + path.format(id=identity))
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"


async def test_an_export_refuses_a_place_that_is_not_there(
    door: Door, client: httpx.AsyncClient
) -> None:
    identity = await ended(door, client)
    url = f"/api/v1/executions/{identity}/replay.html"
    answer = await client.get(url, params={"cursor": 9, "breakpoint": "step.knd"})
    assert answer.status_code == 400
    fields = [detail["field"] for detail in answer.json()["error"]["details"]]
    assert fields == ["cursor", "breakpoint[0]"]
