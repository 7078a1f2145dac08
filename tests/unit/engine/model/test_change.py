from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from engine.core.errors import InvalidDocument
from engine.model.change import change_document, changed
from engine.model.change_document import parse_change
from engine.model.job import JobSpec, Webhook
from tests.kit.jobs import known

WEBHOOK = Webhook(
    url="https://example.org/run?token=t0p",
    method="POST",
    headers={"X-Api-Key": "k3y", "Accept": "*/*"},
    body='{"day": 1, "password": "pw"}',
)
JOB = known("job_1", JobSpec(name="a", schedule="@daily", webhook=WEBHOOK))


def faults(document: Any) -> set[str]:
    with pytest.raises(InvalidDocument) as raised:
        parse_change(document, JOB)
    return {problem.field for problem in raised.value.problems}


def test_nothing_changed_is_the_job_itself() -> None:
    assert changed(JOB, None) is JOB


def test_only_what_is_set_is_changed() -> None:
    run = changed(JOB, parse_change({"method": "PUT", "timeout": "7s"}, JOB))
    assert run.spec.webhook == structs.replace(WEBHOOK, method="PUT")
    assert run.spec.timeout_us == 7_000_000


def test_secrets_written_back_hidden_are_kept() -> None:
    written = {
        "url": "https://example.org/other?token=***",
        "headers": {"X-Api-Key": "***"},
        "body": '{"day": 2, "password": "***"}',
    }
    change = parse_change(written, JOB)
    webhook = changed(JOB, change).spec.webhook
    assert webhook.url == "https://example.org/other?token=t0p"
    assert webhook.headers == {"X-Api-Key": "k3y"}
    assert webhook.body == '{"day": 2, "password": "pw"}'
    assert change_document(change) == written


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "change"),
        ({}, "change"),
        ({"colour": "red"}, "change.colour"),
        ({"url": None}, "change.url"),
        ({"url": "ftp://example.org"}, "change.url"),
        ({"method": "FETCH"}, "change.method"),
        ({"headers": {"A B": "c"}}, "change.headers.A B"),
        ({"headers": {"Cookie": "***"}}, "change.headers.Cookie"),
        ({"body": '{"token": "***"}'}, "change.body"),
        ({"timeout": "soon"}, "change.timeout"),
    ],
)
def test_a_fault_is_named_by_its_field(document: Any, field: str) -> None:
    assert faults(document) == {field}
