"""A year on the wall: which days and which hours of the week are busy, fail, or are slow."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import confirm_read, services_of
from app.api.problems import fetched
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.views import Calendar
from engine.core.clock import to_datetime
from engine.core.errors import InvalidDocument, Problem
from engine.history.calendar import Year
from engine.timing.zones import find_zone

router = APIRouter(prefix="/api/v1", tags=["views"], dependencies=[Depends(confirm_read)])


@router.get("/calendar", responses=documents(200, Envelope[Calendar], 400))
async def calendar(
    request: Request,
    year: Annotated[int | None, Query(ge=1971, le=2399, description="Else this one.")] = None,
    zone: Annotated[str, Query(description="The wall clock that days follow.")] = "UTC",
    job_id: Annotated[str | None, Query(description="A job's id, or namespace/name.")] = None,
    namespace: str | None = None,
) -> Response:
    """Count what ran by day of a year and by hour of the week, on the clock of a zone."""
    services = services_of(request)
    try:
        find_zone(zone)
    except InvalidDocument as error:
        problems = [Problem("zone", fault.reason, fault.hint) for fault in error.problems]
        raise InvalidDocument(problems) from None
    now: datetime = to_datetime(services.clock.now_us()).astimezone(ZoneInfo(zone))
    job = services.view.job(job_id) if job_id else None
    asked = Year(
        year=year or now.year,
        zone=zone,
        job_id=job.id if job else job_id,
        namespace=namespace,
    )
    found = await run_in_threadpool(services.queries.calendar, asked)
    return fetched(request, {"year": asked.year, "zone": zone, **found})
