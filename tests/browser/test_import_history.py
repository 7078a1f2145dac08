"""A file of the past is looked at, tried and taken in, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_console import SECONDS, barriers, idle
from tests.kit.cluster import Node, wait_for

pytestmark = pytest.mark.browser

CSV = """dag_id,logical_date,start_date,end_date,state,operator
etl,2026-01-31T09:00:00Z,2026-01-31T09:00:02Z,2026-01-31T09:00:30Z,success,bash
etl,2026-01-31T10:00:00Z,2026-01-31T10:00:02Z,tomorrow,success,bash
etl,2026-01-31T11:00:00Z,2026-01-31T11:00:02Z,2026-01-31T11:00:40Z,failed,bash
"""


def test_a_file_is_tried_and_then_taken_in_once(
    node: Node, console: str, themed: Page, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    theme = request.node.callspec.params["themed"]
    file = tmp_path / f"runs-{theme}.csv"
    file.write_text(CSV)
    themed.goto(f"{console}/import_history")
    idle(themed)
    themed.locator("input[type=file]").set_input_files(str(file))
    dry = themed.get_by_role("button", name="Dry run")
    expect(dry).to_be_visible(timeout=30 * SECONDS)
    idle(themed)
    expect(themed.get_by_label("Label", exact=True)).to_have_value(f"runs-{theme}")
    dry.click()
    expect(themed.get_by_text("Dry run: nothing was written")).to_be_visible(timeout=30 * SECONDS)
    themed.get_by_role("button", name="Import", exact=True).click()
    expect(themed.get_by_role("link", name="Executions").last).to_be_visible(timeout=30 * SECONDS)
    idle(themed)
    assert not barriers(themed)

    def arrived() -> bool:
        rows = node.request("GET", "/api/v1/executions?limit=1000")["executions"]
        return [row["status"] for row in rows if row["node_id"] == f"import:runs-{theme}"] == [
            "failed",
            "success",
        ]

    wait_for(arrived, what="both good rows are there")
    themed.get_by_role("button", name="Import", exact=True).click()
    already = themed.get_by_test_id("stMetric").filter(has_text="There already")
    expect(already).to_contain_text("2", timeout=30 * SECONDS)
    wait_for(arrived, what="and still only once")
