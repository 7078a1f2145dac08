"""What people do about time: close days, hold a job back, ask why, and run what was left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_console import barriers, fill, idle
from tests.kit.cluster import Node, wait_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def each_second(node: Node) -> str:
    document = {
        "name": "each-second",
        "schedule": "* * * * * *",
        "concurrency": "allow",
        "webhook": {"url": f"{node.url}/echo"},
        "enabled": True,
    }
    return str(node.request("POST", "/api/v1/jobs", json=document)["id"])


def test_a_person_closes_the_holidays_and_a_job_keeps_to_them(
    node: Node, console: str, page: Page
) -> None:
    page.goto(f"{console}/calendars")
    idle(page)
    fill(page, "Name", "munich")
    page.get_by_role("combobox", name="Public holidays of").click()
    page.keyboard.type("Germany")
    page.get_by_role("option", name="Germany").click()
    idle(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("It would close next:")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Observed by")).to_be_visible()
    idle(page)
    assert node.request("GET", "/api/v1/calendars/munich")["weekend"] == ["SAT", "SUN"]
    assert not barriers(page)

    page.goto(f"{console}/editor")
    idle(page)
    fill(page, "Name", "payroll")
    fill(page, "Schedule", "0 9 25 12 *")
    fill(page, "URL", f"{node.url}/echo")
    page.get_by_role("combobox", name="Calendar").click()
    page.get_by_role("option", name="munich").click()
    idle(page)
    page.get_by_role("combobox", name="When it is closed, the job").click()
    page.get_by_role("option", name="runs on the next open day").click()
    expect(page.get_by_text("on the next open day when munich is closed")).to_be_visible()
    idle(page)
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/job?id=*")
    coming = node.request("GET", "/api/v1/jobs/default/payroll/next?count=9")["next"]
    assert not any(fire["utc"][5:10] in ("12-25", "12-26") for fire in coming)


def test_a_person_pauses_a_job_and_is_told_why_it_did_not_run(
    node: Node, console: str, page: Page, each_second: str
) -> None:
    page.goto(f"{console}/job?id={each_second}")
    idle(page)
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Note").fill("the disk is full")
    page.get_by_label("Note").press("Tab")
    page.get_by_role("button", name="Pause now").click()
    expect(page.get_by_text("Paused by anonymous")).to_be_visible()
    wait_for(
        lambda: (
            node.request("GET", f"/api/v1/jobs/{each_second}/why")["verdict"]
            in ("paused", "skipped")
        ),
        what="the pause holds",
    )
    page.goto(f"{console}/job?id={each_second}&job_tab=Why")
    idle(page)
    told = page.get_by_text("paused by anonymous").first
    expect(told).to_contain_text("the disk is full")
    assert not barriers(page)
    page.goto(f"{console}/pauses")
    idle(page)
    assert not barriers(page)
    page.get_by_role("button", name="Resume default/each-second").click()
    page.get_by_role("button", name="Resume default/each-second now").click()
    expect(page.get_by_text("Nothing is paused")).to_be_visible()
    assert node.request("GET", f"/api/v1/jobs/{each_second}")["paused"] is None


def test_a_person_runs_past_fire_times(
    node: Node, console: str, page: Page, each_second: str
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=10)  # noqa: TID251  # a test has a clock
    until = since + timedelta(seconds=30)
    page.goto(f"{console}/catch_up")
    idle(page)
    fill(page, "Job", "default/each-second")
    page.get_by_role("combobox", name="Which").click()
    page.get_by_role("option", name="every one").click()
    idle(page)
    fill(page, "From", f"{since:%Y-%m-%dT%H:%M:%SZ}")
    fill(page, "Until", f"{until:%Y-%m-%dT%H:%M:%SZ}")
    expect(page.get_by_text("30 runs")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    idle(page)
    done = wait_for(
        lambda: [
            one
            for one in node.request("GET", "/api/v1/backfills")["backfills"]
            if one["state"] == "done"
        ],
        what="the backfill is done",
    )
    assert (done[0]["succeeded"], done[0]["job_id"]) == (30, each_second)
    page.reload()
    idle(page)
    assert not barriers(page)
