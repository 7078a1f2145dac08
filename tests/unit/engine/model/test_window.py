"""The window of a job: written, refused, and absent from what is old."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from engine.core.errors import InvalidDocument
from engine.model.document import job_document, parse_job
from engine.model.job import JobSpec
from tests.kit.jobs import known

MINUTE_US = 60_000_000


def document(**fields: Any) -> dict[str, Any]:
    return {
        "name": "a",
        "schedule": "0 2 * * *",
        "webhook": {"url": "http://127.0.0.1:9/"},
        **fields,
    }


def test_a_window_is_read_and_written_again() -> None:
    spec, enabled = parse_job(document(window="45m"))
    assert spec.window_us == 45 * MINUTE_US
    job = known("job_a", spec, enabled=enabled)
    written = job_document(job)
    assert written["window"] == "45m"
    assert parse_job(written, job)[0] == spec


def test_a_job_without_a_window_keeps_its_minute() -> None:
    assert parse_job(document())[0].window_us == 0


@pytest.mark.parametrize(
    ("schedule", "window", "hint"),
    [
        ("*/15 * * * *", "15m", "shorter than 15m"),
        ("@every 90s", "2m", "shorter than 1m30s"),
        ("0 2 * * *", "24h", "shorter than 24h"),
        ("0 2,3 * * *", "1h", "shorter than 1h"),
        ("@yearly", "25h", "from 0s to 24h"),
        ("0 2 * * *", "soon", "a number and a unit"),
        ("0 2 * * *", 45, "text such as"),
    ],
)
def test_a_window_at_fault_says_what_would_be_right(
    schedule: str, window: object, hint: str
) -> None:
    with pytest.raises(InvalidDocument) as refused:
        parse_job(document(schedule=schedule, window=window))
    (problem,) = refused.value.problems
    assert problem.field == "window"
    assert hint in problem.hint


@pytest.mark.parametrize("schedule", ["@yearly", "@at 2027-01-01T09:00:00Z", "0 2 30 * *"])
def test_where_fires_are_rare_a_day_is_allowed(schedule: str) -> None:
    assert parse_job(document(schedule=schedule, window="24h"))[0].window_us == 1440 * MINUTE_US


def test_a_spec_of_an_old_log_opens_with_no_window() -> None:
    spec, _ = parse_job(document(window="45m"))
    old = msgspec.to_builtins(spec)
    del old["window_us"]
    assert msgspec.convert(old, JobSpec).window_us == 0
