"""Read-only SQL over the history, as JSON, CSV, Arrow or Parquet; its plan, and its end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import read_object, services_of
from app.api.problems import answer, fetched, not_found
from app.api.question import answered, question_of
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.sql import SqlCancelled, SqlQuestion, SqlRows, SqlRunning, SqlSchema
from app.workbench.table_facts import facts_of
from engine.core.clock import rfc3339

router = APIRouter(prefix="/api/v1/sql", tags=["sql"])


@router.post("", responses=documents(200, Envelope[SqlRows], 400), openapi_extra=takes(SqlQuestion))
async def run_sql(request: Request) -> Response:
    """Run one read-only statement, or show its plan; `Accept` chooses the form of the rows."""
    return await answered(request, question_of(await read_object(request)))


@router.get("/schema", responses=documents(200, Envelope[SqlSchema]))
async def sql_schema(
    request: Request,
    facts: Annotated[
        bool, Query(description="Also how many rows there are, of what time, and samples.")
    ] = False,
) -> Response:
    """Describe every table and column that SQL can rely on."""
    sandbox = services_of(request).sandbox
    tables = await run_in_threadpool(sandbox.schema)
    if facts:
        tables = await run_in_threadpool(facts_of, sandbox, tables)
    return fetched(request, {"tables": tables})


@router.get("/running", responses=documents(200, Envelope[SqlRunning]))
async def sql_running(request: Request) -> Response:
    """List the queries that this node is answering, the oldest first."""
    running = services_of(request).sandbox.running()
    found = [
        {"id": one.id, "sql": one.sql, "started_at": rfc3339(one.started_us)} for one in running
    ]
    return fetched(request, {"queries": found, "total": len(found)})


@router.delete("/{query_id}", responses=documents(200, Envelope[SqlCancelled], 404))
async def cancel_sql(request: Request, query_id: str) -> Response:
    """Kill the process of a running query at once; ask the node that runs it."""
    if not services_of(request).sandbox.cancel(query_id):
        hint = "it may be over; GET /api/v1/sql/running lists what this node runs"
        raise not_found("running query", query_id, hint)
    return answer({"id": query_id, "cancelled": True})
