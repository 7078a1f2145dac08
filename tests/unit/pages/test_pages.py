"""Every page draws what it is given, and acts on exactly what a person chose."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.client.errors import ApiError, Unreachable
from app.console.widgets.format import plain
from app.workbench.places import ACTIONS
from pages.operate.jobs import SORTS
from tests.unit.pages.conftest import ANOMALIES, AT

ROOT = Path(__file__).parents[3]
CONTRACT = ROOT / "docs" / "reference" / "openapi.json"
HANDOVER = "Hand over leadership"
CLEAR = "Clear the demo"
SECTION = {
    "executions": "operate",
    "jobs": "operate",
    "sql": "build",
    "anomalies": "understand",
    "schedules": "understand",
}
DRAFT = "Unsaved draft from before"
ALL = [
    ("operate.overview", {}),
    ("operate.jobs", {}),
    ("operate.job", {"id": "job_a"}),
    ("operate.job", {"id": "job_a", "job_tab": "Statistics"}),
    ("operate.executions", {}),
    ("operate.execution", {"id": "exe_a"}),
    ("operate.again", {"id": "exe_a"}),
    ("operate.timeline", {}),
    ("operate.calendar", {}),
    ("operate.live", {}),
    ("operate.job", {"id": "job_a", "job_tab": "Why"}),
    ("operate.pauses", {}),
    ("build.calendars", {}),
    ("operate.catch_up", {}),
    ("operate.cluster", {}),
    ("build.editor", {}),
    ("build.editor", {"id": "job_a"}),
    ("build.sql", {}),
    ("build.sql", {"query": "lateness-by-minute"}),
    ("build.editor", {"writes": "weekly"}),
    ("understand.reports", {}),
    ("understand.reports", {"reports_view": "Written by jobs"}),
    ("understand.anomalies", {}),
    ("understand.anomalies", {"job": "job_a"}),
    ("understand.anomalies", {"job": "job_a", "detector": "level_shift"}),
    ("understand.anomalies", {"finding": "fin_a"}),
    ("understand.schedules", {}),
    ("understand.schedules", {"job": "job_a"}),
    ("understand.schedules", {"schedules_view": "The herd"}),
    ("understand.forecasts", {}),
    ("understand.forecasts", {"job": "job_a"}),
    ("understand.forecasts", {"model": "mdl_a"}),
    ("build.marketplace", {}),
    ("build.marketplace", {"market_view": "Installed"}),
    ("build.template", {"ref": "notification/slack-message"}),
    ("build.upgrade", {"id": "job_a"}),
]


def texts(at: AppTest) -> str:
    blocks = [*at.markdown, *at.caption, *at.error, *at.code]
    return "\n".join(str(block.value) for block in blocks)


def plainly(at: AppTest) -> str:
    """Its texts without the marks that keep foreign text from being Markdown."""
    return texts(at).replace("\\", "")


def press(at: AppTest, label: str) -> AppTest:
    (button,) = (button for button in at.button if button.label == label)
    return button.click().run(timeout=30)


@pytest.mark.parametrize(("name", "params"), ALL)
def test_a_page_draws_without_a_fault(pages: Any, name: str, params: dict[str, str]) -> None:
    at = pages.open(name, **params)
    assert not at.exception
    assert not at.error


@pytest.mark.parametrize(("name", "params"), ALL)
def test_every_chart_and_table_tells_what_it_shows(
    pages: Any, name: str, params: dict[str, str]
) -> None:
    at = pages.open(name, **params)
    kinds = ("vega_lite_chart", "echarts_chart", "dataframe", "arrow_table", "table")
    drawn = [element for kind in kinds for element in at.get(kind)]
    assert [element for element in drawn if not element.proto.alt.strip()] == []


def test_no_page_draws_a_chart_or_a_table_without_words() -> None:
    silent = [
        f"{file.name}:{call.lineno}"
        for folder in ("pages", "app/console")
        for file in (ROOT / folder).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and (call.func.attr.endswith("_chart") or call.func.attr in ("dataframe", "table"))
        and "alt" not in {keyword.arg for keyword in call.keywords}
    ]
    assert silent == []


def test_statistics_are_asked_for_only_where_somebody_looks(pages: Any) -> None:
    assert "scheduled runs" not in texts(pages.open("operate.job", id="job_a"))
    opened = pages.open("operate.job", id="job_a", job_tab="Statistics")
    assert "**40** scheduled runs" in texts(opened)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("understand.anomalies", {"job": "job_a"}),
        ("understand.anomalies", {"finding": "fin_a"}),
        ("understand.forecasts", {"job": "job_a"}),
        ("operate.job", {"id": "job_a", "job_tab": "Statistics"}),
    ],
)
@pytest.mark.parametrize(
    ("clock", "zone", "shown"), [("job", "Europe/Berlin", "15:30:0"), ("UTC", "UTC", "14:30:0")]
)
def test_charts_of_a_job_stand_on_the_clock_that_was_chosen(
    pages: Any, name: str, params: dict[str, str], clock: str, zone: str, shown: str
) -> None:
    at = pages.open(name, zone=clock, **params)
    assert f"times in {zone}" in texts(at)
    assert shown in at.get("vega_lite_chart")[0].proto.spec


def test_the_axis_that_several_jobs_share_stays_on_the_viewers_clock(pages: Any) -> None:
    assert "one axis, in UTC" in texts(pages.open("operate.overview", zone="job"))


def test_a_report_names_its_own_clock(pages: Any, client: Any) -> None:
    client.answers["report"] = {**client.answers["report"], "zone": "Asia/Tokyo"}
    at = pages.open("understand.reports")
    assert "2026-11-25 23:30:00 to 2026-11-25 23:30:01, days and hours of Asia/Tokyo" in plainly(at)


def test_a_chart_of_a_querys_times_says_on_whose_clock_they_are(pages: Any, client: Any) -> None:
    client.answers["sql"] = {
        **client.answers["sql"],
        "columns": [{"name": "at", "type": "TIMESTAMP"}, {"name": "runs", "type": "BIGINT"}],
        "rows": [["2026-11-25T14:30:00Z", 3]],
    }
    at = press(pages.open("build.sql"), "Run")
    assert "those of the history are in UTC" in texts(at)


def test_a_chosen_finding_is_judged_with_its_note(pages: Any, client: Any) -> None:
    at = pages.open("understand.anomalies", anomalies_finding="fin_a")
    assert "usual is 500 ms" in texts(at)
    at.text_input(key="note_fin_a").input("known").run(timeout=30)
    press(at, "Mute")
    assert ("judge_finding", ("fin_a", "mute", "known")) in [call[:2] for call in client.calls]


def test_a_linked_finding_is_ticked_in_the_list_and_shown_below(pages: Any) -> None:
    at = pages.open("understand.anomalies", anomalies_finding="fin_a")
    assert at.session_state[f"findings_{hash('fin_a')}"] == {"selection": {"rows": [0]}}
    assert "usual is 500 ms" in texts(at)


def test_a_finding_that_is_listed_no_more_is_still_shown(pages: Any, client: Any) -> None:
    client.answers["findings"] = {"findings": [], "total": 0}
    at = pages.open("understand.anomalies", anomalies_finding="fin_a")
    assert "Nothing unusual" in texts(at)
    assert "usual is 500 ms" in texts(at)


def test_the_detector_that_was_chosen_stays_in_the_address(pages: Any, client: Any) -> None:
    at = pages.open("understand.anomalies", anomalies_finding="fin_a")
    assert client.called("anomalies")[-1][0] == ("job_a", "duration_outlier")
    client.answers["anomalies"] = lambda _, name: {**ANOMALIES, "detector": name}
    at = at.selectbox(key="detector_job_a").set_value("level_shift").run(timeout=30)
    assert at.query_params["detector"] == "level_shift"
    assert client.called("anomalies")[-1][0] == ("job_a", "level_shift")
    assert at.selectbox(key="detector_job_a").value == "level_shift"


def test_a_linked_risk_and_a_linked_model_are_shown(pages: Any, client: Any) -> None:
    risks = client.answers["risks"]
    other = {**risks["risks"][0], "job_id": "job_b", "job_name": "other"}
    client.answers["risks"] = {**risks, "risks": [*risks["risks"], other]}
    at = pages.open("understand.forecasts", forecast_risk="job_b:fails", model="mdl_a")
    assert "**other: fails**" in texts(at)
    assert "Model card" in texts(at)
    assert "other: fails" not in texts(pages.open("understand.forecasts", forecast_risk="job_c:x"))


def test_what_a_report_is_about_comes_from_the_address(pages: Any, client: Any) -> None:
    weekly = client.answers["reports"]["reports"][0]
    reliability = {**weekly, "kind": "reliability", "title": "Reliability"}
    client.answers["reports"] = {"reports": [weekly, reliability]}
    pages.open(
        "understand.reports",
        report="Reliability",
        report_span="Chosen days",
        report_days=["2026-11-20", "2026-11-22"],
        report_namespace="ops",
        report_job="ops/a",
        report_tag="team:data",
        report_slo="99.9",
    )
    ((kind, asked), _) = client.called("report")[-1]
    assert kind == "reliability"
    assert asked == {
        "from": "2026-11-20T00:00:00+00:00",
        "to": "2026-11-23T00:00:00+00:00",
        "zone": "UTC",
        "namespace": "ops",
        "job": "ops/a",
        "tag": "team:data",
        "slo": pytest.approx(0.999),
    }


def test_a_linked_written_report_is_the_one_that_is_read(pages: Any, client: Any) -> None:
    written = client.answers["written_reports"]["reports"]
    older = {**written[0], "execution_id": "exe_old"}
    client.answers["written_reports"] = {"reports": [*written, older]}
    pages.open("understand.reports", reports_view="Written by jobs", report_written="exe_old")
    assert client.called("written_report")[-1][0] == ("exe_old", "json")


def test_the_measure_of_a_jobs_week_comes_from_the_address(pages: Any) -> None:
    params = {"id": "job_a", "job_tab": "Statistics", "job_week_show": "Lateness"}
    chart = pages.open("operate.job", **params).get("echarts_chart")[0]
    assert chart.proto.alt.startswith("Lateness by hour of the week")


def test_a_query_is_in_the_address_once_it_ran_and_comes_from_it_with_its_parameters(
    pages: Any, client: Any
) -> None:
    at = pages.open("build.sql")
    at.text_area(key="sql_text").set_value("SELECT $n").run(timeout=30)
    assert "sql" not in at.query_params
    press(at, "Run")
    assert at.query_params["sql"] == "SELECT $n"
    again = pages.open("build.sql", sql="SELECT $n", p_n="7", t_n="text")
    assert again.text_area(key="sql_text").value == "SELECT $n"
    press(again, "Run")
    assert client.called("sql")[-1][1]["parameters"] == {"n": {"type": "text", "value": "7"}}


def test_the_text_of_a_link_stands_before_that_of_its_saved_query(pages: Any) -> None:
    at = pages.open("build.sql", query="lateness-by-minute", sql="SELECT 1")
    assert at.text_area(key="sql_text").value == "SELECT 1"
    at.text_area(key="sql_text").set_value("SELECT 2").run(timeout=30)
    assert at.text_area(key="sql_text").value == "SELECT 2"


@pytest.mark.parametrize("text", ["its own", "-- " + "x" * 2_000])
def test_what_a_saved_query_says_and_what_is_too_long_is_not_in_the_address(
    pages: Any, client: Any, text: str
) -> None:
    at = pages.open("build.sql", query="lateness-by-minute", sql="SELECT 1")
    own = client.answers["saved_queries"]["queries"][0]["sql"]
    at.text_area(key="sql_text").set_value(own if text == "its own" else text).run(timeout=30)
    press(at, "Run")
    assert "sql" not in at.query_params


def test_a_job_that_is_too_young_says_so(pages: Any, client: Any) -> None:
    client.answers["anomalies"] = {
        **client.answers["anomalies"],
        "enough": False,
        "runs": [],
        "back_tests": [],
    }
    at = pages.open("understand.anomalies", job="job_a")
    assert "Not enough data: it needs 20 runs, there are 0." in texts(at)


@pytest.mark.parametrize("status", ["running", "pending", "success", "skipped", "unknown"])
def test_an_execution_draws_in_every_state(pages: Any, client: Any, status: str) -> None:
    still = status in ("running", "pending")
    client.answers["execution"] = {
        **client.answers["execution"],
        "status": status,
        "completed_at": None if still else "2026-11-25T14:30:01Z",
        "attempts_detail": [],
    }
    at = pages.open("operate.execution", id="exe_a")
    assert not at.exception
    assert ("Cancel now" in [button.label for button in at.button]) is still


@pytest.mark.parametrize("name", ["operate.job", "operate.execution"])
def test_a_detail_page_without_an_id_says_where_to_go(pages: Any, name: str) -> None:
    at = pages.open(name)
    assert not at.exception
    assert "Open one from" in texts(at)


def test_without_jobs_the_overview_leads_to_the_first_and_to_the_demo(
    pages: Any, client: Any
) -> None:
    client.answers["cluster_status"] = {**client.answers["cluster_status"], "jobs_total": 0}
    at = pages.open("operate.overview")
    press(at, "Load the demo workspace")
    assert len(client.called("load_demo")) == 1
    press(pages.open("operate.overview"), "Create your first job")
    assert pages.went == [("editor", {})]


@pytest.mark.parametrize(
    ("label", "page", "params"),
    [
        ("Failed executions", "executions", {"executions_status": "failed"}),
        ("Executions", "executions", {}),
        ("Running executions", "executions", {"executions_status": "running"}),
        ("By minute", "sql", {"query": "lateness-by-minute"}),
        ("Jobs", "jobs", {}),
    ],
)
def test_a_number_leads_to_what_is_behind_it(
    pages: Any, client: Any, label: str, page: str, params: dict[str, str]
) -> None:
    press(pages.open("operate.overview"), label)
    assert pages.went == [(page, params)]
    assert not pages.open(f"{SECTION[page]}.{page}", **params).exception


def test_a_link_to_the_failed_executions_asks_for_them_alone(pages: Any, client: Any) -> None:
    pages.open("operate.executions", executions_status="failed")
    (_, asked) = client.called("executions")[-1]
    assert asked["status"] == "failed"


def test_a_link_to_a_saved_query_fills_it_in(pages: Any) -> None:
    at = pages.open("build.sql", query="lateness-by-minute")
    assert "lateness_ms" in at.text_area[0].value
    at.text_area[0].set_value("SELECT 1").run(timeout=30)
    at = pages.come_back(pages.leave(at))
    assert at.text_area[0].value == "SELECT 1"


def test_what_a_target_answers_is_never_markdown(pages: Any) -> None:
    shown = texts(pages.open("operate.execution", id="exe_a"))
    assert "![x](" not in shown
    assert "beacon" in shown


def test_run_again_opens_the_replay(pages: Any, client: Any) -> None:
    press(pages.open("operate.execution", id="exe_a"), "Run again")
    ((args, kwargs),) = client.called("replay_execution")
    assert args == ("job_a", "exe_a")
    assert kwargs["idempotency_key"]
    assert pages.went == [("execution", {"id": "exe_b"})]


def test_run_again_sends_only_what_was_changed(pages: Any, client: Any) -> None:
    at = pages.open("operate.again", id="exe_a")
    (url,) = (field for field in at.text_input if field.label == "URL")
    url.set_value("http://127.0.0.1:9/other").run(timeout=30)
    press(at, "Run again")
    (_, asked) = client.called("replay_execution")[-1]
    assert asked["change"] == {"url": "http://127.0.0.1:9/other"}
    assert asked["idempotency_key"]
    assert pages.went == [("execution", {"id": "exe_b"})]


def test_a_header_without_a_colon_is_named_and_nothing_runs(pages: Any, client: Any) -> None:
    at = pages.open("operate.again", id="exe_a")
    (headers,) = (field for field in at.text_area if field.label.startswith("Headers"))
    headers.set_value("X-Team data").run(timeout=30)
    assert "has no colon" in texts(at)
    assert not [button for button in at.button if button.label.startswith("Run")]


def test_a_report_is_offered_no_change(pages: Any, client: Any) -> None:
    client.answers["execution"] = client.answers["execution"] | {
        "request": {"url": "report:weekly", "method": "WRITE", "headers": {}, "body": ""}
    }
    at = pages.open("operate.execution", id="exe_a")
    assert "With a change" not in [button.label for button in at.button]
    assert "A report is not changed" in texts(pages.open("operate.again", id="exe_a"))


def test_a_replay_shows_what_it_did_otherwise(pages: Any, client: Any) -> None:
    client.answers["execution"] = client.answers["execution"] | {
        "replay_of": "exe_0",
        "change": {"method": "PUT"},
        "differences": [{"field": "method", "before": "POST", "after": "PUT"}],
    }
    assert "- POST\n+ PUT" in texts(pages.open("operate.execution", id="exe_a"))


def test_advice_is_undone_by_whoever_comes_later(pages: Any, client: Any) -> None:
    new, old = client.answers["job_versions"]["versions"]
    labels = [one.label for one in pages.open("understand.schedules", job="job_a").button]
    assert "Undo" not in labels
    client.answers["job_versions"] = {"versions": [{**new, "comment": "advice: 14:00"}, old]}
    press(pages.open("understand.schedules", job="job_a"), "Undo")
    ((args, _),) = client.called("rollback_job")
    assert args == ("job_a", old["version"])


def test_findings_that_only_their_state_hides_are_a_click_away(pages: Any, client: Any) -> None:
    some = client.answers["findings"]
    client.answers["findings"] = lambda state=None, **_: (
        some if state is None or "resolved" in state else {**some, "findings": [], "total": 0}
    )
    at = pages.open("understand.anomalies")
    assert "in other states" in texts(at)
    press(at, "Show all")
    assert len(at.dataframe[0].value) == len(some["findings"])


def test_a_what_if_lists_the_fires_that_move(pages: Any) -> None:
    at = pages.open("understand.schedules", job="job_a")
    tables = [one.value for one in at.dataframe]
    assert any("goes" in str(table) and "2026-11-24 14:00" in str(table) for table in tables)


def test_a_cancel_is_asked_for_first(pages: Any, client: Any) -> None:
    client.answers["execution"] = client.answers["execution"] | {"status": "running"}
    at = pages.open("operate.execution", id="exe_a")
    assert "stays done" in texts(at)
    press(at, "Cancel now")
    assert len(client.called("cancel_execution")) == 1


def test_a_refused_write_stays_on_the_page_with_its_reason(pages: Any, client: Any) -> None:
    client.refuse("disable_job", ApiError("FORBIDDEN", "not yours", [], 403))
    at = press(pages.open("operate.job", id="job_a"), "Disable")
    assert "not yours" in at.error[0].value


def test_a_click_after_an_answer_is_a_new_request(pages: Any, client: Any) -> None:
    client.refuse("disable_job", ApiError("FORBIDDEN", "not yours", [], 403))
    at = press(pages.open("operate.job", id="job_a"), "Disable")
    press(at, "Disable")
    first, second = (kwargs["idempotency_key"] for _, kwargs in client.called("disable_job"))
    assert first != second


def test_a_click_after_silence_is_the_same_request(
    pages: Any, client: Any, silence: Unreachable
) -> None:
    client.refuse("disable_job", silence)
    at = press(pages.open("operate.job", id="job_a"), "Disable")
    press(at, "Disable")
    first, second = (kwargs["idempotency_key"] for _, kwargs in client.called("disable_job"))
    assert first == second


def test_nothing_is_done_to_several_jobs_before_it_is_confirmed(pages: Any, client: Any) -> None:
    other = {**client.answers["job"], "id": "job_b", "name": "invoices"}
    client.answers["jobs"] = {
        "jobs": [client.answers["job"], other],
        "total": 2,
        "next_cursor": None,
    }
    at = pages.open("operate.jobs")
    assert all(button.disabled for button in at.button if button.label == "Delete")
    at.session_state[_table_key("job_a", "job_b")] = {"selection": {"rows": [1], "columns": []}}
    at.run(timeout=30)
    assert "**1** selected" in texts(at)
    at = press(at, "Delete")
    assert not client.called("delete_job")
    assert "**invoices**" in texts(at)
    assert "**nightly" not in texts(at)


def test_a_choice_does_not_move_to_another_job_when_the_list_changes(
    pages: Any, client: Any
) -> None:
    at = pages.open("operate.jobs")
    at.session_state[_table_key("job_a")] = {"selection": {"rows": [0], "columns": []}}
    at.run(timeout=30)
    assert "**1** selected" in texts(at)
    client.answers["jobs"] = {
        "jobs": [{**client.answers["job"], "id": "job_0", "name": "another"}],
        "total": 1,
        "next_cursor": None,
    }
    at = press(at, "Delete")
    assert "**another**" not in texts(at)
    assert not client.called("delete_job")


def test_jobs_are_found_by_tag_and_in_the_order_of_choice(pages: Any, client: Any) -> None:
    at = pages.open("operate.jobs", jobs_tag="team:data, tier:1", jobs_sort="Last run")
    assert not at.exception
    (_, asked) = client.called("jobs")[-1]
    assert asked["tag"] == ["team:data", "tier:1"]
    assert asked["sort"] == "-last_run"
    assert at.dataframe[0].value["tags"].tolist() == [["team:data"]]


def test_every_order_that_the_page_offers_is_one_of_the_api() -> None:
    parameters = json.loads(CONTRACT.read_text())["paths"]["/api/v1/jobs"]["get"]["parameters"]
    (sort,) = (one["schema"] for one in parameters if one["name"] == "sort")
    assert set(SORTS) <= set(sort["enum"])


def test_another_filter_begins_at_the_first_page(pages: Any, client: Any) -> None:
    client.answers["jobs"] = {**client.answers["jobs"], "next_cursor": "there"}
    at = press(pages.open("operate.jobs"), "More")
    assert client.called("jobs")[-1][1]["cursor"] == "there"
    at = field(at, "Tag").set_value("team:data").run(timeout=30)
    assert client.called("jobs")[-1][1]["cursor"] is None
    at.selectbox[0].set_value("next_run").run(timeout=30)
    assert client.called("jobs")[-1][1]["cursor"] is None


def test_a_tag_without_a_colon_is_explained_beside_the_filter(pages: Any) -> None:
    shown = texts(pages.open("operate.jobs", jobs_tag="team"))
    assert "**Tag:** team has no colon" in shown


def test_a_filter_that_the_server_refuses_names_its_field(pages: Any, client: Any) -> None:
    fault = {"field": "tag", "reason": "has no key", "hint": "tag=team:payments"}
    error = ApiError("VALIDATION_ERROR", "tag: has no key (tag=team:payments)", [fault], 400)
    found = client.answers["jobs"]

    def jobs(tag: Any = None, **_: Any) -> Any:
        if tag == [":x"]:
            raise error
        return found

    client.answers["jobs"] = jobs
    at = pages.open("operate.jobs", jobs_tag=":x")
    assert not at.exception
    assert at.error[0].value.count("has no key") == 1
    assert field(at, "Tag").value == ":x"


def test_the_way_of_a_crontab_is_told_where_its_action_leads(pages: Any) -> None:
    (action,) = (one for one in ACTIONS if one.title == "Import crontab")
    told = texts(pages.open(f"operate.{action.page}", **action.params))
    assert "chronosctl import crontab" in told
    assert "chronosctl import crontab" not in texts(pages.open("operate.jobs"))


def test_what_ails_a_node_is_told_on_the_page_of_the_cluster(pages: Any, client: Any) -> None:
    ails = "chronos-1 writes nothing: DiskFault: raft.journal: No space left on device"
    client.answers["cluster_status"] = {**client.answers["cluster_status"], "alarms": [ails]}
    told = texts(pages.open("operate.cluster"))
    assert "No space left on device" in told


def test_a_lone_node_has_nobody_to_hand_over_to(pages: Any) -> None:
    at = pages.open("operate.cluster")
    assert HANDOVER not in [button.label for button in at.button]
    assert "nobody to hand leadership over to" in texts(at)


def test_leadership_is_offered_to_the_nodes_in_reach_and_not_handed_over_unasked(
    pages: Any, client: Any
) -> None:
    client.answers["cluster_status"] = _three_nodes(client)
    at = press(pages.open("operate.cluster"), HANDOVER)
    assert at.selectbox(key="handover_to").options == ["the most current node", "chronos-2"]
    assert not client.called("transfer")


def test_a_clock_that_is_off_and_a_time_that_was_set_are_told(pages: Any, client: Any) -> None:
    at = pages.open("operate.cluster")
    assert not at.error
    assert not at.warning
    status = _three_nodes(client)
    status["nodes"][1] |= {"clock_offset_us": -1_500_000, "clock_agrees": False}
    status["alarms"] = ["the clock of chronos-2 is -1.500 s off the cluster's time"]
    status["clock_steps"] = [{"at": AT, "seconds": -90.0}]
    client.answers["cluster_status"] = status
    at = pages.open("operate.cluster")
    assert plain("is -1.500 s off the cluster's time") in at.error[0].value
    assert "The time was set by -90 s while this node led" in at.warning[0].value
    assert list(at.dataframe[0].value["clock"]) == ["+0.000 s", "-1.500 s", "–"]


def test_leadership_goes_to_the_node_of_choice(pages: Any, client: Any) -> None:
    status = client.answers["cluster_status"]

    def transfer(to: str) -> dict[str, Any]:
        client.answers["cluster_status"] = {**status, "leader": to}
        return {"requested": to, "leader": "chronos-1"}

    client.answers["transfer"] = transfer
    at = pages.open_part("operate.cluster", "hand_over", "chronos-1", ["chronos-2", "chronos-3"])
    at.selectbox(key="handover_to").set_value("chronos-2")
    at = press(at, "Hand over")
    assert client.called("transfer") == [(("chronos-2",), {})]
    assert "chronos-2 leads now" in at.toast[0].value


def test_a_handover_that_did_not_come_to_be_says_so(
    pages: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.operate.cluster.HANDOVER_LOOK_S", 0)
    at = pages.open_part("operate.cluster", "hand_over", "chronos-1", ["chronos-2"])
    at = press(at, "Hand over")
    assert client.called("transfer") == [((None,), {})]
    assert "still leads" in at.warning[0].value


def _three_nodes(client: Any) -> dict[str, Any]:
    status: dict[str, Any] = client.answers["cluster_status"]
    (own,) = status["nodes"]
    others = [
        {**own, "node_id": "chronos-2", "role": "follower"},
        {
            **own,
            "node_id": "chronos-3",
            "role": "unreachable",
            "connected": False,
            "clock_offset_us": None,
            "clock_agrees": None,
        },
    ]
    return {**status, "nodes": [own, *others]}


def test_the_demo_is_cleared_only_when_it_is_confirmed(pages: Any, client: Any) -> None:
    at = press(pages.open("operate.jobs"), CLEAR)
    assert not at.exception
    assert ((), {"tag": "chronos-demo:true", "limit": 1}) in client.called("jobs")
    assert "**1** job with the tag" in texts(at)
    assert not client.called("clear_demo")
    client.answers["clear_demo"] = {"deleted": 8}
    at = press(pages.open_part("operate.jobs", "clear_demo", 8), "Delete the demo jobs")
    ((_, kwargs),) = client.called("clear_demo")
    assert kwargs["idempotency_key"]
    assert "8 deleted" in at.toast[0].value


def test_without_a_demo_there_is_nothing_to_clear(pages: Any, client: Any) -> None:
    job = client.answers["jobs"]
    client.answers["jobs"] = lambda tag=None, **_: {**job, "total": 0} if tag else job
    at = pages.open("operate.jobs")
    assert CLEAR not in [button.label for button in at.button]


def _table_key(*ids: str) -> str:
    return f"jobs_table_{hash(''.join(ids))}"


def test_what_the_server_refuses_stands_beside_its_field(
    pages: Any, client: Any, refusal: ApiError
) -> None:
    client.refuse("create_job", refusal)
    at = press(pages.open("build.editor"), "Save")
    assert any("is not a name" in caption.value for caption in at.caption)
    assert "dispatch" in at.error[0].value  # no such field in the form: said above it
    assert not pages.went


def test_the_same_job_can_be_created_again(pages: Any, client: Any) -> None:
    at = press(pages.open("build.editor"), "Save")
    press(pages.come_back(at), "Save")
    first, second = (kwargs["idempotency_key"] for _, kwargs in client.called("create_job"))
    assert first != second


def test_a_draft_survives_a_node_that_does_not_answer(
    pages: Any, client: Any, silence: Unreachable
) -> None:
    client.refuse("create_job", silence)
    at = pages.open("build.editor")
    (name,) = (field for field in at.text_input if field.label == "Name")
    name.set_value("invoices").run(timeout=30)
    at = press(at, "Save")
    assert "Not saved" in at.error[0].value
    (name,) = (field for field in at.text_input if field.label == "Name")
    assert name.value == "invoices"


def test_an_edit_keeps_the_secret_that_it_never_saw(pages: Any, client: Any) -> None:
    press(pages.open("build.editor", id="job_a"), "Save")
    ((args, kwargs),) = client.called("update_job")
    assert args[1]["webhook"]["auth"] == {"type": "bearer", "token": "***"}
    assert kwargs["if_match"] == '"2"'


def test_rolling_back_asks_for_the_version_on_screen(pages: Any, client: Any) -> None:
    press(pages.open("operate.job", id="job_a", job_tab="Versions"), "Roll back to version 1")
    ((args, _),) = client.called("rollback_job")
    assert args == ("job_a", 1)


def test_a_query_shows_its_rows_and_a_bad_one_its_reason(pages: Any, client: Any) -> None:
    at = press(pages.open("build.sql"), "Run")
    assert "1 row in 4 ms" in texts(at)
    assert "as of 2026-11-25 14:30:00 UTC" in texts(at)
    client.refuse("sql", ApiError("VALIDATION_ERROR", "no such table", [], 400))
    at = press(at, "Run")
    assert "no such table" in at.error[0].value


def field(at: AppTest, label: str) -> Any:
    (found,) = (one for one in at.text_input if one.label == label)
    return found


def test_a_draft_survives_a_visit_to_another_page_until_it_is_discarded(pages: Any) -> None:
    at = pages.open("build.editor", id="job_a")
    at = field(at, "Description").set_value("half a thought").run(timeout=30)
    assert DRAFT not in texts(at)  # nobody left it yet
    at = pages.come_back(pages.leave(at))
    assert field(at, "Description").value == "half a thought"
    assert DRAFT in texts(at)
    at = press(at, "Discard")
    assert field(at, "Description").value == ""
    assert DRAFT not in texts(at)
    assert "half a thought" not in _held(at)


def test_a_saved_draft_is_gone(pages: Any, client: Any) -> None:
    at = pages.open("build.editor")
    field(at, "Name").set_value("invoices").run(timeout=30)
    at = press(at, "Save")
    assert client.called("create_job")
    at = pages.come_back(at)
    assert field(at, "Name").value == ""
    assert DRAFT not in texts(at)


def test_a_form_that_nobody_changed_is_no_draft_and_shows_what_is_stored_now(
    pages: Any, client: Any
) -> None:
    at = pages.leave(pages.open("build.editor", id="job_a"))
    client.answers["job"] = {**client.answers["job"], "description": "by another", "version": 3}
    at = pages.come_back(at)
    assert field(at, "Description").value == "by another"
    assert DRAFT not in texts(at)


def test_a_draft_of_an_older_version_says_so_and_saves_over_no_later_one(
    pages: Any, client: Any
) -> None:
    at = pages.open("build.editor", id="job_a")
    field(at, "Description").set_value("mine").run(timeout=30)
    client.answers["job"] = {**client.answers["job"], "description": "by another", "version": 3}
    at = pages.come_back(pages.leave(at))
    assert field(at, "Description").value == "mine"
    assert "version 3 was saved meanwhile" in texts(at)
    press(at, "Save")
    ((_, kwargs),) = client.called("update_job")
    assert kwargs["if_match"] == '"2"'


def test_a_draft_holds_of_a_secret_only_what_was_typed(pages: Any, client: Any) -> None:
    at = pages.open("build.editor", id="job_a")
    field(at, "Description").set_value("changed").run(timeout=30)
    at = pages.come_back(pages.leave(at))
    assert field(at, "Token").value == "***"
    press(at, "Save")
    ((args, _),) = client.called("update_job")
    assert args[1]["webhook"]["auth"] == {"type": "bearer", "token": "***"}


def test_a_typed_secret_is_forgotten_with_its_draft(pages: Any) -> None:
    at = pages.open("build.editor", id="job_a")
    field(at, "Token").set_value("hunter2").run(timeout=30)
    at = pages.come_back(pages.leave(at))
    at = press(at, "Discard")
    assert field(at, "Token").value == "***"
    assert "hunter2" not in _held(at)


def _held(at: AppTest) -> str:
    return repr(at.session_state._state._state)  # all that the session keeps, hidden fields too


def test_a_query_before_the_first_export_says_that_there_is_no_history_yet(
    pages: Any, client: Any
) -> None:
    client.answers["sql"] = {**client.answers["sql"], "rows": [], "row_count": 0, "as_of": None}
    assert "not exported any history yet" in texts(press(pages.open("build.sql"), "Run"))
