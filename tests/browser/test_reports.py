"""A report is read, taken away, opened without a network, and ordered for every Monday."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.core.clock import SECOND_US, SystemClock, rfc3339
from tests.browser.conftest import opened
from tests.browser.test_console import idle
from tests.kit.cluster import Node, wait_for

pytestmark = pytest.mark.browser


def test_a_report_is_downloaded_and_then_written_by_a_job(
    node: Node, console: str, chromium: Browser, page: Page, tmp_path: Path
) -> None:
    hour_ago = SystemClock().now_us() - 3600 * SECOND_US
    failed = {
        "job_name": "nightly-load",
        "scheduled_time": rfc3339(hour_ago),
        "started_at": rfc3339(hour_ago),
        "completed_at": rfc3339(hour_ago + 5 * SECOND_US),
        "status": "failed",
        "error": "disk full",
    }
    past = {"label": "old", "executions": [failed]}
    node.request("POST", "/api/v1/history/import", json=past)
    rows = {"sql": "SELECT count(*) FROM executions"}
    wait_for(
        lambda: node.request("POST", "/api/v1/sql", json=rows)["rows"][0][0] == 1,
        what="the run is in reports",
    )
    page.goto(f"{console}/reports")
    idle(page)
    with page.expect_download() as taken:
        page.get_by_role("button", name="HTML").click()
    assert taken.value.suggested_filename == "chronos-weekly.html"
    report = tmp_path / "weekly.html"
    taken.value.save_as(report)
    with opened(chromium) as reader:
        reader.context.set_offline(True)
        reader.goto(report.as_uri())
        expect(reader.get_by_text("nightly-load").first).to_be_visible()
        expect(reader.get_by_role("table").first).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="PDF").click()
    assert taken.value.suggested_filename == "chronos-weekly.pdf"
    assert Path(taken.value.path()).read_bytes().startswith(b"%PDF")

    page.get_by_role("button", name="Have it written on schedule").click()
    idle(page)
    expect(page.get_by_text("Every Monday at 07:00").first).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("tab", name="History")).to_be_visible()
    (job,) = node.request("GET", "/api/v1/jobs?q=weekly-report")["jobs"]
    assert job["dispatch"]["report"]["kind"] == "weekly"
    node.request("POST", f"/api/v1/jobs/{job['id']}/trigger")
    wait_for(
        lambda: node.request("GET", "/api/v1/reports/written")["reports"],
        what="the report is written",
    )
    page.goto(f"{console}/reports?reports_view=Written+by+jobs")
    idle(page)
    expect(page.get_by_text("of default/weekly-report")).to_be_visible()
