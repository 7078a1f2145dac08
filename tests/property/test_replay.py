"""Laws of walking through a recording, and of the language of its conditions."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics.replay.breakpoints import parse_breakpoint
from analytics.replay.diff import compare
from analytics.replay.export import read_session, session_document
from analytics.replay.expression import ExpressionError, parse
from analytics.replay.recording import KINDS, Recording, assemble
from analytics.replay.session import Session, Status
from analytics.replay.state import EMPTY, evolve
from analytics.replay.view import View
from engine.core.errors import InvalidDocument

PIECES = (
    *("step.kind", "step.offset_ms", "detail", "detail.status", "attempt", "error", "state.error"),
    *("state.failures", "detail.headers['a']", "1", "2.5", "1e308", "'a'", '"b"', "true", "null"),
    *("and", "or", "not", "in", "contains", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/"),
    *("%", "(", ")", "[", "]", ",", ".", " ", "&", "=", "'", "é", "\n"),
)
scalars = st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8)
details = st.dictionaries(
    st.sampled_from(["status", "error", "headers", "node", "trigger", "password"]),
    scalars
    | st.dictionaries(st.text(max_size=3), scalars, max_size=2)
    | st.lists(scalars, max_size=2),
    max_size=3,
)
rows = st.fixed_dictionaries(
    {
        "attempt": st.integers(1, 4),
        "kind": st.sampled_from(KINDS),
        "at": st.none(),
        "offset_ms": st.floats(-1e6, 1e6),
        "detail": details,
    }
)


@st.composite
def recordings(draw: Any) -> Recording:
    found = sorted(draw(st.lists(rows, max_size=25)), key=lambda row: row["attempt"])
    return assemble({"id": "exe_a"}, [], found)


breakpoints = st.sampled_from(
    ["1", "3", "error", "kind request", "detail.status > 5", "state.failures > 1", "attempt == 2"]
)


@st.composite
def sessions(draw: Any) -> Session:
    recording = draw(recordings())
    stops = tuple(map(parse_breakpoint, draw(st.lists(breakpoints, max_size=3))))
    return Session(recording, draw(st.integers(0, len(recording))), stops, ("detail.status",))


@given(
    st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join),
    recordings(),
)
def test_any_text_is_an_expression_or_a_fault_with_its_place(
    text: str, recording: Recording
) -> None:
    try:
        expression = parse(text)
    except ExpressionError as error:
        _names_its_place(error, text)
        return
    for cursor in range(len(recording) + 1):
        try:
            json.dumps(_plain(expression.value(View.at(recording, cursor))), allow_nan=False)
        except ExpressionError as error:
            _names_its_place(error, text)


def _names_its_place(error: ExpressionError, text: str) -> None:
    assert 1 <= error.position <= len(text) + 1
    assert error.reason


def _plain(value: Any) -> Any:
    return dict(value) if hasattr(value, "keys") else value


@given(st.text(max_size=40))
def test_any_text_is_a_breakpoint_or_a_fault(text: str) -> None:
    try:
        parse_breakpoint(text)
    except InvalidDocument as refused:
        faults = refused.problems
    else:
        return
    assert faults


@given(sessions())
def test_back_after_forward_is_where_one_was(session: Session) -> None:
    if session.cursor < len(session.recording):
        again = session.forward().back()
        assert again == session
        assert again.document() == session.document()


@given(sessions(), st.data())
def test_a_jump_sees_what_walking_there_sees(session: Session, data: st.DataObject) -> None:
    there = data.draw(st.integers(0, len(session.recording)))
    walked = session.restart()
    state = EMPTY
    for step in session.recording.steps[:there]:
        walked, state = walked.forward(), evolve(state, step)
    assert session.go_to(there) == walked
    assert session.go_to(there).state == state


@given(sessions())
def test_continuing_is_what_playing_comes_to(session: Session) -> None:
    playing = session.play()
    while playing.status is Status.RUNNING:
        playing = playing.forward()
    assert session.proceed() == playing


@given(sessions())
def test_a_session_survives_its_export(session: Session) -> None:
    document = json.loads(json.dumps(session_document(session)))
    again = read_session(document)
    assert session_document(again) == document
    assert again.document() == session.document()


@given(recordings())
def test_a_recording_does_not_differ_from_itself(recording: Recording) -> None:
    assert compare(recording, recording).first is None


@given(recordings(), recordings())
def test_a_comparison_shows_every_step_once_and_in_order(left: Recording, right: Recording) -> None:
    found = compare(left, right)
    for side, recording in (("left", left), ("right", right)):
        shown = [step for row in found.rows if (step := getattr(row, side)) is not None]
        assert shown == list(recording.steps)
    assert (found.first is None) == all(row.is_same for row in found.rows)
    json.dumps(found.document())
