"""Reports of a real node over a known history: the numbers are those of SQL, in every form."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import openpyxl
import pypdf
import pytest

from tests.kit.cluster import HTTP, Node, cluster, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with cluster(tmp_path_factory.mktemp("reports"), 1) as nodes:
        leader = nodes.leader()
        leader.request("POST", "/api/v1/demo?history=30d")
        wait_for(lambda: asked(leader, "SELECT count(*) FROM executions") != [[0]], 60, "exported")
        yield leader


def asked(node: Node, sql: str) -> Any:
    return node.request("POST", "/api/v1/sql", json={"sql": sql})["rows"]


def written(node: Node, kind: str, more: str = "") -> dict[str, Any]:
    found: dict[str, Any] = node.request("GET", f"/api/v1/reports/{kind}?{more}")
    return found


def chosen(report: dict[str, Any]) -> str:
    """The condition that the report's runs fulfil, in SQL of the same history."""
    began = "coalesce(started_at, scheduled_time)"
    return (
        f"{began} >= TIMESTAMP '{report['since'][:19]}' AND {began} < TIMESTAMP "
        f"'{report['until'][:19]}' AND raft_index <= {report['upto']} AND status != 'skipped'"
    )


def figures(report: dict[str, Any]) -> dict[str, Any]:
    return {one["title"]: one["value"] for one in report["figures"]}


def table(report: dict[str, Any], name: str) -> list[list[Any]]:
    tables = [one for section in report["sections"] for one in section["tables"]]
    rows: list[list[Any]] = next(one["rows"] for one in tables if one["name"] == name)
    return rows


def test_the_weekly_report_counts_what_sql_counts(node: Node) -> None:
    report = written(node, "weekly")
    (runs, failed), *_ = asked(
        node,
        "SELECT count(*), count(*) FILTER (status IN ('failed', 'unknown')) FROM executions "
        f"WHERE {chosen(report)}",
    )
    assert runs > 1000
    assert figures(report)["Runs"] == runs
    assert figures(report)["Failed"] == failed
    assert sum(row[1] for row in table(report, "days")) == runs


def test_the_failures_are_grouped_by_what_they_share(node: Node) -> None:
    report = written(node, "failures")
    causes, hosts = table(report, "by_cause"), table(report, "by_host")
    assert causes
    total = figures(report)["Failures"]
    assert sum(row[1] for row in causes) <= total
    assert sum(row[1] for row in hosts) == total
    assert sum(row[1] for row in table(report, "jobs")) == total


def test_the_error_budget_is_what_the_objective_leaves(node: Node) -> None:
    report = written(node, "reliability", "slo=0.9")
    found = figures(report)
    judged = sum(row[1] for row in table(report, "jobs"))
    assert found["Objective"] == 0.9
    assert found["Budget spent"] == pytest.approx(found["Failures"] / (judged * 0.1))


def test_capacity_knows_the_busiest_hour(node: Node) -> None:
    report = written(node, "capacity")
    ((hour, runs),) = asked(
        node,
        "SELECT hour(coalesce(started_at, scheduled_time)) AS h, count(*) AS n FROM executions "
        f"WHERE {chosen(report)} GROUP BY h ORDER BY n DESC, h LIMIT 1",
    )
    busiest = max(table(report, "hours"), key=lambda row: row[1])
    assert busiest[:2] == [hour, runs]


def test_days_are_those_of_the_zone_asked_for(node: Node) -> None:
    there = written(node, "weekly", "zone=Asia/Tokyo")
    ((runs,),) = asked(
        node,
        f"SELECT count(*) FROM executions WHERE {chosen(there)} AND coalesce(started_at, "
        f"scheduled_time) + INTERVAL 9 HOUR < TIMESTAMP '{table(there, 'days')[1][0]}'",
    )
    assert table(there, "days")[0][1] == runs


def test_filters_choose_runs_of_one_job(node: Node) -> None:
    report = written(node, "weekly", "job=demo/report-build")
    assert [row[0] for row in table(report, "jobs")] == ["demo/report-build"]


@pytest.mark.parametrize("kind", ["weekly", "reliability", "failures", "capacity"])
def test_each_form_opens_and_says_the_same(node: Node, kind: str) -> None:
    report = written(node, kind)
    span = f"from={report['since']}&to={report['until']}"

    def form(name: str) -> bytes:
        answer = HTTP.get(f"{node.url}/api/v1/reports/{kind}?{span}&format={name}", timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.content

    assert report["title"] in form("html").decode()
    pages = pypdf.PdfReader(io.BytesIO(form("pdf"))).pages
    assert report["title"] in pages[0].extract_text()
    book = openpyxl.load_workbook(io.BytesIO(form("xlsx")))
    names = [one["name"] for section in report["sections"] for one in section["tables"]]
    assert book.sheetnames == ["summary", *names]


@pytest.mark.parametrize(
    ("query", "field", "right"),
    [
        ("weekly?format=doc", "format", "html"),
        ("weekly?slo=99", "slo", "0.99"),
        ("weekly?zone=Berlin", "zone", "Europe/Berlin"),
        ("weekly?from=2020-01-01T00:00:00Z", "from", "366d"),
        ("weekly?tag=:x", "tag", "tag=team"),
        ("weekly?format=csv&table=dais", "table", "days"),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(
    node: Node, query: str, field: str, right: str
) -> None:
    answer = HTTP.get(f"{node.url}/api/v1/reports/{query}", timeout=120)
    assert answer.status_code == 400
    (detail,) = answer.json()["error"]["details"]
    assert detail["field"] == field
    assert right in detail["hint"]


def test_a_report_that_is_none_is_not_found(node: Node) -> None:
    answer = HTTP.get(f"{node.url}/api/v1/reports/weakly", timeout=120)
    assert answer.status_code == 404
    assert "weekly" in json.dumps(answer.json())
