"""Jobs: list, create, read, replace, delete, switch, trigger, and what is known about them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from heapq import nlargest, nsmallest
from operator import itemgetter
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import (
    Cursor,
    IfVersion,
    Key,
    Limit,
    actor_of,
    confirm_read,
    find_job,
    instant,
    job_to_write,
    read_object,
    services_of,
    shown_job,
    window_us,
)
from app.api.fires import effect_document, timing_document, why_document
from app.api.paging import decode_cursor, encode_cursor
from app.api.problems import Refusal, answer, fetched, invalid
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.jobs import (
    Batch,
    Created,
    Job,
    JobDocument,
    Jobs,
    JobStats,
    NextFires,
)
from app.api.schemas.jobs import Why as WhyShape
from app.gate.jobs import JOBS_MAX
from app.workbench.why import why
from engine.core.errors import InvalidDocument, Problem
from engine.model.job import Job as StoredJob
from engine.model.redaction import redacted_url
from engine.state.view import View, name_key
from engine.timing.effect import effect_of

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], dependencies=[Depends(confirm_read)])

Sort = Literal[
    "name", "-name", "next_run", "-next_run", "last_run", "-last_run", "created_at", "-created_at"
]
SortKey = tuple[Any, str, str]
"""What jobs are sorted by: the field that was asked for, then what makes each one of a kind."""
Keyed = tuple[SortKey, StoredJob]
FIRES_PREVIEWED: Final = 5
_NEVER: Final = 1 << 60


@router.get("", responses=documents(200, Envelope[Jobs], 400))
async def list_jobs(
    request: Request,
    namespace: str | None = None,
    enabled: bool | None = None,
    tag: Annotated[
        list[str] | None, Query(description="`key:value`, or `key`; all must hold.")
    ] = None,
    q: Annotated[str | None, Query(description="Found in name, description, URL or tags.")] = None,
    sort: Sort = "name",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List jobs, filtered and sorted; by namespace and name unless `sort` says otherwise."""
    services = services_of(request)
    wanted = _filter(namespace, enabled, tag or [], q)
    place: SortKey | None = None
    if cursor is not None:
        kinds = (str, str, str, str) if sort.removeprefix("-") == "name" else (str, int, str, str)
        written, *rest = decode_cursor(cursor, kinds)
        if written != sort:
            raise invalid("cursor", f"belongs to sort={written}", "the same sort on every page")
        place = (rest[0], str(rest[1]), str(rest[2]))
    # Not on the loop: a look at 100,000 jobs would hold up every other answer.
    page, total, more = await run_in_threadpool(_page, services.view, wanted, sort, place, limit)
    return fetched(
        request,
        {
            "jobs": [shown_job(services, job) for _, job in page],
            "total": total,
            "next_cursor": encode_cursor(sort, *page[-1][0]) if more else None,
        },
    )


def _page(
    view: View,
    wanted: Callable[[StoredJob], bool] | None,
    sort: Sort,
    place: SortKey | None,
    limit: int,
) -> tuple[list[Keyed], int, bool]:
    """The jobs behind a place with their keys, how many there are in all, and whether more follow.

    The place itself may be gone by now. No more is sorted than is shown.
    """
    descending = sort.startswith("-")
    field = sort.removeprefix("-")
    if field == "name":
        jobs = view.jobs_by_name()
        if wanted is not None:
            jobs = [job for job in jobs if wanted(job)]
        return _page_by_name(jobs, place, limit, descending=descending)
    keys = _sort_keys(view, field)
    rows = [(keys(job), job) for job in view.jobs() if wanted is None or wanted(job)]
    total = len(rows)
    if place is not None:
        rows = [row for row in rows if (row[0] < place if descending else row[0] > place)]
    choose = nlargest if descending else nsmallest
    page = choose(limit, rows, key=itemgetter(0))
    return page, total, len(rows) > len(page)


def _page_by_name(
    jobs: Sequence[StoredJob], place: SortKey | None, limit: int, *, descending: bool
) -> tuple[list[Keyed], int, bool]:
    """As `_page`, of jobs that are in order already: what stands before the page costs nothing."""
    total = len(jobs)
    if descending:
        end = total if place is None else bisect_left(jobs, place, key=name_key)
        first = max(0, end - limit)
        page, more = jobs[first:end][::-1], first > 0
    else:
        first = 0 if place is None else bisect_right(jobs, place, key=name_key)
        page, more = jobs[first : first + limit], first + limit < total
    return [(name_key(job), job) for job in page], total, more


def _filter(
    namespace: str | None, enabled: bool | None, tags: list[str], q: str | None
) -> Callable[[StoredJob], bool] | None:
    """Whether a job is asked for; None where every job is."""
    pairs = [tuple(tag.partition(":")) for tag in tags]
    for key, _, _ in pairs:
        if not key:
            raise invalid("tag", "has no key", "tag=team:payments, or tag=team for any value")
    words = q.casefold().split() if q else []
    if namespace is None and enabled is None and not pairs and not words:
        return None

    def wanted(job: StoredJob) -> bool:
        if namespace is not None and job.namespace != namespace:
            return False
        if enabled is not None and job.enabled is not enabled:
            return False
        held = job.spec.tags
        for key, colon, value in pairs:
            if key not in held or (colon and held[key] != value):
                return False
        if words:
            spec = job.spec
            text = " ".join(
                [
                    job.id,
                    spec.namespace,
                    spec.name,
                    spec.description,
                    redacted_url(spec.url),  # a search must not guess at secrets
                    spec.schedule,
                ]
                + [f"{key}:{value}" for key, value in held.items()]
            ).casefold()
            return all(word in text for word in words)
        return True

    return wanted


def _sort_keys(view: View, field: str) -> Callable[[StoredJob], SortKey]:
    """Keys end in namespace and name, so that each is one of a kind and pages do not overlap."""
    if field == "next_run":
        return lambda job: (view.next_run(job) or _NEVER, job.namespace, job.name)
    if field == "last_run":

        def last_run(job: StoredJob) -> tuple[int, str, str]:
            last = view.last_run(job.id)
            return (last.scheduled_us if last else 0, job.namespace, job.name)

        return last_run
    return lambda job: (job.created_at, job.namespace, job.name)


@router.post(
    "",
    status_code=201,
    responses=documents(201, Envelope[Job], 400, 409, 503),
    openapi_extra=takes(JobDocument),
)
async def create_job(request: Request, key: Key, dry_run: bool = False) -> Response:
    """Create a job; with `dry_run` only check it and show what it would be (200)."""
    services = services_of(request)
    document = await read_object(request)
    jobs = await services.gate.jobs.create(
        [document], actor=actor_of(request), request_id=key, dry_run=dry_run
    )
    if dry_run:
        told = timing_document(
            jobs[0], services.view.fires(jobs[0]), services.clock.now_us(), FIRES_PREVIEWED
        )
        return answer(shown_job(services, jobs[0]) | told)
    job = jobs[0]
    headers = {"Location": f"/api/v1/jobs/{job.id}"}
    return answer(shown_job(services, job), 201, headers)


@router.post(
    "/batch",
    status_code=201,
    responses=documents(201, Envelope[Created], 400, 409, 503),
    openapi_extra=takes(Batch),
)
async def create_batch(request: Request, key: Key, dry_run: bool = False) -> Response:
    """Create up to 10,000 jobs, all or none; faults are named `jobs[3].schedule`."""
    services = services_of(request)
    document = await read_object(request)
    jobs = document.get("jobs")
    problems = [
        Problem(name, "is not a known field", 'send {"jobs": [...]}')
        for name in document
        if name != "jobs"
    ]
    if not isinstance(jobs, list) or not 1 <= len(jobs) <= JOBS_MAX:
        hint = f"a list of 1 to {JOBS_MAX} job objects"
        reason = f"has {len(jobs)} entries" if isinstance(jobs, list) else "is not a list"
        problems.append(Problem("jobs", reason if "jobs" in document else "is missing", hint))
    else:
        problems += [
            Problem(f"jobs[{position}]", "is not an object", 'send {"name": ..., ...}')
            for position, job in enumerate(jobs)
            if not isinstance(job, dict)
        ]
    if problems or not isinstance(jobs, list):
        raise InvalidDocument(problems)
    try:
        created = await services.gate.jobs.create(
            jobs, actor=actor_of(request), request_id=key, dry_run=dry_run
        )
    except InvalidDocument as error:
        if len(jobs) > 1:
            raise
        # The gate names the faults of a lone document without a place in a list.
        raise InvalidDocument(
            Problem(f"jobs[0].{fault.field}", fault.reason, fault.hint) for fault in error.problems
        ) from None
    data = {"created": 0 if dry_run else len(created), "ids": [job.id for job in created]}
    return answer(data, 200 if dry_run else 201)


@router.get("/{ref:jobref}/next", responses=documents(200, Envelope[NextFires], 400, 404))
async def next_fires(
    request: Request, ref: str, count: Annotated[int, Query(ge=1, le=1000)] = 10
) -> Response:
    """Tell the coming fire times of a job, whether it is enabled or not."""
    if named := _job_named(request, ref, "next"):
        return named
    services = services_of(request)
    job = find_job(services, ref)
    now = services.clock.now_us()
    told = await run_in_threadpool(timing_document, job, services.view.fires(job), now, count)
    return fetched(request, {"job_id": job.id, "enabled": job.enabled, **told})


@router.get("/{ref:jobref}/why", responses=documents(200, Envelope[WhyShape], 400, 404))
async def why_at(
    request: Request,
    ref: str,
    at: Annotated[str, Query(description="The moment, RFC 3339; the latest fire time.")] = "",
) -> Response:
    """Tell why a job ran at a moment or did not, from recorded facts; or whether it will."""
    if named := _job_named(request, ref, "why"):
        return named
    services = services_of(request)
    job = find_job(services, ref)
    now = services.clock.now_us()
    moment = instant(at, "at") if at else services.view.fires(job).last_before(now + 1) or now
    found = await run_in_threadpool(why, services.view, services.history, job.id, moment, now)
    return fetched(request, {"job_id": job.id, **why_document(found)})


@router.get("/{ref:jobref}/stats", responses=documents(200, Envelope[JobStats], 400, 404))
async def job_stats(request: Request, ref: str, window: str = "24h") -> Response:
    """Tell how a job went in a window that ends now."""
    if named := _job_named(request, ref, "stats"):
        return named
    services = services_of(request)
    span = window_us(window)
    job = find_job(services, ref)
    now = services.clock.now_us()
    stats = await run_in_threadpool(services.queries.job_stats, job.id, span, now)
    return fetched(request, stats)


@router.post("/{ref:jobref}/enable", responses=documents(200, Envelope[Job], 404, 503))
async def enable_job(request: Request, ref: str, key: Key) -> Response:
    """Let a job fire by its schedule; does nothing to an enabled one."""
    return await _switch(request, ref, key, enabled=True)


@router.post("/{ref:jobref}/disable", responses=documents(200, Envelope[Job], 404, 503))
async def disable_job(request: Request, ref: str, key: Key) -> Response:
    """Stop a job from firing; what it has open goes on."""
    return await _switch(request, ref, key, enabled=False)


async def _switch(request: Request, ref: str, key: str, *, enabled: bool) -> Response:
    services = services_of(request)
    job = await services.gate.jobs.set_enabled(
        (await job_to_write(services, ref)).id, enabled, actor=actor_of(request), request_id=key
    )
    return answer(shown_job(services, job))


@router.get("/{ref:jobref}", responses=documents(200, Envelope[Job], 404))
async def read_job(request: Request, ref: str) -> Response:
    """Show a job by id or `namespace/name`."""
    services = services_of(request)
    job = find_job(services, ref)
    return fetched(request, shown_job(services, job), version=job.version)


@router.put(
    "/{ref:jobref}",
    responses=documents(200, Envelope[Job], 400, 404, 409, 503),
    openapi_extra=takes(JobDocument),
)
async def update_job(
    request: Request,
    ref: str,
    key: Key,
    if_version: IfVersion,
    comment: Annotated[str, Query(max_length=500, description="Kept with the version.")] = "",
    dry_run: bool = False,
) -> Response:
    """Replace a job; what the document leaves out returns to its default.

    With `dry_run` only check it: the version of the answer is the present one if nothing would
    change, `next` are the fires to come, and `effect` what changes in the next 24 hours.
    """
    services = services_of(request)
    job = await job_to_write(services, ref)
    document = await read_object(request)
    changed = await services.gate.jobs.update(
        job.id,
        document,
        actor=actor_of(request),
        request_id=key,
        if_version=if_version,
        comment=comment,
        dry_run=dry_run,
    )
    shown = shown_job(services, changed)
    if dry_run:
        now = services.clock.now_us()
        view = services.view
        before, after = (view.fires(one) if one.enabled else None for one in (job, changed))
        shown |= timing_document(changed, view.fires(changed), now, FIRES_PREVIEWED)
        shown["effect"] = effect_document(effect_of(before, after, now))
    return answer(shown)


@router.delete("/{ref:jobref}", responses=documents(200, Envelope[Job], 404, 503))
async def delete_job(request: Request, ref: str, key: Key, if_version: IfVersion) -> Response:
    """Delete a job and cancel what it has open; its history stays."""
    services = services_of(request)
    job = await job_to_write(services, ref)
    if if_version is not None and if_version != job.version:
        reason = f"names version {if_version}, the job is at {job.version}"
        problem = Problem("If-Match", reason, "read the job again")
        raise Refusal("CONFLICT", f"If-Match {reason}", [problem])
    gone = await services.gate.jobs.delete(job.id, actor=actor_of(request), request_id=key)
    return answer(shown_job(services, gone))


def _job_named(request: Request, namespace: str, name: str) -> Response | None:
    """A job that is called like a sub-resource: `default/next` is a job if there is one."""
    services = services_of(request)
    if "/" in namespace or services.view.job(namespace) is not None:
        return None
    job = services.view.job(f"{namespace}/{name}")
    if job is None:
        return None
    return fetched(request, shown_job(services, job), version=job.version)
