"""What every target receives, whatever its job says."""

from __future__ import annotations

import base64
from functools import lru_cache
from hashlib import blake2b

from engine.core.clock import rfc3339
from engine.core.version import VERSION
from engine.dispatch.dispatcher import Request
from engine.model.job import Webhook, WebhookAuth

USER_AGENT = f"chronos/{VERSION}"
_OURS = (
    "idempotency-key",
    "x-chronos-job",
    "x-chronos-execution",
    "x-chronos-attempt",
    "x-chronos-scheduled-time",
    "traceparent",
)


def identity_headers(request: Request) -> list[str]:
    """The headers by which a target knows the fire, as `Name: value` lines.

    One fire time has one `Idempotency-Key`, whatever fails over in between.
    """
    execution = request.execution
    return [
        f"Idempotency-Key: {execution.id}",
        f"X-Chronos-Job: {execution.job_id}",
        f"X-Chronos-Execution: {execution.id}",
        f"X-Chronos-Attempt: {execution.attempt}",
        f"X-Chronos-Scheduled-Time: {_written(execution.scheduled_us)}",
        f"traceparent: {traceparent(execution.id, execution.attempt)}",
    ]


_written = lru_cache(maxsize=1024)(rfc3339)
"""Thousands of attempts have one fire time."""


def traceparent(execution_id: str, attempt: int) -> str:
    """The W3C trace context of an attempt: one trace an execution, one span an attempt.

    >>> len(traceparent("exe_1", 1))
    55
    """
    trace = blake2b(execution_id.encode(), digest_size=16).hexdigest()
    span = blake2b(f"{execution_id}/{attempt}".encode(), digest_size=8).hexdigest()
    return f"00-{trace}-{span}-01"


def own_headers(webhook: Webhook) -> list[str]:
    """The job's own headers and credentials, as `Name: value` lines.

    They win over what we would say by default, but not over the identity of the fire: a header of
    such a name is left out, and so is one that the job's credentials take the place of.

    Raises:
        ValueError: a line break or NUL would let one header become two.
    """
    taken = set(_OURS)
    if webhook.auth is not None:
        taken.add(auth_header(webhook.auth).partition(":")[0].lower())
    own = {name: value for name, value in webhook.headers.items() if name.lower() not in taken}
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in own.items()]
    names = {name.lower() for name in own}
    if "user-agent" not in names:
        lines.append(f"User-Agent: {USER_AGENT}")
    if webhook.body and "content-type" not in names:
        lines.append("Content-Type: application/json")
    if webhook.auth is not None:
        lines.append(auth_header(webhook.auth))
    if any(mark in line for line in lines for mark in "\r\n\0"):
        raise ValueError("a header holds a line break")
    return lines


def auth_header(auth: WebhookAuth) -> str:
    """The header that carries the credentials."""
    if auth.type == "basic":
        pair = base64.b64encode(f"{auth.username}:{auth.password}".encode()).decode()
        return f"Authorization: Basic {pair}"
    if auth.type == "bearer":
        return f"Authorization: Bearer {auth.token}"
    return f"{auth.header}: {auth.api_key}"
