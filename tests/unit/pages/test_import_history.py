"""The page that takes a file of the past in, against a client that only remembers."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.client.errors import ApiError, Unreachable
from app.client.past_runs import GUESSES
from pages.build.import_history import FIELDS

PAGE = "build.import_history"
CSV = (
    "task,start,end,state\n"
    "orders,2026-01-31T09:00:00Z,2026-01-31T09:00:05Z,success\n"
    "![x](http://a/b),2026-01-31T10:00:00Z,tomorrow,failed\n"
)


def answer(label: str, executions: list[Any], **_: Any) -> dict[str, Any]:
    return {
        "imported": len(executions),
        "duplicates": 0,
        "refused": 0,
        "duplicate_rows": [],
        "refusals": [],
    }


@pytest.fixture
def page(pages: Any, client: Any) -> AppTest:
    client.answers["import_history"] = answer
    at: AppTest = pages.open(PAGE)
    return at


def upload(at: AppTest, text: str | bytes = CSV, name: str = "old.csv") -> AppTest:
    data = text.encode() if isinstance(text, str) else text
    return at.file_uploader[0].set_value((name, data, "text/plain")).run(timeout=30)


def press(at: AppTest, label: str) -> AppTest:
    return next(one for one in at.button if one.label == label).click().run(timeout=30)


def told(at: AppTest) -> str:
    return "\n".join(str(one.value) for one in (*at.caption, *at.markdown, *at.error))


def mapped(at: AppTest) -> dict[str, str]:
    return {box.label: box.value for box in at.selectbox}


def test_every_field_of_the_import_can_be_chosen() -> None:
    assert set(FIELDS) == set(GUESSES)


def test_without_a_file_the_page_says_what_it_wants(page: AppTest) -> None:
    assert not page.exception
    assert "One row an execution" in told(page)
    assert not page.button


def test_a_file_is_shown_as_it_would_be_read_and_nothing_is_sent(
    page: AppTest, client: Any
) -> None:
    at = upload(page)
    assert not at.exception
    assert mapped(at) == {
        "task": "job_name",
        "start": "started_at",
        "end": "completed_at",
        "state": "status",
    }
    table = at.dataframe[0].value
    assert table["job"].tolist() == ["orders", ""]
    assert "tomorrow" in table["fault"][1]
    assert at.text_input[0].value == "old"
    assert client.called("import_history") == []


def test_a_dry_run_tells_the_counts_and_the_bad_lines(page: AppTest, client: Any) -> None:
    at = press(upload(page), "Dry run")
    assert not at.exception
    (((label, rows), options),) = client.called("import_history")
    assert label == "old"
    assert [row["job_name"] for row in rows] == ["orders"]
    assert options["dry_run"] is True
    assert [metric.value for metric in at.metric] == ["1", "0", "1"]
    assert at.dataframe[1].value["line"].tolist() == [3]
    assert "nothing was written" in told(at)


def test_an_import_leads_to_the_executions(page: AppTest, client: Any, pages: Any) -> None:
    at = press(upload(page), "Import")
    assert client.called("import_history")[0][1]["dry_run"] is False
    press(at, "Executions")
    assert pages.went == [("executions", {})]


def test_a_column_can_be_read_as_something_else(page: AppTest, client: Any) -> None:
    at = upload(page, "who,when,how\nx,2026-01-31,ok\n")
    assert "no column" in told(at)
    assert not at.button
    for label, field in (("who", "job_name"), ("when", "completed_at"), ("how", "status")):
        box = next(one for one in at.selectbox if one.label == label)
        at = box.select(field).run(timeout=30)
    assert not at.exception
    press(at, "Import")
    ((_, rows), _) = client.called("import_history")[0]
    assert rows[0]["job_name"] == "x"


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.csv", "", "no columns"),
        ("a.parquet", b"nothing", "not Parquet"),
        ("a.csv", "a,a\n1,2\n", "twice"),
    ],
)
def test_a_file_that_is_none_is_told(
    page: AppTest, name: str, data: str | bytes, word: str
) -> None:
    at = upload(page, data, name)
    assert not at.exception
    assert word in told(at)


def test_a_zone_that_is_none_is_told_and_the_rest_stays(page: AppTest) -> None:
    at = upload(page)
    zone = next(one for one in at.text_input if one.label == "Time zone")
    at = zone.set_value("Mars").run(timeout=30)
    assert not at.exception
    assert "not a zone" in told(at)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ApiError("FORBIDDEN", "you may only look", [], 403), "you may only look"),
        (Unreachable("http://x", "refused"), "import the file again"),
    ],
)
def test_a_refusal_and_silence_are_told(
    page: AppTest, client: Any, error: Exception, word: str
) -> None:
    client.refuse("import_history", error)
    at = press(upload(page), "Import")
    assert not at.exception
    assert word in told(at)
    assert not at.metric


def test_an_imported_execution_says_why_its_attempts_are_not_known(pages: Any, client: Any) -> None:
    client.answers["execution"] = {
        **client.answers["execution"],
        "node_id": "import:old",
        "attempts_detail": [],
    }
    at = pages.open("operate.execution", id="exe_a")
    assert not at.exception
    assert "label old" in told(at)
    assert "Request" not in told(at)
