"""The pages that build jobs and queries, drawn against a client that only remembers."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from app.client.errors import ApiError
from app.console.widgets.format import plain

PREVIEW = {
    "words": "every five minutes",
    "next": [{"utc": f"2026-11-25T14:{minute:02}:00Z"} for minute in range(0, 50, 5)],
    "clock_change": None,
}
FAULT = {"field": "webhook.url", "reason": "is no URL", "hint": "start with https://"}
ANSWER = {
    "columns": [{"name": "job_name", "type": "VARCHAR"}, {"name": "runs", "type": "BIGINT"}],
    "rows": [["nightly", 3], ["hourly", 24]],
    "row_count": 2,
    "truncated": False,
    "elapsed_ms": 4.2,
    "as_of": "2026-11-25T14:30:00Z",
}
COLUMN = {"name": "job_name", "type": "VARCHAR", "description": ""}
TABLE = {"name": "executions", "description": "One row a run.", "columns": [COLUMN]}


class FakeClient:
    """Answers as a node would, and keeps what it was asked to write."""

    def __init__(self, refusal: ApiError | None = None):
        self.refusal = refusal
        self.created: list[dict[str, Any]] = []
        self.asked: list[str] = []

    def preview_schedule(self, timing: dict[str, Any], job: str) -> dict[str, Any]:
        if timing["schedule"] == "never":
            fault = {"field": "schedule", "reason": "is no schedule", "hint": "try @daily"}
            raise ApiError("VALIDATION_ERROR", "Not valid", [fault], 400)
        return PREVIEW

    def create_job(self, document: dict[str, Any], *, idempotency_key: str) -> dict[str, Any]:
        self.created.append(document)
        raise self.refusal or AssertionError("these tests only save what is refused")

    def business_calendars(self) -> dict[str, Any]:
        return {"calendars": []}

    def saved_queries(self) -> dict[str, Any]:
        return {"queries": []}

    def sql(self, sql: str, limit: int, **how: Any) -> dict[str, Any]:
        self.asked.append(sql)
        if self.refusal:
            raise self.refusal
        return ANSWER

    def reports(self) -> dict[str, Any]:
        return {"reports": [{"kind": "weekly", "title": "Weekly operations"}]}

    def sql_schema(self, *, facts: bool) -> dict[str, Any]:
        return {"tables": [TABLE]}


def draw(page: str, client: FakeClient) -> AppTest:
    def script(page, client):  # type: ignore[no-untyped-def]  # runs from its source, without this module's names
        import importlib

        from app.console.session import Console

        importlib.import_module(page).render(Console(client, {}))

    return AppTest.from_function(script, args=(page, client), default_timeout=30).run()


def field(app: AppTest, label: str) -> Any:
    return next(one for one in app.text_input if one.label == label)


def press(app: AppTest, label: str) -> AppTest:
    return next(one for one in app.button if one.label == label).click().run()


def told(app: AppTest) -> str:
    texts = [*app.caption, *app.markdown, *app.error]
    return "\n".join(str(one.value) for one in texts)


def test_a_new_job_shows_what_its_schedule_will_do() -> None:
    app = draw("pages.build.editor", FakeClient())
    assert not app.exception
    assert "every five minutes" in told(app)


def test_a_bad_schedule_is_explained_before_it_is_saved() -> None:
    client = FakeClient()
    app = draw("pages.build.editor", client)
    field(app, "Schedule").set_value("never").run()
    assert not app.exception
    assert "is no schedule" in told(app)
    assert "try @daily" in told(app)
    assert client.created == []


def test_a_refused_job_keeps_what_was_typed_and_shows_reason_and_hint() -> None:
    client = FakeClient(ApiError("VALIDATION_ERROR", "Not valid", [FAULT], 400))
    app = draw("pages.build.editor", client)
    field(app, "Name").set_value("nightly")
    field(app, "URL").set_value("nowhere").run()
    press(app, "Save")
    assert not app.exception
    assert client.created[0]["name"] == "nightly"
    assert client.created[0]["webhook"]["url"] == "nowhere"
    assert field(app, "Name").value == "nightly"
    assert field(app, "URL").value == "nowhere"
    assert "is no URL" in told(app)
    assert plain("start with https://") in told(app)  # drawn as text, not as Markdown


def test_a_query_shows_its_rows_and_stays_until_the_next() -> None:
    client = FakeClient()
    app = draw("pages.build.sql", client)
    press(app, "Run")
    assert not app.exception
    assert app.dataframe[0].value["job_name"].tolist() == ["nightly", "hourly"]
    app.run()
    assert len(client.asked) == 1
    assert len(app.dataframe) == 1


def test_a_refused_query_says_why_and_shows_no_rows() -> None:
    app = draw("pages.build.sql", FakeClient(ApiError("SQL_REFUSED", "Only reading", [], 400)))
    press(app, "Run")
    assert not app.exception
    assert "Only reading" in told(app)
    assert len(app.dataframe) == 0


def test_two_faults_of_one_field_are_both_shown() -> None:
    second = {**FAULT, "reason": "names no host"}
    client = FakeClient(ApiError("VALIDATION_ERROR", "Not valid", [FAULT, second], 400))
    app = draw("pages.build.editor", client)
    press(app, "Save")
    assert "is no URL" in told(app)
    assert "names no host" in told(app)


def test_a_job_that_writes_a_report_is_saved_with_its_order() -> None:
    client = FakeClient(ApiError("VALIDATION_ERROR", "Not valid", [], 400))
    app = draw("pages.build.editor", client)
    act = next(one for one in app.button_group if one.label == "Each fire")
    act.set_value("Write a report").run()
    assert not app.exception
    field(app, "Name").set_value("weekly")
    field(app, "Span").set_value("24h").run()
    press(app, "Save")
    (document,) = client.created
    assert "webhook" not in document
    assert document["dispatch"] == {
        "type": "report",
        "report": {"kind": "weekly", "span": "24h", "slo": 0.99},
    }
