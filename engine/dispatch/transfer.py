"""One HTTP attempt as a libcurl transfer: set a handle up, and read what came of it.

Redirects are not followed: a 3xx is an answer, and the job's success codes judge it.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import msgspec
import pycurl

from engine.core.ids import Instant
from engine.dispatch.answer import READ_BYTES_MAX
from engine.dispatch.dispatcher import Request
from engine.dispatch.headers import identity
from engine.dispatch.prepared import Prepared, sends_body, shown_headers
from engine.dispatch.recording import Fault, Received, Times, attempt_result, timed_out
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.model.job import Guarantee

_encode = msgspec.json.Encoder().encode
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


def prepare(
    handle: Any,
    request: Request,
    prepared: Prepared,
    answer: Answer,
    *,
    connect_us_max: int,
    idle_us_max: int,
) -> None:
    """Set a reset curl handle up for the request.

    Args:
        handle: a fresh or reset curl handle.
        request: what to send.
        prepared: of the request's job.
        answer: takes what comes back.
        connect_us_max: how long connecting may take, microseconds.
        idle_us_max: a connection idle for longer is not used again, microseconds.
    """
    job = request.job
    webhook = job.spec.webhook
    handle.setopt(pycurl.URL, webhook.url.encode())
    handle.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    handle.setopt(pycurl.NOSIGNAL, 1)
    handle.setopt(pycurl.TCP_NODELAY, 1)
    handle.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, connect_us_max // 1000))
    if request.job.spec.guarantee is not Guarantee.AT_LEAST_ONCE:
        # On a kept connection that closes without an answer, libcurl sends again by itself.
        handle.setopt(pycurl.FRESH_CONNECT, 1)
    handle.setopt(pycurl.MAXAGE_CONN, max(1, idle_us_max // 1_000_000))
    handle.setopt(pycurl.TIMEOUT_MS, max(1, job.spec.timeout_us // 1000))
    handle.setopt(pycurl.WRITEFUNCTION, answer.write)
    handle.setopt(pycurl.HEADERFUNCTION, answer.head.append)
    if webhook.method == "HEAD":
        handle.setopt(pycurl.NOBODY, 1)
    elif sends_body(webhook):
        handle.setopt(pycurl.POSTFIELDSIZE, len(prepared.body))
        handle.setopt(pycurl.COPYPOSTFIELDS, prepared.body)
        handle.setopt(pycurl.CUSTOMREQUEST, webhook.method)
    else:
        handle.setopt(pycurl.CUSTOMREQUEST, webhook.method)
    own = identity(request).encode().split(b"\r\n")
    handle.setopt(pycurl.HTTPHEADER, [*prepared.lines, *own, b"Expect:"])


def conclude(
    handle: Any,
    request: Request,
    prepared: Prepared,
    answer: Answer,
    *,
    started_us: Instant,
    fault: tuple[int, str] | None,
) -> AttemptResult:
    """Judge a finished transfer.

    Args:
        handle: the curl handle, not yet reset.
        request: what was asked for.
        prepared: of the request's job.
        answer: what came back.
        started_us: when the attempt began, wall time.
        fault: libcurl's error number and text, if the transfer failed.
    """

    def at_us(moment: int) -> int:
        return int(handle.getinfo(moment) * 1e6)

    times = Times(
        lookup_us=at_us(pycurl.NAMELOOKUP_TIME),
        connected_us=at_us(pycurl.CONNECT_TIME),
        secured_us=at_us(pycurl.APPCONNECT_TIME),
        sent_us=at_us(pycurl.PRETRANSFER_TIME),
        first_us=at_us(pycurl.STARTTRANSFER_TIME),
        total_us=at_us(pycurl.TOTAL_TIME),
    )
    if fault is not None and answer.cut and fault[0] == pycurl.E_WRITE_ERROR:
        fault = None
    reached = handle.getinfo(pycurl.REQUEST_SIZE) > 0
    return attempt_result(
        request,
        prepared,
        started_us=started_us,
        times=times,
        received=Received(
            int(handle.getinfo(pycurl.RESPONSE_CODE)),
            _encode(shown_headers(answer.headers())).decode(),
            answer.body.getvalue(),
            answer.total,
            answer.cut,
        ),
        fault=None if fault is None else _fault(*fault, times.total_us, reached=reached),
        reached=reached,
    )


def _fault(number: int, text: str, total_us: int, *, reached: bool) -> Fault:
    if number == pycurl.E_OPERATION_TIMEDOUT:
        return timed_out(total_us, reached=reached)
    plain = _PLAIN.get(number)
    return AttemptOutcome.FAILED, f"{plain}: {text}" if plain else text
