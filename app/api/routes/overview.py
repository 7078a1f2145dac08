"""The cluster at a glance: what ended in a window, what is under way, what comes."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import confirm_read, services_of, window_us
from app.api.present import coming_runs, count_open
from app.api.problems import fetched
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.views import Overview

router = APIRouter(prefix="/api/v1", tags=["overview"], dependencies=[Depends(confirm_read)])

UP_NEXT_MAX: Final = 8


@router.get("/overview", responses=documents(200, Envelope[Overview], 400))
async def overview(request: Request, window: str = "1h") -> Response:
    """Summarise a window that ends now: 15m, 1h, 6h, 24h, or any duration from 1m to 31d."""
    services = services_of(request)
    view = services.view
    span = window_us(window)
    past = await run_in_threadpool(services.queries.overview, span, services.clock.now_us())
    running, pending = count_open(view)
    total, enabled = await run_in_threadpool(view.count_jobs)
    data = {
        **past,
        "window": window,
        "running": running,
        "pending": pending,
        "up_next": await run_in_threadpool(coming_runs, view, UP_NEXT_MAX),
        "jobs_total": total,
        "jobs_enabled": enabled,
    }
    return fetched(request, data)
