"""What a job was, and back to it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Key, actor_of, confirm_read, find_job, services_of, shown_job
from app.api.problems import answer, fetched, not_found
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.jobs import JobVersion, JobVersions, RolledBack

router = APIRouter(prefix="/api/v1/jobs", tags=["versions"], dependencies=[Depends(confirm_read)])

HISTORY_WAIT_S: Final = 5.0
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/{ref:jobref}/versions", responses=documents(200, Envelope[JobVersions], 404))
async def list_versions(request: Request, ref: str) -> Response:
    """List the versions of a job, newest first."""
    services = services_of(request)
    job = services.view.job(ref)
    named = services.view.job(f"{ref}/versions") if "/" not in ref else None
    if job is None and named is not None:
        return fetched(request, shown_job(services, named), version=named.version)
    await _catch_up(request)
    found = await run_in_threadpool(services.queries.versions, job.id if job else ref)
    if not found:
        find_job(services, ref)
    return fetched(request, {"versions": found, "total": len(found)})


@router.get(
    "/{ref:jobref}/versions/{number}", responses=documents(200, Envelope[JobVersion], 400, 404)
)
async def read_version(request: Request, ref: str, number: Number) -> Response:
    """Show one version of a job."""
    services = services_of(request)
    job = services.view.job(ref)
    await _catch_up(request)
    found = await run_in_threadpool(services.queries.version, job.id if job else ref, number)
    if found is None:
        find_job(services, ref)
        raise not_found("version", str(number), f"a number from GET /api/v1/jobs/{ref}/versions")
    return fetched(request, found)


@router.post(
    "/{ref:jobref}/rollback/{number}",
    responses=documents(200, Envelope[RolledBack], 400, 404, 409, 503),
)
async def roll_back(request: Request, ref: str, number: Number, key: Key) -> Response:
    """Make an earlier version the newest; secrets stay as they are stored now."""
    services = services_of(request)
    job = find_job(services, ref)
    await _catch_up(request)
    if await run_in_threadpool(services.queries.version, job.id, number) is None:
        raise not_found("version", str(number), f"a number from GET /api/v1/jobs/{ref}/versions")
    changed, before = await services.gate.versions.rollback(
        job.id, number, actor=actor_of(request), request_id=key
    )
    return answer(
        {
            "job": shown_job(services, changed),
            "rolled_back_from": before,
            "new_version": changed.version,
        }
    )


async def _catch_up(request: Request) -> None:
    """Let the history have what this node has applied, so that people see what they just did."""
    services = services_of(request)
    index = services.view.applied_index
    if services.history.watermark < index:
        await run_in_threadpool(services.history.wait_for, index, HISTORY_WAIT_S)
