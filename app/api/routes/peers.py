"""What nodes ask each other, outside the public API: rows of the history that a peer lacks."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import services_of
from app.api.problems import failure, invalid
from engine.core.errors import Problem

router = APIRouter(prefix="/internal", include_in_schema=False)


@router.get("/history")
async def history(
    request: Request,
    after: Annotated[int, Query(ge=0)],
    upto: Annotated[int, Query(ge=0)],
    x_chronos_peer: Annotated[str, Header()] = "",
) -> Response:
    """The rows of the log entries (after, upto], for a node of the same cluster."""
    node = services_of(request).node
    token = node.peer_token()
    if not token or not hmac.compare_digest(token.encode(), x_chronos_peer.encode()):
        problem = Problem("X-Chronos-Peer", "is not this cluster's", "the same raft.secret on all")
        return failure("FORBIDDEN", "only nodes of this cluster may ask", [problem])
    if upto < after:
        raise invalid("upto", f"{upto} is before {after}", "at least after")
    rows = await run_in_threadpool(node.history_range, after, upto)
    return Response(rows, media_type="application/octet-stream")
