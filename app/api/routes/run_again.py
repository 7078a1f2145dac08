"""Runs a finished execution's job again, as it is or with a change."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Key, actor_of, find_job, read_object, services_of
from app.api.problems import answer
from app.api.routes.executions import find_execution, find_of_job, requests_apart
from app.api.schemas.changes import ReplayRequest
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.executions import Replayed
from engine.core.errors import InvalidDocument, Problem
from engine.model.change import change_document, changed
from engine.model.change_document import parse_change
from engine.model.job import Document
from engine.model.target_document import request_document

router = APIRouter(prefix="/api/v1", tags=["executions"])

_BODY: Final = takes(ReplayRequest)
_BODY["requestBody"]["required"] = False


@router.post(
    "/jobs/{ref:jobref}/executions/{execution_id}/replay",
    responses=documents(200, Envelope[Replayed], 400, 404, 409, 503),
    openapi_extra=_BODY,
)
async def replay_execution(
    request: Request, ref: str, execution_id: str, key: Key, dry_run: bool = False
) -> Response:
    """Run a finished execution's job again, as it is or with a change.

    With `dry_run` only show what would be sent, and how it differs from what was.
    """
    original = await find_of_job(services_of(request), ref, execution_id)
    return await _replay(request, original, key, dry_run=dry_run)


@router.post(
    "/executions/{execution_id}/replay",
    responses=documents(200, Envelope[Replayed], 400, 404, 409, 503),
    openapi_extra=_BODY,
)
async def replay_by_id(
    request: Request, execution_id: str, key: Key, dry_run: bool = False
) -> Response:
    """Run a finished execution's job again, as it is or with a change.

    With `dry_run` only show what would be sent, and how it differs from what was.
    """
    original = await find_execution(services_of(request), execution_id)
    return await _replay(request, original, key, dry_run=dry_run)


async def _replay(request: Request, original: Document, key: str, *, dry_run: bool) -> Response:
    services = services_of(request)
    wanted = await _wanted(request)
    if dry_run:
        return answer(_preview(request, original, wanted))
    identity = original["id"]
    replay = await services.gate.executions.replay(
        identity, actor=actor_of(request), request_id=key, change=wanted
    )
    data: dict[str, Any] = {
        "replay_execution_id": replay.id,
        "original_execution_id": identity,
        "message": f"execution {identity} runs again as {replay.id}"
        + (" with a change" if replay.change else ""),
    }
    return answer(data)


async def _wanted(request: Request) -> Any:
    """The change in the body; None where there is no body, or none in it."""
    if not await request.body():
        return None
    body = await read_object(request)
    problems = [
        Problem(name[:60], "is not a known field", 'send {"change": {"body": "..."}}')
        for name in body
        if name != "change"
    ]
    if problems:
        raise InvalidDocument(problems)
    return body.get("change")


def _preview(request: Request, original: Document, wanted: Any) -> Document:
    services = services_of(request)
    job = find_job(services, original["job_id"])
    change = None if wanted is None else parse_change(wanted, job)
    spec = changed(job, change).spec
    sent = request_document(spec.url, spec.method, spec.webhook.headers, spec.webhook.body)
    preview = {
        "job_id": job.id,
        "request": sent,
        "change": change_document(change),
    }
    return {
        "replay_execution_id": "",
        "original_execution_id": original["id"],
        "message": "nothing was run: this is what would be sent",
        "request": sent,
        "differences": requests_apart(services, preview, original),
    }
