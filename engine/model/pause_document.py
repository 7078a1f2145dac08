"""The public document of a pause, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.core.clock import rfc3339
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.model.job import Document
from engine.model.pause import Pause, Scope, ScopeKind
from engine.model.reader import Reader, shown

NOTE_BYTES_MAX = 500
PAUSE_US_MAX = 5 * 366 * 24 * 3600 * 1_000_000

_TAG = re.compile(r"[^=\s]+=\S*")
_HINT = 'scope: "job:NAMESPACE/NAME", "tag:KEY=VALUE", "namespace:NAME" or "all"'


def parse_scope(text: str) -> Scope:
    """The scope that a text names; of a job the reference as written, id or namespace/name.

    Raises:
        InvalidDocument: one Problem on the field "scope".

    >>> str(parse_scope("tag:team=data")), str(parse_scope("all"))
    ('tag:team=data', 'all')
    """
    kind, _, value = text.strip().partition(":")
    value = value.strip()
    if kind not in list(ScopeKind) or (kind == "all") == bool(value):
        raise InvalidDocument([Problem("scope", f"{shown(text)} is not a scope", _HINT)])
    if kind == "tag" and not _TAG.fullmatch(value):
        raise InvalidDocument([Problem("scope", f"{shown(value)} is not a tag", "tag:KEY=VALUE")])
    return Scope(ScopeKind(kind), value)


def parse_pause(document: Mapping[str, Any], identity: str, by: str, now_us: Instant) -> Pause:
    """Check what a person wrote of a pause.

    Args:
        document: `scope`, and perhaps `from`, `until` or `for`, and `note`.
        identity: the id that it gets.
        by: who wrote it.
        now_us: when it begins unless `from` says otherwise, microseconds UTC.

    Raises:
        InvalidDocument: one problem per fault.
    """
    problems: list[Problem] = []
    reader = Reader(document, "", problems)
    text, scope = reader.text("scope"), Scope(ScopeKind.ALL)
    if not text:
        reader.fault("scope", "is missing", _HINT)
    else:
        try:
            scope = parse_scope(text)
        except InvalidDocument as error:
            problems += error.problems
    start, until = reader.moment("from"), reader.moment("until")
    from_us = now_us if start is None else start
    length = reader.duration("for", 0, low=1_000_000, high=PAUSE_US_MAX)
    if length and until is not None:
        reader.fault("for", "stands beside until", "one of the two")
    if length:
        until = -(-(from_us + length) // 1_000_000) * 1_000_000  # whole seconds read better
    if start is not None and start < now_us:
        reader.fault("from", "lies in the past", "a moment to come, or leave it out for now")
    if until is not None and until <= from_us:
        reader.fault("until", "is not after its start", "a later moment")
    note = reader.text("note", most=NOTE_BYTES_MAX)
    reader.close()
    if problems:
        raise InvalidDocument(problems)
    return Pause(id=identity, scope=scope, from_us=from_us, until_us=until, note=note, by=by)


def pause_document(pause: Pause, now_us: Instant, job_name: str = "") -> Document:
    """A pause as the public sees it; `job_name` names the job of a scope that is one."""
    is_over = pause.until_us is not None and pause.until_us <= now_us
    state = "over" if is_over else "active" if pause.from_us <= now_us else "planned"
    return {
        "id": pause.id,
        "scope": str(pause.scope),
        "job_name": job_name,
        "from": rfc3339(pause.from_us),
        "until": rfc3339(pause.until_us),
        "note": pause.note,
        "by": pause.by,
        "state": state,
    }


def pause_words(pause: Pause) -> str:
    """Why a fire time that falls into it does not run.

    >>> pause_words(Pause(id="p", scope=Scope(ScopeKind.ALL), from_us=0, until_us=10**15,
    ...     note="upgrade", by="ann"))
    'paused by ann (all) until 2001-09-09T01:46:40Z: upgrade'
    """
    scope = "" if pause.scope.kind is ScopeKind.JOB else f" ({pause.scope})"
    until = f" until {rfc3339(pause.until_us)}" if pause.until_us is not None else ""
    note = f": {pause.note}" if pause.note else ""
    return f"paused by {pause.by}{scope}{until}{note}"
