"""Columns are guessed, values of many shapes are read, and what cannot be read is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from app.client.past_runs import Plan, Reading, make_plan, to_document, zone_of
from engine.core.errors import InvalidDocument

START = "2026-01-31T09:00:00+00:00"


def plan(**columns: str) -> Plan:
    return Plan(columns, (), ())


FULL = plan(job_name="job", started_at="start", completed_at="end", status="state")


def document(values: dict[str, Any], how: Plan = FULL, **reading: Any) -> dict[str, Any]:
    row = {"job": "a", "start": START, "end": "2026-01-31T09:00:05Z", "state": "success"}
    return to_document(row | values, how, Reading(**reading))


def faults(values: dict[str, Any], how: Plan = FULL, **reading: Any) -> list[str]:
    with pytest.raises(InvalidDocument) as caught:
        document(values, how, **reading)
    return [problem.field for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            ["dag_id", "logical_date", "start_date", "end_date", "state", "try_number"],
            {
                "job_name": "dag_id",
                "scheduled_time": "logical_date",
                "started_at": "start_date",
                "completed_at": "end_date",
                "status": "state",
                "attempts": "try_number",
            },
        ),
        (
            ["Name", "Start Time", "Duration (s)", "Exit Code"],
            {
                "job_name": "Name",
                "started_at": "Start Time",
                "duration_s": "Duration (s)",
                "exit_code": "Exit Code",
            },
        ),
        (
            ["job_name", "job_id", "started_at", "completed_at", "duration_ms", "status"],
            {
                "job_name": "job_name",
                "started_at": "started_at",
                "completed_at": "completed_at",
                "status": "status",
            },
        ),
    ],
)
def test_columns_are_guessed_by_their_names(columns: list[str], expected: dict[str, str]) -> None:
    assert make_plan(columns, {}).columns == expected


def test_what_is_left_out_and_what_is_assumed_is_told() -> None:
    made = make_plan(["job", "job_id", "start", "duration", "status", "colour"], {})
    assert made.unused == ("job_id", "colour")
    assert any("seconds" in note for note in made.notes)
    assert any("job_id" in note for note in made.notes)


def test_a_person_knows_better_than_the_guess() -> None:
    said = {"when": "completed_at", "status": "-", "verdict": "status"}
    made = make_plan(["job", "when", "status", "verdict"], said)
    assert made.columns == {"job_name": "job", "completed_at": "when", "status": "verdict"}


@pytest.mark.parametrize(
    ("columns", "said", "field"),
    [
        (["job", "end", "status"], {"nope": "status"}, "map"),
        (["job", "end", "status"], {"end": "finish"}, "map"),
        (["a", "b", "c"], {"a": "status", "b": "status"}, "map"),
        (["end", "status"], {}, "job_name"),
        (["job", "status"], {}, "completed_at"),
        (["job", "end"], {}, "status"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_before_a_row_is_read(
    columns: list[str], said: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidDocument) as caught:
        make_plan(columns, said)
    assert [problem.field for problem in caught.value.problems] == [field]


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T09:00:00Z",
        "2026-01-31 09:00:00",
        "2026-01-31 09:00:00 UTC",
        "2026-01-31T10:00:00+01:00",
        "1769850000",
        1769850000,
        1769850000.0,
        "1769850000000",
        1769850000000,
        1769850000000000,
        Decimal("1769850000"),
        datetime(2026, 1, 31, 9, tzinfo=UTC),
        datetime(2026, 1, 31, 9),  # noqa: DTZ001  # a file's times may be without zone
        pd.Timestamp("2026-01-31T09:00:00Z"),
    ],
)
def test_a_time_is_read_in_many_shapes(value: Any) -> None:
    assert document({"start": value})["started_at"] == START


def test_a_date_is_its_midnight_in_the_zone() -> None:
    read = document({"start": date(2026, 1, 31)}, zone=ZoneInfo("Europe/Berlin"))
    assert read["started_at"] == "2026-01-30T23:00:00+00:00"


@pytest.mark.parametrize(
    "value",
    ["yesterday", "31.01.2026", "20260131", 5, -1, "1e40", True, "2026-02-30", [1], 10**20],
)
def test_what_is_no_time_is_told_by_its_column(value: Any) -> None:
    assert faults({"start": value}) == ["start"]


def test_an_hour_that_the_zone_left_out_is_refused() -> None:
    with pytest.raises(InvalidDocument, match="did not exist in Europe/Berlin"):
        document({"end": "2026-03-29 02:30:00"}, zone=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("field", "value", "seconds"),
    [
        ("duration_s", "90", 90),
        ("duration_s", 1.5, 1.5),
        ("duration_ms", "1500", 1.5),
        ("duration", "1m30s", 90),
        ("duration", "250 ms", 0.25),
        ("duration", "00:01:30", 90),
        ("duration", "0:00:01.5", 1.5),
        ("duration", timedelta(seconds=3), 3),
        ("duration_us", 7, 0.000007),
    ],
)
def test_a_duration_makes_the_missing_time(field: str, value: Any, seconds: float) -> None:
    how = plan(job_name="job", started_at="start", status="state", **{field: "took"})
    read = document({"took": value}, how)
    assert datetime.fromisoformat(read["completed_at"]) - datetime.fromisoformat(
        read["started_at"]
    ) == timedelta(seconds=seconds)
    back = plan(job_name="job", completed_at="end", status="state", **{field: "took"})
    assert document({"took": value}, back)["completed_at"] == "2026-01-31T09:00:05+00:00"


@pytest.mark.parametrize("value", ["-1", "long", -3.0, "1 fortnight", "1e30"])
def test_what_is_no_duration_is_told(value: Any) -> None:
    how = plan(job_name="job", started_at="start", status="state", duration="took")
    assert faults({"took": value}, how) == ["took"]


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("OK", "success"),
        ("Succeeded", "success"),
        ("timed out", "failed"),
        ("CANCELED", "cancelled"),
        ("upstream_failed", "skipped"),
        (True, "success"),
    ],
)
def test_other_peoples_words_for_an_end(word: Any, status: str) -> None:
    assert document({"state": word})["status"] == status


@pytest.mark.parametrize("word", ["running", "queued", "", "7"])
def test_a_word_for_something_else_is_refused(word: str) -> None:
    assert faults({"state": word}) in (["state"], ["status"])


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("exit_code", "0", "success"),
        ("exit_code", 137, "failed"),
        ("status_code", "204", "success"),
        ("status_code", 500, "failed"),
    ],
)
def test_an_exit_code_says_how_it_ended(field: str, value: Any, status: str) -> None:
    how = plan(job_name="job", completed_at="end", **{field: "code"})
    assert document({"code": value}, how)["status"] == status


def test_every_fault_of_a_row_is_told_at_once() -> None:
    assert faults({"start": "x", "end": "y", "state": "z"}) == ["start", "end", "state"]


def test_a_zone_that_is_none_is_refused() -> None:
    assert zone_of("Asia/Kolkata").key == "Asia/Kolkata"
    for name in ("Mars/Base", "../etc", ""):
        with pytest.raises(InvalidDocument, match="zone"):
            zone_of(name)
