"""The Replay page walks with the real rules behind its client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from analytics.replay.breakpoints import Breakpoint, parse_breakpoint
from analytics.replay.diff import compare
from analytics.replay.export import (
    read_breakpoints,
    read_cursor,
    read_session,
    session_document,
)
from analytics.replay.recording import Recording, recording_of
from analytics.replay.session import Move, Session
from app.client.errors import ApiError, Unreachable
from app.console.replay.comparing import SAME, side_by_side
from engine.core.errors import InvalidDocument, Problem
from tests.kit.recordings import attempt, execution, failed, retried, step, succeeded

OTHER = execution(succeeded(1), id="exe_b", job_name="nightly-backup")


def refused(error: InvalidDocument) -> ApiError:
    details = [
        {"field": one.field, "reason": one.reason, "hint": one.hint} for one in error.problems
    ]
    return ApiError("VALIDATION_ERROR", str(error.problems[0]), details, 400)


def answering(client: Any, shown: dict[str, Any]) -> None:
    """Let the client answer as a node does that has these two executions."""
    recording = recording_of(shown)
    sent: dict[str, Recording] = {}

    def walked(identity: str | None, session: Any, name: str | None) -> Recording:
        if identity == "exe_b":
            return recording_of(OTHER)
        if session is not None:
            sent["rec_a"] = read_session(session).recording
        elif name is None:
            return recording
        if "rec_a" not in sent:
            raise ApiError("NOT_FOUND", "there is no recording", [], 404)
        return sent["rec_a"]

    def evaluate(
        execution_id: str | None = None,
        session: Any = None,
        recording: str | None = None,
        cursor: int = 0,
        **how: Any,
    ) -> dict[str, Any]:
        problems: list[Problem] = []
        try:
            through = walked(execution_id, session, recording)
            stops = read_breakpoints(how.get("breakpoints", []), "breakpoints", problems)
            read_cursor(cursor, len(through), "cursor", problems)
            if problems:
                raise InvalidDocument(problems)
        except InvalidDocument as error:
            raise refused(error) from None
        walk = Session(through, cursor, stops, tuple(how.get("watches", [])))
        moved = walk.moved(Move(how["move"]), how.get("to")) if "move" in how else walk
        return moved.document(how.get("around", 0)) | {"recording": "rec_a" if sent else None}

    client.forget_sessions = sent.clear
    client.answers |= {
        "evaluate_replay": evaluate,
        "executions": {"executions": [shown, OTHER], "total": 2, "next_cursor": None},
        "compare_executions": lambda *_: {
            "left": dict(recording.execution),
            "right": dict(recording_of(OTHER).execution),
            **compare(recording, recording_of(OTHER)).document(),
        },
        "export_replay": b"{}",
    }


@pytest.fixture(autouse=True)
def node(client: Any) -> None:
    answering(client, retried())


def exported(stops: tuple[Breakpoint, ...] = ()) -> dict[str, Any]:
    return session_document(Session(recording_of(retried(job_name="from-afar")), 0, stops))


def times_sent(client: Any) -> int:
    return sum("session" in how for _, how in client.called("evaluate_replay"))


def texts(at: AppTest) -> str:
    blocks = [*at.markdown, *at.caption, *at.error, *at.code]
    return "\n".join(str(block.value) for block in blocks)


def press(at: AppTest, key: str) -> AppTest:
    return at.button(key=key).click().run(timeout=30)


def step_of(at: AppTest) -> str:
    found = at.query_params.get("step", ["0"])
    return found if isinstance(found, str) else found[0]


def test_it_begins_before_the_first_step(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a")
    assert not at.exception
    assert "Before the first step" in texts(at)
    assert at.button(key="replay_back").disabled
    assert at.button(key="replay_restart").disabled
    assert not at.button(key="replay_forward").disabled


def test_the_controls_move_and_the_address_remembers(pages: Any) -> None:
    at = press(pages.open("operate.replay", id="exe_a"), "replay_forward")
    assert step_of(at) == "1"
    at = press(press(at, "replay_forward"), "replay_back")
    assert step_of(at) == "1"
    at = press(at, "replay_continue")
    assert step_of(at) == "11"
    assert "completed" in texts(at)
    assert at.button(key="replay_forward").disabled
    assert step_of(press(at, "replay_restart")) == "0"


def test_a_link_leads_to_its_step(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a", step="5")
    assert "HTTP 503" in texts(at)
    assert at.number_input(key="replay_goto").value == 5
    beyond = pages.open("operate.replay", id="exe_a", step="99")
    assert not beyond.exception
    assert step_of(beyond) == "11"
    assert not pages.open("operate.replay", id="exe_a", step="x").exception


def test_a_step_is_gone_to_by_its_number_and_on_the_timeline(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a")
    at = at.number_input(key="replay_goto").set_value(7).run(timeout=30)
    assert step_of(at) == "7"
    line = next(one for one in at.button_group if one.key == "replay_attempt_1")
    at = line.set_value(3).run(timeout=30)
    assert step_of(at) == "3"


def test_continue_stops_at_a_breakpoint_that_was_added_until_it_is_removed(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a")
    at = at.text_input(key="replay_add_breakpoints").set_value("error").run(timeout=30)
    at = press(at, "replay_continue")
    assert step_of(at) == "4"
    assert "at breakpoint" in texts(at)
    at = press(at, "replay_remove_breakpoints_0")
    assert step_of(press(at, "replay_continue")) == "11"


def test_a_breakpoint_that_means_nothing_is_not_kept_and_says_why(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a")
    at = at.text_input(key="replay_add_breakpoints").set_value("step.knd").run(timeout=30)
    assert "no 'knd'" in at.error[0].value.replace("\\", "")
    assert not [one for one in at.button if one.key == "replay_remove_breakpoints_0"]


def test_a_watch_shows_its_value_or_its_fault(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a", step="5")
    at = at.text_input(key="replay_add_watches").set_value("state.failures").run(timeout=30)
    at = at.text_input(key="replay_add_watches").set_value("step.knd").run(timeout=30)
    assert "state\\.failures = 1" in texts(at)
    assert "at character 6" in texts(at)
    at = press(at, "replay_remove_watches_0")
    assert "state\\.failures = 1" not in texts(at)


def test_another_execution_is_compared_with_the_first_difference_named(
    pages: Any, client: Any
) -> None:
    at = pages.open("operate.replay", id="exe_a", other="exe_b")
    assert client.called("compare_executions") == [(("exe_a", "exe_b"), {})]
    assert "First difference" in texts(at)
    assert "on the right" in texts(at)
    left, right = (block.value for block in at.code[-2:])
    assert '-   "url": "http://127.0.0.1:9/run?token=***",' in left
    assert '+   "url": "http://127.0.0.1:9/run",' in right
    assert f'{SAME}   "method": "POST",' in left
    press(at, "swap")
    assert pages.went == [("replay", {"id": "exe_b", "other": "exe_a"})]


def test_a_row_that_is_chosen_is_shown_from_both_sides(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a", other="exe_b")
    at.session_state["replay_compared_exe_a_exe_b"] = {"selection": {"rows": [1]}}
    at = at.run(timeout=30)
    left, right = (block.value for block in at.code[-2:])
    assert left == right
    assert '"job_version": 3' in left
    assert "2 prepare" in texts(at)


def test_what_one_side_alone_has_stands_beside_nothing(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a", other="exe_b")
    rows = compare(recording_of(retried()), recording_of(OTHER)).document()["rows"]
    alone = next(place for place, row in enumerate(rows) if row["kind"] == "retry")
    at.session_state["replay_compared_exe_a_exe_b"] = {"selection": {"rows": [alone]}}
    at = at.run(timeout=30)
    assert at.code[-1].value == "+ nothing on this side"
    assert '"next_attempt": 2' in at.code[-2].value


def test_lines_that_the_other_side_has_not_are_marked() -> None:
    left, right = side_by_side({"a": 1, "b": 2}, {"a": 1, "b": 3})
    assert left == [f"{SAME} {{", f'{SAME}   "a": 1,', '-   "b": 2', f"{SAME} }}"]
    assert right == [f"{SAME} {{", f'{SAME}   "a": 1,', '+   "b": 3', f"{SAME} }}"]


def test_what_a_step_changed_of_the_state_is_told(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a", step="5")
    (told,) = [block.value for block in at.code if block.language == "diff"]
    assert told.split("\n") == [
        *("+ error: HTTP 503", "- failures: 0", "+ failures: 1"),
        *("- outcome: running", "+ outcome: failed"),
    ]
    at = pages.open("operate.replay", id="exe_a")
    (told,) = [block.value for block in at.code if block.language == "diff"]
    assert told == "nothing yet"


def test_a_comparison_that_is_refused_says_so(pages: Any, client: Any) -> None:
    client.refuse("compare_executions", ApiError("NOT_FOUND", "there is no execution", [], 404))
    at = pages.open("operate.replay", id="exe_a", other="exe_x")
    assert "there is no execution" in at.error[0].value


def test_an_execution_without_steps_says_why(pages: Any, client: Any) -> None:
    answering(client, execution(attempt(1, outcome="lost")))
    at = pages.open("operate.replay", id="exe_a")
    assert not at.exception
    assert "No steps were recorded" in texts(at)


def test_a_long_recording_shows_the_steps_around_the_cursor(pages: Any, client: Any) -> None:
    answering(client, execution(attempt(1, *[step("retry", n) for n in range(500)])))
    at = pages.open("operate.replay", id="exe_a", step="250")
    assert not at.exception
    assert "steps 221 to 280 of 500" in texts(at)


def test_what_others_wrote_is_never_markdown(pages: Any, client: Any) -> None:
    hostile = "![x](http://127.0.0.1:9/beacon)"
    run = retried(job_name=hostile, status=hostile)
    run["attempts_detail"][0]["steps"][4]["detail"]["error"] = hostile
    answering(client, run)
    at = pages.open("operate.replay", id="exe_a", step="5")
    marked = "\n".join(str(block.value) for block in [*at.markdown, *at.caption, *at.error])
    assert "beacon" in marked
    assert "![x](" not in marked


def test_the_execution_is_a_step_away_and_leads_back(pages: Any) -> None:
    press(pages.open("operate.replay", id="exe_a"), "open_execution")
    press(pages.open("operate.execution", id="exe_a"), "open_replay")
    assert pages.went == [("execution", {"id": "exe_a"}), ("replay", {"id": "exe_a"})]


def test_without_an_execution_a_file_can_be_opened(pages: Any) -> None:
    at = pages.open("operate.replay")
    assert not at.exception
    assert "Open an exported session" in texts(at)
    stops = (parse_breakpoint("retry"),)
    document = exported(stops)
    (field,) = at.file_uploader
    at = field.set_value(("run.json", json.dumps(document).encode(), "application/json")).run(
        timeout=30
    )
    assert "from\\-afar" in texts(at)
    at = press(at, "replay_forward")
    assert step_of(at) == "1"
    assert step_of(press(at, "replay_continue")) == "6"  # the file's own breakpoint


def test_a_file_is_sent_once_and_again_when_the_node_forgot_it(pages: Any, client: Any) -> None:
    (field,) = (at := pages.open("operate.replay")).file_uploader
    at = field.set_value(("run.json", json.dumps(exported()).encode(), "application/json"))
    at = press(at.run(timeout=30), "replay_forward")
    assert times_sent(client) == 1
    client.forget_sessions()
    at = press(at, "replay_forward")
    assert step_of(at) == "2"
    assert times_sent(client) == 2


@pytest.mark.parametrize(("content", "said"), [(b"{", "is not JSON"), (b"[]", "not an object")])
def test_a_file_of_something_else_is_refused(pages: Any, content: bytes, said: str) -> None:
    (field,) = (at := pages.open("operate.replay")).file_uploader
    at = field.set_value(("run.json", content, "application/json")).run(timeout=30)
    assert said in at.error[0].value
    assert not at.exception


def test_a_node_that_falls_silent_on_a_move_is_said(pages: Any, client: Any) -> None:
    at = pages.open("operate.replay", id="exe_a", step="3")
    evaluate = client.answers["evaluate_replay"]

    def silent(**how: Any) -> Any:
        if "move" in how:
            raise Unreachable("http://127.0.0.1:8080", "connection refused")
        return evaluate(**how)

    client.answers["evaluate_replay"] = silent
    at = press(at, "replay_forward")
    assert not at.exception
    assert "No answer from the node" in at.error[0].value
    assert step_of(at) == "3"


def in_url(at: AppTest, name: str) -> list[str]:
    found = at.query_params.get(name, [])
    return [found] if isinstance(found, str) else list(found)


def test_breakpoints_and_watches_are_in_the_address(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a")
    for text in ("error", "detail.status >= 500"):
        at = at.text_input(key="replay_add_breakpoints").set_value(text).run(timeout=30)
    at = at.text_input(key="replay_add_watches").set_value("state.failures").run(timeout=30)
    assert in_url(at, "breakpoint") == ["error", "detail.status >= 500"]
    assert in_url(at, "watch") == ["state.failures"]
    at = press(at, "replay_remove_breakpoints_0")
    assert in_url(at, "breakpoint") == ["detail.status >= 500"]
    at = press(press(at, "replay_remove_breakpoints_0"), "replay_remove_watches_0")
    assert in_url(at, "breakpoint") == in_url(at, "watch") == []


def test_a_link_brings_its_breakpoints_and_watches(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a", breakpoint="error", watch="state.failures")
    at = press(press(at, "replay_continue"), "replay_continue")
    assert step_of(at) == "5"
    assert "stopped by" in texts(at)
    assert "state\\.failures = 1" in texts(at)


def test_a_link_with_a_breakpoint_that_means_nothing_says_so_and_leads_on(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a", step="4", breakpoint="step.knd", watch="attempt")
    assert not at.exception
    assert "no 'knd'" in at.error[0].value.replace("\\", "")
    at = press(at, "replay_without_breakpoints")
    assert not at.error
    assert place_of(at) == 4
    assert in_url(at, "watch") == ["attempt"]


def playing(at: AppTest) -> bool:
    return bool(at.button(key="replay_play").label == "Pause")


def place_of(at: AppTest) -> int:
    return int(at.number_input(key="replay_goto").value)


def test_it_plays_a_step_each_tick_and_pauses_where_it_is(pages: Any) -> None:
    at = press(pages.open("operate.replay", id="exe_a", step="1"), "replay_play")
    assert playing(at)
    assert "running" in texts(at)
    first = place_of(at)
    at = at.run(timeout=30)  # as a tick does
    assert place_of(at) == first + 1
    assert step_of(at) == "1"  # the address is told at the end
    at = press(at, "replay_play")
    assert not playing(at)
    assert place_of(at) == first + 1
    assert step_of(at) == str(first + 1)


def test_playing_stops_at_a_breakpoint_and_goes_on_from_there_to_the_end(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a")
    at = at.text_input(key="replay_add_breakpoints").set_value("response").run(timeout=30)
    stops = []
    for _ in range(3):
        at = press(at, "replay_play")
        for _ in range(12):
            at = at.run(timeout=30) if playing(at) else at
        stops.append(step_of(at))
    assert stops == ["4", "10", "11"]
    assert "completed" in texts(at)


def test_a_faster_walk_takes_several_steps_a_tick_and_passes_no_breakpoint(pages: Any) -> None:
    at = pages.open("operate.replay", id="exe_a", replay_speed="10×")
    at = press(at, "replay_play")
    assert place_of(at) == 4
    at = press(at, "replay_play")
    at = at.text_input(key="replay_add_breakpoints").set_value("6").run(timeout=30)
    at = press(at, "replay_play")
    assert step_of(at) == "6"
    assert not playing(at)


def test_any_move_ends_the_playing(pages: Any) -> None:
    at = press(pages.open("operate.replay", id="exe_a", step="5"), "replay_play")
    here = place_of(at)
    at = press(at, "replay_back")
    assert not playing(at)
    assert place_of(at) == here - 1


def test_a_link_to_another_step_ends_the_playing(pages: Any) -> None:
    at = press(pages.open("operate.replay", id="exe_a", step="5"), "replay_play")
    at.query_params["step"] = "2"
    at = at.run(timeout=30)
    assert not playing(at)
    assert place_of(at) == 2


def test_a_tick_with_the_address_from_before_does_not_lead_back(pages: Any) -> None:
    at = press(pages.open("operate.replay", id="exe_a", step="5"), "replay_play")
    at = press(at, "replay_play")
    here = place_of(at)
    at.query_params["step"] = "5"
    assert place_of(at.run(timeout=30)) == here


def test_a_node_that_falls_silent_ends_the_playing(pages: Any, client: Any) -> None:
    at = press(pages.open("operate.replay", id="exe_a", step="2"), "replay_play")
    evaluate = client.answers["evaluate_replay"]

    def silent(**how: Any) -> Any:
        if "move" in how:
            raise Unreachable("http://127.0.0.1:8080", "connection refused")
        return evaluate(**how)

    client.answers["evaluate_replay"] = silent
    at = at.run(timeout=30)
    assert not playing(at)
    assert "No answer from the node" in at.error[0].value


def test_of_many_attempts_three_are_drawn(pages: Any, client: Any) -> None:
    answering(client, execution(*[failed(number) for number in range(1, 9)]))
    at = pages.open("operate.replay", id="exe_a", step="23")
    drawn = [one.label for one in at.button_group if one.label.startswith("Attempt")]
    assert drawn == ["Attempt 4", "Attempt 5", "Attempt 6"]
