"""Walks through what was recorded of an execution. Stateless: the caller keeps the cursor."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from analytics.replay.diff import compare
from analytics.replay.export import (
    read_breakpoints,
    read_cursor,
    read_session,
    read_watches,
    session_document,
    session_html,
)
from analytics.replay.recording import Recording, recording_of
from analytics.replay.session import Move, Session
from analytics.replay.view import views
from app.api.deps import confirm_read, read_object, services_of
from app.api.problems import answer, encode, fetched
from app.api.routes.executions import find_execution
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.replay import ExecutionsCompared, ReplayPlace, ReplayQuestion, ReplayRecording
from engine.core.errors import InvalidDocument, Problem
from engine.model.job import Document

router = APIRouter(prefix="/api/v1", tags=["replay"], dependencies=[Depends(confirm_read)])

SENT_STEPS_MAX: Final = 10_000
"""A session in a body may be no longer: the node has other things to do than to search it."""

_FIELDS: Final = (
    *("execution_id", "session", "cursor", "breakpoints", "watches"),
    *("move", "to"),
)
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


@router.get(
    "/executions/{execution_id}/replay", responses=documents(200, Envelope[ReplayRecording], 404)
)
async def read_recording(request: Request, execution_id: str) -> Response:
    """Show an execution as one line of steps, each with the state after it."""
    recording = await _recording(request, execution_id)
    return fetched(request, _recording_document(recording))


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
    recording = await _asked_for(request, question)
    return answer(await run_in_threadpool(_evaluated, recording, question))


async def _recording(request: Request, execution_id: str) -> Recording:
    return recording_of(await find_execution(services_of(request), execution_id))


def _recording_document(recording: Recording) -> Document:
    steps = [
        view.step.document() | {"state": view.summary()}
        for view in views(recording)
        if view.step is not None
    ]
    return {
        "execution": dict(recording.execution),
        "attempts": [attempt.document() for attempt in recording.attempts],
        "steps": steps,
        "total": len(steps),
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


async def _asked_for(request: Request, question: Document) -> Recording:
    """The recording that a question is about."""
    problems = [
        Problem(name[:60], "is not a known field", "one of " + ", ".join(_FIELDS))
        for name in question
        if name not in _FIELDS
    ]
    execution_id, sent = question.get("execution_id"), question.get("session")
    if (execution_id is None) == (sent is None):
        reason = "is missing" if sent is None else "stands beside session: only one may"
        problems.append(Problem("execution_id", reason, _SOURCE_HINT))
    elif sent is None and not isinstance(execution_id, str):
        problems.append(Problem("execution_id", "is not a text", _SOURCE_HINT))
    if problems:
        raise InvalidDocument(problems)
    if sent is None:
        return await _recording(request, str(execution_id))
    recording = (await run_in_threadpool(read_session, sent, field="session")).recording
    if len(recording) > SENT_STEPS_MAX:
        hint = f"at most {SENT_STEPS_MAX}; chronosctl replay import walks longer ones by itself"
        problem = Problem("session.steps", f"holds {len(recording)} steps", hint)
        raise InvalidDocument([problem])
    return recording


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
    place = read_cursor(to, len(recording), "to", problems) if move == Move.GOTO else 0
    if problems:
        raise InvalidDocument(problems)
    return (session if move is None else session.moved(Move(move), place)).document()


def _file(execution_id: str, form: str) -> dict[str, str]:
    """Headers of a file that is shown where it can be, and saved under a name of its own."""
    name = "".join(
        sign for sign in execution_id if sign.isascii() and (sign.isalnum() or sign in "-_")
    )
    return {"Content-Disposition": f'inline; filename="replay-{name}.{form}"'}
