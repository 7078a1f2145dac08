"""What all attempts of a job's version share, made once: request head, body, what may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

import msgspec

from engine.dispatch.headers import own_headers
from engine.model.job import Job, Webhook, WebhookAuth
from engine.model.redaction import redacted_body, redacted_headers, redacted_url

CACHE_SIZE: Final = 20_000
BODY_SHOWN: Final = 2048
HEADERS_SHOWN: Final = 50
VALUE_SHOWN: Final = 256
HTTP_PORT: Final = 80
PORT_MAX: Final = 0xFFFF

Place = tuple[str, int]
"""Host and port."""

_PLAIN_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_WITH_BODY: Final = ("POST", "PUT", "PATCH")
_PLAIN_URL: Final = re.compile(r"http://([A-Za-z0-9][A-Za-z0-9._-]*)(?::(\d{1,5}))?([/?][!-~]*)?")
_PECULIAR_PATH: Final = re.compile(r"[#\\]|/\.|%2e", re.IGNORECASE)
_PECULIAR_HEADERS: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of a job that change how the message itself is read; libcurl knows what they mean."""

_HEADERS_KEPT: Final = 1024
"""So many sets of headers are kept as lines; most jobs have one of few."""

_encode = msgspec.json.Encoder().encode


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """See the module.

    Attributes:
        webhook: what it was made of.
        target: what the request connects to; see `target_of`.
        lines: the job's own headers, as libcurl takes them.
        body: the request's content, also where a method sends none.
        place: where our own client connects to; None where the attempt is libcurl's.
        head: the request up to its own headers, and
        rest: all that follows the identity of the fire; both empty where `place` is None.
        shown: the request as a JSON object without its closing brace, secrets hidden.
    """

    webhook: Webhook
    target: str
    lines: list[bytes]
    body: bytes
    place: Place | None
    head: bytes
    rest: bytes
    shown: str


class _Own(msgspec.Struct, frozen=True, gc=False):
    """The headers that a job sends of its own.

    Attributes:
        lines: one for each, as libcurl takes them.
        text: the same as they go on the wire, each with its end, after what we say by default.
        names_host: whether they say whom the request is for.
        is_plain: whether our own client may send them.
        shown: as a JSON object, secrets hidden.
    """

    lines: list[bytes]
    text: str
    names_host: bool
    is_plain: bool
    shown: msgspec.Raw


_kept: dict[tuple[str, int], Prepared] = {}


def prepare_once(job: Job) -> Prepared:
    """What the attempts of this version of the job share.

    Raises:
        ValueError: a header cannot be sent.
    """
    prepared = _known(job)
    if prepared is None:
        if len(_kept) >= CACHE_SIZE:
            _kept.clear()
        prepared = _kept[job.id, job.version] = _prepare(job.spec.webhook)
    return prepared


def target_once(job: Job) -> str:
    """What the job's requests connect to, from what is prepared if it is."""
    prepared = _known(job)
    return target_of(job.spec.webhook.url) if prepared is None else prepared.target


def _known(job: Job) -> Prepared | None:
    prepared, webhook = _kept.get((job.id, job.version)), job.spec.webhook
    # One execution may send otherwise than its job's version does.
    if prepared is None or prepared.webhook is webhook or prepared.webhook == webhook:
        return prepared
    return None


def sends_body(webhook: Webhook) -> bool:
    """Whether the request says how long its content is."""
    return webhook.method != "HEAD" and (bool(webhook.body) or webhook.method in _WITH_BODY)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers fit for a trace: secrets hidden, and no more than a page of them."""
    some = dict(islice(headers.items(), HEADERS_SHOWN))
    return {name: value[:VALUE_SHOWN] for name, value in redacted_headers(some).items()}


def target_of(url: str) -> str:
    """The host and port that a URL connects to; a URL that cannot be read is its own target.

    >>> target_of("http://u:p@Example.org/a"), target_of("https://example.org/b")
    ('example.org:80', 'example.org:443')
    """
    plain = _PLAIN_URL.fullmatch(url)
    if plain is not None and 0 < (port := _port(plain)) <= PORT_MAX:
        return f"{plain[1].lower()}:{port}"
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else HTTP_PORT)
    except ValueError:
        return url
    return f"{parts.hostname}:{port}"


def _port(plain: re.Match[str]) -> int:
    return int(plain[2] or HTTP_PORT)


def _prepare(webhook: Webhook) -> Prepared:
    own = _own(tuple(webhook.headers.items()), webhook.auth, bool(webhook.body))
    body = webhook.body.encode()
    shown = {
        "url": redacted_url(webhook.url),
        "method": webhook.method,
        "headers": own.shown,
        "body": redacted_body(webhook.body)[:BODY_SHOWN],
    }
    found = _plain(webhook, own)
    if found is None:
        place, head, rest, target = None, b"", b"", target_of(webhook.url)
    else:
        place, head = found
        target = f"{place[0].lower()}:{place[1]}"
        rest = b"\r\n\r\n"
        if sends_body(webhook):
            rest = b"\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    text = _encode(shown)[:-1].decode()
    return Prepared(webhook, target, own.lines, body, place, head, rest, text)


@lru_cache(maxsize=_HEADERS_KEPT)
def _own(headers: tuple[tuple[str, str], ...], auth: WebhookAuth | None, has_body: bool) -> _Own:
    """What a job's headers and credentials come to.

    Raises:
        ValueError: a header cannot be sent.
    """
    named = dict(headers)
    lines = own_headers(named, auth, has_body=has_body)
    names = {re.split("[:;]", line, maxsplit=1)[0].strip().lower() for line in lines}
    sent = [line[:-1] + ":" if line.endswith(";") and ":" not in line else line for line in lines]
    if "accept" not in names:
        sent.insert(0, "Accept: */*")
    return _Own(
        lines=[line.encode() for line in lines],
        text="".join(line + "\r\n" for line in sent),
        names_host="host" in names,
        is_plain=not names & _PECULIAR_HEADERS,
        shown=msgspec.Raw(_encode(shown_headers(named))),
    )


def _plain(webhook: Webhook, own: _Own) -> tuple[Place, bytes] | None:
    """Where to connect and how the request begins, if it is as plain as our own client wants it.

    >>> own = _own((("A", "b"),), None, False)
    >>> place, head = _plain(Webhook(url="http://example.org:81?a"), own)
    >>> place, head.decode().splitlines()[0::3]
    (('example.org', 81), ['GET /?a HTTP/1.1', 'A: b'])
    >>> _plain(Webhook(url="https://example.org"), own)
    """
    match = _PLAIN_URL.fullmatch(webhook.url)
    if match is None or webhook.method not in _PLAIN_METHODS or not own.is_plain:
        return None
    host, port, path = match[1], _port(match), match[3] or "/"
    if not 0 < port <= PORT_MAX or _PECULIAR_PATH.search(path):
        return None
    slash = "" if path[0] == "/" else "/"
    named = f"Host: {host}\r\n" if port == HTTP_PORT else f"Host: {host}:{port}\r\n"
    head = f"{webhook.method} {slash}{path} HTTP/1.1\r\n{'' if own.names_host else named}{own.text}"
    return (host, port), head.encode()
