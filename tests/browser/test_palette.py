"""Ctrl+K finds a failed run, and the run is repaired with a change: without a mouse, then with."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_console import barriers, fill, idle
from tests.kit.cluster import Node

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def failed(node: Node) -> str:
    """An execution that failed for what it sent."""
    document = {
        "name": "nightly-export",
        "schedule": "@yearly",
        "timezone": "Asia/Tokyo",
        "webhook": {"url": f"{node.url}/echo?status=503&token=hunter2", "body": '{"day": 1}'},
        "retry_policy": {"max_attempts": 1},
    }
    job = node.request("POST", "/api/v1/jobs", json=document)
    run = node.request("POST", f"/api/v1/jobs/{job['id']}/trigger", params={"wait": "60s"})
    return str(run["id"])


def test_the_palette_finds_a_run_and_a_change_repairs_it(
    node: Node, console: str, page: Page, failed: str
) -> None:
    page.goto(console)
    idle(page)
    expect(page.get_by_role("button", name="Search Ctrl K")).to_be_visible()
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search jobs, runs, pages and actions")
    expect(page.get_by_role("option", name="New job")).to_be_visible()
    assert not barriers(page)
    box.fill("export failed")
    expect(page.get_by_role("option", name="nightly-export").first).to_contain_text("execution")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/execution?id={failed}")

    page.get_by_role("button", name="With a change").click()
    expect(page.get_by_text("the same request is sent again")).to_be_visible()
    fill(page, "URL", f"{node.url}/echo?token=***")
    run = page.get_by_role("button", name="Run with this change")
    expect(run).to_be_visible()
    assert not barriers(page)
    run.click()
    expect(page.get_by_role("link", name="The original")).to_be_visible()
    facts = page.get_by_test_id("stTableStyledTable").first
    expect(facts.get_by_text("success", exact=True)).to_be_visible()
    page.get_by_role("link", name="The original").click()
    expect(page.get_by_text("Ran again as")).to_be_visible()


def test_escape_closes_the_palette_and_what_is_not_there_is_said(console: str, page: Page) -> None:
    page.goto(console)
    idle(page)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("combobox").fill("no such thing")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox")).not_to_be_visible()
