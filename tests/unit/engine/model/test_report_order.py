"""A job that writes a report: what is accepted, what is refused by name, and what is shown."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.errors import InvalidDocument
from engine.model.document import Defaults, job_document, parse_job
from tests.kit.jobs import known

KINDS = Defaults(report_kinds=("failures", "weekly"))


def document(**report: Any) -> dict[str, Any]:
    return {
        "name": "a",
        "schedule": "@daily",
        "dispatch": {"type": "report", "report": {"kind": "weekly", **report}},
    }


def test_a_report_is_read_and_shown_as_it_was_written() -> None:
    written = document(span="24h", namespace="data", tags={"team": "x"}, slo=0.999)
    spec, _ = parse_job(written, defaults=KINDS)
    assert spec.protocol == "report"
    assert (spec.url, spec.method) == ("report:weekly", "WRITE")
    job = known("job_1", spec)
    shown = job_document(job)
    assert "webhook" not in shown
    assert parse_job({**written, "dispatch": shown["dispatch"]}, defaults=KINDS)[0] == spec


@pytest.mark.parametrize(
    ("report", "field", "hint"),
    [
        ({"kind": "weakly"}, "dispatch.report.kind", "did you mean weekly?"),
        ({"kind": ""}, "dispatch.report.kind", "one of failures, weekly"),
        ({"span": "1m"}, "dispatch.report.span", "from 1h"),
        ({"slo": 99}, "dispatch.report.slo", "a number from 0.5 to 0.99999"),
        ({"format": "pdf"}, "dispatch.report.format", "one of"),
        ({"tags": {"team": "x" * 1001}}, "dispatch.report.tags", "fewer"),
        ({"tags": {"team": 1}}, "dispatch.report.tags.team", "quotes"),
    ],
)
def test_what_is_wrong_is_named(report: dict[str, Any], field: str, hint: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse_job(document(**report), defaults=KINDS)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert hint in problem.hint


def test_a_job_has_one_target() -> None:
    both = {**document(), "webhook": {"url": "https://example.org"}}
    with pytest.raises(InvalidDocument, match="stands beside webhook"):
        parse_job(both, defaults=KINDS)


def test_another_protocol_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidDocument, match="did you mean report"):
        parse_job({**document(), "dispatch": {"type": "reports"}})
