"""What a schedule means, before anybody saves it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import find_job, services_of
from app.api.fires import effect_document, timing_document
from app.api.problems import fetched, invalid
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.jobs import Preview
from engine.model.document import parse_timing
from engine.model.job import Job
from engine.model.reader import one_of
from engine.timing.effect import effect_of

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])


@router.get("/preview", responses=documents(200, Envelope[Preview], 400, 404))
async def preview(
    request: Request,
    schedule: str,
    timezone: str = "UTC",
    dialect: str = "debian",
    dst: str = "debian",
    starts_at: str = "",
    ends_at: str = "",
    calendar: str = "",
    on_closed: str = "skip",
    window: str = "0s",
    window_start: str = "drawn",
    job: Annotated[str, Query(description="The job that it is for, by id or name.")] = "",
    count: Annotated[int, Query(ge=1, le=1000)] = 10,
) -> Response:
    """Put a schedule into words, with its coming fires and what the next clock change does to it.

    With `job`, what is drawn is drawn for that job, and `effect` tells what the edit would change
    in the next 24 hours.
    """
    services = services_of(request)
    now = services.clock.now_us()
    stored = find_job(services, job) if job else None
    spec = parse_timing(
        {
            "schedule": schedule,
            "timezone": timezone,
            "dialect": dialect,
            "dst": dst,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "calendar": calendar,
            "on_closed": on_closed,
            "window": window,
            "window_start": window_start,
        },
        stored.id if stored else "",
    )
    meant = Job(
        id=stored.id if stored else "",
        spec=spec,
        enabled=True,
        version=0,
        generation=0,
        created_at=now,
        updated_at=now,
        updated_by="",
    )
    if calendar and services.view.calendar(calendar) is None:
        names = [one.name for one in services.view.calendars()]
        raise invalid("calendar", f"there is no calendar {calendar}", one_of(calendar, names))
    fires = services.view.fires(meant)
    data = await run_in_threadpool(timing_document, meant, fires, now, count)
    if stored:
        before = services.view.fires(stored) if stored.enabled else None
        data["effect"] = effect_document(effect_of(before, fires, now))
    return fetched(request, data)
