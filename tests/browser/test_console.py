"""The console in a real browser against a real node: one journey, and no barriers on any page."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.kit.cluster import Node, wait_for

pytestmark = pytest.mark.browser

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa"],
    # Streamlit's own: sparklines of its metrics have no text alternative.
    "rules": {"svg-img-alt": {"enabled": False}},
}
SCOPE = {"exclude": [["[data-testid=stSidebarNav]"]]}  # its sections are Streamlit's own markup
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
OF_STREAMLIT = ("stMetricChart", "stDataFrame", "stToolbar", "stHeader")


def idle(page: Page) -> None:
    """Wait until the script ran and nothing is a skeleton."""
    page.wait_for_timeout(300)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")


def barriers(page: Page) -> list[tuple[str, str, object]]:
    """What axe calls serious or critical on the page in light and in dark: theme, rule, element.

    What is Streamlit's own is left out. A page that refreshes itself is pale while it does: it is
    looked at once more, when it is done.
    """
    found: list[tuple[str, str, object]] = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        idle(page)
        found += [(theme, *one) for one in barriers_now(page) and barriers_now(page)]
    return found


def barriers_now(page: Page) -> list[tuple[str, object]]:
    """The same of one moment and in the theme that is on."""
    page.wait_for_function("!document.querySelector('[data-stale=true]')")
    found = Axe().run(page, context=SCOPE, options=AXE)
    return [
        (violation["id"], node["target"])
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if not any(part in str(node["target"]) + node["html"] for part in OF_STREAMLIT)
    ]


def fill(page: Page, label: str, text: str) -> None:
    box = page.get_by_label(label, exact=True)
    box.fill(text)
    box.press("Tab")
    idle(page)


def test_a_person_creates_sees_edits_restores_and_queries_a_job(
    node: Node, console: str, page: Page
) -> None:
    page.goto(f"{console}/editor")
    idle(page)
    fill(page, "Name", "browser-job")
    fill(page, "Schedule", "@every 1s")
    expect(page.get_by_text("Every second")).to_be_visible()
    fill(page, "URL", f"{node.url}/echo")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("tab", name="History")).to_be_visible()

    job = node.request("GET", "/api/v1/jobs/default/browser-job")
    wait_for(
        lambda: node.request("GET", f"/api/v1/jobs/{job['id']}/executions")["total"] > 1,
        30,
        "it fires",
    )

    page.goto(f"{console}/editor?id={job['id']}")
    idle(page)
    fill(page, "Description", "changed by a person")
    page.get_by_role("button", name="Save").click()
    wait_for(lambda: node.request("GET", f"/api/v1/jobs/{job['id']}")["version"] == 2)

    page.goto(f"{console}/job?id={job['id']}")
    idle(page)
    page.get_by_role("tab", name="Versions").click()
    idle(page)
    page.get_by_role("button", name="Roll back to version 1").click()
    wait_for(lambda: node.request("GET", f"/api/v1/jobs/{job['id']}")["version"] == 3)
    assert node.request("GET", f"/api/v1/jobs/{job['id']}")["description"] == ""

    def queried() -> bool:
        answer = node.request(
            "POST", "/api/v1/sql", json={"sql": "SELECT count(*) FROM executions"}
        )
        return bool(answer["rows"]) and answer["rows"][0][0] > 0

    wait_for(queried, what="the history is queryable")
    page.goto(f"{console}/sql")
    idle(page)
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text(re.compile("rows? in"))).to_be_visible()
    expect(page.get_by_text("The history as of")).to_be_visible()
    node.request("POST", f"/api/v1/jobs/{job['id']}/disable")


def test_a_mistake_is_shown_beside_its_field(console: str, page: Page) -> None:
    page.goto(f"{console}/editor")
    idle(page)
    fill(page, "Name", "no good name")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is not a name").first).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("no good name")


def test_a_draft_is_there_again_after_a_look_at_another_page(console: str, page: Page) -> None:
    page.goto(f"{console}/editor")
    idle(page)
    fill(page, "Name", "half-written")
    page.get_by_role("link", name="SQL").click()
    expect(page.get_by_label("Query", exact=True)).to_be_visible()
    idle(page)
    page.go_back()
    expect(page.get_by_text("Unsaved draft from before")).to_be_visible()
    idle(page)
    expect(page.get_by_label("Name", exact=True)).to_have_value("half-written")
    page.get_by_role("button", name="Discard").click()
    # Below the new field the old one may stand for a while, until the page is tidied up.
    expect(page.get_by_label("Name", exact=True).first).to_have_value("")


def test_an_ended_execution_tells_why_and_can_run_again(
    console: str, page: Page, ended: dict[str, str]
) -> None:
    page.goto(f"{console}/execution?id={ended['execution']}")
    idle(page)
    expect(page.get_by_text("HTTP 503").first).to_be_visible()
    page.get_by_role("button", name="Run again").click()
    page.wait_for_url(lambda url: ended["execution"] not in url)
    idle(page)
    facts = page.get_by_test_id("stTableStyledTable").first
    expect(facts.get_by_text("replay", exact=True)).to_be_visible()
    expect(facts.get_by_text("failed", exact=True)).to_be_visible()  # by itself


def test_what_happens_is_shown_as_it_happens(
    node: Node, console: str, page: Page, ended: dict[str, str]
) -> None:
    """The page hears of it from the console; it does not ask again and again."""
    with page.expect_request(lambda request: "/live/changes" in request.url) as heard:
        page.goto(f"{console}/live?live_kind=ended")
    assert heard.value.resource_type == "eventsource"
    idle(page)
    rows = page.locator("[data-testid=stDataFrame] td", has_text="browser-failing")
    expect(rows.first).to_be_attached()
    before = rows.count()
    node.request("POST", f"/api/v1/jobs/{ended['job']}/trigger", params={"wait": "30s"})
    expect(rows).to_have_count(before + 1)


def test_the_count_of_failures_leads_to_them(
    console: str, page: Page, ended: dict[str, str]
) -> None:
    page.goto(console)
    idle(page)
    page.get_by_role("link", name="Failed executions").click()
    page.wait_for_url("**/executions?executions_status=failed")
    idle(page)
    expect(page.get_by_test_id("stMain").locator("[data-selected=true]")).to_have_text("failed")
    expect(page.get_by_text(re.compile(r"page 1 · \d+ in all"))).to_be_visible()


def test_a_person_installs_a_template_and_takes_a_later_version(
    node: Node, console: str, page: Page
) -> None:
    """From a card to a job; what was edited meanwhile stays."""
    page.goto(f"{console}/marketplace?market_q=health+check")
    idle(page)
    page.get_by_role("link", name="Check an HTTP endpoint").click()
    page.wait_for_url("**/template?ref=*")
    idle(page)
    fill(page, "Address ∗", f"{node.url}/echo")
    expect(page.get_by_text("Every 2 minutes").first).to_be_visible()
    page.get_by_role("button", name="Install").click()
    expect(page.get_by_role("tab", name="History")).to_be_visible()
    job = node.request("GET", "/api/v1/jobs/default/http-health-check")
    assert job["enabled"]

    values = {"webhook_url": "https://127.0.0.1/echo", "message": "hi"}
    body = {"values": values, "version": "1.0.0", "name": "browser-slack"}
    path = "/api/v1/templates/notification/slack-message/install"
    made = node.request("POST", path, json=body)
    page.goto(f"{console}/editor?id={made['id']}")
    idle(page)
    fill(page, "Description", "told to the night shift")
    page.get_by_role("button", name="Save").click()
    wait_for(lambda: node.request("GET", f"/api/v1/jobs/{made['id']}")["version"] == 2)
    page.goto(f"{console}/upgrade?id={made['id']}")
    idle(page)
    page.get_by_role("button", name="Upgrade").click()
    expect(page.get_by_role("tab", name="History")).to_be_visible()
    now = node.request("GET", f"/api/v1/jobs/{made['id']}")
    assert now["tags"]["chronos-template-version"] == "1.1.0"
    assert now["description"] == "told to the night shift"
