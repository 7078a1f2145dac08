"""Written reports and saved queries: any node has them, also when who took them is dead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kit.cluster import HTTP, Node, cluster, target, wait_for
from tests.kit.cluster import job as job_document

pytestmark = pytest.mark.slow

REPORT = {
    "name": "hourly",
    "schedule": "@every 2s",
    "enabled": True,
    "timeout": "2m",
    "dispatch": {"type": "report", "report": {"kind": "weekly", "span": "1h"}},
}


def listed(node: Node) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = node.request("GET", "/api/v1/reports/written")["reports"]
    return found


def walked(node: Node) -> list[dict[str, Any]]:
    """The same, a page of one after the other."""
    page = node.request("GET", "/api/v1/reports/written?limit=1")
    found = page["reports"]
    while page["next_cursor"]:
        path = f"/api/v1/reports/written?limit=1&cursor={page['next_cursor']}"
        page = node.request("GET", path)
        found += page["reports"]
    assert len(found) == page["total"]
    return list(found)


def body(node: Node, execution: str, form: str) -> bytes:
    url = f"{node.url}/api/v1/executions/{execution}/report?format={form}"
    answer = HTTP.get(url, timeout=120)
    assert answer.status_code == 200, answer.text
    return answer.content


def triggered(node: Node) -> bool:
    """Whether the job ran once more, to the end; False where its last scheduled run is open."""
    url = f"{node.url}/api/v1/jobs/default%2Fhourly/trigger?wait=60s"
    answer = HTTP.post(url, timeout=120)
    assert answer.is_success or answer.json()["error"]["code"] == "CONFLICT", answer.text
    return answer.is_success


def test_what_a_job_wrote_outlives_the_node_that_wrote_it(tmp_path: Path) -> None:
    with target() as sink, cluster(tmp_path, 3) as nodes:
        leader = nodes.leader()
        leader.request("POST", "/api/v1/jobs", json=job_document("ticking", sink.url))
        wait_for(lambda: len(sink.arrivals) > 5, what="the job runs")
        leader.request("POST", "/api/v1/jobs", json=REPORT)
        wait_for(lambda: listed(leader), what="a report is written")
        leader.request("POST", "/api/v1/jobs/default%2Fhourly/disable")
        wait_for(lambda: triggered(leader), what="one more is written, and none is under way")
        assert walked(leader) == listed(leader)
        one = listed(leader)[0]
        assert one["kind"] == "weekly"
        assert "runs of" in one["summary"]
        written = {form: body(leader, one["execution_id"], form) for form in ("html", "pdf", "csv")}
        execution = leader.request("GET", f"/api/v1/executions/{one['execution_id']}")
        assert execution["request"]["url"] == "report:weekly"
        assert execution["status"] == "success"

        query = {"name": "mine", "sql": "SELECT 41 + 1 AS answer"}
        leader.request("POST", "/api/v1/queries", json=query)

        leader.kill()
        other = nodes.leader()
        assert other is not leader
        count = len(sink.arrivals)
        wait_for(lambda: len(sink.arrivals) > count + 3, what="it runs on, so that history grows")
        wait_for(lambda: one in listed(other), what="the other node knows of it")
        answer = other.request("POST", "/api/v1/queries/mine/run", json={})
        assert answer["rows"] == [[42]]
        assert {form: body(other, one["execution_id"], form) for form in written} == written
