from __future__ import annotations

import json
import re
from typing import Any

import pytest

from analytics.replay.breakpoints import parse_breakpoint
from analytics.replay.export import PROBLEMS_MAX, read_session, session_document, session_html
from analytics.replay.recording import recording_of
from analytics.replay.session import Session
from engine.core.errors import InvalidDocument
from tests.kit.recordings import SECRET, execution, retried


@pytest.fixture
def session() -> Session:
    stop = parse_breakpoint("error")
    return Session(recording_of(retried()), 4, (stop,), ("detail.status",))


def test_a_session_comes_back_from_its_json(session: Session) -> None:
    document = json.loads(json.dumps(session_document(session)))
    again = read_session(document)
    assert session_document(again) == document
    assert again.document() == session.document()


def test_no_export_holds_a_secret(session: Session) -> None:
    assert SECRET not in json.dumps(session_document(session))
    assert SECRET not in session_html(session)


def test_what_is_read_back_is_hidden_again(session: Session) -> None:
    document = json.loads(json.dumps(session_document(session)))
    document["steps"][2]["detail"]["headers"]["Authorization"] = f"Bearer {SECRET}"
    document["attempts"][0]["response"] = f'{{"api_key": "{SECRET}"}}'
    assert SECRET not in json.dumps(session_document(read_session(document)))


def test_every_fault_of_a_file_is_told_with_its_place(session: Session) -> None:
    document = json.loads(json.dumps(session_document(session)))
    document["steps"][1]["kind"] = "dream"
    document["steps"][2]["offset_ms"] = "soon"
    document["steps"][3]["detail"] = [1]
    document["steps"][4]["at"] = "2026-11-25"
    document["attempts"][0]["attempt"] = 0
    document["breakpoints"] = ["step.knd"]
    document["cursor"] = -1
    with pytest.raises(InvalidDocument) as caught:
        read_session(document, field="session")
    assert [problem.field for problem in caught.value.problems] == [
        "session.attempts[0].attempt",
        "session.steps[1].kind",
        "session.steps[2].offset_ms",
        "session.steps[3].detail",
        "session.steps[4].at",
        "session.breakpoints[0]",
        "session.cursor",
    ]
    assert all(problem.hint for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"format": "cassette"}, "format"),
        ({"version": 2}, "export it again"),
        ({"steps": None}, "steps: is not a list"),
        ({"steps": [1]}, r"steps\[0\]: is not an object"),
        ({"execution": {}}, "execution: has no id"),
        ({"watches": [1]}, r"watches\[0\]: is not a text"),
        ({"breakpoints": ["1"] * 51}, "at most 50"),
        ({"cursor": True}, "cursor"),
        ({"cursor": 12}, "to 11"),
    ],
)
def test_a_file_of_something_else_is_refused(
    session: Session, changes: dict[str, Any], fault: str
) -> None:
    with pytest.raises(InvalidDocument, match=fault):
        read_session(session_document(session) | changes)


@pytest.mark.parametrize("document", [None, [], "text", 3, {}])
def test_what_is_no_session_at_all_is_refused(document: Any) -> None:
    with pytest.raises(InvalidDocument):
        read_session(document)


def test_faults_are_not_told_without_end(session: Session) -> None:
    document = session_document(session) | {"steps": [{}] * 1000}
    with pytest.raises(InvalidDocument) as caught:
        read_session(document)
    assert len(caught.value.problems) == PROBLEMS_MAX


def test_a_deeply_nested_detail_is_refused(session: Session) -> None:
    deep: dict[str, Any] = {}
    for _ in range(30):
        deep = {"in": deep}
    document = session_document(session)
    document["steps"][0]["detail"] = deep
    with pytest.raises(InvalidDocument, match="nested"):
        read_session(document)


def test_the_page_asks_nobody_and_runs_only_its_own_script(session: Session) -> None:
    page = session_html(session)
    assert "default-src 'none'" in page
    assert re.findall(r'(?:src|href)\s*=\s*"', page) == []
    assert page.count("<script") == 2


def test_nothing_recorded_can_leave_its_place_in_the_page() -> None:
    hostile = "</script><script>alert(1)</script><!--"
    run = retried(job_name=hostile)
    run["attempts_detail"][0]["response"] = hostile
    page = session_html(Session(recording_of(run), 0, (), (f"'{hostile}'",)))
    assert "</script><script>alert" not in page
    assert page.count("<script") == 2
    (data,) = re.findall(r'id="session">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)["execution"]["job_name"] == hostile


def test_an_execution_without_steps_is_a_page_too() -> None:
    assert "left no steps" in session_html(Session(recording_of(execution())))


def test_states_in_the_page_are_what_each_step_changed(session: Session) -> None:
    (data,) = re.findall(r'id="session">(.*?)</script>', session_html(session), re.DOTALL)
    document = json.loads(data)
    state: dict[str, Any] = {}
    for cursor, change in enumerate(document["changes"]):
        state |= change
        assert state == Session(session.recording, cursor).view.summary()
    assert document["stops"] == {"4": ["error"], "5": ["error"]}
