"""What every target receives, whatever its job says."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b

from engine.core.clock import rfc3339
from engine.core.version import VERSION
from engine.dispatch.dispatcher import Request
from engine.model.job import WebhookAuth

USER_AGENT = f"chronos/{VERSION}"
_OURS = (
    "idempotency-key",
    "x-chronos-job",
    "x-chronos-execution",
    "x-chronos-attempt",
    "x-chronos-scheduled-time",
    "traceparent",
)


def identity(request: Request) -> str:
    """The headers by which a target knows the fire, as `Name: value` lines with CRLF between them.

    One fire time has one `Idempotency-Key`, whatever fails over in between.
    """
    execution = request.execution
    execution_id, attempt = execution.id, execution.attempt
    return (
        f"Idempotency-Key: {execution_id}\r\n"
        f"X-Chronos-Job: {execution.job_id}\r\n"
        f"X-Chronos-Execution: {execution_id}\r\n"
        f"X-Chronos-Attempt: {attempt}\r\n"
        f"X-Chronos-Scheduled-Time: {_written(execution.scheduled_us)}\r\n"
        f"traceparent: {traceparent(execution_id, attempt)}"
    )


_written = lru_cache(maxsize=1024)(rfc3339)
"""Thousands of attempts have one fire time."""

# A hash that is copied costs half of one that is set up.
_TRACE = blake2b(digest_size=16)
_SPAN = blake2b(digest_size=8)


def traceparent(execution_id: str, attempt: int) -> str:
    """The W3C trace context of an attempt: one trace an execution, one span an attempt.

    >>> traceparent("exe_1", 1)
    '00-2a47fd9cc2df31bcadc5a14db655e571-57064a9013c9b35f-01'
    """
    trace, span = _TRACE.copy(), _SPAN.copy()
    trace.update(execution_id.encode())
    span.update(f"{execution_id}/{attempt}".encode())
    return f"00-{trace.hexdigest()}-{span.hexdigest()}-01"


def own_headers(
    headers: Mapping[str, str], auth: WebhookAuth | None, *, has_body: bool
) -> list[str]:
    """The job's own headers and credentials, as `Name: value` lines.

    They win over what we would say by default, but not over the identity of the fire: a header of
    such a name is left out, and so is one that the job's credentials take the place of.

    Raises:
        ValueError: a line break or NUL would let one header become two.
    """
    taken = set(_OURS)
    if auth is not None:
        taken.add(auth_header(auth).partition(":")[0].lower())
    own = {name: value for name, value in headers.items() if name.lower() not in taken}
    lines = [f"{name}: {value}" if value else f"{name};" for name, value in own.items()]
    names = {name.lower() for name in own}
    if "user-agent" not in names:
        lines.append(f"User-Agent: {USER_AGENT}")
    if has_body and "content-type" not in names:
        lines.append("Content-Type: application/json")
    if auth is not None:
        lines.append(auth_header(auth))
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
