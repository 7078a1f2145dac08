"""`chronosctl template`, the whole program against a real server."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kit.door import Door
from tests.unit.app.api.test_templates import HOOK, NEWER, own
from tests.unit.app.cli.conftest import Run

SLACK = "notification/slack-message"


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "template.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_person_finds_a_template_and_what_it_asks_for(run: Run) -> None:
    listed = run("template", "list", "-q", "slack")
    assert listed.exit_code == 0
    assert "slack-message" in listed.output.splitlines()[1]
    shown = run("template", "get", SLACK).output
    assert "webhook_url*" in shown
    assert "1.1.0, 1.0.0" in shown


def test_a_job_is_previewed_then_installed_and_listed(run: Run, door: Door, tmp_path: Path) -> None:
    secret = tmp_path / "hook"
    secret.write_text(HOOK + "\n")
    given = ("--set", "message=Hello = world", "--set-file", f"webhook_url={secret}")
    shown = run("template", "preview", SLACK, *given)
    assert shown.exit_code == 0, shown.output
    assert "Hello = world" in shown.output
    assert "verysecretpath" not in shown.output
    assert not door.store.view.jobs()
    made = run("template", "install", SLACK, *given, "--name", "hello", "--enable")
    assert made.output.startswith("default/hello created from notification/slack-message")
    assert "next run" in made.output
    listed = json.loads(run("template", "instances", SLACK, "-o", "json").stdout)
    assert [(one["job_name"], one["state"]) for one in listed] == [("hello", "current")]


def test_values_come_from_a_file_and_options_win(run: Run, tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    values.write_text(f'webhook_url: "{HOOK}"\nmessage: from file\nheading: Kept\n')
    shown = run(
        "template", "preview", SLACK, "--values", str(values), "--set", "message=mine", "-o", "json"
    )
    body = json.loads(json.loads(shown.stdout)["job"]["webhook"]["body"])
    assert (body["text"], body["blocks"][0]["text"]["text"]) == ("mine", "Kept")


def test_each_wrong_value_is_named(run: Run) -> None:
    refused = run("template", "install", SLACK, "--set", "mesage=x")
    assert refused.exit_code == 1
    assert "values.mesage: is not a known field (did you mean message?)" in refused.output
    assert run("template", "install", SLACK, "--set", "nonsense").exit_code == 2


def test_an_upgrade_says_first_what_it_would_do(run: Run, tmp_path: Path) -> None:
    assert run("template", "publish", "-f", written(tmp_path, own())).exit_code == 0
    values = ("--set", "team=emea", "--set", "token=s3cret-token")
    assert run("template", "install", "reporting/sales-digest", *values).exit_code == 0
    job = json.loads(run("job", "get", "default/sales-digest", "-o", "json").stdout)
    edited = written(tmp_path, json.dumps({**job, "timeout": "3m"}))
    assert run("job", "apply", "-f", edited).exit_code == 0
    assert run("template", "publish", "-f", written(tmp_path, NEWER)).exit_code == 0

    would = run("template", "upgrade", "default/sales-digest", "--dry-run")
    assert would.exit_code == 1
    assert "would go from 1.0.0 to 1.1.0" in would.output
    assert "--resolve timeout=mine or theirs" in would.output
    refused = run("template", "upgrade", "default/sales-digest")
    assert refused.exit_code == 1
    done = run("template", "upgrade", "default/sales-digest", "--resolve", "timeout=mine")
    assert done.exit_code == 0, done.output
    job = json.loads(run("job", "get", "default/sales-digest", "-o", "json").stdout)
    assert (job["timeout"], job["description"]) == ("3m", "a better digest")


def test_an_export_can_be_published_elsewhere_and_withdrawn(run: Run, tmp_path: Path) -> None:
    run("template", "publish", "-f", written(tmp_path, own()))
    text = run("template", "export", "reporting/sales-digest").stdout
    assert text == own()
    file = written(tmp_path, text)
    checked = run("template", "publish", "-f", file, "-n", "copies", "--dry-run")
    assert "would be published in copies" in checked.output
    assert run("template", "publish", "-f", file, "-n", "copies").exit_code == 0
    gone = run("template", "withdraw", "reporting/sales-digest", "-n", "copies")
    assert gone.exit_code == 0
    assert run("template", "get", "reporting/sales-digest", "-n", "copies").exit_code == 1
    assert run("template", "withdraw", "reporting/sales-digest").exit_code == 0
    assert run("template", "get", "reporting/sales-digest").exit_code == 1


def test_a_file_that_is_no_template_is_wrong_in_words(run: Run, tmp_path: Path) -> None:
    refused = run("template", "publish", "-f", written(tmp_path, "category: backup\n"))
    assert refused.exit_code == 1
    assert "job: is missing" in refused.output
    assert run("template", "publish", "-f", str(tmp_path / "none.yaml")).exit_code == 2
