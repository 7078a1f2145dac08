"""What may be shown of a request: secrets, known by the names that carry them, read as `***`.

Every function is pure and idempotent, and leaves what holds no secret exactly as it was written: a
person edits what they read, and every node writes the same rows. `revealed_url` and
`revealed_headers` go the other way: what was read and is written back keeps what is stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias
from urllib.parse import unquote_plus

HIDDEN: Final = "***"

Change: TypeAlias = Callable[[str, str], str]
"""Gives what stands in a secret's place, for its name and its value."""

_WORDS: Final = frozenset(
    {
        *("authorization", "bearer", "cookie", "cookies", "cred", "creds", "credential"),
        *("credentials", "jwt", "passcode", "passphrase", "passwd", "password", "passwords", "pwd"),
        *("secret", "secrets", "session", "sig", "signature", "token"),
    }
)
"""Words that mean a secret wherever they stand in a name."""

_LAST_WORDS: Final = frozenset({"assertion", "auth", "authentication", "key", "otp", "pass", "pw"})
"""Words that mean a secret at the end of a name: `X-Auth`, but not `X-Auth-Email`."""

_ENDINGS: Final = (
    *("authorization", "cookie", "credential", "credentials", "passphrase", "passwd", "password"),
    *("secret", "sessid", "sessionid", "signature", "token"),
    *("accesskey", "accesskeys", "accountkey", "apikey", "apikeys", "appkey", "authkey"),
    *("encryptionkey", "masterkey", "passkey", "privatekey", "privatekeys", "secretkey"),
    *("secretkeys", "sessionkey", "sharedkey", "signingkey", "subscriptionkey"),
)
"""How compounds end that are written as one word, such as `clientsecret` and `jsessionid`."""

_OPEN_KEYS: Final = frozenset(
    {
        *("cache", "dedup", "deduplication", "foreign", "idempotency", "object", "ordering"),
        *("partition", "primary", "public", "routing", "sort", "surrogate"),
    }
)
"""A `key` after one of these names something and opens nothing."""

NAME_LOOKED_AT: Final = 128
"""So many characters of a name are looked at, the last ones; what is longer is none."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_URL: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*://)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL
)
_JSON_BEGINS: Final = ("{", "[", '"')
_BLANK: Final = re.compile(r"[\ufeff \t\r\n]*")
_AFTER_NAME: Final = re.compile(r"[:=]\s*")
_BETWEEN_NAMES: Final = re.compile(r"""[][{}"',:;&=\\]+""")


def is_sensitive(name: str) -> bool:
    """Whether a header, parameter or key of this name carries a secret; by the words of the name.

    >>> is_sensitive("Ocp-Apim-Subscription-Key"), is_sensitive("accessToken")
    (True, True)
    >>> is_sensitive("Idempotency-Key"), is_sensitive("keyboard"), is_sensitive("max_tokens")
    (False, False, False)
    """
    return _is_sensitive(name[-NAME_LOOKED_AT:])


@lru_cache(maxsize=20_000)
def _is_sensitive(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last == "key" and before in _OPEN_KEYS:
        return False
    return last in _LAST_WORDS or not _WORDS.isdisjoint(words) or "".join(words).endswith(_ENDINGS)


def redacted_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, with the values of sensitive ones hidden.

    >>> redacted_headers({"Authorization": "Bearer x", "Accept": "*/*"})
    {'Authorization': '***', 'Accept': '*/*'}
    """
    return {
        name: HIDDEN if value and is_sensitive(name) else value for name, value in headers.items()
    }


@lru_cache(maxsize=20_000)
def redacted_url(url: str) -> str:
    """The URL, with its user, its password and its sensitive parameters hidden.

    >>> redacted_url("https://bob:pw@example.org/run?token=abc&day=1#x")
    'https://***@example.org/run?token=***&day=1#x'
    """
    # Most have no user and no parameter, so nothing that could be hidden.
    return _each_secret(url, _hide) if "=" in url or "@" in url else url


class _Kept:
    """Secrets by their names, in order, and the names of those that are hidden and not there."""

    def __init__(self) -> None:
        self._known: dict[str, list[str]] = {}
        self.missing: list[str] = []

    def learn(self, name: str, value: str) -> str:
        """Note a stored secret; it stays as it is."""
        self._known.setdefault(name, []).append(value)
        return value

    def reveal(self, name: str, value: str) -> str:
        """The stored secret where one is hidden."""
        if value != HIDDEN:
            return value
        if self._known.get(name):
            return self._known[name].pop(0)
        self.missing.append(name)
        return value


def revealed_url(url: str, stored: str) -> tuple[str, list[str]]:
    """A URL with what was hidden taken from the stored one, and the parts that are not there.

    >>> revealed_url("https://***@h/new?token=***&x=1", "https://u:p@h/old?token=abc")
    ('https://u:p@h/new?token=abc&x=1', [])
    >>> revealed_url("https://h/?token=***", "https://h/")
    ('https://h/?token=***', ['token'])
    """
    if HIDDEN not in url:
        return url, []
    kept = _Kept()
    _each_secret(stored, kept.learn)
    return _each_secret(url, kept.reveal), kept.missing


def revealed_headers(
    headers: Mapping[str, str], stored: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Headers with what was hidden taken from the stored ones, and the names that are not there.

    >>> revealed_headers({"Cookie": "***", "X-Token": "***"}, {"cookie": "a=b"})
    ({'Cookie': 'a=b', 'X-Token': '***'}, ['X-Token'])
    """
    known = {name.lower(): value for name, value in stored.items()} | dict(stored)
    revealed, missing = {}, []
    for name, value in headers.items():
        hides = value == HIDDEN and is_sensitive(name)
        kept = known.get(name, known.get(name.lower()))
        if hides and kept is None:
            missing.append(name)
        revealed[name] = kept if hides and kept is not None else value
    return revealed, missing


def revealed_body(body: str, stored: str) -> tuple[str, list[str]]:
    """A request's body with what was hidden taken from the stored one, and the names not there.

    >>> revealed_body('{"day": 2, "token": "***"}', '{"day": 1, "token": "t"}')
    ('{"day": 2, "token": "t"}', [])
    >>> revealed_body("day=2&token=***", "token=t"), revealed_body("token=***", "")
    (('day=2&token=t', []), ('token=***', ['token']))
    """
    if HIDDEN not in body:
        return body, []
    if body == redacted_body(stored):
        return stored, []
    missing: list[str] = []
    if body.startswith(_JSON_BEGINS, _after_blank(body, 0)):
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return body, []
        try:
            known = json.loads(stored)
        except (ValueError, RecursionError):
            known = None
        shown = _revealed_json(value, known, missing)
        return json.dumps(shown, ensure_ascii="\\u" in body), missing
    kept = _Kept()
    _pairs(stored, "&\n;", kept.learn)
    return _pairs(body, "&\n;", kept.reveal), kept.missing


def _revealed_json(value: Any, known: Any, missing: list[str]) -> Any:
    """The value with hidden members taken from the same places of the known one."""
    if isinstance(value, dict):
        there = known if isinstance(known, dict) else {}
        revealed = {}
        for name, one in value.items():
            if one == HIDDEN and is_sensitive(name):
                if name not in there:
                    missing.append(name)
                revealed[name] = there.get(name, one)
            else:
                revealed[name] = _revealed_json(one, there.get(name), missing)
        return revealed
    if isinstance(value, list):
        others = known if isinstance(known, list) else []
        return [
            _revealed_json(one, others[place] if place < len(others) else None, missing)
            for place, one in enumerate(value)
        ]
    if isinstance(value, str) and value.startswith(_JSON_BEGINS[:2]):
        inner, gone = revealed_body(value, known if isinstance(known, str) else "")
        missing.extend(gone)
        return inner
    return value


def _each_secret(url: str, change: Change) -> str:
    """The URL with every part that may be a secret changed; the user's part is named `user`."""
    found = _URL.fullmatch(url)
    assert found is not None  # the pattern matches any text
    scheme, authority, path, query, fragment = found.groups("")
    user, at, host = authority.rpartition("@")
    return "".join(
        (
            scheme,
            (change("user", user) if user else "") + at + host,
            "/".join(_pairs(segment, ";", change) for segment in path.split("/")),
            query[:1] + _pairs(query[1:], "&;", change),
            fragment[:1] + _pairs(fragment[1:], "&;", change),
        )
    )


def _hide(_name: str, _value: str) -> str:
    return HIDDEN


@lru_cache(maxsize=256)
def redacted_body(body: str) -> str:
    """A request's body, with the values of sensitive JSON keys and form parameters hidden.

    JSON keys are looked at in any depth. Of what begins like JSON and is none, everything after the
    first sensitive name is hidden.

    >>> redacted_body('{"user": "bob", "login": {"password": "pw"}}')
    '{"user": "bob", "login": {"password": "***"}}'
    >>> redacted_body("user=bob&client_secret=s")
    'user=bob&client_secret=***'
    """
    begin = _after_blank(body, 0)
    if body.startswith(_JSON_BEGINS, begin):
        return body[:begin] + _redacted_json(body[begin:])
    return _pairs(body, "&\n;", _hide)


def _pairs(text: str, separators: str, change: Change) -> str:
    """`name=value` pairs with sensitive values changed.

    A sensitive value goes on to the first of the separators; the others divide what is not hidden.
    """
    if "=" not in text:
        return text
    pieces = text.split(separators[0])
    return separators[0].join(_pair(piece, separators[1:], change) for piece in pieces)


def _pair(piece: str, separators: str, change: Change) -> str:
    name, mark, value = piece.partition("=")
    if mark and is_sensitive(unquote_plus(name)):
        return f"{name}={change(name, value)}" if value else piece
    if any(mark in piece for mark in separators):
        return _pairs(piece, separators, change)
    return piece


def _redacted_json(text: str) -> str:
    """JSON values, one or several after each other; each stays as written if it hides nothing."""
    hider = _Hider()  # apart from the decoder that calls it: no cycle for the collector
    decoder = json.JSONDecoder(object_pairs_hook=hider.take)
    # What was written without escapes is shown without; only an escape can be half a character.
    escaped = "\\u" in text
    shown, at = "", 0
    while at < len(text):
        hider.hides = False
        try:
            value, end = decoder.raw_decode(text, at)
            shown += json.dumps(value, ensure_ascii=escaped) if hider.hides else text[at:end]
        except (ValueError, RecursionError):
            return shown + _cut_at_secret(text[at:])
        at = _after_blank(text, end)
        shown += text[end:at]
    return shown


class _Hider:
    """Makes the objects of JSON with their secrets hidden, and notes whether there were any."""

    def __init__(self) -> None:
        self.hides = False

    def take(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """The object of these pairs: all of them, also those of a key that stands twice."""
        return {name: self._shown(name, value) for name, value in pairs}

    def _shown(self, name: str, value: Any) -> Any:
        if is_sensitive(name):
            if value is None or isinstance(value, bool) or value in ("", HIDDEN, [], {}):
                return value
            self.hides = True
            return HIDDEN
        if isinstance(value, str) and value.startswith(_JSON_BEGINS[:2]):
            inner = redacted_body(value)
            self.hides = self.hides or inner != value
            return inner
        return value


def _cut_at_secret(text: str) -> str:
    """The text up to the first sensitive name that a value follows."""
    for found in _AFTER_NAME.finditer(text):
        before = text[max(0, found.start() - NAME_LOOKED_AT) : found.start()]
        names = [name for name in _BETWEEN_NAMES.split(before) if name.strip()]
        if names and is_sensitive(unquote_plus(names[-1])):
            return text[: found.end()] + HIDDEN
    return text


def _after_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    assert found is not None  # the pattern matches the empty text
    return found.end()
