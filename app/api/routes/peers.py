"""What nodes ask each other, outside the public API: rows of the history, and to hand over."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import read_object, services_of
from app.api.problems import Refusal, answer, invalid
from engine.core.errors import Problem

router = APIRouter(prefix="/internal", include_in_schema=False)


def confirm_peer(request: Request, x_chronos_peer: Annotated[str, Header()] = "") -> None:
    """Let only nodes of this cluster pass.

    Raises:
        Refusal: FORBIDDEN.
    """
    token = services_of(request).node.peer_token()
    if not token or not hmac.compare_digest(token.encode(), x_chronos_peer.encode()):
        problem = Problem("X-Chronos-Peer", "is not this cluster's", "the same raft.secret on all")
        raise Refusal("FORBIDDEN", "only nodes of this cluster may ask", [problem])


@router.get("/history", dependencies=[Depends(confirm_peer)])
async def history(
    request: Request,
    after: Annotated[int, Query(ge=0)],
    upto: Annotated[int, Query(ge=0)],
) -> Response:
    """The rows of the log entries (after, upto], for a node of the same cluster."""
    if upto < after:
        raise invalid("upto", f"{upto} is before {after}", "at least after")
    rows = await run_in_threadpool(services_of(request).node.history_range, after, upto)
    return Response(rows, media_type="application/octet-stream")


@router.post("/transfer", dependencies=[Depends(confirm_peer)])
async def transfer(request: Request) -> Response:
    """Hand leadership on, for a peer that was asked to; never passed on a second time."""
    document = await read_object(request)
    await services_of(request).node.transfer(document.get("to"), forward=False)
    return answer({})
