from __future__ import annotations

from typing import Any

from analytics.replay.diff import Comparison, compare
from analytics.replay.recording import assemble, recording_of
from tests.kit.recordings import attempt, execution, failed, retried, step, succeeded


def compared(left: dict[str, Any], right: dict[str, Any]) -> Comparison:
    return compare(recording_of(left), recording_of(right))


def test_the_same_run_twice_has_no_difference() -> None:
    found = compared(retried(), retried(id="exe_b"))
    assert found.first is None
    assert found.document()["differing"] == 0
    assert [row.kind for row in found.rows if row.attempt == 2][-1] == "outcome"


def test_time_and_circumstances_are_told_and_are_no_difference() -> None:
    later = succeeded(1, trigger="replay")
    later["steps"][2]["detail"]["dns_us"] = 9000
    later["steps"][3] = step(
        "response", 500.0, status=200, headers={"Date": "Fri"} | {"Content-Type": "text/plain"}
    )
    found = compared(execution(succeeded(1)), execution(later))
    assert found.first is None
    assert found.rows[0].circumstances[0].field == "trigger"
    assert found.rows[3].slower_ms == 488.0
    assert [one.field for one in found.rows[3].circumstances] == ["headers.Date"]


def test_the_first_difference_is_named_with_its_field() -> None:
    first = compared(
        execution(succeeded(1)), execution(succeeded(1, headers={"X-Team": "data"}))
    ).document()["first_difference"]
    assert (first["row"], first["kind"], first["field"]) == (2, "request", "headers")
    assert first["words"].startswith("attempt 1, request, headers: nothing on the left")


def test_a_body_of_json_is_compared_by_what_it_says() -> None:
    other = succeeded(1) | {"response": '{"rows": 5}'}
    first = compared(execution(succeeded(1)), execution(other)).document()["first_difference"]
    assert (first["kind"], first["field"], first["left"], first["right"]) == (
        *("response", "body.rows"),
        *(4, 5),
    )


def test_steps_of_one_side_alone_do_not_shift_the_others() -> None:
    plain = succeeded(1)
    with_auth = succeeded(1)
    with_auth["steps"].insert(2, step("auth", 0.1, type="bearer"))
    found = compared(execution(with_auth), execution(plain))
    pairs = [(row.kind, row.left is None, row.right is None) for row in found.rows[:-1]]
    assert pairs == [
        ("schedule", False, False),
        ("prepare", False, False),
        ("auth", False, True),
        ("request", False, False),
        ("response", False, False),
        ("complete", False, False),
    ]
    assert found.first == 2
    words = found.document()["first_difference"]["words"]
    assert words == "attempt 1 has an auth step on the left side only"


def test_an_attempt_of_one_side_alone_is_named() -> None:
    found = compared(execution(failed(1)), execution(failed(1), succeeded(2)))
    words = found.document()["first_difference"]["words"]
    assert words == "attempt 2 is on the right side only"


def test_attempts_without_steps_differ_in_how_they_ended() -> None:
    found = compared(
        execution(attempt(1, outcome="lost")), execution(attempt(1, outcome="timeout"))
    )
    first = found.document()["first_difference"]
    assert (first["field"], first["left"], first["right"]) == ("outcome", "lost", "timeout")


def test_nothing_recorded_beside_something_is_all_one_sided() -> None:
    assert compared(execution(), execution()).rows == ()
    found = compared(execution(), execution(succeeded(1)))
    assert found.first == 0
    assert all(row.left is None for row in found.rows)


def test_long_recordings_that_share_nothing_are_aligned() -> None:
    def made(kind: str) -> Any:
        row = {"attempt": 1, "kind": kind, "at": None, "offset_ms": 0, "detail": {}}
        return assemble({"id": "x"}, [], [row] * 5000)

    assert len(compare(made("request"), made("response")).rows) == 10_001
