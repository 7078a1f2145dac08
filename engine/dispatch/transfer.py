"""One HTTP attempt as a libcurl transfer: set a handle up, and read what came of it.

Redirects are not followed: a 3xx is an answer, and the job's success codes judge it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

import msgspec
import pycurl

from engine.core.ids import Instant
from engine.dispatch.dispatcher import Request
from engine.dispatch.headers import identity_headers, own_headers
from engine.dispatch.steps import opening
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.model.job import Document, Job, Webhook
from engine.model.redaction import redacted_body, redacted_headers, redacted_url

READ_BYTES_MAX = 1 << 20
"""A longer answer is cut off; its status code has been read by then."""

BODY_SHOWN = 2048
HEADERS_SHOWN = 50
VALUE_SHOWN = 256
CACHE_SIZE = 20_000

_json = msgspec.json.Encoder()
_PLAIN = {
    pycurl.E_COULDNT_CONNECT: "connection refused or not reachable",
    pycurl.E_COULDNT_RESOLVE_HOST: "the host name does not resolve",
    pycurl.E_GOT_NOTHING: "the server closed without an answer",
    pycurl.E_RECV_ERROR: "the connection broke while reading",
    pycurl.E_SEND_ERROR: "the connection broke while sending",
    pycurl.E_SSL_CONNECT_ERROR: "TLS could not be set up",
    pycurl.E_PEER_FAILED_VERIFICATION: "the server's certificate is not trusted",
    pycurl.E_PARTIAL_FILE: "the connection broke before the whole answer came",
}


class Answer:
    """Takes what a target sends; keeps the head and the first `kept_max` bytes of the body.

    At `READ_BYTES_MAX` it ends the transfer.
    """

    __slots__ = ("body", "cut", "head", "kept_max", "total")

    def __init__(self, kept_max: int) -> None:
        self.kept_max = kept_max
        self.head: list[bytes] = []
        self.body = BytesIO()
        self.total = 0
        self.cut = False

    def write(self, data: bytes) -> int:
        """Take a piece of the body; a short count tells libcurl to stop."""
        self.total += len(data)
        if self.total > READ_BYTES_MAX:
            self.cut = True
            return 0
        room = self.kept_max - self.body.tell()
        if room > 0:
            self.body.write(data[:room])
        return len(data)

    def headers(self) -> dict[str, str]:
        """The headers of the final answer; interim ones (1xx) come before it and are left out."""
        headers: dict[str, str] = {}
        for line in self.head:
            if line.startswith(b"HTTP/"):
                headers.clear()
                continue
            name, mark, value = line.decode("latin-1").partition(":")
            if mark:
                headers[name] = value.strip()
        return headers


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What all attempts of a job's version share: its own headers, and what may be shown."""

    head: list[bytes]
    shown: Document


_prepared: dict[tuple[str, int], _Prepared] = {}


def _prepare_once(job: Job) -> _Prepared:
    prepared = _prepared.get((job.id, job.version))
    if prepared is None:
        if len(_prepared) >= CACHE_SIZE:
            _prepared.clear()
        webhook = job.spec.webhook
        shown = {
            "url": redacted_url(webhook.url),
            "method": webhook.method,
            "headers": _shown(webhook.headers),
            "body": redacted_body(webhook.body)[:BODY_SHOWN],
        }
        prepared = _Prepared([line.encode() for line in own_headers(webhook)], shown)
        _prepared[job.id, job.version] = prepared
    return prepared


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers fit for a trace: secrets hidden, and no more than a page of them."""
    some = dict(islice(headers.items(), HEADERS_SHOWN))
    return {name: value[:VALUE_SHOWN] for name, value in redacted_headers(some).items()}


def prepare(
    handle: Any, request: Request, answer: Answer, *, connect_us_max: int, idle_us_max: int
) -> None:
    """Set a reset curl handle up for the request.

    Args:
        handle: a fresh or reset curl handle.
        request: what to send.
        answer: takes what comes back.
        connect_us_max: how long connecting may take, microseconds.
        idle_us_max: a connection idle for longer is not used again, microseconds.
    """
    job = request.job
    webhook = job.spec.webhook
    head = _prepare_once(job).head
    handle.setopt(pycurl.URL, webhook.url.encode())
    handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    handle.setopt(pycurl.NOSIGNAL, 1)
    handle.setopt(pycurl.TCP_NODELAY, 1)
    handle.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, connect_us_max // 1000))
    handle.setopt(pycurl.MAXAGE_CONN, max(1, idle_us_max // 1_000_000))
    handle.setopt(pycurl.TIMEOUT_MS, max(1, job.spec.timeout_us // 1000))
    handle.setopt(pycurl.WRITEFUNCTION, answer.write)
    handle.setopt(pycurl.HEADERFUNCTION, answer.head.append)
    if webhook.method == "HEAD":
        handle.setopt(pycurl.NOBODY, 1)
    elif webhook.body or webhook.method in ("POST", "PUT", "PATCH"):
        data = webhook.body.encode()
        handle.setopt(pycurl.POSTFIELDSIZE, len(data))
        handle.setopt(pycurl.COPYPOSTFIELDS, data)
        handle.setopt(pycurl.CUSTOMREQUEST, webhook.method)
    else:
        handle.setopt(pycurl.CUSTOMREQUEST, webhook.method)
    own = [line.encode() for line in identity_headers(request)]
    handle.setopt(pycurl.HTTPHEADER, [*head, *own, b"Expect:"])


def conclude(
    handle: Any,
    request: Request,
    answer: Answer,
    *,
    started_us: Instant,
    fault: tuple[int, str] | None,
) -> AttemptResult:
    """Judge a finished transfer.

    Args:
        handle: the curl handle, not yet reset.
        request: what was asked for.
        answer: what came back.
        started_us: when the attempt began, wall time.
        fault: libcurl's error number and text, if the transfer failed.
    """
    webhook = request.job.spec.webhook
    total_us = int(handle.getinfo(pycurl.TOTAL_TIME) * 1e6)
    code = int(handle.getinfo(pycurl.RESPONSE_CODE))
    if fault is not None and answer.cut and fault[0] == pycurl.E_WRITE_ERROR:
        fault = None
    connected = handle.getinfo(pycurl.REQUEST_SIZE) > 0
    outcome, error = _judge(webhook, code, fault, total_us, connected=connected)
    kept = answer.body.getvalue().decode("utf-8", "replace")
    return AttemptResult(
        execution_id=request.execution.id,
        attempt=request.execution.attempt,
        outcome=outcome,
        started_us=started_us,
        finished_us=started_us + total_us,
        status_code=code,
        error=error,
        response=kept.replace("\x00", "\ufffd"),
        trace=_trace(handle, request, answer, code, error, total_us),
        reached=connected,
    )


def _judge(
    webhook: Webhook, code: int, fault: tuple[int, str] | None, total_us: int, *, connected: bool
) -> tuple[AttemptOutcome, str]:
    if fault is not None:
        number, text = fault
        if number == pycurl.E_OPERATION_TIMEDOUT:
            wanted = "answer" if connected else "connection"
            return AttemptOutcome.TIMEOUT, f"no {wanted} within {total_us / 1e6:.1f} s"
        plain = _PLAIN.get(number)
        return AttemptOutcome.FAILED, f"{plain}: {text}" if plain else text
    if succeeded(code, webhook.success_codes):
        return AttemptOutcome.SUCCESS, ""
    return AttemptOutcome.FAILED, f"HTTP {code}"


def succeeded(code: int, success_codes: tuple[int | str, ...]) -> bool:
    """Whether a status code counts as success.

    >>> succeeded(204, ("200-299",)), succeeded(404, (200, "400-404")), succeeded(500, (200,))
    (True, True, False)
    """
    for wanted in success_codes:
        if isinstance(wanted, int):
            if code == wanted:
                return True
        else:
            low, _, high = wanted.partition("-")
            if int(low) <= code <= int(high):
                return True
    return False


def _trace(
    handle: Any, request: Request, answer: Answer, code: int, error: str, total_us: int
) -> str:
    """The attempt's steps as JSON; offsets in microseconds from its start."""
    webhook = request.job.spec.webhook
    dns_us = int(handle.getinfo(pycurl.NAMELOOKUP_TIME) * 1e6)
    connect_us = int(handle.getinfo(pycurl.CONNECT_TIME) * 1e6)
    tls_us = int(handle.getinfo(pycurl.APPCONNECT_TIME) * 1e6)
    sent_us = int(handle.getinfo(pycurl.PRETRANSFER_TIME) * 1e6)
    first_us = int(handle.getinfo(pycurl.STARTTRANSFER_TIME) * 1e6)
    steps = opening(request)
    if webhook.auth is not None:
        steps.append(("auth", 0, {"type": webhook.auth.type}))
    steps.append(
        (
            "request",
            sent_us,
            {
                **_prepare_once(request.job).shown,
                "dns_us": dns_us,
                "connect_us": connect_us,
                "tls_us": tls_us,
            },
        )
    )
    if code:
        detail: dict[str, Any] = {
            "status": code,
            "headers": _shown(answer.headers()),
            "bytes": answer.total,
            "first_byte_us": first_us,
        }
        if answer.cut:
            detail["cut"] = True
        steps.append(("response", first_us, detail))
    steps.append(("error", total_us, {"error": error}) if error else ("complete", total_us, {}))
    return _json.encode(steps).decode()
