from __future__ import annotations

import pytest

from analytics.replay import recording as recordings
from analytics.replay.breakpoints import parse_breakpoint
from analytics.replay.recording import CHECKPOINT_EVERY, Recording, assemble, recording_of
from analytics.replay.session import Move, Session, Status
from engine.core.errors import InvalidDocument
from tests.kit.recordings import SECRET, execution, failed, retried


@pytest.fixture
def recording() -> Recording:
    return recording_of(retried())


def session(recording: Recording, *breakpoints: str, watches: tuple[str, ...] = ()) -> Session:
    return Session(recording, 0, tuple(map(parse_breakpoint, breakpoints)), watches)


def test_the_steps_of_all_attempts_stand_in_one_line(recording: Recording) -> None:
    assert [step.number for step in recording.steps] == list(range(1, 12))
    assert [step.attempt for step in recording.steps] == [1] * 6 + [2] * 5
    assert recording.steps[10].elapsed_ms == 1013.0  # a second later, and 13 ms into the attempt


def test_nothing_secret_is_in_a_recording() -> None:
    whole = recording_of(retried())
    shown = repr((whole.execution, whole.attempts, whole.steps))
    assert SECRET not in shown
    assert shown.count("***") == 4


def test_a_state_adds_up_what_was_told_until_then(recording: Recording) -> None:
    walk = session(recording).go_to(6)
    state = walk.view.document()
    assert state["attempt"] == 1
    assert state["outcome"] == "failed"
    assert state["status"] == 503
    assert state["error"] == "HTTP 503"
    assert (state["failures"], state["retries"]) == (1, 1)
    assert state["late_ms"] == 5.0
    assert state["response"]["body"].startswith('{"token": ***')


def test_another_attempt_begins_anew_and_keeps_the_counts(recording: Recording) -> None:
    state = session(recording).go_to(7).view.document()
    assert state["outcome"] == "running"
    assert (state["request"], state["response"], state["status"]) == (None, None, None)
    assert (state["failures"], state["retries"]) == (1, 1)


def test_a_walk_begins_pauses_and_completes(recording: Recording) -> None:
    walk = session(recording)
    assert walk.status is Status.INITIALIZED
    assert walk.step is None
    assert walk.forward().status is Status.PAUSED
    assert walk.proceed().status is Status.COMPLETED
    assert walk.proceed().forward().cursor == 11
    assert walk.back() == walk
    assert walk.proceed().restart() == walk


def test_an_execution_without_steps_has_nowhere_to_go() -> None:
    walk = session(recording_of(execution()), "error")
    for move in (Move.FORWARD, Move.BACK, Move.CONTINUE, Move.RESTART):
        assert walk.moved(move) == walk
    assert walk.play().status is Status.INITIALIZED


@pytest.mark.parametrize(
    ("breakpoint", "stops"),
    [
        ("5", [5]),
        ("step 7", [7]),
        ("request", [3, 9]),
        ("kind error", [5]),
        ("error", [4, 5]),
        ("detail.status >= 500", [4]),
        ("if attempt == 2 and step.kind == 'response'", [10]),
        ("99", []),
    ],
)
def test_continuing_stops_where_a_breakpoint_says(
    recording: Recording, breakpoint: str, stops: list[int]
) -> None:
    walk, found = session(recording, breakpoint), []
    while (walk := walk.proceed()).status is Status.AT_BREAKPOINT:
        found.append(walk.cursor)
    assert found == stops
    assert walk.status is Status.COMPLETED


def test_the_nearest_of_several_breakpoints_stops_first(recording: Recording) -> None:
    walk = session(recording, "9", "detail.status == 503", "retry").proceed()
    assert (walk.cursor, [hit.breakpoint.text for hit in walk.hits]) == (
        4,
        ["detail.status == 503"],
    )
    assert walk.proceed().cursor == 6


def test_a_condition_that_cannot_be_computed_stops_and_says_why(recording: Recording) -> None:
    walk = session(recording, "step.kind > 3").proceed()
    assert walk.cursor == 1
    (hit,) = walk.hits
    assert hit.fault is not None
    assert "orders a text and a number" in str(hit.fault)


def test_playing_goes_on_until_a_breakpoint(recording: Recording) -> None:
    walk = session(recording, "error").play()
    assert walk.status is Status.RUNNING
    seen = []
    while walk.status is Status.RUNNING:
        walk = walk.forward()
        seen.append(walk.cursor)
    assert seen == [1, 2, 3, 4]
    assert walk.status is Status.AT_BREAKPOINT
    assert walk.play().pause() == walk


def test_watches_say_their_value_or_their_fault(recording: Recording) -> None:
    walk = session(recording, watches=("state.failures + 1", "detail.nothing", "1 +"))
    one, nothing, fault = (watch.document() for watch in walk.go_to(5).watched())
    assert one["value"] == 2
    assert nothing["value"] is None
    assert nothing["error"] is None
    assert fault["error"]["position"] == 4


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("0", "steps count from 1"),
        ("kind nothing", "is no kind of step"),
        ("detail.status >", "the expression ends"),
        ("", "is empty"),
    ],
)
def test_a_breakpoint_that_means_nothing_is_refused(text: str, fault: str) -> None:
    with pytest.raises(InvalidDocument, match=fault):
        parse_breakpoint(text)


def test_a_jump_takes_up_few_steps_however_long_the_recording(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = {"attempt": 1, "kind": "error", "at": None, "offset_ms": 1.0, "detail": {}}
    long = assemble({"id": "x"}, [], [row] * 20_000)
    assert long.state_at(20_000).failures == 20_000
    taken = []
    evolve = recordings.evolve
    monkeypatch.setattr(recordings, "evolve", lambda *given: (taken.append(1), evolve(*given))[1])
    for cursor in (0, 1, 255, 256, 257, 9_999, 19_999, 20_000):
        taken.clear()
        assert long.state_at(cursor).failures == cursor
        assert len(taken) < CHECKPOINT_EVERY


def test_an_attempt_known_by_its_steps_alone_ended_as_they_say() -> None:
    alone = failed(1)
    whole = assemble({"id": "x"}, [], [{**one, "attempt": 1} for one in alone["steps"]])
    assert session(whole).proceed().view.outcome == "failed"


def test_what_a_step_changed_is_told_apart_from_what_each_step_changes(
    recording: Recording,
) -> None:
    walk = session(recording)
    assert walk.changes == ()
    assert walk.go_to(4).changes == (("status", None, 503), ("response", None, 4))
    assert ("attempt", 1, 2) in walk.go_to(7).changes
    assert ("request", 3, None) in walk.go_to(7).changes


def test_continuing_ends_where_it_is_told_to(recording: Recording) -> None:
    walk = session(recording, "error", "state.failures > 0")
    assert walk.proceed(3).cursor == 3
    assert walk.proceed(9).cursor == 4
    assert walk.go_to(6).proceed(2).cursor == 6
