"""What one replay does otherwise than its job: a frozen part of an execution, never of the job.

`changed` is the one place where it takes effect: dispatch, history and documents all ask it. What
to read next: `change_document.py`, which checks what a person writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from msgspec import structs

from engine.core.durations import format_duration
from engine.model.execution import Change
from engine.model.job import Document, Job
from engine.model.redaction import redacted_body, redacted_headers, redacted_url

REQUEST_FIELDS: Final = ("url", "method", "headers", "body")
FIELDS: Final = (*REQUEST_FIELDS, "timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field of a request before and after a change, secrets hidden."""

    field: str
    before: Any
    after: Any

    def document(self) -> Document:
        """The difference as JSON."""
        return {"field": self.field, "before": self.before, "after": self.after}


def changed(job: Job, change: Change | None) -> Job:
    """The job as one execution runs it.

    Args:
        job: as it is stored.
        change: of the execution; None leaves the job as it is.
    """
    if change is None:
        return job
    webhook = job.spec.webhook
    webhook = structs.replace(
        webhook,
        url=webhook.url if change.url is None else change.url,
        method=webhook.method if change.method is None else change.method,
        headers=webhook.headers if change.headers is None else change.headers,
        body=webhook.body if change.body is None else change.body,
    )
    timeout_us = job.spec.timeout_us if change.timeout_us is None else change.timeout_us
    spec = structs.replace(job.spec, webhook=webhook, timeout_us=timeout_us)
    return structs.replace(job, spec=spec)


def change_document(change: Change | None) -> Document | None:
    """What was changed, as the public sees it: only what is set, secrets as `***`."""
    if change is None:
        return None
    document: Document = {}
    if change.url is not None:
        document["url"] = redacted_url(change.url)
    if change.method is not None:
        document["method"] = change.method
    if change.headers is not None:
        document["headers"] = redacted_headers(change.headers)
    if change.body is not None:
        document["body"] = redacted_body(change.body)
    if change.timeout_us is not None:
        document["timeout"] = format_duration(change.timeout_us)
    return document


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What of two requests differs, in the order of `FIELDS`; both with their secrets hidden.

    >>> differences({"url": "a", "method": "GET"}, {"url": "b", "method": "GET"})
    [Difference(field='url', before='a', after='b')]
    """
    return [
        Difference(field=name, before=before.get(name), after=after.get(name))
        for name in FIELDS
        if before.get(name) != after.get(name)
    ]
