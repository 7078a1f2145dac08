"""The public document of a job, and back: one parser for REST, YAML, CLI and console.

It collects every fault at once, each with the field's path, what was wrong and what would be right.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from engine.core.clock import rfc3339
from engine.core.durations import format_duration, parse_duration
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.model.change import change_document, changed
from engine.model.execution import Execution
from engine.model.job import (
    Concurrency,
    Document,
    Job,
    JobSpec,
    MissedRunPolicy,
    RetryPolicy,
    Webhook,
    WebhookAuth,
)
from engine.model.redaction import (
    HIDDEN,
    redacted_body,
    redacted_headers,
    redacted_url,
    revealed_headers,
    revealed_url,
)
from engine.timing.schedule import parse_schedule

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
AUTH_TYPES = ("basic", "bearer", "api_key")
SECRETS = ("password", "token", "api_key")
TIMEOUT_US_MAX = 24 * 3600 * 1_000_000
BODY_BYTES_MAX = 64 * 1024
TEXT_MAX = 2000
ATTEMPTS_MAX = 100
MULTIPLIER_MAX = 10.0

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_CODES = re.compile(r"([1-5]\d\d)-([1-5]\d\d)\Z")
_READ_ONLY = ("id", "version", "created_at", "updated_at", "updated_by", "next_run", "last_run")
_READ_ONLY_EXTRA = ("last_status", "generation")

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class _Reader:
    """Reads one object of a document and gathers problems under its path."""

    def __init__(self, document: object, path: str, problems: list[Problem]):
        self.path = path
        self.problems = problems
        self.seen: set[str] = set()
        if isinstance(document, Mapping):
            self.document: Mapping[str, Any] = document
        else:
            self.document = {}
            self.fault("", f"{_shown(document)} is not an object", 'write {"key": value, ...}')

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path and key else self.path or key

    def fault(self, key: str, reason: str, hint: str = "") -> None:
        self.problems.append(Problem(self.at(key), reason, hint))

    def take(self, key: str) -> Any:
        self.seen.add(key)
        return self.document.get(key)

    def text(self, key: str, default: str = "", *, most: int = TEXT_MAX) -> str:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fault(key, f"{_shown(value)} is not text", "put it in quotes")
            return default
        if len(value.encode("utf-8", "replace")) > most:
            self.fault(key, f"is longer than {most} bytes", "shorten it")
            return default
        if "\x00" in value or not _encodable(value):
            self.fault(key, "holds a character that is not text", "remove control characters")
            return default
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, f"{_shown(value)} is not a boolean", "true or false")
            return default
        return value

    def number(self, key: str, default: T, low: float, high: float, kind: type[T]) -> T:
        value = self.take(key)
        if value is None:
            return default
        accepted = (int, float) if kind is float else (int,)
        if isinstance(value, bool) or not isinstance(value, accepted) or not low <= value <= high:
            noun = "a number" if kind is float else "a whole number"
            hint = f"{noun} from {low:g} to {high:g}"
            self.fault(key, f"{_shown(value)} is not {hint}", hint)
            return default
        return kind(value)  # type: ignore[call-arg]  # kind is int or float

    def duration(self, key: str, default: int, *, low: int, high: int) -> int:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fault(key, f"{_shown(value)} is not a duration", 'text such as "30s" or "1h30m"')
            return default
        try:
            duration = parse_duration(value, self.at(key))
        except InvalidDocument as error:
            self.problems.extend(error.problems)
            return default
        if not low <= duration <= high:
            hint = f"from {format_duration(low)} to {format_duration(high)}"
            self.fault(key, f"{value} is out of range", hint)
            return default
        return duration

    def choice(self, key: str, kind: type[E], default: E) -> E:
        value = self.take(key)
        if value is None:
            return default
        try:
            return kind(value)
        except ValueError:
            names = [member.value for member in kind]
            self.fault(key, f"{_shown(value)} is unknown", _one_of(value, names))
            return default

    def strings(self, key: str, check: Callable[[str, str], None]) -> dict[str, str]:
        value = self.take(key)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.fault(key, f"{_shown(value)} is not an object", 'write {"key": "text", ...}')
            return {}
        result = {}
        for name, text in value.items():
            if not isinstance(name, str) or not isinstance(text, str):
                self.fault(f"{key}.{name}", f"{_shown(text)} is not text", "put it in quotes")
                continue
            check(name, text)
            result[name] = text
        return result

    def close(self, ignored: Iterable[str] = ()) -> None:
        """Refuse what nobody asked for: a typing error must not be silently dropped."""
        for key in self.document:
            if key not in self.seen and key not in ignored:
                self.fault(str(key), "is not a known field", _one_of(key, sorted(self.seen)))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _one_of(value: object, names: list[str]) -> str:
    close = difflib.get_close_matches(str(value), names, n=1)
    return f"did you mean {close[0]}?" if close else "one of " + ", ".join(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a job gets where its document says nothing; a node's own configuration."""

    timeout_us: int = 300_000_000
    missed_run_policy: MissedRunPolicy = MissedRunPolicy.EXECUTE_ONE
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)


_BUILT_IN = Defaults()


def parse_job(
    document: Mapping[str, Any], stored: Job | None = None, defaults: Defaults = _BUILT_IN
) -> tuple[JobSpec, bool]:
    """Check a job document and return its spec and whether it is enabled.

    Args:
        document: what a person wrote; read-only fields of a job read before are ignored.
        stored: the job that it replaces; `"***"` keeps a secret of it.
        defaults: what it gets where it says nothing.

    Raises:
        InvalidDocument: one problem per fault, with field path, reason and hint.
    """
    problems: list[Problem] = []
    reader = _Reader(document, "", problems)
    name = reader.text("name", stored.name if stored else "")
    if not _NAME.match(name) and not any(p.field == "name" for p in problems):
        reason = f"{_shown(name)} is not a name" if name else "is missing"
        reader.fault(
            "name", reason, "1 to 128 letters, digits, '.', '_' or '-', e.g. nightly-backup"
        )
    namespace = reader.text("namespace", stored.namespace if stored else "default") or "default"
    if not _NAME.match(namespace):
        reader.fault("namespace", f"{_shown(namespace)} is not a name", "letters, digits, . _ -")
    timezone = reader.text("timezone", "UTC") or "UTC"
    schedule = reader.text("schedule")
    if schedule:
        try:
            parse_schedule(schedule, timezone, stored.id if stored else "")
        except InvalidDocument as error:
            problems.extend(error.problems)
    elif not any(p.field == "schedule" for p in problems):
        reader.fault("schedule", "is missing", 'e.g. "*/5 * * * *", "@daily" or "@every 90s"')
    spec = JobSpec(
        name=name or "-",
        namespace=namespace,
        description=reader.text("description"),
        schedule=schedule,
        timezone=timezone,
        webhook=_target(reader, stored),
        retry_policy=_retry_policy(reader, defaults.retry_policy),
        timeout_us=reader.duration("timeout", defaults.timeout_us, low=1000, high=TIMEOUT_US_MAX),
        concurrency=reader.choice("concurrency", Concurrency, Concurrency.FORBID),
        missed_run_policy=reader.choice(
            "missed_run_policy", MissedRunPolicy, defaults.missed_run_policy
        ),
        tags=reader.strings("tags", lambda _name, _text: None),
    )
    enabled = reader.flag("enabled", stored.enabled if stored else False)
    if reader.take("dependencies"):
        reader.fault("dependencies", "jobs cannot wait for other jobs in this version", "remove it")
    reader.close(ignored=(*_READ_ONLY, *_READ_ONLY_EXTRA))
    if problems:
        raise InvalidDocument(problems)
    return spec, enabled


def _target(reader: _Reader, stored: Job | None) -> Webhook:
    """The webhook, written as `webhook` or as `dispatch: {type: http, http: {...}}`."""
    webhook, dispatch = reader.take("webhook"), reader.take("dispatch")
    empty = Webhook(url="")
    if webhook is not None and dispatch is not None:
        reader.fault("dispatch", "stands beside webhook", "a job has one target: keep one of them")
        return empty
    if webhook is not None:
        return _webhook(_Reader(webhook, "webhook", reader.problems), stored)
    if dispatch is None:
        reader.fault("webhook", "is missing", 'e.g. {"url": "https://example.org/run"}')
        return empty
    inner = _Reader(dispatch, "dispatch", reader.problems)
    kind = inner.text("type")
    if kind != "http":
        inner.fault("type", f"{_shown(kind)} is not a protocol of this version", "http")
        return empty
    target = _webhook(_Reader(inner.take("http"), "dispatch.http", reader.problems), stored)
    inner.close()
    return target


def _webhook(reader: _Reader, stored: Job | None) -> Webhook:
    url = reader.text("url")
    reason = _url_fault(url)
    if reason and not any(p.field == reader.at("url") for p in reader.problems):
        reader.fault("url", reason, "an absolute URL, e.g. https://example.org/run")
    method = reader.text("method", "GET").upper() or "GET"
    if method not in METHODS:
        reader.fault("method", f"{_shown(method)} is not a method", _one_of(method, [*METHODS]))

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
    )
    reader.close()
    return webhook


def _url_fault(url: str) -> str:
    if not url:
        return "is missing"
    if any(ord(c) <= 32 or ord(c) == 127 for c in url):
        return "holds a space or a control character"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"is not a URL: {error}"
    if parts.scheme not in ("http", "https"):
        return f"{_shown(url)} does not begin with http:// or https://"
    if not parts.hostname or port == 0:
        return f"{_shown(url)} names no host"
    return ""


def _success_codes(reader: _Reader) -> tuple[int | str, ...]:
    value = reader.take("success_codes")
    if value is None or value == []:
        return ("200-299",)
    codes = [value] if isinstance(value, str | int) else value
    result: list[int | str] = []
    hint = 'codes from 100 to 599 or ranges, e.g. [200, "202-204"]'
    if not isinstance(codes, list | tuple):
        reader.fault("success_codes", f"{_shown(value)} is not a list", hint)
        return ("200-299",)
    for code in codes:
        if _is_success_code(code):
            result.append(code)
        else:
            reader.fault("success_codes", f"{_shown(code)} is not a status code", hint)
    return tuple(result)


def _is_success_code(code: object) -> bool:
    if isinstance(code, str):
        found = _CODES.match(code)
        return found is not None and found[1] <= found[2]
    return isinstance(code, int) and not isinstance(code, bool) and 100 <= code <= 599


def _auth(parent: _Reader, stored: WebhookAuth | None) -> WebhookAuth | None:
    value = parent.take("auth")
    if value is None:
        return None
    reader = _Reader(value, parent.at("auth"), parent.problems)
    kind = reader.text("type")
    if kind not in AUTH_TYPES:
        reader.fault("type", f"{_shown(kind)} is unknown", _one_of(kind, [*AUTH_TYPES]))
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


def _retry_policy(parent: _Reader, default: RetryPolicy) -> RetryPolicy:
    value = parent.take("retry_policy")
    if value is None:
        return default
    reader = _Reader(value, "retry_policy", parent.problems)
    initial = reader.duration(
        "initial_interval", default.initial_interval_us, low=1000, high=TIMEOUT_US_MAX
    )
    policy = RetryPolicy(
        max_attempts=reader.number("max_attempts", default.max_attempts, 1, ATTEMPTS_MAX, int),
        initial_interval_us=initial,
        max_interval_us=reader.duration(
            "max_interval", max(initial, default.max_interval_us), low=1000, high=TIMEOUT_US_MAX
        ),
        multiplier=reader.number("multiplier", default.multiplier, 1.0, MULTIPLIER_MAX, float),
    )
    if policy.max_interval_us < policy.initial_interval_us:
        reader.fault(
            "max_interval", "is shorter than initial_interval", "make it as long or longer"
        )
    reader.close()
    return policy


# ---- writing ------------------------------------------------------------------------------------


def job_document(
    job: Job, *, next_us: Instant | None = None, last_us: Instant | None = None
) -> Document:
    """A job as the public sees it: durations as text, times in RFC 3339, secrets as `"***"`."""
    spec, policy = job.spec, job.spec.retry_policy
    return {
        "id": job.id,
        "name": spec.name,
        "namespace": spec.namespace,
        "description": spec.description,
        "schedule": spec.schedule,
        "timezone": spec.timezone,
        "webhook": webhook_document(spec.webhook),
        "retry_policy": {
            "max_attempts": policy.max_attempts,
            "initial_interval": format_duration(policy.initial_interval_us),
            "max_interval": format_duration(policy.max_interval_us),
            "multiplier": policy.multiplier,
        },
        "timeout": format_duration(spec.timeout_us),
        "concurrency": spec.concurrency.value,
        "missed_run_policy": spec.missed_run_policy.value,
        "tags": dict(spec.tags),
        "enabled": job.enabled,
        "version": job.version,
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(job.updated_at),
        "updated_by": job.updated_by,
        "next_run": rfc3339(next_us),
        "last_run": rfc3339(last_us),
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


def execution_document(execution: Execution, job: Job | None) -> Document:
    """An open execution in the public shape; finished ones come from the history."""
    webhook = changed(job, execution.change).spec.webhook if job else None
    return {
        "id": execution.id,
        "job_id": execution.job_id,
        "job_name": job.name if job else "",
        "namespace": job.namespace if job else "",
        "timezone": job.spec.timezone if job else "",
        "scheduled_time": rfc3339(execution.scheduled_us),
        "started_at": rfc3339(execution.started_us or None),
        "completed_at": None,
        "status": execution.status.value,
        "reason": "waits for its next attempt" if execution.failures else "",
        "attempts": execution.attempt,
        "status_code": 0,
        "response": "",
        "error": "",
        "duration": 0,
        "node_id": execution.node,
        "trigger": execution.trigger.value,
        "request": request_document(webhook.url, webhook.method, webhook.headers, webhook.body)
        if webhook
        else None,
        "replay_of": execution.replay_of,
        "change": change_document(execution.change),
        "replay_count": 0,
    }
