"""Whether this node can serve, and what it counts."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import services_of
from app.api.problems import answer, failure
from app.api.schemas.cluster import Health
from app.api.schemas.envelope import Envelope, documents
from engine.core.clock import rfc3339
from engine.core.errors import Problem

router = APIRouter(tags=["health"])


@router.get("/health", responses=documents(200, Envelope[Health], 503))
async def health(request: Request) -> Response:
    """Say whether this node can serve: it knows a leader and follows the log."""
    services = services_of(request)
    node_id = services.config.cluster.node_id
    ailment = services.node.ailment()
    if ailment is not None:
        problem = Problem("node", ailment.reason, ailment.hint)
        return failure(ailment.code, "this node cannot serve now", [problem], status=503)
    return answer(
        {
            "status": "healthy",
            "timestamp": rfc3339(services.clock.now_us()),
            "leader": services.node.leader(),
            "node_id": node_id,
        }
    )
