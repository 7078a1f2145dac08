from __future__ import annotations

import json
from pathlib import Path

from analytics.replay.breakpoints import parse_breakpoint
from analytics.replay.export import session_document
from analytics.replay.recording import recording_of
from analytics.replay.session import Session
from app.cli.stepper import Stepper
from engine.model.execution import AttemptOutcome
from tests.kit.door import Door
from tests.kit.recordings import SECRET, attempt, execution, retried, step
from tests.unit.app.cli.conftest import Run

JOB = 'name: beat\nschedule: "@yearly"\nwebhook: {url: "http://127.0.0.1:9/x"}\n'
ONCE = "retry_policy: {max_attempts: 1}\n"


def ended(run: Run, door: Door, outcome: AttemptOutcome = AttemptOutcome.SUCCESS) -> str:
    run("job", "apply", "-f", "-", stdin=JOB + ONCE)
    result = run("job", "trigger", "default/beat", "-o", "json")
    identity = str(json.loads(result.stdout)["id"])
    door.begin(identity)
    door.finish(identity, outcome)
    return identity


def exported(tmp_path: Path, **changes: object) -> str:
    path = tmp_path / "session.json"
    document = session_document(Session(recording_of(retried()))) | changes
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def walked(*lines: str, stops: tuple[str, ...] = ()) -> list[str]:
    said: list[str] = []
    session = Session(recording_of(retried()), 0, tuple(map(parse_breakpoint, stops)))
    Stepper(session, said.append).run(lines, prompt=False)
    return said


def places(said: list[str]) -> list[str]:
    return [line.split()[1] for line in said if line.startswith("step ")]


def test_an_execution_is_stepped_through_by_commands(run: Run, door: Door) -> None:
    identity = ended(run, door)
    result = run("replay", "step", identity, "-b", "request", "-w", "detail.url", stdin="c\nc\nq\n")
    assert result.exit_code == 0, result.output
    assert f"beat {identity}: success, 2 steps" in result.stdout
    assert "stops at: request" in result.stdout
    assert 'detail.url = "http://x"' in result.stdout
    assert places(result.stdout.splitlines()) == ["0/2", "1/2", "2/2"]


def test_each_key_moves_as_it_says() -> None:
    assert places(walked("n", "", "b", "g 9", "r", "c", "q", "n")) == [
        *("0/11", "1/11", "2/11", "1/11", "9/11", "0/11", "11/11"),
    ]


def test_it_plays_step_by_step_until_a_breakpoint_and_the_end() -> None:
    waited: list[float] = []
    said: list[str] = []
    stops = (parse_breakpoint("error"),)
    stepper = Stepper(Session(recording_of(retried()), 0, stops), said.append, waited.append)
    stepper.run(["p 10", "p", "g 9", "play 4", "p", "p fast", "p 0"], prompt=False)
    assert places(said) == [
        *("0/11", "1/11", "2/11", "3/11", "4/11", "5/11", "9/11", "10/11", "11/11"),
    ]
    assert waited == [0.1] * 3 + [0.25]
    assert sum(line.endswith("  running") for line in said) == 4
    assert "this is the end" in said
    assert "'fast' is no speed; steps a second, from 1 to 1000" in said
    assert "'0' is no speed; steps a second, from 1 to 1000" in said


def test_ctrl_c_pauses_a_play_and_the_walk_goes_on() -> None:
    said: list[str] = []

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    Stepper(Session(recording_of(retried())), said.append, interrupted).run(
        ["p", "n"], prompt=False
    )
    assert "paused" in said
    assert places(said) == ["0/11", "1/11", "2/11"]


def test_at_the_ends_it_says_so_and_stays() -> None:
    assert "this is before the first step" in walked("b")
    assert "this is the end" in walked("c", "n")


def test_breakpoints_and_watches_are_added_on_the_way() -> None:
    said = walked("break error", "w state.failures", "c", "c", "break step.knd", "w 1 +")
    assert places(said) == ["0/11", "4/11", "5/11"]
    assert "  state.failures = 1" in said
    assert "  changed: status - → 503, response - → 4" in said
    assert any("step has no 'knd'" in line for line in said)
    assert any("at character 4" in line for line in said)


def test_state_list_and_help_are_a_letter_away() -> None:
    said = "\n".join(walked("g 4", "s", "l", "help", "dance"))
    assert '"failures": 0' in said
    assert ">  4     1        response" in said
    assert "on to the next breakpoint" in said
    assert "'dance' is no command" in said


def test_of_a_long_walk_the_steps_around_are_listed_unless_all_are_asked_for() -> None:
    said: list[str] = []
    steps = [step("retry", n) for n in range(500)]
    session = Session(recording_of(execution(attempt(1, *steps))), 250)
    Stepper(session, said.append).run(["l"], prompt=False)
    assert "40 of 500 steps; l all lists every step" in said
    assert len(said) < 60
    Stepper(session, said.append).run(["l all"], prompt=False)
    assert len(said) > 540


def test_what_others_wrote_does_not_steer_the_terminal() -> None:
    said: list[str] = []
    recording = recording_of(retried(job_name="\x1b[2Jx\x9b"))
    Stepper(Session(recording), said.append).run(["s"], prompt=False)
    assert not any(ord(sign) in (0x1B, 0x9B) for line in said for sign in line)


def test_two_executions_are_compared(run: Run, door: Door) -> None:
    one, other = ended(run, door), ended(run, door)
    same = run("replay", "compare", one, other)
    assert same.exit_code == 0, same.output
    assert "both did the same" in same.stdout
    worse = run("replay", "compare", one, ended(run, door, AttemptOutcome.FAILED))
    assert worse.exit_code == 1
    assert "first difference: attempt 1, outcome" in worse.stdout
    assert json.loads(run("replay", "compare", one, other, "-o", "json").stdout)["rows"]


def test_an_export_is_written_and_stepped_through_without_a_node(
    run: Run, door: Door, tmp_path: Path
) -> None:
    identity = ended(run, door)
    page, file = tmp_path / "run.html", tmp_path / "run.json"
    assert (
        run("replay", "export", identity, "--format", "html", "--output", str(page)).exit_code == 0
    )
    assert identity in page.read_text(encoding="utf-8")
    result = run("replay", "export", identity, "--format", "json", "-b", "complete")
    file.write_text(result.stdout, encoding="utf-8")
    walk = run("--url", "http://127.0.0.1:9", "replay", "import", str(file), stdin="c\n")
    assert walk.exit_code == 0, walk.output
    assert "stops at: complete" in walk.stdout


def test_a_file_on_standard_input_is_shown_whole(run: Run, tmp_path: Path) -> None:
    result = run("replay", "import", "-", stdin=Path(exported(tmp_path)).read_text())
    assert result.exit_code == 0
    assert "step 11/11" in result.stdout
    assert SECRET not in result.stdout


def test_what_cannot_be_imported_is_refused_with_its_place(run: Run, tmp_path: Path) -> None:
    file = exported(tmp_path, cursor=-1, breakpoints=["step.knd"])
    result = run("replay", "import", file)
    assert result.exit_code == 2
    assert "breakpoints[0]: at character 6" in result.output
    assert "cursor" in result.output
    assert run("replay", "import", str(tmp_path / "none.json")).exit_code == 2
    assert run("replay", "import", "-", stdin="{").exit_code == 2
    assert run("replay", "import", exported(tmp_path), "-b", "1 <").exit_code == 2


def test_an_execution_that_is_not_there_is_refused(run: Run) -> None:
    assert run("replay", "step", "exe_none", stdin="").exit_code == 1
    assert run("replay", "export", "exe_none", "--format", "json").exit_code == 1
