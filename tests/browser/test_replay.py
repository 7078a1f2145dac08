"""Stepping through a run in a real browser: on its page, and in a file without a network."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_console import THEMES, barriers, barriers_now, idle
from tests.kit.cluster import Node

pytestmark = pytest.mark.browser

STATUSES = re.compile("initialized|running|paused|at breakpoint|completed")


@pytest.fixture(scope="module")
def failing(node: Node) -> str:
    """An execution that failed twice: thirteen steps in two attempts."""
    document = {
        "name": "browser-replay",
        "schedule": "@yearly",
        "webhook": {"url": f"{node.url}/echo?status=503&token=hunter2"},
        "retry_policy": {"max_attempts": 2, "initial_interval": "10ms"},
    }
    job = node.request("POST", "/api/v1/jobs", json=document)
    execution = node.request("POST", f"/api/v1/jobs/{job['id']}/trigger", params={"wait": "30s"})
    return str(execution["id"])


@pytest.fixture(scope="module")
def file(node: Node, failing: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of its export on disk."""
    url = f"{node.url}/api/v1/executions/{failing}/replay.html"
    answer = httpx.get(url, params={"breakpoint": "error", "watch": "state.failures"})
    path: Path = tmp_path_factory.mktemp("export") / "replay.html"
    path.write_bytes(answer.content)
    return path.as_uri()


def test_a_file_is_stepped_through_by_keyboard_without_a_network(page: Page, file: str) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.context.set_offline(True)
    page.goto(file)
    where = page.locator("#where")
    total = page.locator("#strip button").count()
    assert total > 8
    expect(where).to_have_text(f"step 0 of {total} · initialized")
    page.keyboard.press("ArrowRight")
    expect(where).to_have_text(f"step 1 of {total} · paused")
    page.keyboard.press("ArrowLeft")
    expect(where).to_have_text(f"step 0 of {total} · initialized")
    page.keyboard.press("c")
    expect(where).to_have_text(re.compile("at breakpoint"))
    expect(page.locator("#step-title")).to_have_text(re.compile("^response"))
    expect(page.locator("#breakpoints")).to_contain_text("stops here")
    expect(page.locator("#request")).to_contain_text("token=***")
    page.keyboard.press("n")
    expect(page.locator("#watches")).to_have_text("state.failures1")
    page.locator("#strip button").nth(total - 1).click()
    expect(where).to_have_text(f"step {total} of {total} · completed")
    page.keyboard.press("r")
    page.keyboard.press("g")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(where).to_have_text(f"step 2 of {total} · paused")
    assert asked == [file]
    assert complaints == []


def test_a_file_plays_by_itself_until_it_is_stopped(page: Page, file: str) -> None:
    page.goto(file)
    page.keyboard.press(" ")
    expect(page.locator("#where")).to_have_text(re.compile("step [1-9].*running"))
    page.keyboard.press(" ")
    expect(page.locator("#where")).to_have_text(re.compile("paused"))


def test_a_file_has_no_serious_barrier(page: Page, file: str) -> None:
    page.goto(file)
    page.keyboard.press("c")
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        assert not barriers_now(page)


def test_the_page_is_walked_by_keyboard_and_compares(
    node: Node, console: str, page: Page, failing: str
) -> None:
    again = node.request("POST", f"/api/v1/executions/{failing}/replay")["replay_execution_id"]
    page.goto(f"{console}/execution?id={failing}")
    idle(page)
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_text("Before the first step")).to_be_visible()
    idle(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**step=1**")
    idle(page)
    box = page.get_by_label("Add a breakpoint")
    box.fill("error")
    box.press("Enter")
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("at breakpoint")).to_be_visible()
    page.reload()
    expect(page.get_by_text("at breakpoint")).to_be_visible()
    idle(page)
    page.goto(f"{console}/replay?id={failing}&other={again}")
    expect(page.get_by_text("Both did the same")).to_be_visible()


def test_the_page_plays_by_itself_and_stops_at_a_breakpoint(
    console: str, page: Page, failing: str
) -> None:
    page.goto(f"{console}/replay?id={failing}&replay_speed=1×")
    idle(page)
    status = page.locator(".stMarkdownBadge", has_text=STATUSES)
    page.keyboard.press("p")
    expect(status).to_have_text("running")
    page.keyboard.press("p")
    expect(status).to_have_text("paused")
    page.wait_for_url("**step=*")
    idle(page)
    page.keyboard.press("Home")
    expect(status).to_have_text("initialized")
    box = page.get_by_label("Add a breakpoint")
    box.fill("kind error")
    box.press("Enter")
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    idle(page)
    page.get_by_role("button", name="Play").click()
    expect(status).to_have_text("at breakpoint")
    expect(page.get_by_text("after step 5", exact=True)).to_be_visible()
    page.keyboard.press("p")
    expect(status).to_have_text("running")


def test_the_page_has_no_serious_barrier(console: str, page: Page, failing: str) -> None:
    for step in (0, 5):
        page.goto(f"{console}/replay?id={failing}&step={step}")
        idle(page)
        assert not barriers(page)
