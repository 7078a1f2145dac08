"""Business calendars: when the jobs that observe them must not run.

Not to be taken for `calendar`, which shows the year of what ran.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import IfVersion, Key, actor_of, confirm_read, read_object, services_of
from app.api.problems import Refusal, answer, fetched, not_found
from app.api.schemas.calendars import (
    BusinessCalendar,
    BusinessCalendars,
    CalendarRequest,
    Countries,
)
from app.api.schemas.envelope import Envelope, documents, takes
from app.services import Services
from engine.core.clock import to_datetime
from engine.core.errors import Problem
from engine.model.calendar import Calendar
from engine.model.calendar_document import calendar_document, parse_calendar
from engine.model.job import Document

YEARS_BEHIND = 1
YEARS_AHEAD = 10

router = APIRouter(
    prefix="/api/v1/calendars", tags=["calendars"], dependencies=[Depends(confirm_read)]
)


@router.get("", responses=documents(200, Envelope[BusinessCalendars]))
async def list_calendars(request: Request) -> Response:
    """List calendars by name, without what they close."""
    services = services_of(request)
    found = [_shown(services, one, whole=False) for one in services.view.calendars()]
    return fetched(request, {"calendars": found, "total": len(found)})


@router.get("/countries", responses=documents(200, Envelope[Countries]))
async def list_countries(request: Request) -> Response:
    """List the countries whose public holidays are known, and the codes of their parts."""
    # The package of holidays is read when it is asked for, not when a node starts.
    from app.workbench.calendars import countries

    found = await run_in_threadpool(countries)
    rows = [
        {"code": one.code, "name": one.name, "subdivisions": list(one.subdivisions)}
        for one in found
    ]
    return fetched(request, {"countries": rows})


@router.post(
    "",
    status_code=201,
    responses=documents(201, Envelope[BusinessCalendar], 400, 409, 503),
    openapi_extra=takes(CalendarRequest),
)
async def create_calendar(request: Request, key: Key, dry_run: bool = False) -> Response:
    """Keep a new calendar; with `dry_run` only show what it would close (200)."""
    calendar = await _resolved(request)
    if dry_run:
        return answer(_shown(services_of(request), calendar))
    shown = await _save(request, calendar, 0, key)
    return answer(shown, 201, {"Location": f"/api/v1/calendars/{calendar.name}"})


@router.get("/{name}", responses=documents(200, Envelope[BusinessCalendar], 404))
async def read_calendar(request: Request, name: str) -> Response:
    """Show a calendar, what it closes, and which jobs observe it."""
    services = services_of(request)
    calendar = _find(services, name)
    return fetched(request, _shown(services, calendar), version=calendar.version)


@router.put(
    "/{name}",
    responses=documents(200, Envelope[BusinessCalendar], 400, 404, 409, 503),
    openapi_extra=takes(CalendarRequest),
)
async def update_calendar(request: Request, name: str, key: Key, if_version: IfVersion) -> Response:
    """Replace a calendar; the jobs that observe it fire by it from now on."""
    _find(services_of(request), name)
    calendar = await _resolved(request)
    if calendar.name != name:
        reason = f"is {calendar.name}, the path says {name}"
        problem = Problem("name", reason, "the same; a calendar keeps its name")
        raise Refusal("VALIDATION_ERROR", f"name {reason}", [problem])
    return answer(await _save(request, calendar, if_version, key))


@router.delete("/{name}", responses=documents(200, Envelope[BusinessCalendar], 404, 409, 503))
async def delete_calendar(request: Request, name: str, key: Key) -> Response:
    """Forget a calendar that no job observes."""
    services = services_of(request)
    shown = _shown(services, _find(services, name))
    await services.gate.calendars.delete(name, actor=actor_of(request), request_id=key)
    return answer(shown)


async def _resolved(request: Request) -> Calendar:
    from app.workbench.calendars import resolve

    calendar = parse_calendar(await read_object(request))
    year = to_datetime(services_of(request).clock.now_us()).year
    return await run_in_threadpool(resolve, calendar, year - YEARS_BEHIND, year + YEARS_AHEAD)


async def _save(request: Request, calendar: Calendar, version: int | None, key: str) -> Document:
    services = services_of(request)
    await services.gate.calendars.save(
        calendar, if_version=version, actor=actor_of(request), request_id=key
    )
    return _shown(services, _find(services, calendar.name))


def _find(services: Services, name: str) -> Calendar:
    calendar = services.view.calendar(name)
    if calendar is None:
        raise not_found("calendar", name, "a name of GET /api/v1/calendars")
    return calendar


def _shown(services: Services, calendar: Calendar, *, whole: bool = True) -> Document:
    shown = calendar_document(calendar)
    if not whole:
        shown = {name: value for name, value in shown.items() if name not in _LONG}
    shown["jobs"] = [
        f"{job.namespace}/{job.name}"
        for job in services.view.jobs()
        if job.spec.calendar == calendar.name
    ]
    return shown


_LONG = ("ics", "closed", "spans")
