"""Pauses: jobs of a scope do not run for a while."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Key, actor_of, confirm_read, read_object, services_of, shown_pause
from app.api.problems import answer, fetched
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.pauses import Pause, PauseRequest, Pauses

router = APIRouter(prefix="/api/v1/pauses", tags=["pauses"], dependencies=[Depends(confirm_read)])


@router.get("", responses=documents(200, Envelope[Pauses]))
async def list_pauses(request: Request, past: bool = False) -> Response:
    """List the pauses that hold or are planned, the latest first; with `past` those over, too."""
    services = services_of(request)
    found = [shown_pause(services, pause) for pause in reversed(services.view.pauses())]
    shown = [pause for pause in found if past or pause["state"] != "over"]
    return fetched(request, {"pauses": shown, "total": len(shown)})


@router.post(
    "",
    status_code=201,
    responses=documents(201, Envelope[Pause], 400, 404, 409, 503),
    openapi_extra=takes(PauseRequest),
)
async def pause(request: Request, key: Key) -> Response:
    """Hold back a job, the jobs with a tag, a namespace or all, now or from a later moment on."""
    services = services_of(request)
    document = await read_object(request)
    made = await services.gate.pauses.pause(document, actor=actor_of(request), request_id=key)
    return answer(shown_pause(services, made), 201)


@router.delete("/{identity}", responses=documents(200, Envelope[Pause], 404, 503))
async def resume(request: Request, identity: str, key: Key) -> Response:
    """End a pause; one that has not begun is taken back. The answer is as it was before."""
    services = services_of(request)
    ended = await services.gate.pauses.resume(identity, actor=actor_of(request), request_id=key)
    return answer(shown_pause(services, ended))
