"""A herd is moved away from 02:00 on the page, and taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_console import idle
from tests.kit.cluster import Node, wait_for

pytestmark = pytest.mark.browser
JOBS = [f"herd-{number}" for number in range(6)]


def schedules(node: Node) -> set[str]:
    return {node.request("GET", f"/api/v1/jobs/herds/{name}")["schedule"] for name in JOBS}


def test_a_herd_is_moved_away_from_two_and_taken_back(node: Node, console: str, page: Page) -> None:
    for name in JOBS:
        document = {
            "name": name,
            "namespace": "herds",
            "schedule": "0 2 * * *",
            "window": "45m",
            "window_start": "fixed",
            "webhook": {"url": f"{node.url}/echo"},
            "enabled": True,
        }
        node.request("POST", "/api/v1/jobs", json=document)
    page.goto(f"{console}/schedules?schedules_view=The+herd")
    idle(page)
    page.get_by_role("button", name="Move").first.click()
    page.get_by_role("button", name="now").click()
    wait_for(lambda: len(schedules(node)) >= 4, what="the jobs are apart")
    idle(page)
    page.get_by_role("button", name="Undo").first.click()
    wait_for(lambda: schedules(node) == {"0 2 * * *"}, what="the jobs are back at 02:00")
    expect(page.get_by_text("taken back")).to_be_visible()
    for name in JOBS:
        node.request("DELETE", f"/api/v1/jobs/herds/{name}")
