"""No page of a console full of the demo has a serious barrier, in light or in dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.test_console import barriers, idle
from tests.kit.cluster import Node, wait_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def names(node: Node, ended: dict[str, str]) -> dict[str, str]:
    """The demo with its history, findings and models; a job behind its template; a failed run."""
    node.request("POST", "/api/v1/demo?history=90d")
    rows = {"sql": "SELECT count(*) FROM executions WHERE job_name = 'report-build'"}
    wait_for(
        lambda: node.request("POST", "/api/v1/sql", json=rows)["rows"][0][0] == 2160,
        what="the history is exported",
    )
    node.request("POST", "/api/v1/models/train", json={"job": "demo/report-build"})
    body = {"version": "1.0.0", "name": "behind"} | {
        "values": {"webhook_url": "https://127.0.0.1/echo", "message": "hi"}
    }
    behind = node.request("POST", "/api/v1/templates/notification/slack-message/install", json=body)
    wait_for(
        lambda: node.request("GET", "/api/v1/models?job=demo/report-build")["models"],
        what="the models are trained",
    )
    wait_for(lambda: node.request("GET", "/api/v1/findings")["findings"], what="findings")
    finding = node.request("GET", "/api/v1/findings")["findings"][0]
    return {
        "job": node.request("GET", "/api/v1/jobs/demo/report-build")["id"],
        "execution": ended["execution"],
        "behind": behind["id"],
        "finding": finding["id"],
    }


@pytest.mark.parametrize(
    "path",
    [
        "",
        "jobs",
        "job?id={job}",
        "editor",
        "editor?id={job}",
        "editor?writes=weekly",
        "job?id={job}&job_tab=Why",
        "pauses",
        "catch_up",
        "calendars",
        "executions",
        "execution?id={execution}",
        "again?id={execution}",
        "replay",
        "replay?id={execution}&step=5",
        "timeline",
        "calendar",
        "live",
        "anomalies",
        "anomalies?finding={finding}",
        "anomalies?job={job}",
        "forecasts",
        "schedules",
        "schedules?job={job}",
        "schedules?schedules_view=The+herd&schedules_off=true",
        "reports",
        "reports?reports_view=Written+by+jobs",
        "marketplace",
        "marketplace?market_view=Installed",
        "template?ref=notification%2Fslack-message",
        "upgrade?id={behind}",
        "sql",
        "sql?query=lateness-by-hour",
        "import_history",
        "cluster",
    ],
)
def test_no_page_has_a_serious_barrier(
    console: str, looked_at: Page, names: dict[str, str], path: str
) -> None:
    looked_at.goto(f"{console}/{path.format(**names)}")
    idle(looked_at)
    assert not barriers(looked_at)


def test_the_statistics_of_a_job_have_no_serious_barrier(
    console: str, looked_at: Page, names: dict[str, str]
) -> None:
    looked_at.goto(f"{console}/job?id={names['job']}")
    idle(looked_at)
    looked_at.get_by_role("tab", name="Statistics").click()
    idle(looked_at)
    assert not barriers(looked_at)
