"""What may be shown of a request: its secrets are replaced by `***`, everywhere alike.

A secret is known by the name it stands under: a header, a parameter of a URL or of a form, a key of
a JSON body; and whatever stands before the host in a URL. `revealed_url` and `revealed_headers` go
the other way: a document that was read and is written back keeps what is stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

HIDDEN = "***"

_SENSITIVE_WORDS = frozenset(
    [
        "auth",
        "authentication",
        "authorization",
        "bearer",
        "cookie",
        "credential",
        "credentials",
        "jwt",
        "pass",
        "passphrase",
        "passwd",
        "password",
        "pwd",
        "secret",
        "secrets",
        "session",
        "sessionid",
        "sid",
        "sig",
        "signature",
        "token",
        "tokens",
    ]
)
_SENSITIVE_ENDS = ("apikey", "accesskey", "cookie", "password", "secret", "signature", "token")
"""Of names written without a mark between the words: `clientsecret`, `xapikey`."""
_KEYS_THAT_ARE_NO_SECRET = frozenset(
    [
        "cache",
        "dedup",
        "deduplication",
        "foreign",
        "idempotency",
        "partition",
        "primary",
        "public",
        "routing",
        "sort",
    ]
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_FORM = re.compile(r"[^\s=&{\[<]+=[^\s&]*(?:&[^\s=&]+=[^\s&]*)*\Z")


@lru_cache(maxsize=10_000)
def is_sensitive(name: str) -> bool:
    """Whether something of this name is likely a secret.

    >>> [is_sensitive(name) for name in ("X-Api-Key", "clientSecret", "access_token", "sig")]
    [True, True, True, True]
    >>> [is_sensitive(name) for name in ("Idempotency-Key", "author", "keyboard", "Accept")]
    [False, False, False, False]
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words:
        return False
    if _SENSITIVE_WORDS.intersection(words) or "".join(words).endswith(_SENSITIVE_ENDS):
        return True
    return words[-1] == "key" and not _KEYS_THAT_ARE_NO_SECRET.intersection(words)


def redacted_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with the values of sensitive names hidden.

    >>> redacted_headers({"Authorization": "Bearer x", "Accept": "*/*"})
    {'Authorization': '***', 'Accept': '*/*'}
    """
    return {
        name: HIDDEN if value and is_sensitive(name) else value for name, value in headers.items()
    }


@lru_cache(maxsize=20_000)
def redacted_url(url: str) -> str:
    """A URL without user, password and the values of sensitive parameters.

    >>> redacted_url("https://bob:pw@example.org/run?token=abc&day=1#x")
    'https://***@example.org/run?token=***&day=1#x'
    """
    parts = _split(url)
    if parts is None:
        return HIDDEN
    _, at, host = parts.netloc.rpartition("@")
    query = _each_pair(parts.query, lambda name, value: HIDDEN if is_sensitive(name) else value)
    return _with(url, parts, f"{HIDDEN}@{host}" if at else host, query)


def redacted_body(body: str) -> str:
    """A body of JSON or of form parameters with the values of sensitive names hidden.

    Whatever else it is, and whatever holds nothing sensitive, stays as it was written.

    >>> redacted_body('{"day": 1, "db": {"password": "s3cret"}}')
    '{"day": 1, "db": {"password": "***"}}'
    >>> redacted_body("day=1&token=abc")
    'day=1&token=***'
    """
    text = body.strip()
    if text[:1] in ("{", "["):
        try:
            document = json.loads(text)
            hidden = _hidden(document)
        except (ValueError, RecursionError):
            return body
        return body if hidden == document else json.dumps(hidden, ensure_ascii=False)
    if _FORM.match(text):
        return _each_pair(text, lambda name, value: HIDDEN if is_sensitive(name) else value)
    return body


def revealed_headers(
    headers: Mapping[str, str], stored: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Headers with what was hidden taken from the stored ones, and the names that are not there.

    >>> revealed_headers({"Cookie": "***", "X-Token": "***"}, {"cookie": "a=b"})
    ({'Cookie': 'a=b', 'X-Token': '***'}, ['X-Token'])
    """
    known = {name.lower(): value for name, value in stored.items()}
    revealed, missing = {}, []
    for name, value in headers.items():
        hides = value == HIDDEN and is_sensitive(name)
        if hides and name.lower() not in known:
            missing.append(name)
        revealed[name] = known.get(name.lower(), value) if hides else value
    return revealed, missing


def revealed_url(url: str, stored: str) -> tuple[str, list[str]]:
    """A URL with what was hidden taken from the stored one, and the parts that are not there.

    >>> revealed_url("https://***@h/new?token=***&x=1", "https://u:p@h/old?token=abc")
    ('https://u:p@h/new?token=abc&x=1', [])
    >>> revealed_url("https://h/?token=***", "https://h/")
    ('https://h/?token=***', ['token'])
    """
    if HIDDEN not in url:
        return url, []
    parts, known = _split(url), _split(stored)
    if parts is None or known is None:
        return url, []
    secrets = dict(pair.partition("=")[::2] for pair in known.query.split("&"))
    missing = []

    def reveal(name: str, value: str) -> str:
        if value != HIDDEN or not is_sensitive(name):
            return value
        if name not in secrets:
            missing.append(name)
        return secrets.get(name, value)

    query = _each_pair(parts.query, reveal)
    user, at, host = parts.netloc.rpartition("@")
    if at and user == HIDDEN:
        user, at, _ = known.netloc.rpartition("@")
        if not at:
            missing.append("user")
            user, at = HIDDEN, "@"
    return _with(url, parts, f"{user}{at}{host}", query), missing


def _with(url: str, parts: SplitResult, netloc: str, query: str) -> str:
    """The URL with these two parts replaced and every other character as it was."""
    head, _, rest = url.partition("//") if parts.netloc else ("", "", url)
    rest = rest[len(parts.netloc) :]
    if parts.query:
        before, _, after = rest.partition("?")
        rest = f"{before}?{query}{after[len(parts.query) :]}"
    return f"{head}//{netloc}{rest}" if parts.netloc else rest


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None


def _each_pair(query: str, change: Callable[[str, str], str]) -> str:
    """The `name=value` pairs of a query, each value changed; what has no mark stays."""
    return "&".join(
        f"{name}={change(name, value) if value else value}" if mark else name
        for name, mark, value in (pair.partition("=") for pair in query.split("&"))
    )


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: HIDDEN if is_sensitive(key) and _tells(inner) else _hidden(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_hidden(inner) for inner in value]
    return value


def _tells(value: Any) -> bool:
    """Whether a value could be a secret: text or a number; an object is looked into instead."""
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
