"""The nodes, their leader and their log."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import read_object, services_of
from app.api.present import coming_runs, count_open
from app.api.problems import answer, fetched, invalid
from app.api.schemas.cluster import ClusterStatus, Transfer, Transferred
from app.api.schemas.envelope import Envelope, documents, takes

router = APIRouter(prefix="/api/v1/cluster", tags=["cluster"])

NEXT_RUNS_MAX: Final = 10


@router.get("/status", responses=documents(200, Envelope[ClusterStatus]))
async def cluster_status(request: Request) -> Response:
    """Show this node, its peers, the log and what runs next."""
    services = services_of(request)
    view = services.view
    running, pending = count_open(view)
    runs = await run_in_threadpool(coming_runs, view, NEXT_RUNS_MAX)
    status: dict[str, Any] = {
        "jobs_total": view.count_jobs()[0],
        "running": running,
        "pending": pending,
        "next_runs": [{"job_id": run["job_id"], "next_run": run["next_run"]} for run in runs],
    }
    return fetched(request, status | services.node.status())


@router.post(
    "/transfer",
    responses=documents(200, Envelope[Transferred], 400, 409, 503),
    openapi_extra=takes(Transfer),
)
async def transfer(request: Request) -> Response:
    """Ask the leader to hand over, to a named node or to whichever is most current."""
    services = services_of(request)
    document = await read_object(request)
    for name in document:
        if name != "to":
            raise invalid(name, "is not a known field", 'send {"to": "chronos-2"} or {"to": null}')
    to = document.get("to")
    if to is not None:
        nodes = [str(node["node_id"]) for node in services.node.status()["nodes"]]
        if not isinstance(to, str) or to not in nodes:
            reason = f"{str(to)[:60]!r} is not a node of this cluster"
            raise invalid("to", reason, f"one of {', '.join(nodes)}, or null")
    await services.node.transfer(to)
    return answer({"requested": to, "leader": services.node.leader()})
