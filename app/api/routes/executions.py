"""Executions: open ones from the replicated state, finished ones from this node's history."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import (
    Cursor,
    Key,
    Limit,
    actor_of,
    confirm_read,
    find_job,
    instant,
    job_to_write,
    services_of,
    shown_job,
    timeout_us,
)
from app.api.paging import decode_cursor, encode_cursor
from app.api.problems import Refusal, answer, fetched, not_found
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.executions import Execution as ExecutionShape
from app.api.schemas.executions import ExecutionDetail, Executions
from engine.core.clock import rfc3339
from engine.core.durations import format_duration
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.model.change import differences
from engine.model.document import execution_document
from engine.model.execution import Execution, Status
from engine.model.job import Document

if TYPE_CHECKING:
    from app.services import Services

router = APIRouter(prefix="/api/v1", tags=["executions"], dependencies=[Depends(confirm_read)])

POLL_S: Final = 0.02
HISTORY_WAIT_S: Final = 5.0
_OPEN: Final = "open"
REPLAYS_MAX: Final = 50


@router.get("/executions", responses=documents(200, Envelope[Executions], 400))
async def list_executions(
    request: Request,
    status: Annotated[
        list[str] | None, Query(description="One or several, repeated or with commas.")
    ] = None,
    job_id: Annotated[str | None, Query(description="A job's id, or namespace/name.")] = None,
    namespace: str | None = None,
    since: Annotated[str | None, Query(description="RFC 3339; ended or due since then.")] = None,
    until: Annotated[str | None, Query(description="RFC 3339; ended or due before then.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """List executions, newest first; those under way come before those that ended."""
    services = services_of(request)
    job = services.view.job(job_id) if job_id else None
    page = await _page(
        services,
        job_id=job.id if job else job_id,
        statuses=_statuses(status),
        namespace=namespace,
        since_us=instant(since, "since") if since else None,
        until_us=instant(until, "until") if until else None,
        limit=limit,
        cursor=cursor,
    )
    return fetched(request, page)


@router.get(
    "/jobs/{ref:jobref}/executions", responses=documents(200, Envelope[Executions], 400, 404)
)
async def list_job_executions(
    request: Request,
    ref: str,
    status: Annotated[list[str] | None, Query()] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> Response:
    """List the executions of a job, newest first."""
    services = services_of(request)
    named = services.view.job(f"{ref}/executions") if "/" not in ref else None
    if named is not None and services.view.job(ref) is None:
        return fetched(request, shown_job(services, named), version=named.version)
    page = await _page(
        services,
        job_id=find_job(services, ref).id,
        statuses=_statuses(status),
        namespace=None,
        since_us=None,
        until_us=None,
        limit=limit,
        cursor=cursor,
    )
    return fetched(request, page)


def _statuses(given: list[str] | None) -> list[str] | None:
    if not given:
        return None
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    known = [status.value for status in Status]
    problems = [
        Problem("status", f"{name[:60]!r} is not a status", "one of " + ", ".join(known))
        for name in names
        if name not in known
    ]
    if problems:
        raise InvalidDocument(problems)
    return names or None


async def _page(
    services: Services,
    *,
    job_id: str | None,
    statuses: list[str] | None,
    namespace: str | None,
    since_us: Instant | None,
    until_us: Instant | None,
    limit: int,
    cursor: str | None,
) -> Document:
    """One page over both sources: the open ones stand before all that the history has."""
    view = services.view
    place: tuple[int, str] | None = None
    in_history = cursor is not None and not cursor.startswith(_OPEN)
    if cursor is not None and not in_history:
        since, identity = decode_cursor(cursor[len(_OPEN) :], (int, str))
        place = (since, identity)
    rows = []
    for execution in view.open_executions(job_id):
        if statuses is not None and execution.status.value not in statuses:
            continue
        if since_us is not None and execution.scheduled_us < since_us:
            continue
        if until_us is not None and execution.scheduled_us >= until_us:
            continue
        job = view.job(execution.job_id)
        if namespace is not None and (job is None or job.namespace != namespace):
            continue
        rows.append((execution.scheduled_us, execution.id, execution, job))
    rows.sort(key=lambda row: row[:2], reverse=True)
    total_open = len(rows)
    documents_shown: list[Document] = []
    if not in_history:
        ahead = [row for row in rows if place is None or row[:2] < place]
        documents_shown = [execution_document(row[2], row[3]) for row in ahead[:limit]]
        if len(ahead) >= limit:
            last = ahead[limit - 1]
            _, _, total = await run_in_threadpool(
                services.queries.executions,
                job_id=job_id,
                status=statuses,
                namespace=namespace,
                since_us=since_us,
                until_us=until_us,
                limit=1,
            )
            more = len(ahead) > limit or total > 0
            following = _OPEN + encode_cursor(last[0], last[1]) if more else None
            return {
                "executions": documents_shown,
                "total": total_open + total,
                "next_cursor": following,
            }
    finished, following, total = await run_in_threadpool(
        services.queries.executions,
        job_id=job_id,
        status=statuses,
        namespace=namespace,
        since_us=since_us,
        until_us=until_us,
        limit=limit - len(documents_shown),
        cursor=cursor if in_history else None,
    )
    # One may end between the two looks; it is shown once, as it is now.
    ended = {document["id"] for document in finished}
    shown = [document for document in documents_shown if document["id"] not in ended] + finished
    return {"executions": shown, "total": total_open + total, "next_cursor": following}


@router.get("/executions/{execution_id}", responses=documents(200, Envelope[ExecutionDetail], 404))
async def read_execution(request: Request, execution_id: str) -> Response:
    """Show an execution with its attempts and their recorded steps."""
    services = services_of(request)
    execution = await find_execution(services, execution_id)
    return fetched(request, await _linked(services, execution))


@router.get(
    "/jobs/{ref:jobref}/executions/{execution_id}",
    responses=documents(200, Envelope[ExecutionDetail], 404),
)
async def read_job_execution(request: Request, ref: str, execution_id: str) -> Response:
    """Show an execution of a job with its attempts and their recorded steps."""
    services = services_of(request)
    execution = await find_of_job(services, ref, execution_id)
    return fetched(request, await _linked(services, execution))


async def find_of_job(services: Services, ref: str, execution_id: str) -> Document:
    """An execution of a job, open or over.

    Raises:
        Refusal: NOT_FOUND; also where the execution is another job's.
    """
    job = services.view.job(ref)
    execution = await find_execution(services, execution_id)
    # The history of a deleted job is found by the id that it had.
    if execution["job_id"] != (job.id if job else ref):
        raise _no_execution(execution_id)
    return execution


async def find_execution(services: Services, execution_id: str) -> Document:
    """An execution with its attempts, open or over.

    Raises:
        Refusal: NOT_FOUND.
    """
    found = await _look(services, execution_id)
    if found is None:
        # It may have ended a moment ago, and its row not be written yet.
        await _catch_up(services)
        found = await _look(services, execution_id)
    if found is None:
        raise _no_execution(execution_id)
    return found


async def _linked(services: Services, execution: Document) -> Document:
    """The execution with its replays, and with what it does otherwise than its original."""
    identity, change = execution["id"], execution["change"]
    replays = await run_in_threadpool(services.queries.replays_of, identity, REPLAYS_MAX)
    ended = {replay["id"] for replay in replays}
    replays += [
        {
            "id": one.id,
            "status": one.status.value,
            "scheduled_time": rfc3339(one.scheduled_us),
        }
        for one in services.view.open_executions(execution["job_id"])
        if one.replay_of == identity and one.id not in ended
    ]
    found: list[Document] = []
    if change is not None:
        original = await _look(services, execution["replay_of"])
        found = requests_apart(services, execution, original)
    return execution | {"replays": replays[:REPLAYS_MAX], "differences": found}


def requests_apart(
    services: Services, execution: Document, original: Document | None
) -> list[Document]:
    """What a replay with a change sends otherwise than its original did, secrets hidden."""
    before, after = ((one or {}).get("request") or {} for one in (original, execution))
    timeout = (execution["change"] or {}).get("timeout")
    if timeout is not None:
        job = services.view.job(execution["job_id"])
        was = ((original or {}).get("change") or {}).get("timeout")
        usual = format_duration(job.spec.timeout_us) if job else ""
        before, after = before | {"timeout": was or usual}, after | {"timeout": timeout}
    return [one.document() for one in differences(before, after)]


async def _look(services: Services, execution_id: str) -> Document | None:
    open_one = services.view.execution(execution_id)
    if open_one is None:
        return await run_in_threadpool(services.queries.execution, execution_id)
    document = execution_document(open_one, services.view.job(open_one.job_id))
    document["attempts_detail"] = await run_in_threadpool(services.queries.attempts, execution_id)
    return document


async def _catch_up(services: Services) -> None:
    index = services.view.applied_index
    if services.history.watermark < index:
        await run_in_threadpool(services.history.wait_for, index, HISTORY_WAIT_S)


def _no_execution(execution_id: str) -> Exception:
    return not_found("execution", execution_id, "an id from GET /api/v1/executions")


@router.post(
    "/jobs/{ref:jobref}/trigger",
    status_code=202,
    responses=documents(202, Envelope[ExecutionShape], 400, 404, 409, 503)
    | documents(200, Envelope[ExecutionDetail]),
)
async def trigger_job(
    request: Request,
    ref: str,
    key: Key,
    wait: Annotated[
        str | None, Query(description="Wait so long for its end, at most 10m; then 200.")
    ] = None,
) -> Response:
    """Run a job now; with `wait` answer 200 once it ended, 202 if it has not by then."""
    services = services_of(request)
    patience_us = timeout_us(wait) if wait is not None else 0
    job = await job_to_write(services, ref)
    execution = await services.gate.executions.trigger(
        job.id, actor=actor_of(request), request_id=key
    )
    if patience_us:
        ended = await _wait(services, execution, patience_us)
        if ended is not None:
            return answer(ended)
        execution = services.view.execution(execution.id) or execution
    headers = {"Location": f"/api/v1/executions/{execution.id}"}
    return answer(execution_document(execution, job), 202, headers)


async def _wait(services: Services, execution: Execution, patience_us: int) -> Document | None:
    """The execution once it ended, or None when patience did first."""
    clock = services.clock
    until = clock.monotonic_us() + patience_us
    while services.view.execution(execution.id) is not None:
        if clock.monotonic_us() >= until:
            return None
        await asyncio.sleep(POLL_S)
    await _catch_up(services)
    return await run_in_threadpool(services.queries.execution, execution.id)


@router.post(
    "/executions/{execution_id}/cancel",
    responses=documents(200, Envelope[ExecutionShape], 404, 409, 503),
)
async def cancel_execution(request: Request, execution_id: str, key: Key) -> Response:
    """End an open execution as cancelled."""
    services = services_of(request)
    if services.view.execution(execution_id) is None:
        ended_as = (await find_execution(services, execution_id))["status"]
        problem = Problem("execution", f"ended as {ended_as}", "replay runs it again")
        raise Refusal("CONFLICT", f"execution {execution_id} is over already", [problem])
    execution = await services.gate.executions.cancel(
        execution_id, actor=actor_of(request), request_id=key
    )
    await _catch_up(services)
    ended = await run_in_threadpool(services.queries.execution, execution.id)
    if ended is None:
        job = services.view.job(execution.job_id)
        ended = execution_document(execution, job) | {"status": Status.CANCELLED.value}
    return answer(ended)
