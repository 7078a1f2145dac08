"""Backfills: past fire times that are run now; and what was missed."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import (
    Key,
    actor_of,
    confirm_read,
    find_job,
    instant,
    job_to_write,
    read_object,
    services_of,
)
from app.api.problems import answer, fetched, not_found
from app.api.schemas.backfills import Backfill as BackfillShape
from app.api.schemas.backfills import BackfillPreview, BackfillRequest, Backfills, Missed
from app.api.schemas.envelope import Envelope, documents, takes
from app.services import Services
from app.workbench.backfills import BackfillPlan, plan_backfill
from engine.core.clock import rfc3339
from engine.core.durations import format_duration
from engine.core.ids import backfill_id
from engine.history.fire_times import missed_stretches
from engine.model.backfill import Backfill
from engine.model.backfill_document import backfill_document, parse_backfill
from engine.model.job import Document

DAY_US: Final = 86_400_000_000
MISSED_DAYS: Final = 7
MISSED_MAX: Final = 500

router = APIRouter(prefix="/api/v1", tags=["backfills"], dependencies=[Depends(confirm_read)])


@router.post(
    "/jobs/{ref:jobref}/backfill",
    status_code=202,
    responses=documents(202, Envelope[BackfillShape], 400, 404, 409, 503)
    | documents(200, Envelope[BackfillPreview]),
    openapi_extra=takes(BackfillRequest),
)
async def start_backfill(request: Request, ref: str, key: Key, dry_run: bool = False) -> Response:
    """Run past fire times of a job, a few at a time; with `dry_run` only tell what that means."""
    services = services_of(request)
    job = await job_to_write(services, ref)
    wanted = parse_backfill(await read_object(request), services.clock.now_us())
    actor = actor_of(request)
    known = [one for one in services.view.backfills() if one.id == backfill_id(key)]
    if known and not dry_run:  # the same request once more
        return answer(_shown(services, known[0]), 202)
    plan = await run_in_threadpool(
        plan_backfill,
        services.history,
        job,
        services.view.fires(job),
        wanted,
        backfill_id(key),
        actor,
    )
    if dry_run:
        return answer(_preview(services, plan))
    await services.gate.backfills.start(
        plan.backfill, generation=job.generation, actor=actor, request_id=key
    )
    return answer(_shown(services, _find(services, plan.backfill.id)), 202)


@router.get("/backfills", responses=documents(200, Envelope[Backfills], 404))
async def list_backfills(
    request: Request, job: Annotated[str, Query(description="An id, or namespace/name.")] = ""
) -> Response:
    """List backfills, the newest first."""
    services = services_of(request)
    wanted = find_job(services, job).id if job else None
    found = [
        _shown(services, backfill)
        for backfill in reversed(services.view.backfills())
        if wanted in (None, backfill.job_id)
    ]
    return fetched(request, {"backfills": found, "total": len(found)})


@router.get("/backfills/{identity}", responses=documents(200, Envelope[BackfillShape], 404))
async def read_backfill(request: Request, identity: str) -> Response:
    """Show how far a backfill is."""
    services = services_of(request)
    return fetched(request, _shown(services, _find(services, identity)))


@router.delete("/backfills/{identity}", responses=documents(200, Envelope[BackfillShape], 404, 503))
async def cancel_backfill(request: Request, identity: str, key: Key) -> Response:
    """Begin no more of a backfill; what runs goes on."""
    services = services_of(request)
    _find(services, identity)
    await services.gate.backfills.cancel(identity, actor=actor_of(request), request_id=key)
    return answer(_shown(services, _find(services, identity)))


@router.get("/missed", responses=documents(200, Envelope[Missed], 400, 404))
async def list_missed(
    request: Request,
    since: Annotated[str, Query(description="RFC 3339; recorded since. A week ago.")] = "",
    job: Annotated[str, Query(description="An id, or namespace/name.")] = "",
) -> Response:
    """List the fire times that nobody could decide in time and that were not made up for."""
    services = services_of(request)
    now = services.clock.now_us()
    since_us = instant(since, "since") if since else now - MISSED_DAYS * DAY_US
    wanted = find_job(services, job).id if job else None
    rows = await run_in_threadpool(
        missed_stretches, services.history, since_us, wanted, MISSED_MAX + 1
    )
    shown = rows[:MISSED_MAX]
    return fetched(
        request,
        {
            "missed": [
                {
                    "execution_id": row.id,
                    "job_id": row.job_id,
                    "job_name": row.job_name,
                    "namespace": row.namespace,
                    "reason": row.reason,
                    "fires": row.fires,
                    "first": rfc3339(row.first_us),
                    "last": rfc3339(row.last_us),
                    "recorded_at": rfc3339(row.recorded_us),
                }
                for row in shown
            ],
            "fires": sum(row.fires for row in shown),
            "more": len(rows) > MISSED_MAX,
        },
    )


def _find(services: Services, identity: str) -> Backfill:
    for backfill in services.view.backfills():
        if backfill.id == identity:
            return backfill
    raise not_found("backfill", identity, "an id of GET /api/v1/backfills")


def _shown(services: Services, backfill: Backfill) -> Document:
    job = services.view.job(backfill.job_id)
    return backfill_document(backfill, f"{job.namespace}/{job.name}" if job else "")


def _preview(services: Services, plan: BackfillPlan) -> Document:
    return _shown(services, plan.backfill) | {
        "first": [rfc3339(fire) for fire in plan.first],
        "usual_ms": plan.usual_ms,
        "lasts": None if plan.lasts_us is None else format_duration(_rounded(plan.lasts_us)),
    }


def _rounded(duration_us: int) -> int:
    """An estimate without the digits that it cannot have."""
    step = 1_000_000 if duration_us > 1_000_000 else 1_000
    return -(-duration_us // step) * step
