"""What people come for: why a run of last night failed, and what an old cron's log tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Position, expect

from tests.browser.test_console import barriers, idle
from tests.kit.cluster import Node, wait_for

pytestmark = pytest.mark.browser
FIRST_ROW: Position = {"x": 16, "y": 53}
"""The box that chooses the first row of a table."""


@pytest.fixture(scope="module")
def broken(node: Node) -> str:
    """A job that worked, until somebody gave it another target."""
    document = {
        "name": "nightly-load",
        "schedule": "0 2 * * *",
        "webhook": {"url": f"{node.url}/echo"},
        "retry_policy": {"max_attempts": 1},
    }
    job = node.request("POST", "/api/v1/jobs", json=document)["id"]
    worse = {**document, "webhook": {"url": f"{node.url}/echo?status=503"}}
    node.request("POST", f"/api/v1/jobs/{job}/trigger", params={"wait": "60s"})
    node.request("PUT", f"/api/v1/jobs/{job}", json=worse)
    node.request("POST", f"/api/v1/jobs/{job}/trigger", params={"wait": "60s"})
    return str(job)


def test_a_person_finds_why_a_run_failed(console: str, page: Page, broken: str) -> None:
    page.goto(console)
    idle(page)
    expect(page.get_by_text("nightly-load failing")).to_be_visible()
    page.get_by_role("button", name="Open", exact=True).click()
    page.wait_for_url(f"**/job?id={broken}")
    idle(page)
    choose_first_row(page)
    page.wait_for_url("**/execution?id=*")
    idle(page)
    expect(page.get_by_text("HTTP 503").first).to_be_visible()

    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_text("Before the first step")).to_be_visible()
    idle(page)
    other = page.get_by_role("combobox", name="Other execution")
    other.scroll_into_view_if_needed()
    idle(page)  # its list closes when the page scrolls
    other.click()
    page.get_by_role("option", name="success").click()
    first = page.get_by_test_id("stMarkdown").filter(has_text="First difference")
    expect(first).to_contain_text("version")
    idle(page)
    page.get_by_role("button", name="Forward").click()
    page.wait_for_url("**step=1**")
    idle(page)
    page.get_by_role("button", name="Forward").click()
    page.wait_for_url("**step=2**")
    step = page.locator(".st-key-card_replay_step")
    expect(step).to_contain_text("Prepare")
    expect(step).to_contain_text('"job_version": 2')
    idle(page)
    assert not barriers(page)


def test_an_old_log_shows_its_anomalies(
    node: Node, console: str, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "crond.csv"
    file.write_text(old_log())
    page.goto(f"{console}/import_history")
    idle(page)
    page.locator("input[type=file]").set_input_files(str(file))
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("link", name="Executions").last).to_be_visible()
    wait_for(
        lambda: node.request("GET", "/api/v1/findings?state=open")["total"], 240, "it is judged"
    )

    page.get_by_role("link", name="Anomalies").first.click()
    page.wait_for_url("**/anomalies*")
    idle(page)
    choose_first_row(page)
    expect(page.get_by_text("latest run unusual")).to_be_visible()
    expect(page.get_by_text("Imported: this cluster has no such job.")).to_be_visible()
    idle(page)
    assert not barriers(page)


def choose_first_row(page: Page) -> None:
    page.locator("[data-testid=stDataFrame] .dvn-scroller").first.click(position=FIRST_ROW)


def old_log() -> str:
    """Forty days of an hourly dump of half a minute; its last runs took ten times so long."""
    lines = ["job,started,seconds,exit_code"]
    begun = datetime(2026, 1, 5, tzinfo=UTC)
    for hour in range(40 * 24):
        took = 300 if hour >= 40 * 24 - 6 else 30 + hour % 7
        lines.append(f"dump,{(begun + timedelta(hours=hour)).isoformat()},{took},0")
    return "\n".join(lines) + "\n"
