"""What a job's fires do, as a person writes it: an HTTP call, or a report to be written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from engine.core.durations import format_duration
from engine.model.job import SECOND_US, Document, Job, JobSpec, ReportOrder, Webhook, WebhookAuth
from engine.model.reader import Reader, one_of, shown
from engine.model.redaction import (
    HIDDEN,
    redacted_body,
    redacted_headers,
    redacted_url,
    revealed_headers,
    revealed_url,
)

TYPES: Final = ("http", "report")
"""The protocols that a job can name."""
SPAN_US_MIN: Final = 3600 * SECOND_US
SPAN_US_MAX: Final = 366 * 86_400 * SECOND_US
TAGS_BYTES_MAX: Final = 1000
SLO_MIN, SLO_MAX = 0.5, 0.99999
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
AUTH_TYPES = ("basic", "bearer", "api_key")
SECRETS = ("password", "token", "api_key")
PLACE = "{execution_id}"
BODY_BYTES_MAX = 64 * 1024
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_UNPRINTED = re.compile(r"[\x00-\x20\x7f]")
_CODES = re.compile(r"([1-5]\d\d)-([1-5]\d\d)\Z")


Target = tuple[Webhook, ReportOrder | None]


def read_target(reader: Reader, stored: Job | None, report_kinds: Sequence[str] = ()) -> Target:
    """What fires do, written as `webhook` or as `dispatch: {type: NAME, NAME: {...}}`.

    Faults go to the reader; what is returned beside them stands for nothing.
    """
    webhook, dispatch = reader.take("webhook"), reader.take("dispatch")
    empty = Webhook(url=""), None
    if webhook is not None and dispatch is not None:
        reader.fault("dispatch", "stands beside webhook", "a job has one target: keep one of them")
        return empty
    if webhook is not None:
        return _webhook(Reader(webhook, "webhook", reader.problems), stored), None
    if dispatch is None:
        reader.fault("webhook", "is missing", 'e.g. {"url": "https://example.org/run"}')
        return empty
    inner = Reader(dispatch, "dispatch", reader.problems)
    kind = inner.text("type")
    if kind not in TYPES:
        inner.fault("type", f"{shown(kind)} is not a protocol of this version", one_of(kind, TYPES))
        return empty
    part = Reader(inner.take(kind), f"dispatch.{kind}", reader.problems)
    inner.close()
    if kind == "report":
        return empty[0], _report(part, report_kinds)
    return _webhook(part, stored), None


def _report(reader: Reader, kinds: Sequence[str]) -> ReportOrder:
    kind = reader.text("kind", most=64)
    if not kind or (kinds and kind not in kinds):
        reason = f"{shown(kind)} is not a report" if kind else "is missing"
        reader.fault("kind", reason, one_of(kind, kinds))
    built_in = ReportOrder(kind=kind)
    tags = reader.strings("tags", lambda _name, _text: None)
    if sum(len(f"{name}{text}".encode()) for name, text in tags.items()) > TAGS_BYTES_MAX:
        reader.fault("tags", f"are longer than {TAGS_BYTES_MAX} bytes", "choose by fewer tags")
    order = ReportOrder(
        kind=kind,
        span_us=reader.duration("span", built_in.span_us, low=SPAN_US_MIN, high=SPAN_US_MAX),
        namespace=reader.text("namespace", most=128),
        job=reader.text("job", most=300),
        tags=tags,
        slo=reader.number("slo", built_in.slo, SLO_MIN, SLO_MAX, float),
    )
    reader.close()
    return order


def _webhook(reader: Reader, stored: Job | None) -> Webhook:
    url = reader.text("url")
    reason = _url_fault(url)
    if reason and not any(p.field == reader.at("url") for p in reader.problems):
        reader.fault("url", reason, "an absolute URL, e.g. https://example.org/run")
    method = reader.text("method", "GET").upper() or "GET"
    if method not in METHODS:
        reader.fault("method", f"{shown(method)} is not a method", one_of(method, [*METHODS]))

    def header(name: str, value: str) -> None:
        if not _TOKEN.match(name):
            reader.fault(f"headers.{name}", "is not a header name", "letters, digits and -")
        if "\r" in value or "\n" in value or "\x00" in value:
            reader.fault(f"headers.{name}", "holds a line break", "headers are one line")

    known = stored.spec.webhook if stored else Webhook(url="")
    url, gone = revealed_url(url, known.url)
    for part in gone:
        reader.fault("url", f"hides its {part}, and nothing is stored for it", "write it out")
    headers, gone = revealed_headers(reader.strings("headers", header), known.headers)
    for name in gone:
        reader.fault(
            f"headers.{name}", "is hidden and nothing is stored", "write the secret itself"
        )
    webhook = Webhook(
        url=url,
        method=method,
        headers=headers,
        body=reader.text("body", most=BODY_BYTES_MAX),
        auth=_auth(reader, stored.spec.webhook.auth if stored else None),
        success_codes=_success_codes(reader),
        status_url=_status_url(reader),
    )
    reader.close()
    return webhook


def _status_url(reader: Reader) -> str:
    url = reader.text("status_url")
    if not url:
        return ""
    hint = "a path such as /runs/{execution_id}, or an absolute URL"
    reason = _url_fault(f"http://host{url}" if url.startswith("/") else url)
    if PLACE not in url:
        reason = reason or f"does not say where {PLACE} stands"
    if not reason and redacted_url(url) != url:
        reason, hint = "holds a secret", "send it in a header: the headers of the job are sent too"
    if reason:
        reader.fault("status_url", reason, hint)
    return url


def _url_fault(url: str) -> str:
    if not url:
        return "is missing"
    if _UNPRINTED.search(url):
        return "holds a space or a control character"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is not a URL: {error}"
    if parts.scheme not in ("http", "https"):
        return f"{shown(url)} does not begin with http:// or https://"
    if not parts.hostname or port == 0:
        return f"{shown(url)} names no host"
    return ""


def _success_codes(reader: Reader) -> tuple[int | str, ...]:
    value = reader.take("success_codes")
    if value is None or value == []:
        return ("200-299",)
    codes = [value] if isinstance(value, str | int) else value
    result: list[int | str] = []
    hint = 'codes from 100 to 599 or ranges, e.g. [200, "202-204"]'
    if not isinstance(codes, list | tuple):
        reader.fault("success_codes", f"{shown(value)} is not a list", hint)
        return ("200-299",)
    for code in codes:
        if _is_success_code(code):
            result.append(code)
        else:
            reader.fault("success_codes", f"{shown(code)} is not a status code", hint)
    return tuple(result)


def _is_success_code(code: object) -> bool:
    if isinstance(code, str):
        found = _CODES.match(code)
        return found is not None and found[1] <= found[2]
    return isinstance(code, int) and not isinstance(code, bool) and 100 <= code <= 599


def _auth(parent: Reader, stored: WebhookAuth | None) -> WebhookAuth | None:
    value = parent.take("auth")
    if value is None:
        return None
    reader = Reader(value, parent.at("auth"), parent.problems)
    kind = reader.text("type")
    if kind not in AUTH_TYPES:
        reader.fault("type", f"{shown(kind)} is unknown", one_of(kind, [*AUTH_TYPES]))
    secrets = {}
    for key in SECRETS:
        secret = reader.text(key)
        if secret == HIDDEN:
            secret = getattr(stored, key) if stored else ""
            if not secret:
                reader.fault(key, "is hidden and nothing is stored", "write the secret itself")
        if "\r" in secret or "\n" in secret:
            reader.fault(key, "holds a line break", "secrets are one line")
        secrets[key] = secret
    needed = {"basic": "username", "bearer": "token", "api_key": "api_key"}.get(kind)
    auth = WebhookAuth(
        type=kind,
        username=reader.text("username"),
        header=reader.text("header", "X-API-Key") or "X-API-Key",
        **secrets,
    )
    if needed and not getattr(auth, needed):
        reader.fault(needed, f"is missing for {kind}", "write it, or choose another type")
    if not _TOKEN.match(auth.header):
        reader.fault("header", "is not a header name", "e.g. X-API-Key")
    reader.close()
    return auth


def target_document(spec: JobSpec) -> Document:
    """The part of a job's document that says what its fires do, secrets hidden."""
    if spec.report is None:
        return {"webhook": webhook_document(spec.webhook)}
    return {"dispatch": {"type": "report", "report": report_document(spec.report)}}


def report_document(order: ReportOrder) -> Document:
    """A report as it was ordered; what was left open is left out."""
    filters = {"namespace": order.namespace, "job": order.job, "tags": dict(order.tags)}
    return {
        "kind": order.kind,
        "span": format_duration(order.span_us),
        **{name: value for name, value in filters.items() if value},
        "slo": order.slo,
    }


def webhook_document(webhook: Webhook) -> Document:
    """A webhook with its secrets hidden; the body is as written, so that it can be edited."""
    auth = webhook.auth
    return {
        "url": redacted_url(webhook.url),
        "method": webhook.method,
        "headers": redacted_headers(webhook.headers),
        "body": webhook.body,
        "auth": auth_document(auth) if auth else None,
        "success_codes": list(webhook.success_codes),
        "status_url": webhook.status_url,
    }


def request_document(url: str, method: str, headers: Mapping[str, str], body: str) -> Document:
    """What an execution asked of its target, fit to be shown."""
    return {
        "url": redacted_url(url),
        "method": method,
        "headers": redacted_headers(headers),
        "body": redacted_body(body),
    }


def auth_document(auth: WebhookAuth) -> Document:
    """Credentials without the credentials: which are set, never what they are."""
    document: Document = {"type": auth.type}
    if auth.username:
        document["username"] = auth.username
    for key in SECRETS:
        if getattr(auth, key):
            document[key] = HIDDEN
    if auth.type == "api_key":
        document["header"] = auth.header
    return document
