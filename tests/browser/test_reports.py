"""A report is read, taken away and ordered for every Monday, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_console import idle
from tests.kit.cluster import Node, wait_for

pytestmark = pytest.mark.browser


def test_a_report_is_downloaded_and_then_written_by_a_job(
    node: Node, console: str, page: Page
) -> None:
    page.goto(f"{console}/reports")
    idle(page)
    expect(page.get_by_text("Nothing ran in this span.")).to_be_visible()
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
