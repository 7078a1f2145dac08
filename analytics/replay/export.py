"""A session as a document that can be handed on: JSON to come back to, HTML to look at alone.

Recordings hide their secrets already, so nothing is left to hide here; what is read back is hidden
again, because nobody knows who wrote it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from analytics.replay.breakpoints import BREAKPOINTS_MAX, Breakpoint, hits, parse_breakpoint
from analytics.replay.recording import FACTS, KINDS, Recording, assemble, attempt_of
from analytics.replay.session import Session
from analytics.replay.view import views
from analytics.replay.watches import WATCHES_MAX, watched
from engine.core.errors import InvalidDocument, Problem

FORMAT: Final = "chronos-replay"
VERSION: Final = 1
STEPS_MAX: Final = 100_000
NESTING_MAX: Final = 20
PROBLEMS_MAX: Final = 20
_HINT: Final = "a file of chronosctl replay export, as it was written"


def session_document(session: Session) -> dict[str, Any]:
    """A session as a document for JSON; `read_session` takes it back."""
    recording = session.recording
    return {
        "format": FORMAT,
        "version": VERSION,
        "execution": dict(recording.execution),
        "attempts": [attempt.document() for attempt in recording.attempts],
        "steps": [
            {
                "attempt": step.attempt,
                "kind": step.kind,
                "at": step.at,
                "offset_ms": step.offset_ms,
                "detail": dict(step.detail),
            }
            for step in recording.steps
        ],
        "cursor": session.cursor,
        "breakpoints": [one.text for one in session.breakpoints],
        "watches": list(session.watches),
    }


# ---- reading back -------------------------------------------------------------------------------


def read_session(document: Any, *, field: str = "") -> Session:
    """The session of a document.

    Args:
        document: as `session_document` makes it, from a source that need not be trusted.
        field: under which the document stands in a larger one; begins the names of its faults.

    Raises:
        InvalidDocument: with every fault, up to `PROBLEMS_MAX`.
    """
    prefix = f"{field}." if field else ""
    if not isinstance(document, Mapping):
        raise InvalidDocument([Problem(field or "session", "is not an object", _HINT)])
    if document.get("format") != FORMAT:
        reason = f"is not {FORMAT!r}"
        raise InvalidDocument([Problem(f"{prefix}format", reason, _HINT)])
    if document.get("version") != VERSION:
        reason = f"is {str(document.get('version'))[:20]}, and {VERSION} is what can be read"
        raise InvalidDocument([Problem(f"{prefix}version", reason, "export it again from here")])
    problems: list[Problem] = []
    recording = _recording(document, prefix, problems)
    breakpoints = read_breakpoints(
        document.get("breakpoints", []), f"{prefix}breakpoints", problems
    )
    watches = read_watches(document.get("watches", []), f"{prefix}watches", problems)
    size = len(recording) if recording is not None else STEPS_MAX
    cursor = read_cursor(document.get("cursor", 0), size, f"{prefix}cursor", problems)
    if problems or recording is None:
        raise InvalidDocument(problems[:PROBLEMS_MAX])
    return Session(recording, cursor, breakpoints, watches)


def read_breakpoints(given: Any, field: str, problems: list[Problem]) -> tuple[Breakpoint, ...]:
    """Breakpoints from a list of texts; what is at fault is added to `problems`."""
    found = []
    for name, text in _texts(given, field, BREAKPOINTS_MAX, "breakpoints", problems):
        try:
            found.append(parse_breakpoint(text, name))
        except InvalidDocument as error:
            problems += error.problems
    return tuple(found)


def read_watches(given: Any, field: str, problems: list[Problem]) -> tuple[str, ...]:
    """Watches from a list of texts; a watch that cannot be read says so where it is shown."""
    return tuple(text for _, text in _texts(given, field, WATCHES_MAX, "watches", problems))


def read_cursor(given: Any, total: int, field: str, problems: list[Problem]) -> int:
    """A cursor within `total` steps; 0 where it is at fault."""
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= total:
        return given
    hint = f"a whole number from 0 (before the first step) to {total}"
    problems.append(Problem(field, f"{str(given)[:40]!r} is no place in it", hint))
    return 0


def _texts(
    given: Any, field: str, most: int, noun: str, problems: list[Problem]
) -> list[tuple[str, str]]:
    if not isinstance(given, list):
        problems.append(Problem(field, "is not a list", f"a list of {noun}, each a text"))
        return []
    if len(given) > most:
        problems.append(Problem(field, f"holds {len(given)} {noun}", f"at most {most}"))
        return []
    named = [(f"{field}[{place}]", item) for place, item in enumerate(given)]
    problems += [
        Problem(name, "is not a text", 'such as "error" or "detail.status >= 500"')
        for name, item in named
        if not isinstance(item, str)
    ]
    return [(name, item) for name, item in named if isinstance(item, str)]


def _recording(
    document: Mapping[str, Any], prefix: str, problems: list[Problem]
) -> Recording | None:
    execution = document.get("execution")
    if not isinstance(execution, Mapping) or not isinstance(execution.get("id"), str):
        problems.append(Problem(f"{prefix}execution", "has no id that is a text", _HINT))
        execution = {}
    problems += [
        Problem(f"{prefix}execution.{name}", "is neither a text nor a number", _HINT)
        for name in FACTS
        if not isinstance(execution.get(name), str | int | float | None)
    ]
    attempts = _checked(document, "attempts", prefix, _ATTEMPT, problems)
    steps = _checked(document, "steps", prefix, _STEP, problems)
    if problems:
        return None
    return assemble(execution, [attempt_of(row) for row in attempts], steps)


def _checked(
    document: Mapping[str, Any],
    name: str,
    prefix: str,
    shape: Mapping[str, tuple[Callable[[Any], bool], str]],
    problems: list[Problem],
) -> list[Mapping[str, Any]]:
    """The objects of a list, each with the fields of a shape."""
    rows = document.get(name)
    if not isinstance(rows, list):
        problems.append(Problem(f"{prefix}{name}", "is not a list", _HINT))
        return []
    if len(rows) > STEPS_MAX:
        reason = f"holds {len(rows)} entries"
        problems.append(Problem(f"{prefix}{name}", reason, f"at most {STEPS_MAX}"))
        return []
    for place, row in enumerate(rows):
        where = f"{prefix}{name}[{place}]"
        if not isinstance(row, Mapping):
            problems.append(Problem(where, "is not an object", _HINT))
            continue
        problems += [
            Problem(f"{where}.{key}", f"is {_shown(row.get(key))}", wanted)
            for key, (is_right, wanted) in shape.items()
            if not is_right(row.get(key))
        ]
        if len(problems) >= PROBLEMS_MAX:
            break
    return rows


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return "missing" if value is None else repr(value)[:40]


def _is_attempt(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= STEPS_MAX


def _is_moment(value: Any) -> bool:
    if value is None:
        return True
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_offset(value: Any) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) < 1e15
        and math.isfinite(value)
    )


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_detail(value: Any) -> bool:
    return isinstance(value, Mapping) and _nesting(value, NESTING_MAX)


def _nesting(value: Any, left: int) -> bool:
    if not isinstance(value, Mapping | list):
        return True
    inner = value.values() if isinstance(value, Mapping) else value
    return left > 0 and all(_nesting(item, left - 1) for item in inner)


_MOMENT: Final = (_is_moment, "RFC 3339 with its offset, or null")
_TEXT: Final = (_is_text, "a text")
_NUMBER: Final = (_is_attempt, "a whole number from 1")
_ATTEMPT: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "attempt": _NUMBER,
    "started_at": _MOMENT,
    "completed_at": _MOMENT,
    "node_id": _TEXT,
    "outcome": _TEXT,
    "error": _TEXT,
    "response": _TEXT,
    "status_code": (lambda value: value is None or isinstance(value, int), "a number, or null"),
}
_STEP: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "attempt": _NUMBER,
    "kind": (lambda value: value in KINDS, "one of " + ", ".join(KINDS)),
    "at": _MOMENT,
    "offset_ms": (_is_offset, "milliseconds since the attempt's start"),
    "detail": (_is_detail, f"an object, nested at most {NESTING_MAX} deep"),
}


# ---- HTML ---------------------------------------------------------------------------------------


def session_html(session: Session) -> str:
    """A session as one HTML file that needs nothing else and asks nobody.

    States, watches and stops are computed here, so that the page only has to show them.
    """
    document = session_document(session) | _computed(session)
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    style, script, body = _player()
    name = session.recording.execution.get("job_name") or session.recording.execution.get("id")
    title = html.escape(f"{name} · replay")
    policy = f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}\n"
        f'<script type="application/json" id="session">{data}</script>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _computed(session: Session) -> dict[str, Any]:
    """What changes with each step: of the state, and of the watches; and where it stops."""
    recording = session.recording
    shown: dict[str, Any] = {}
    told: list[dict[str, Any]] | None = None
    changes: list[dict[str, Any]] = []
    values: list[list[dict[str, Any]] | None] = []
    stops: dict[int, list[str]] = {}
    for cursor, view in enumerate(views(recording)):
        summary = view.summary()
        changes.append(
            {key: value for key, value in summary.items() if shown.get(key, ...) != value}
        )
        now = [watched(expression, view).document() for expression in session.watches]
        values.append(now if now != told else None)
        shown, told = summary, now
        if stopping := hits(view, session.breakpoints):
            stops[cursor] = [hit.breakpoint.text for hit in stopping]
    elapsed = [step.elapsed_ms for step in recording.steps]
    return {"changes": changes, "values": values, "stops": stops, "elapsed_ms": elapsed}


@lru_cache(maxsize=1)
def _player() -> tuple[str, str, str]:
    """Style, script and body of the page."""
    here = files("analytics.replay") / "player"
    style, script, body = (
        (here / name).read_text(encoding="utf-8")
        for name in ("player.css", "player.js", "body.html")
    )
    return style, script, body


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
