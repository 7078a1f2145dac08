"""What all attempts of a job's version share, made once: request head, body, what may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

import msgspec

from engine.dispatch.headers import own_headers
from engine.model.job import Job, Webhook
from engine.model.redaction import redacted_body, redacted_headers, redacted_url

CACHE_SIZE: Final = 20_000
BODY_SHOWN: Final = 2048
HEADERS_SHOWN: Final = 50
VALUE_SHOWN: Final = 256
HTTP_PORT: Final = 80

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

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Prepared:
    """See the module.

    Attributes:
        webhook: what it was made of.
        lines: the job's own headers, as libcurl takes them.
        body: the request's content, also where a method sends none.
        place: where our own client connects to; None where the attempt is libcurl's.
        head: the request up to its own headers, and
        rest: all that follows the identity of the fire; both empty where `place` is None.
        shown: the request as a JSON object without its closing brace, secrets hidden.
    """

    webhook: Webhook
    lines: list[bytes]
    body: bytes
    place: Place | None
    head: bytes
    rest: bytes
    shown: bytes


_kept: dict[tuple[str, int], Prepared] = {}


def prepare_once(job: Job) -> Prepared:
    """What the attempts of this version of the job share.

    Raises:
        ValueError: a header cannot be sent.
    """
    webhook = job.spec.webhook
    prepared = _kept.get((job.id, job.version))
    # One execution may send otherwise than its job's version does.
    if prepared is None or (prepared.webhook is not webhook and prepared.webhook != webhook):
        if len(_kept) >= CACHE_SIZE:
            _kept.clear()
        prepared = _kept[job.id, job.version] = _prepare(webhook)
    return prepared


def sends_body(webhook: Webhook) -> bool:
    """Whether the request says how long its content is."""
    return webhook.method != "HEAD" and (bool(webhook.body) or webhook.method in _WITH_BODY)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers fit for a trace: secrets hidden, and no more than a page of them."""
    some = dict(islice(headers.items(), HEADERS_SHOWN))
    return {name: value[:VALUE_SHOWN] for name, value in redacted_headers(some).items()}


@lru_cache(maxsize=20_000)
def target_of(url: str) -> str:
    """The host and port that a URL connects to; a URL that cannot be read is its own target.

    >>> target_of("http://u:p@Example.org/a"), target_of("https://example.org/b")
    ('example.org:80', 'example.org:443')
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else HTTP_PORT)
    except ValueError:
        return url
    return f"{parts.hostname}:{port}"


def _prepare(webhook: Webhook) -> Prepared:
    own = own_headers(webhook)
    body = webhook.body.encode()
    shown = {
        "url": redacted_url(webhook.url),
        "method": webhook.method,
        "headers": shown_headers(webhook.headers),
        "body": redacted_body(webhook.body)[:BODY_SHOWN],
    }
    found = _plain(webhook, own)
    place, head = found if found is not None else (None, b"")
    rest = b""
    if place is not None:
        rest = b"\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        if not sends_body(webhook):
            rest = b"\r\n\r\n"
    lines = [line.encode() for line in own]
    return Prepared(webhook, lines, body, place, head, rest, _encode(shown)[:-1])


def _plain(webhook: Webhook, own: list[str]) -> tuple[Place, bytes] | None:
    """Where to connect and how the request begins, if it is as plain as our own client wants it.

    >>> place, head = _plain(Webhook(url="http://example.org:81?a"), ["A: b", "C;"])
    >>> place, head.decode().splitlines()[0::3]
    (('example.org', 81), ['GET /?a HTTP/1.1', 'A: b'])
    >>> _plain(Webhook(url="https://example.org"), [])
    """
    match = _PLAIN_URL.fullmatch(webhook.url)
    names = {re.split("[:;]", line, maxsplit=1)[0].strip().lower() for line in own}
    if match is None or webhook.method not in _PLAIN_METHODS or names & _PECULIAR_HEADERS:
        return None
    host, port, path = match[1], int(match[2] or HTTP_PORT), match[3] or "/"
    if not 0 < port <= 0xFFFF or _PECULIAR_PATH.search(path):
        return None
    lines = [f"{webhook.method} {path if path[0] == '/' else '/' + path} HTTP/1.1"]
    if "host" not in names:
        lines.append(f"Host: {host}" if port == HTTP_PORT else f"Host: {host}:{port}")
    if "accept" not in names:
        lines.append("Accept: */*")
    lines += [line[:-1] + ":" if line.endswith(";") and ":" not in line else line for line in own]
    return (host, port), "".join(line + "\r\n" for line in lines).encode()
