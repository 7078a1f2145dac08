"""Reads the change of a replay as a person writes it, checked as a job is.

So nothing runs which no job could be, and a secret that is shown as `***` and written back is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from msgspec import structs

from engine.core.errors import InvalidDocument, Problem
from engine.model.change import FIELDS, REQUEST_FIELDS
from engine.model.document import job_document, parse_job
from engine.model.execution import Change
from engine.model.job import Job
from engine.model.redaction import revealed_body

_HINT: Final = 'e.g. {"body": "{}"}; any of ' + ", ".join(FIELDS)


def parse_change(document: Any, job: Job) -> Change:
    """Check what a person wants otherwise; `***` keeps a secret that the job stores.

    Args:
        document: any of url, method, headers (the whole set), body, and timeout ("30s").
        job: the job that is run again.

    Raises:
        InvalidDocument: one problem per fault, its field beginning with `change`.
    """
    if not isinstance(document, Mapping):
        raise InvalidDocument([Problem("change", "is not an object", _HINT)])
    problems = [
        Problem(f"change.{str(name)[:60]}", "is not a known field", "one of " + ", ".join(FIELDS))
        for name in document
        if name not in FIELDS
    ]
    problems += [
        Problem(f"change.{name}", "is null", "leave it out to keep what the job sends")
        for name in FIELDS
        if name in document and document[name] is None
    ]
    if job.spec.report:
        reason, hint = "cannot be changed: the job writes a report", "change its timeout"
        problems += [
            Problem(f"change.{name}", reason, hint) for name in REQUEST_FIELDS if name in document
        ]
    if not document:
        problems.append(Problem("change", "changes nothing", _HINT))
    if problems:
        raise InvalidDocument(problems)
    checked = _checked(document, job)
    webhook = checked.spec.webhook
    body, missing = revealed_body(webhook.body, job.spec.webhook.body)
    if "body" in document and missing:
        reason = f"hides its {missing[0]}, and nothing is stored for it"
        raise InvalidDocument([Problem("change.body", reason, "write it out")])
    return Change(
        url=webhook.url if "url" in document else None,
        method=webhook.method if "method" in document else None,
        headers=dict(webhook.headers) if "headers" in document else None,
        body=body if "body" in document else None,
        timeout_us=checked.spec.timeout_us if "timeout" in document else None,
    )


def _checked(document: Mapping[str, Any], job: Job) -> Job:
    """The job with the change written into its document, as the parser of jobs reads it."""
    whole = job_document(job)
    if not job.spec.report:
        whole["webhook"] |= {name: document[name] for name in REQUEST_FIELDS if name in document}
    if "timeout" in document:
        whole["timeout"] = document["timeout"]
    try:
        spec, _ = parse_job(whole, job)
    except InvalidDocument as error:
        raise InvalidDocument(
            [
                replace(one, field=f"change.{one.field.removeprefix('webhook.')}")
                for one in error.problems
            ]
        ) from None
    return structs.replace(job, spec=spec)
