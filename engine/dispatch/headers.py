"""What every target receives, whatever its job says; and what may be written down of it."""

from __future__ import annotations

import base64
from functools import lru_cache
from hashlib import blake2b
from urllib.parse import urlsplit, urlunsplit

from engine.core.clock import rfc3339
from engine.dispatch.dispatcher import Request
from engine.model.document import HIDDEN
from engine.model.job import Webhook, WebhookAuth

USER_AGENT = "chronos/0.1.0"
HEADERS_SHOWN = 50
VALUE_SHOWN = 256
_SENSITIVE_PARTS = (
    "auth",
    "cookie",
    "credential",
    "key",
    "pass",
    "secret",
    "session",
    "sig",
    "token",
)
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
        f"X-Chronos-Scheduled-Time: {rfc3339(execution.scheduled_us)}",
        f"traceparent: {traceparent(execution.id, execution.attempt)}",
    ]


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


def redacted(headers: dict[str, str]) -> dict[str, str]:
    """Headers fit to be written down: what looks like a secret is hidden, what is long is cut.

    >>> redacted({"Authorization": "Bearer x", "Accept": "*/*"})
    {'Authorization': '***', 'Accept': '*/*'}
    """
    return {
        name: HIDDEN if is_sensitive(name) else value[:VALUE_SHOWN]
        for name, value in list(headers.items())[:HEADERS_SHOWN]
    }


@lru_cache(maxsize=20_000)
def redacted_url(url: str) -> str:
    """A URL fit to be written down: no user, no password, no parameter that looks like a secret.

    >>> redacted_url("https://bob:pw@example.org/run?token=abc&day=1#x")
    'https://***@example.org/run?token=***&day=1#x'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    _, at, host = parts.netloc.rpartition("@")
    query = "&".join(
        f"{name}={HIDDEN}" if mark and is_sensitive(name) else f"{name}{mark}{value}"
        for name, mark, value in (pair.partition("=") for pair in parts.query.split("&"))
    )
    netloc = f"{HIDDEN}@{host}" if at else host
    return urlunsplit((parts.scheme, netloc, parts.path, query, parts.fragment))


def is_sensitive(name: str) -> bool:
    """Whether a header or parameter of this name may hold a secret; rather once too often."""
    lower = name.lower()
    return any(part in lower for part in _SENSITIVE_PARTS)
