"""What people write wrong on the command line and in files is named, with what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.served import Served
from tests.unit.app.cli.conftest import Run, server


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all of them, as bad input leaves nothing behind."""
    with server(tmp_path_factory.mktemp("bad") / "node") as served:
        yield served


GOOD = 'name: a\nschedule: "@daily"\nwebhook: {url: "http://127.0.0.1:9/"}\n'

YAML: list[tuple[str, str, str]] = [
    ("name: a\n  schedule: x", "jobs.yaml:2", "is not YAML"),
    ("name: a\n\tschedule: x", "jobs.yaml:2", "not with tabs"),
    ("name: a\nname: b", "jobs.yaml:2", "stands twice"),
    ("name: a\nschedule: @daily", "jobs.yaml:2", "quote text"),
    ('name: "a', "jobs.yaml", "is not YAML"),
    ("- 1\n- 2", "jobs.yaml", "job"),
    ("just text", "jobs.yaml", "job"),
    ("", "jobs.yaml", "no job"),
    ("!!python/object:os.system {}", "jobs.yaml:1", "is not YAML"),
    ("a: &a [*a]", "jobs.yaml", "holds itself"),
    ("name: a\nschedule: */5 * * * *", "jobs.yaml:2", "begins with *"),
    (GOOD + "timout: 5m", "timout", "did you mean timeout"),
    (GOOD + "timeout: 5", "timeout", "30s"),
    (GOOD + "enabled: yes please", "enabled", "true or false"),
    (GOOD + "concurrency: forbidden", "concurrency", "did you mean forbid"),
    (GOOD + "timezone: Europe/Berln", "timezone", "Europe/Berlin"),
    (GOOD + "retry_policy: {max_attempts: 0}", "retry_policy.max_attempts", "from 1 to 100"),
    (GOOD + "tags: [a, b]", "tags", "object"),
    ('name: a\nschedule: "61 * * * *"\nwebhook: {url: "http://h/"}', "schedule", "0 to 59"),
    ('name: a\nschedule: "0 0 31 2 *"\nwebhook: {url: "http://h/"}', "schedule", "never fires"),
    ('name: a\nschedule: "@daily"\nwebhook: {url: "h/"}', "webhook.url", "http"),
    ('name: a\nschedule: "@daily"', "webhook", "is missing"),
    (f"{GOOD}---\n{GOOD}", "name", "a"),
]


@pytest.mark.parametrize(("text", "where", "word"), YAML, ids=lambda value: repr(value)[:40])
def test_a_bad_file_is_refused_with_place_and_remedy(
    run: Run, tmp_path: Path, text: str, where: str, word: str
) -> None:
    path = tmp_path / "jobs.yaml"
    path.write_text(text, encoding="utf-8")
    result = run("job", "apply", "-f", str(path))
    in_the_file = where.startswith("jobs.yaml") or where == "name"
    assert result.exit_code == (2 if in_the_file else 1), result.output
    assert where in result.stderr
    assert word in result.stderr
    assert "Traceback" not in result.output
    assert run("job", "list", "-o", "json").stdout.strip() == "[]", "nothing half-written"


CRONTAB: list[tuple[str, str]] = [
    ("61 * * * * /bin/x", "minute"),
    ("* 24 * * * /bin/x", "hour"),
    ("* * 32 * * /bin/x", "day of month"),
    ("* * 0 * * /bin/x", "day of month"),
    ("* * * 13 * /bin/x", "month"),
    ("* * * * 8 /bin/x", "day of week"),
    ("* * * * FOO /bin/x", "day of week"),
    ("*/0 * * * * /bin/x", "minute"),
    ("5-1 * * * * /bin/x", "minute"),
    ("1, * * * * /bin/x", "minute"),
    ("0 0 30 2 * /bin/x", "never fires"),
    ("* * * *", "command"),
    ("* * * * *", "command"),
    ("@daily", "command"),
    ("@fortnightly /bin/x", "@fortnightly"),
    ("@reboot /bin/x", "@reboot"),
    ("five past noon /bin/x", "five fields"),
    ("? * * * * /bin/x", "minute"),
]


@pytest.mark.parametrize(("line", "word"), CRONTAB)
def test_a_bad_line_of_a_crontab_is_named_and_the_others_are_imported(
    run: Run, tmp_path: Path, line: str, word: str
) -> None:
    path = tmp_path / "crontab"
    path.write_text(f"0 1 * * * /bin/good\n{line}\n0 2 * * * /bin/better\n", encoding="utf-8")
    result = run("import", "crontab", str(path), "--url-template", "http://h/?cmd={command}")
    assert result.exit_code == 1, result.output
    assert "    2  refused" in result.stdout
    assert word in result.stdout
    assert "2 imported, 1 refused" in result.output
    assert "Traceback" not in result.output
    for name in ("good-1", "better-3"):
        assert run("job", "delete", f"default/{name}").exit_code == 0


SQL: list[tuple[str, str]] = [
    ("DELETE FROM executions", "SELECT"),
    ("DROP TABLE executions", "SELECT"),
    ("UPDATE executions SET id = 'x'", "SELECT"),
    ("COPY executions TO '/tmp/x.csv'", "SELECT"),
    ("ATTACH 'x.db'", "SELECT"),
    ("SET threads = 8", "SELECT"),
    ("INSTALL httpfs", "SELECT"),
    ("SELECT 1; SELECT 2", "one"),
    ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
    ("SELECT * FROM '/etc/passwd'", "/etc/passwd"),
    ("SELECT getenv('HOME')", "getenv"),
    ("SELECT * FROM executionz", "executions"),
    ("SELECT jobname FROM executions", "job_name"),
    ("SELEC 1", "SELEC"),
    ("SELECT (", "syntax error"),
    ("", "sql"),
]


@pytest.mark.parametrize(("sql", "word"), SQL, ids=lambda value: value[:40])
def test_bad_sql_is_refused_with_what_would_be_right(run: Run, sql: str, word: str) -> None:
    result = run("sql", sql)
    assert result.exit_code == 1, result.output
    assert "sql" in result.stderr
    assert word.lower() in result.stderr.lower(), result.stderr
    assert "Traceback" not in result.output


USAGE: list[tuple[list[str], int, str]] = [
    (["job", "lst"], 2, "lst"),
    (["job", "list", "--colour"], 2, "--colour"),
    (["job", "list", "-o", "xml"], 2, "xml"),
    (["job", "create"], 2, "--file"),
    (["job", "create", "-f", "/nowhere/x.yaml"], 2, "/nowhere/x.yaml"),
    (["job", "get", "default/none"], 1, "default/none"),
    (["job", "list", "--sort", "colour"], 1, "sort"),
    (["job", "list", "--tag", ":x"], 1, "tag"),
    (["job", "next", "default/none"], 1, "default/none"),
    (["job", "explain", "61 * * * *"], 1, "minute"),
    (["job", "explain", "@daily", "--timezone", "Mars"], 1, "timezone"),
    (["job", "rollback", "default/none", "two"], 2, "version"),
    (["job", "trigger", "default/none", "--wait", "soon"], 1, "wait"),
    (["execution", "get", "none"], 1, "none"),
    (["execution", "list", "--status", "done"], 1, "status"),
    (["cluster", "transfer", "--to", "nobody"], 1, "nobody"),
    (["import", "crontab", "/nowhere/crontab", "--url-template", "http://h/{command}"], 2, "/now"),
    (["import", "crontab", "-", "--url-template", "http://h/{comand}"], 2, "{comand}"),
    (["import", "crontab", "-"], 2, "--url-template"),
]


@pytest.mark.parametrize(("arguments", "code", "word"), USAGE, ids=lambda value: str(value)[:50])
def test_wrong_usage_is_told_with_the_right_exit_code(
    run: Run, arguments: list[str], code: int, word: str
) -> None:
    result = run(*arguments, stdin="0 1 * * * x\n")
    assert result.exit_code == code, result.output
    assert word in result.output
    assert "Traceback" not in result.output
