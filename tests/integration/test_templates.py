"""Every built-in template, filled and sent by the real dispatcher to a peer that is strict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from msgspec import structs

from app.workbench.marketplace import built_in, job_from
from engine.core.clock import SystemClock
from engine.dispatch.dispatcher import Request, WorkerLimits
from engine.dispatch.worker import Worker
from engine.model.document import parse_job
from engine.model.execution import AttemptOutcome, AttemptResult, Execution, Status, Trigger
from engine.model.job import Job
from engine.model.template import Template, VariableType
from engine.model.template_document import checked_values, stand_ins
from tests.kit.cluster import wait_for
from tests.kit.jobs import SECOND, known
from tests.kit.services import SERVICES, Peer, peer

NUMBERS = count()
TEMPLATES = {shelf.newest.ref: shelf.newest for shelf in built_in()}
AWKWARD = 'say "hi" & \\bye/ 100% <ünïcode> {"a": 1}'
"""A text that breaks a body or a query which is put together carelessly."""


@pytest.fixture(scope="module")
def service() -> Iterator[Peer]:
    with peer() as opened:
        yield opened


@pytest.fixture
def results() -> Iterator[tuple[Worker, list[AttemptResult]]]:
    found: list[AttemptResult] = []
    worker = Worker(
        limits=WorkerLimits(),
        clock=SystemClock(),
        may_send=lambda: True,
        on_results=found.extend,
    )
    worker.start()
    yield worker, found
    worker.stop(SECOND)


def samples(template: Template, text: str = "") -> dict[str, Any]:
    """Values as a person would give them; with `text` in each gap that takes any."""
    values = stand_ins(template)
    for variable in template.variables:
        free = variable.type is VariableType.STRING and not variable.pattern and not variable.most
        if text and free:
            values[variable.name] = text
        elif variable.type is VariableType.SECRET and variable.example is None:
            values[variable.name] = f"s3cret-{variable.name}"
    return values


def made(template: Template, values: dict[str, Any]) -> Job:
    spec, _ = parse_job(job_from(template, checked_values(template, values)))
    return known(f"job_{next(NUMBERS)}", spec)


def sent(job: Job, worker: Worker, found: list[AttemptResult]) -> AttemptResult:
    execution = Execution(
        id="exe_1",
        job_id=job.id,
        job_version=1,
        trigger=Trigger.MANUAL,
        scheduled_us=1,
        status=Status.RUNNING,
        attempt=1,
        attempt_started_us=1,
        node="n1",
    )
    worker.submit([Request(execution=execution, job=job)])
    wait_for(lambda: found, what="the attempt ends")
    return found[0]


def test_every_template_is_held_against_its_service() -> None:
    assert sorted(TEMPLATES) == sorted(SERVICES)


@pytest.mark.parametrize("text", ["", AWKWARD], ids=["samples", "awkward"])
@pytest.mark.parametrize("ref", sorted(SERVICES))
def test_a_service_accepts_what_its_template_sends(
    ref: str, text: str, service: Peer, results: tuple[Worker, list[AttemptResult]]
) -> None:
    job = made(TEMPLATES[ref], samples(TEMPLATES[ref], text))
    url, host = service.instead_of(job.spec.webhook.url)
    assert re.fullmatch(SERVICES[ref].host, host)
    service.expect(SERVICES[ref])
    spec = structs.replace(job.spec, webhook=structs.replace(job.spec.webhook, url=url))
    result = sent(structs.replace(job, spec=spec), *results)
    assert service.faults == []
    assert (result.outcome, result.status_code) == (
        AttemptOutcome.SUCCESS,
        SERVICES[ref].status,
    ), result.error
    assert service.calls == 1


def test_the_peer_refuses_what_the_service_would(
    service: Peer, results: tuple[Worker, list[AttemptResult]]
) -> None:
    template = TEMPLATES["notification/pagerduty-event"]
    job = made(template, samples(template))
    url, _ = service.instead_of(job.spec.webhook.url)
    service.expect(SERVICES["notification/pagerduty-event"])
    webhook = structs.replace(
        job.spec.webhook, url=url, body='{"routing_key": "short"}', method="PUT"
    )
    result = sent(structs.replace(job, spec=structs.replace(job.spec, webhook=webhook)), *results)
    assert result.outcome is AttemptOutcome.FAILED
    assert any("405" in fault for fault in service.faults)
    assert any("routing_key" in fault for fault in service.faults)
