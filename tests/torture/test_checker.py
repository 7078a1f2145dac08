"""The checker finds what must not be in records made by hand, and nothing where all is well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from engine.core.ids import execution_id
from tests.torture.checker import check, waits_after
from tests.torture.records import Arrival, Attempt, Change, Evidence, History, Run, Write

SECOND = 1_000_000
START = 1_700_000_000 * SECOND
END = START + 10 * SECOND
JOB = "job_a"
SCHEDULE = "* * * * * *"


def _change(index: int, second: float, change: str, **config: Any) -> Change:
    at = START + int(second * SECOND)
    document = {"schedule": SCHEDULE, "enabled": True, "concurrency": "forbid", "description": ""}
    return Change(index, 0, at, JOB, "a", 1, change, document | config)


def _run(second: int, *, generation: int = 1, status: str = "success", **fields: Any) -> Run:
    at = START + second * SECOND
    run = Run(
        index=100 + second,
        position=0,
        recorded_us=at + SECOND // 2,
        id=execution_id(JOB, generation, at),
        job_id=JOB,
        job_name="a",
        status=status,
        reason="",
        trigger="schedule",
        scheduled_us=at,
        until_us=None,
        started_us=at + 1000,
        completed_us=at + 2000,
        fires=1,
    )
    return replace(run, **fields)


def _skip(first: int, last: int, **fields: Any) -> Run:
    until = START + last * SECOND
    span: dict[str, Any] = {"until_us": until, "started_us": None, "fires": last - first + 1}
    span |= {"reason": "paused by alice"}
    return _run(first, status="skipped", **(span | fields))


def _arrival(run: Run, attempt: int = 1) -> Arrival:
    return Arrival(run.scheduled_us / SECOND + 0.01, "/fast/a", run.id, run.scheduled_us, attempt)


def _attempt(run: Run, outcome: str = "success") -> Attempt:
    return Attempt(run.index, 1, run.id, 1, outcome)


def _evidence(
    runs: list[Run],
    *,
    changes: list[Change] | None = None,
    arrivals: list[Arrival] | None = None,
    writes: list[Write] | None = None,
) -> Evidence:
    made = [run for run in runs if run.status != "skipped"]
    history = History(
        runs=runs,
        attempts=[_attempt(run) for run in made],
        changes=changes if changes is not None else [_change(1, 0.5, "created")],
    )
    if arrivals is None:
        arrivals = list({run.id: _arrival(run) for run in made}.values())
    return Evidence(arrivals, {"n1": history, "n2": history}, writes or [], END, 1_000)


def _all() -> list[Run]:
    return [_run(second) for second in range(1, 11)]


def _kinds(evidence: Evidence) -> list[str]:
    return [finding.kind for finding in check(evidence)[1]]


def test_a_fire_time_run_or_skipped_each_second_is_well() -> None:
    runs = [_run(1), _run(2), _skip(3, 6), _skip(7, 7), *(_run(second) for second in (8, 9, 10))]
    fires, findings = check(_evidence(runs))
    assert findings == []
    assert (fires.decided, fires.run, fires.skipped["paused"]) == (10, 5, 5)


def test_a_fire_time_that_nobody_decided_is_missed() -> None:
    assert _kinds(_evidence([run for run in _all() if run != _run(4)])) == ["missed"]


def test_the_last_fire_times_are_missed_too_unless_they_are_only_just_due() -> None:
    assert _kinds(_evidence(_all()[:-2])) == []
    assert _kinds(_evidence(_all()[:-5])) == ["missed"]


def test_a_fire_time_decided_twice_is_claimed_twice() -> None:
    assert _kinds(_evidence([*_all(), _run(4, index=300)])) == ["doubly claimed", "overlap"]


def test_a_fire_time_run_and_skipped_is_claimed_twice() -> None:
    runs = [_skip(3, 5), *(run for run in _all() if run not in (_run(3), _run(5)))]
    assert _kinds(_evidence(runs)) == ["doubly claimed"]


def test_a_fire_time_of_two_generations_has_two_ids() -> None:
    again = _change(2, 4.2, "updated", timezone="Europe/Berlin")
    late: dict[str, Any] = {"started_us": START + 4_800_000, "recorded_us": START + 4_900_000}
    late["completed_us"] = late["recorded_us"]
    runs = [*(_run(k) for k in range(1, 5)), _run(4, generation=2, index=300, **late)]
    runs += [_run(k, generation=2) for k in range(5, 11)]
    changes = [_change(1, 0.5, "created"), again]
    begun = START / SECOND
    retime = Write(begun + 3.9, begun + 4.3, "retime", "a", {"description": ""})
    found = _kinds(_evidence(runs, changes=changes, writes=[retime]))
    assert found == ["two ids", "two ids"]  # in the history, and at the sink


def test_what_is_due_when_a_person_edits_is_superseded_or_missed() -> None:
    begun = START / SECOND
    edit = Write(begun + 4.1, begun + 4.3, "disable", "a")
    changes = [_change(1, 0.5, "created"), _change(2, 4.2, "disabled", enabled=False)]
    for runs, found in (
        ([_run(1), _run(2), _skip(3, 4)], []),
        ([_run(1), _run(2)], ["missed", "missed"]),
    ):
        assert _kinds(_evidence(runs, changes=changes, writes=[edit])) == found


def test_a_run_while_the_job_is_disabled_is_unexplained() -> None:
    changes = [_change(1, 0.5, "created"), _change(2, 4.2, "disabled", enabled=False)]
    runs = [*(_run(k) for k in range(1, 5)), _run(7)]
    assert _kinds(_evidence(runs, changes=changes)) == ["unexplained"]


def _stray(run: Run) -> Run:
    return replace(run, id="exe_stray")


def _off_beat(run: Run) -> Run:
    at = run.scheduled_us + 5
    return replace(run, scheduled_us=at, id=execution_id(JOB, 1, at))


@pytest.mark.parametrize("spoil", [_stray, _off_beat])
def test_a_run_of_no_fire_time_is_unexplained(spoil: Callable[[Run], Run]) -> None:
    assert "unexplained" in _kinds(_evidence([*_all(), spoil(_run(4))]))


def test_a_skip_needs_a_reason_and_the_right_count() -> None:
    rest = [run for run in _all() if run not in (_run(3), _run(4))]
    assert _kinds(_evidence([_skip(3, 4, reason=""), *rest])) == ["unexplained"]
    assert _kinds(_evidence([_skip(3, 4, fires=3), *rest])) == ["unexplained"]


def test_histories_that_differ_are_found() -> None:
    evidence = _evidence(_all())
    other = replace(evidence.agreed, runs=[*_all()[:-1], replace(_run(10), status="failed")])
    assert _kinds(replace(evidence, histories={"n1": evidence.agreed, "n2": other})) == [
        "histories differ"
    ]


def test_a_success_that_never_arrived_is_found() -> None:
    arrivals = [_arrival(run) for run in _all() if run != _run(4)]
    assert _kinds(_evidence(_all(), arrivals=arrivals)) == ["never arrived"]


def test_a_failure_that_never_arrived_has_an_attempt_that_says_why() -> None:
    runs = [*_all()[:-1], _run(10, status="failed")]
    evidence = _evidence(runs, arrivals=[_arrival(run) for run in runs[:-1]])
    assert _kinds(evidence) == ["never arrived"]
    attempts = [*evidence.agreed.attempts[:-1], _attempt(runs[-1], "timeout")]
    history = replace(evidence.agreed, attempts=attempts)
    assert _kinds(replace(evidence, histories={"n1": history})) == []


def test_one_fire_time_under_two_ids_at_the_sink_is_found() -> None:
    other = replace(_arrival(_run(4)), key="exe_other")
    arrivals = [*(_arrival(run) for run in _all()), other]
    assert sorted(_kinds(_evidence(_all(), arrivals=arrivals))) == ["two ids", "unexplained"]


def test_a_repetition_under_the_same_id_is_well_but_not_of_the_same_attempt() -> None:
    once = [_arrival(run) for run in _all()]
    assert _kinds(_evidence(_all(), arrivals=[*once, _arrival(_run(4), 2)])) == []
    assert _kinds(_evidence(_all(), arrivals=[*once, _arrival(_run(4))])) == ["sent twice"]


def test_two_open_executions_of_a_job_that_forbids_it_are_found() -> None:
    long = _run(4, recorded_us=START + 5_600_000)
    runs = [long if run == _run(4) else run for run in _all()]
    assert _kinds(_evidence(runs)) == ["overlap"]
    allowed = [_change(1, 0.5, "created", concurrency="allow")]
    assert _kinds(_evidence(runs, changes=allowed)) == []


@pytest.mark.parametrize(
    "write",
    [
        Write(0.0, 0.0, "create", "b"),
        Write(0.0, 0.0, "describe", "a", {"description": "d"}),
        Write(0.0, 0.0, "trigger", "a", {"execution": "exe_gone"}),
        Write(0.0, 0.0, "pause", "a", {"pause": "pau_gone"}),
        Write(0.0, 0.0, "disable", "a"),
    ],
)
def test_an_acknowledged_write_that_is_not_there_is_found(write: Write) -> None:
    assert _kinds(_evidence(_all(), writes=[write])) == ["lost write"]


def test_acknowledged_writes_that_are_there_are_well() -> None:
    changes = [
        _change(1, 0.5, "created"),
        _change(2, 1.5, "updated", description="d"),
        _change(3, 2.5, "disabled", enabled=False),
        _change(4, 2.6, "enabled"),
    ]
    asked: list[tuple[float, str, dict[str, Any]]] = [
        (0.5, "create", {}),
        (1.5, "describe", {"description": "d"}),
        (2.5, "disable", {}),
        (2.6, "enable", {}),
        (3.5, "trigger", {"execution": _run(1).id}),
    ]
    writes = [
        Write(START / SECOND + at, START / SECOND + at + 0.01, kind, "a", proof)
        for at, kind, proof in asked
    ]
    assert _kinds(_evidence(_all(), changes=changes, writes=writes)) == []


def test_the_wait_after_a_kill_ends_with_a_fire_time_that_came_after_it() -> None:
    killed = START / SECOND + 4.5
    late = replace(_arrival(_run(4)), at=killed + 0.2)
    arrivals = [_arrival(run) for run in _all()]
    arrivals = sorted([*arrivals, late], key=lambda arrival: arrival.at)
    waits = waits_after(_evidence(_all(), arrivals=arrivals), [killed])
    assert waits == [pytest.approx(0.51, abs=0.001)]


def test_the_log_clock_may_stand_still_the_writes_say_when_a_job_was_enabled() -> None:
    ahead = START + 90 * SECOND
    changes = [
        _change(1, 0.5, "created"),
        replace(_change(2, 0, "disabled", enabled=False), recorded_us=ahead),
        replace(_change(3, 0, "enabled"), recorded_us=ahead),
    ]
    begun = START / SECOND
    writes = [
        Write(begun + 0.4, begun + 0.5, "create", "a"),
        Write(begun + 2.2, begun + 2.4, "disable", "a"),
        Write(begun + 4.2, begun + 4.4, "enable", "a"),
    ]
    runs = [_run(second) for second in (1, 2, 5, 6, 7, 8, 9, 10)]
    assert _kinds(_evidence(runs, changes=changes, writes=writes)) == []
    assert _kinds(_evidence(runs[:-3], changes=changes, writes=writes)) == []
    assert "missed" in _kinds(_evidence(runs[:2], changes=changes, writes=writes))
    late = _evidence([*runs, _run(3)], changes=changes, writes=writes)
    assert "unexplained" in _kinds(late)
    assert "unexplained" not in _kinds(replace(late, skew_us=2 * SECOND))


def test_a_run_that_waits_for_a_minute_is_late() -> None:
    arrivals = [_arrival(run) for run in _all()]
    arrivals.append(replace(_arrival(_run(4), 2), at=START / SECOND + 64.0))
    assert _kinds(_evidence(_all(), arrivals=arrivals)) == ["late"]


def test_a_run_that_ends_before_it_began_is_found() -> None:
    runs = [replace(_run(1), completed_us=START), *_all()[1:]]
    assert _kinds(_evidence(runs)) == ["ends before it began"]


def test_a_pause_that_does_not_hold_and_one_that_holds_on_are_found() -> None:
    begun = START / SECOND
    pause = {"pause": "pau_a"}
    writes = [
        Write(begun + 2.2, begun + 2.3, "pause", "a", pause),
        Write(begun + 5.2, begun + 5.3, "resume", "a", pause),
    ]

    def kinds(runs: list[Run]) -> list[str]:
        return _kinds(replace(_evidence(runs, writes=writes), pauses={"pau_a"}))

    around = [run for run in _all() if run not in (_run(3), _run(4), _run(5))]
    assert kinds([*around, _skip(3, 5)]) == []
    assert kinds([*around, _run(3), _skip(4, 5)]) == ["ran in a pause"]
    assert kinds([*(run for run in around if run != _run(6)), _skip(3, 6)]) == ["paused too long"]
    # One that nobody ended in time ends by itself.
    ended = Write(begun + 5.2 + 20, begun + 5.3 + 20, "resume", "a", pause)
    asked = Write(begun + 2.2 - 20, begun + 2.3, "pause", "a", pause)
    evidence = _evidence(_all(), writes=[asked, ended])
    assert _kinds(replace(evidence, pauses={"pau_a"})) == []
    # An earlier one whose end nobody acknowledged holds on as long as it was asked for.
    writes.insert(0, Write(begun + 1.2, begun + 1.3, "pause", "a", {"pause": "pau_b"}))
    evidence = _evidence([*(run for run in around if run != _run(6)), _skip(3, 6)], writes=writes)
    assert _kinds(replace(evidence, pauses={"pau_a", "pau_b"})) == []
