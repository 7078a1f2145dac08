"""Real crontabs move over: each line is reported, and each fire is seen behind every door."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_console import idle
from tests.kit.cluster import ROOT, Node, Target, target, wait_for

pytestmark = pytest.mark.browser

DATA = ROOT / "tests" / "data"
DUE_SOON = "* * * * * root /usr/local/bin/due-soon --all\n*/1 * * * * www-data /bin/also-due\n"


def chronosctl(node: Node, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """The exit code, the report of each line, and what else was said."""
    command = [sys.executable, "-m", "app.cli.main", "--url", node.url, *arguments, "-o", "json"]
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=240
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def imported(node: Node, sink: Target, file: Path, namespace: str, *more: str) -> list[str]:
    """Import a crontab; every line that is no comment is accounted for."""
    template = f"{sink.url}/run?cmd={{command}}"
    code, report, said = chronosctl(
        node,
        *("import", "crontab", str(file), "--url-template", template),
        *("--namespace", namespace, "--method", "POST", "--enable", *more),
    )
    refused = [line for line in report if line["outcome"] == "refused"]
    assert code == bool(refused), said
    assert all(line["reason"] for line in refused)
    lines = file.read_text(encoding="utf-8").splitlines()
    written = {
        number
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    }
    assert {line["line"] for line in report} == written
    return [line["job"] for line in report if line["outcome"] == "imported"]


def test_crontabs_are_imported_and_their_fires_are_seen_at_every_door(
    node: Node, console: str, page: Page, tmp_path: Path
) -> None:
    system = tmp_path / "crontab"
    system.write_text((DATA / "crontab-debian").read_text() + DUE_SOON, encoding="utf-8")
    with target() as sink:
        jobs = imported(node, sink, system, "debian", "--system", "--timezone", "Europe/Berlin")
        assert len(jobs) == 19
        assert len(imported(node, sink, DATA / "crontab-user", "user")) > 5
        assert len(imported(node, sink, DATA / "crontab-systemd-less", "plain")) > 3
        total = node.request("GET", "/api/v1/jobs?limit=1&namespace=debian")["total"]
        assert total == len(jobs)

        due = {"/usr/local/bin/due-soon --all", "/bin/also-due"}
        wait_for(lambda: due <= set(_commands(sink)), what="both fire within the next minute")
        key = _commands(sink)["/usr/local/bin/due-soon --all"]

        def run() -> dict[str, Any]:
            seen: dict[str, Any] = node.request("GET", f"/api/v1/executions/{key}")
            return seen

        wait_for(lambda: run()["status"] == "success", what="the run has ended")
        seen = run()
        assert seen["job_name"].startswith("due-soon")

        def found() -> list[Any]:
            sql = f"SELECT status, trigger FROM executions WHERE id = '{key}'"
            rows: list[Any] = node.request("POST", "/api/v1/sql", json={"sql": sql})["rows"]
            return rows

        wait_for(found, what="the run is in SQL")
        assert found() == [["success", "schedule"]]

        page.goto(f"{console}/executions?namespace=debian")
        idle(page)
        cell = page.locator("[data-testid=stDataFrame] td", has_text=seen["job_name"]).first
        expect(cell).to_have_count(1)
        page.goto(f"{console}/execution?id={key}")
        idle(page)
        expect(page.get_by_text("due-soon").first).to_be_visible()
        expect(page.get_by_text("HTTP 200").first).to_be_visible()
    for job in node.request("GET", "/api/v1/jobs?limit=1000")["jobs"]:
        if job["namespace"] in ("debian", "user", "plain"):
            node.request("DELETE", f"/api/v1/jobs/{job['id']}")


def _commands(sink: Target) -> dict[str, str]:
    """The execution id by the command that came with it."""
    return {
        parse_qs(urlsplit(one.path).query)["cmd"][0]: one.key
        for one in list(sink.arrivals)
        if "/run?" in one.path
    }
