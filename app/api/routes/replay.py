"""Walks through what was recorded of an execution. Stateless: the caller keeps the cursor."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from analytics.replay.diff import compare
from analytics.replay.export import (
    read_breakpoints,
    read_cursor,
    read_watches,
    session_document,
    session_html,
)
from analytics.replay.recording import Recording
from analytics.replay.session import Move, Session
from analytics.replay.view import views
from app.api.deps import confirm_read, read_object, services_of
from app.api.problems import answer, encode, fetched, not_found
from app.api.routes.executions import find_execution
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.replay import ExecutionsCompared, ReplayPlace, ReplayQuestion, ReplayRecording
from engine.core.errors import InvalidDocument, Problem
from engine.model.job import Document

router = APIRouter(prefix="/api/v1", tags=["replay"], dependencies=[Depends(confirm_read)])

AROUND_MAX: Final = 200
"""So many steps around the place are listed at most."""

_SOURCES: Final = ("execution_id", "session", "recording")
_FIELDS: Final = (*_SOURCES, "cursor", "breakpoints", "watches", "move", "to", "around")
_MOVES: Final = [move.value for move in Move]
_SOURCE_HINT: Final = 'send {"execution_id": "exe_...", "cursor": 0, "move": "forward"}'
# The page brings its own policy; in a browser that opens it from here it is nobody's origin.
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": "sandbox allow-scripts",
    "X-Content-Type-Options": "nosniff",
}

Breakpoints = Annotated[
    list[str] | None, Query(alias="breakpoint", description="Kept in the file; repeatable.")
]
Watches = Annotated[
    list[str] | None, Query(alias="watch", description="Kept in the file; repeatable.")
]
First = Annotated[int, Query(ge=1, description="The number of the first step to show.")]
StepLimit = Annotated[int | None, Query(ge=1, description="At most so many steps; else all.")]


@router.get(
    "/executions/{execution_id}/replay", responses=documents(200, Envelope[ReplayRecording], 404)
)
async def read_recording(
    request: Request, execution_id: str, first: First = 1, limit: StepLimit = None
) -> Response:
    """Show an execution as one line of steps, each with the state after it."""
    recording = await _recording(request, execution_id)
    document = await run_in_threadpool(_recording_document, recording, first, limit)
    return fetched(request, document)


@router.get("/executions/{execution_id}/replay.json", responses=documents(200, dict, 400, 404))
async def export_json(
    request: Request,
    execution_id: str,
    cursor: int = 0,
    breakpoints: Breakpoints = None,
    watches: Watches = None,
) -> Response:
    """Export a session as a JSON file, without the envelope; `evaluate` takes it back."""
    recording = await _recording(request, execution_id)
    session = _session(recording, cursor, breakpoints or [], watches or [])
    headers = _file(execution_id, "json")
    return Response(encode(session_document(session)), 200, headers, "application/json")


@router.get(
    "/executions/{execution_id}/replay.html",
    responses=documents(200, str, 400, 404)
    | {200: {"description": "One HTML file.", "content": {"text/html": {}}}},
)
async def export_html(
    request: Request,
    execution_id: str,
    cursor: int = 0,
    breakpoints: Breakpoints = None,
    watches: Watches = None,
) -> Response:
    """Export a session as one HTML file that works without a network."""
    recording = await _recording(request, execution_id)
    session = _session(recording, cursor, breakpoints or [], watches or [])
    page = await run_in_threadpool(session_html, session)
    headers = _file(execution_id, "html") | _PAGE_HEADERS
    return Response(page, 200, headers, "text/html")


@router.get(
    "/executions/{execution_id}/compare/{other}",
    responses=documents(200, Envelope[ExecutionsCompared], 404),
)
async def compare_executions(request: Request, execution_id: str, other: str) -> Response:
    """Show two executions side by side, with the first difference named."""
    left, right = await _recording(request, execution_id), await _recording(request, other)
    compared = await run_in_threadpool(compare, left, right)
    sides = {"left": dict(left.execution), "right": dict(right.execution)}
    return fetched(request, sides | compared.document())


@router.post(
    "/replay/evaluate",
    responses=documents(200, Envelope[ReplayPlace], 400, 404),
    openapi_extra=takes(ReplayQuestion),
)
async def evaluate(request: Request) -> Response:
    """Move a walk and tell where it stands; nothing is kept here."""
    question = await read_object(request)
    recording, name = await _asked_for(request, question)
    place = await run_in_threadpool(_evaluated, recording, question)
    return answer(place | {"recording": name})


async def _recording(request: Request, execution_id: str) -> Recording:
    services = services_of(request)
    if kept := services.recordings.of_execution(execution_id):
        return kept
    execution = await find_execution(services, execution_id)
    return await run_in_threadpool(services.recordings.take_execution, execution)


def _recording_document(recording: Recording, first: int, limit: int | None) -> Document:
    total = len(recording)
    before = min(first - 1, total)
    last = total if limit is None else min(before + limit, total)
    steps = [
        view.step.document() | {"state": view.summary()}
        for view in islice(views(recording, before, last), 1, None)
        if view.step is not None
    ]
    return {
        "execution": dict(recording.execution),
        "attempts": [attempt.document() for attempt in recording.attempts],
        "steps": steps,
        "total": total,
    }


def _session(
    recording: Recording, cursor: Any, breakpoints: Any, watches: Any, *, noun: str = ""
) -> Session:
    """A session from what a caller said, all faults told at once."""
    problems: list[Problem] = []
    session = Session(
        recording,
        read_cursor(cursor, len(recording), "cursor", problems),
        read_breakpoints(breakpoints, f"breakpoint{noun}", problems),
        read_watches(watches, f"watch{'es' if noun else ''}", problems),
    )
    if problems:
        raise InvalidDocument(problems)
    return session


async def _asked_for(request: Request, question: Document) -> tuple[Recording, str | None]:
    """The recording that a question is about; one that was sent has a name to ask by next."""
    problems = [
        Problem(name[:60], "is not a known field", "one of " + ", ".join(_FIELDS))
        for name in question
        if name not in _FIELDS
    ]
    source = _source(question, problems)
    if problems:
        raise InvalidDocument(problems)
    recordings = services_of(request).recordings
    if source == "session":
        return await recordings.take_session(question["session"], field="session")
    if source == "execution_id":
        return await _recording(request, question["execution_id"]), None
    name = question["recording"]
    kept = recordings.of_name(name)
    if kept is None:
        hint = "send the session again: this node keeps the latest, and no other node has them"
        raise not_found("recording", name, hint)
    return kept, name


def _source(question: Document, problems: list[Problem]) -> str:
    """Which field names the recording: exactly one may."""
    given = [name for name in _SOURCES if question.get(name) is not None]
    if len(given) != 1:
        reason = f"stands beside {given[1]}: only one may" if given else "is missing"
        problems.append(Problem(given[0] if given else "execution_id", reason, _SOURCE_HINT))
        return ""
    (source,) = given
    if source != "session" and not isinstance(question[source], str):
        problems.append(Problem(source, "is not a text", _SOURCE_HINT))
    return source


def _evaluated(recording: Recording, question: Document) -> Document:
    session = _session(
        recording,
        question.get("cursor", 0),
        question.get("breakpoints", []),
        question.get("watches", []),
        noun="s",
    )
    move, to = question.get("move"), question.get("to")
    problems: list[Problem] = []
    if move is not None and move not in _MOVES:
        reason = f"{str(move)[:40]!r} is no move"
        problems.append(Problem("move", reason, "one of " + ", ".join(_MOVES)))
    place = None
    if move == Move.GOTO or (move == Move.CONTINUE and to is not None):
        place = read_cursor(to, len(recording), "to", problems)
    around = _around(question.get("around", 0), problems)
    if problems:
        raise InvalidDocument(problems)
    moved = session if move is None else session.moved(Move(move), place)
    return moved.document(around)


def _around(given: Any, problems: list[Problem]) -> int:
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= AROUND_MAX:
        return given
    hint = f"how many steps around the place to list: a whole number from 0 to {AROUND_MAX}"
    problems.append(Problem("around", f"{str(given)[:40]!r} is not accepted", hint))
    return 0


def _file(execution_id: str, form: str) -> dict[str, str]:
    """Headers of a file that is shown where it can be, and saved under a name of its own."""
    name = "".join(
        sign for sign in execution_id if sign.isascii() and (sign.isalnum() or sign in "-_")
    )
    return {"Content-Disposition": f'inline; filename="replay-{name}.{form}"'}
