"""Asking a target whether it has seen an execution, before it is sent once more."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

from msgspec import structs

from engine.dispatch.dispatcher import Request
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.model.target_document import PLACE

UNSEEN: Final = (404, 410)
"""What a target answers that has not seen the execution."""


def asks_first(request: Request) -> bool:
    """Whether the attempt begins with the question."""
    return request.execution.asks_first and bool(request.job.spec.webhook.status_url)


def question(request: Request) -> Request:
    """The question, as an attempt of its own: a GET with the headers of the job."""
    job, webhook = request.job, request.job.spec.webhook
    url = webhook.status_url.replace(PLACE, request.execution.id)
    asked = structs.replace(
        webhook, url=urljoin(webhook.url, url), method="GET", body="", success_codes=("200-299",)
    )
    # What attempts of a version share is kept by its number: the question has one of its own.
    spec = structs.replace(job.spec, webhook=asked, timeout_us=max(1_000, job.spec.timeout_us // 2))
    return structs.replace(request, job=structs.replace(job, spec=spec, version=-job.version))


def remaining(request: Request, spent_us: int) -> Request:
    """The attempt itself, within what is left of the job's time-out."""
    left_us = max(1_000, request.job.spec.timeout_us - spent_us)
    spec = structs.replace(request.job.spec, timeout_us=left_us)
    return structs.replace(request, job=structs.replace(request.job, spec=spec))


def answered(result: AttemptResult) -> AttemptResult | None:
    """What the target's answer makes of the attempt; None where it is to be sent.

    A target that could not say is asked again, as the retry policy has it: not sent to.
    """
    if result.outcome is AttemptOutcome.SUCCESS:
        return result
    if result.status_code in UNSEEN:
        return None
    error = f"the target could not say whether it has seen it: {result.error}"
    return structs.replace(result, outcome=AttemptOutcome.FAILED, error=error)
