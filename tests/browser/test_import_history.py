"""A file of the past is looked at, tried and taken in, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_console import barriers, idle
from tests.kit.cluster import Node, wait_for

pytestmark = pytest.mark.browser

CSV = """dag_id,logical_date,start_date,end_date,state,operator
etl,2026-01-31T09:00:00Z,2026-01-31T09:00:02Z,2026-01-31T09:00:30Z,success,bash
etl,2026-01-31T10:00:00Z,2026-01-31T10:00:02Z,tomorrow,success,bash
etl,2026-01-31T11:00:00Z,2026-01-31T11:00:02Z,2026-01-31T11:00:40Z,failed,bash
"""


def test_a_file_is_tried_and_then_taken_in_once(
    node: Node, console: str, page: Page, tmp_path: Path
) -> None:
    file = tmp_path / "old-runs.csv"
    file.write_text(CSV)
    page.goto(f"{console}/import_history")
    idle(page)
    page.locator("input[type=file]").set_input_files(str(file))
    dry = page.get_by_role("button", name="Dry run")
    expect(dry).to_be_visible()
    idle(page)
    expect(page.get_by_label("Label", exact=True)).to_have_value("old-runs")
    dry.click()
    expect(page.get_by_text("Dry run: nothing was written")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("link", name="Executions").last).to_be_visible()
    idle(page)
    assert not barriers(page)

    def arrived() -> bool:
        rows = node.request("GET", "/api/v1/executions?limit=1000")["executions"]
        return [row["status"] for row in rows if row["node_id"] == "import:old-runs"] == [
            "failed",
            "success",
        ]

    wait_for(arrived, what="both good rows are there")
    page.get_by_role("button", name="Import", exact=True).click()
    already = page.get_by_test_id("stMetric").filter(has_text="There already")
    expect(already).to_contain_text("2")
    wait_for(arrived, what="and still only once")
