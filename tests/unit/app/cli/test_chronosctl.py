"""The whole program against a real server: the door of `tests/kit`, behind uvicorn on loopback."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from typer.testing import CliRunner, Result

from app.cli.main import app
from app.client.client import Client
from engine.model.execution import AttemptOutcome
from tests.kit.cluster import wait_for
from tests.kit.door import Door
from tests.unit.app.cli.conftest import Run

DATA = Path(__file__).parents[3] / "data"
TWO = """
name: nightly
schedule: "25 2 * * *"
timezone: Europe/Berlin
webhook: {url: "http://127.0.0.1:9/run", method: POST}
enabled: true
---
name: beat
namespace: ops
schedule: "@every 90s"
webhook: {url: "http://127.0.0.1:9/beat"}
"""


def printed(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "jobs.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_of_two_jobs_is_created_at_once(run: Run, tmp_path: Path) -> None:
    result = run("job", "create", "-f", written(tmp_path, TWO))
    assert result.exit_code == 0, result.output
    assert "default/nightly created" in result.stdout
    jobs = printed(run("job", "list", "-o", "json"))
    assert [job["name"] for job in jobs] == ["beat", "nightly"]
    assert "nightly" in run("job", "list", "--enabled").stdout
    assert run("job", "create", "-f", "-", stdin=TWO).exit_code == 1


def test_apply_creates_updates_and_leaves_alone(run: Run, tmp_path: Path) -> None:
    first = run("job", "apply", "-f", written(tmp_path, TWO))
    assert first.stdout.split() == ["default/nightly", "created", "ops/beat", "created"]
    again = run("job", "apply", "-f", written(tmp_path, TWO))
    assert again.stdout.split() == ["default/nightly", "unchanged", "ops/beat", "unchanged"]
    assert run("job", "diff", "-f", written(tmp_path, TWO)).exit_code == 0
    changed = TWO.replace("@every 90s", "@every 30s")
    difference = run("job", "diff", "-f", written(tmp_path, changed))
    assert difference.exit_code == 1
    assert "+schedule: '@every 30s'" in difference.stdout
    dry = run("job", "apply", "--dry-run", "-f", written(tmp_path, changed))
    assert "ops/beat would be updated" in dry.stdout
    third = run("job", "apply", "-f", written(tmp_path, changed))
    assert third.stdout.split() == ["default/nightly", "unchanged", "ops/beat", "updated"]
    assert len(printed(run("job", "history", "ops/beat", "-o", "json"))) == 2
    assert "version 3" in run("job", "rollback", "ops/beat", "1").stdout


def test_what_get_prints_can_be_applied(run: Run, tmp_path: Path) -> None:
    run("job", "create", "-f", written(tmp_path, TWO))
    text = run("job", "get", "default/nightly").stdout
    assert yaml.safe_load(text)["name"] == "nightly"
    result = run("job", "apply", "-f", "-", stdin=text)
    assert result.stdout.split() == ["default/nightly", "unchanged"], result.output


def test_what_is_confirmed_is_asked_of_the_leader_too(run: Run, door: Door, tmp_path: Path) -> None:
    run("job", "create", "-f", written(tmp_path, TWO))
    before = door.store.index
    assert len(printed(run("--confirmed", "job", "list", "-o", "json"))) == 2
    assert door.store.index == before + 1
    door.store.is_ready = False
    assert run("job", "list").exit_code == 0
    alone = run("--confirmed", "job", "list")
    assert alone.exit_code == 1
    assert "NO_LEADER" in alone.output


def test_a_job_is_switched_triggered_and_deleted(run: Run, door: Door, tmp_path: Path) -> None:
    run("job", "create", "-f", written(tmp_path, TWO))
    assert "enabled" in run("job", "enable", "ops/beat").stdout
    assert "disabled" in run("job", "disable", "ops/beat").stdout
    assert run("job", "next", "ops/beat", "--count", "3").stdout.count("Z") == 3
    execution = printed(run("job", "trigger", "ops/beat", "-o", "json"))
    door.begin(execution["id"])
    door.finish(execution["id"], AttemptOutcome.SUCCESS)
    listed = printed(run("execution", "list", "--job", "ops/beat", "-o", "json"))
    assert [row["id"] for row in listed] in ([execution["id"]], [])
    shown = run("execution", "get", execution["id"])
    assert "attempt 1: success" in shown.stdout
    assert "runs again" in run("execution", "replay", execution["id"]).stdout
    (waiting,) = door.store.view.open_executions()
    assert "cancelled" in run("execution", "cancel", waiting.id).stdout
    unfinished = run("job", "trigger", "ops/beat", "--wait", "10ms")
    assert unfinished.exit_code == 1
    assert "deleted" in run("job", "delete", "ops/beat").stdout
    assert run("job", "get", "ops/beat").exit_code == 1


def test_rows_are_written_to_a_file_of_the_form_that_its_name_says(
    run: Run, door: Door, tmp_path: Path
) -> None:
    door.sandbox.start()
    for name, read in (("a.parquet", "read_parquet"), ("a.csv", "read_csv")):
        file = tmp_path / name
        asked = ("sql", "SELECT $n AS answer", "--param", "n=42", "--file", str(file))
        assert run(*asked).exit_code == 0
        assert duckdb.sql(f"SELECT answer FROM {read}('{file}')").fetchall() == [(42,)]
    two = "SELECT unnest([1, 2]) AS n"
    cut = run("sql", two, "--limit", "1", "--file", str(tmp_path / "cut.csv"))
    assert "more than 1 rows" in cut.stderr
    assert (tmp_path / "cut.csv").read_text().split() == ['"n"', "1"]
    refused = run("sql", "SELECT 1", "--file", str(tmp_path / "a.xls"))
    assert refused.exit_code != 0
    assert ".parquet" in refused.stderr


def test_a_batch_that_nobody_has_seen_is_not_foretold(run: Run, tmp_path: Path) -> None:
    run("job", "create", "-f", written(tmp_path, TWO))
    assert "not enough data" in run("batch").stdout
    assert "tag" in run("batch", "--tag", "team").stderr


def test_schedules_sql_cluster_and_demo_are_a_word_away(run: Run, door: Door) -> None:
    assert "02:25" in run("job", "explain", "25 2 * * 1-5").stdout
    window = ("job", "explain", "@daily", "--window", "1h", "--window-start")
    assert run(*window, "fixed").exit_code == 0
    assert "window_start" in run(*window, "late").output
    door.sandbox.start()
    assert printed(run("sql", "SELECT 42 AS answer", "-o", "json")) == [{"answer": 42}]
    status = run("cluster", "status")
    assert "chronos-1" in status.stdout
    assert run("cluster", "transfer").exit_code == 0
    assert "created in namespace demo" in run("demo", "load").stdout
    assert "jobs deleted" in run("demo", "clear").stdout


def test_the_status_of_a_cluster_tells_what_is_alarming(
    run: Run, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarms = {
        "alarms": ["the disk of chronos-1 is slow: look at what else writes to it"],
        "planning_faults": [{"job_id": "job_1", "error": "ZeroDivisionError: a fault of ours"}],
        "clock_steps": [{"at": "2026-11-27T15:00:00Z", "seconds": 90.0}],
        "dispatch": {
            "in_flight": 10,
            "in_flight_max": 10,
            "queued": 3,
            "unrecorded": 0,
            "longest_wait_s": 4.5,
        },
    }
    ahead = {"node_id": "chronos-2", "clock_offset_us": 90_000_000, "clock_agrees": False}
    whole = door.status() | alarms
    whole["nodes"] = [*whole["nodes"], ahead]
    monkeypatch.setattr(door, "status", lambda: whole)
    told = run("cluster", "status").stdout
    assert "the disk of chronos-1 is slow" in told
    assert "cannot be planned, the others go on: job_1: ZeroDivisionError" in told
    assert "the time was set by +90 s while this node led, at 2026-11-27T15:00:00Z" in told
    assert "+90.000 s" in told
    assert "10 of 10 places taken, 3 wait, one of them for 4.5 s" in told


@pytest.mark.parametrize("word", ["join", "leave"])
def test_membership_is_refused_with_the_safe_procedure(run: Run, word: str) -> None:
    result = run("cluster", word, "10.0.0.9:7000")
    assert result.exit_code == 1
    assert "one node at a time" in result.output


def test_a_crontab_is_reported_and_imported_line_by_line(run: Run) -> None:
    given = (
        *("import", "crontab", str(DATA / "crontab-debian"), "--system"),
        *("--url-template", "http://127.0.0.1:9/run?cmd={command}"),
    )
    dry = run(*given, "--dry-run")
    assert dry.exit_code == 1
    assert "@reboot" in dry.stdout
    assert "nothing was created" in dry.output
    assert printed(run("job", "list", "-o", "json")) == []
    assert run(*given).exit_code == 1
    jobs = printed(run("job", "list", "-o", "json"))
    assert len(jobs) == 17
    assert not any(job["enabled"] for job in jobs)
    again = run(*given, "-o", "json")
    lines = json.loads(again.stdout)
    assert {line["outcome"] for line in lines} == {"refused", "noted"}


BAD_FILES = [
    ("schedule: * * * * *", "not YAML"),
    ("name: a\nschedule: @daily", "not YAML"),
    ("name: a\nname: b", "twice"),
    ("", "no job"),
    ("- 1\n- 2", "where a job should be"),
    ("just text", "where a job should be"),
    ("\tname: a", "not YAML"),
    ("a: &a [*a]", ""),
    (TWO + "---\n" + TWO, "twice"),
]


@pytest.mark.parametrize(("text", "word"), BAD_FILES, ids=lambda value: value[:20])
def test_a_bad_file_is_named_and_nothing_is_written(
    run: Run, tmp_path: Path, text: str, word: str
) -> None:
    result = run("job", "apply", "-f", written(tmp_path, text))
    assert result.exit_code in (1, 2)
    assert word in result.output
    assert printed(run("job", "list", "-o", "json")) == []


@pytest.mark.parametrize(
    ("given", "code", "word"),
    [
        (("job", "get", "default/none"), 1, "NOT_FOUND"),
        (("job", "explain", "61 * * * *"), 1, "minute"),
        (("job", "list", "--limit", "many"), 2, "--limit"),
        (("job", "create"), 2, "--file"),
        (("job", "create", "-f", "/nothing.yaml"), 2, "/nothing.yaml"),
        (("execution", "list", "--status", "done"), 1, "status"),
        (("execution", "list", "--limit", "0"), 2, "--limit"),
        (("import", "crontab", "/nothing", "--url-template", "http://h/{line}"), 2, "/nothing"),
        (("import", "crontab", "/etc/hostname", "--url-template", "h"), 2, "url-template"),
        (("job", "dance"), 2, "dance"),
        (("job", "list", "-o", "xml"), 2, "xml"),
    ],
)
def test_mistakes_end_with_their_code_and_a_word(
    run: Run, given: tuple[str, ...], code: int, word: str
) -> None:
    result = run(*given)
    assert result.exit_code == code, result.output
    assert word in result.output


def test_nobody_at_the_url_is_exit_code_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "nonsense", "http://"):
        result = CliRunner().invoke(app, ["--url", url, "job", "list"])
        assert result.exit_code == 3, (url, result.output)


def test_events_are_listed_oldest_first_and_followed_until_interrupted(
    run: Run, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("job", "create", "-f", written(tmp_path, TWO))
    wait_for(lambda: door.live.newest.entry == door.store.index)
    listed = printed(run("events", "--kind", "job_created", "-o", "json"))
    assert [event["job_name"] for event in listed] == ["nightly", "beat"]
    assert "ops/beat" in run("events", "-n", "ops").stdout
    assert run("events", "--kind", "nothing").exit_code == 1

    def interrupted(*_: object, **__: object) -> Iterator[dict[str, Any]]:
        yield {"kind": "gap", "text": "some are gone"}
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "follow_events", interrupted)
    followed = run("events", "--follow", "--kind", "job_created")
    assert followed.exit_code == 0
    assert [line.split()[1] for line in followed.stdout.splitlines()] == [
        "job_created",
        "job_created",
        "gap",
    ]


def test_a_window_and_a_year_are_told_as_rows(run: Run, door: Door, tmp_path: Path) -> None:
    run("job", "create", "-f", written(tmp_path, TWO))
    run("job", "trigger", "ops/beat")
    identity = door.store.view.open_executions()[0].id
    door.begin(identity)
    assert "ops/beat  1     0       1     0" in run("timeline").stdout
    run("execution", "cancel", identity)
    assert door.history.wait_for(door.store.index, 120)
    (day,) = printed(run("calendar", "-o", "json"))["days"]
    assert day["date"] in run("calendar", "--job", "ops/beat").stdout
    assert run("calendar", "--zone", "Mars").exit_code == 1
    assert run("timeline", "--by", "colour").exit_code == 1
