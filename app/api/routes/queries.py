"""Saved queries: kept by the cluster, run by any node; the built-in ones are read-only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import (
    IfVersion,
    Key,
    actor_of,
    confirm_read,
    read_object,
    services_of,
)
from app.api.problems import Refusal, answer, fetched, invalid, not_found
from app.api.question import HOW, answered, question_of
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.sql import Queries, QueryDeleted, QueryRequest, QueryRun, SqlRows
from app.api.schemas.sql import Query as QueryShape
from app.services import Services
from app.workbench.query_shelf import all_queries, built_in, find_query
from engine.core.errors import Problem
from engine.model.query_document import parse_query, query_document, values_of
from engine.model.saved_query import SavedQuery

router = APIRouter(prefix="/api/v1/queries", tags=["queries"], dependencies=[Depends(confirm_read)])


@router.get("", responses=documents(200, Envelope[Queries]))
async def list_queries(
    request: Request,
    q: Annotated[str, Query(description="Words in name, title or description.")] = "",
    namespace: Annotated[str | None, Query(description="Own queries of this namespace.")] = None,
) -> Response:
    """List saved queries: the cluster's own, then the built-in ones."""
    found = [
        query_document(query)
        for query in all_queries(services_of(request).view)
        if _matches(query, q) and namespace in (None, query.namespace)
    ]
    return fetched(request, {"queries": found, "total": len(found)})


@router.post(
    "",
    status_code=201,
    responses=documents(201, Envelope[QueryShape], 400, 409, 503),
    openapi_extra=takes(QueryRequest),
)
async def create_query(request: Request, key: Key) -> Response:
    """Save a new query."""
    query = parse_query(await read_object(request))
    return answer(
        await _save(request, query, 0, key), 201, {"Location": f"/api/v1/queries/{query.name}"}
    )


@router.get("/{name}", responses=documents(200, Envelope[QueryShape], 404))
async def read_query(request: Request, name: str) -> Response:
    """Show a saved query."""
    query = _find(services_of(request), name)
    return fetched(request, query_document(query), version=query.version)


@router.put(
    "/{name}",
    responses=documents(200, Envelope[QueryShape], 400, 404, 409, 503),
    openapi_extra=takes(QueryRequest),
)
async def update_query(request: Request, name: str, key: Key, if_version: IfVersion) -> Response:
    """Edit a saved query; `If-Match`, else `version` in the body, is the version that was read."""
    document = await read_object(request)
    wanted = document.get("version") if if_version is None else if_version
    if wanted is not None and (not isinstance(wanted, int) or isinstance(wanted, bool)):
        raise invalid("version", f"{str(wanted)[:60]!r} is not a version", "the one that was read")
    if document.get("name", name) != name:
        raise invalid("name", "is not the name in the path", f"{name}, or save it as a new query")
    query = parse_query({**document, "name": name})
    _find(services_of(request), name)
    return answer(await _save(request, query, wanted, key))


@router.delete("/{name}", responses=documents(200, Envelope[QueryDeleted], 404, 409, 503))
async def delete_query(request: Request, name: str, key: Key, if_version: IfVersion) -> Response:
    """Delete a saved query."""
    services = services_of(request)
    if services.view.saved_query(name) is None:
        _refuse_built_in(name, "deleted")
    await services.gate.saved_queries.delete(
        name, if_version=if_version, actor=actor_of(request), request_id=key
    )
    return answer({"name": name, "deleted": True})


@router.post(
    "/{name}/run",
    responses=documents(200, Envelope[SqlRows], 400, 404),
    openapi_extra=takes(QueryRun),
)
async def run_query(request: Request, name: str) -> Response:
    """Run a saved query; `Accept` chooses the form of the rows, as with ad hoc SQL."""
    query = _find(services_of(request), name)
    body = await read_object(request)
    for field in body:
        if field not in HOW:
            raise invalid(field[:60], "is not a known field", "one of " + ", ".join(HOW))
    given = body.get("parameters", {})
    if isinstance(given, dict):
        body["parameters"] = values_of(query, given)
    return await answered(request, question_of({**body, "sql": query.sql}))


async def _save(request: Request, query: SavedQuery, wanted: int | None, key: str) -> object:
    services = services_of(request)
    _refuse_built_in(query.name, "changed")
    await services.gate.saved_queries.save(
        query, if_version=wanted, actor=actor_of(request), request_id=key
    )
    return query_document(_find(services, query.name))


def _find(services: Services, name: str) -> SavedQuery:
    query = find_query(services.view, name)
    if query is None:
        raise not_found("saved query", name, "a name from GET /api/v1/queries")
    return query


def _refuse_built_in(name: str, what: str) -> None:
    if name in built_in():
        problem = Problem("name", f"{name} is built in", "save it under another name")
        raise Refusal("CONFLICT", f"query {name} is built in and cannot be {what}", [problem])


def _matches(query: SavedQuery, words: str) -> bool:
    text = f"{query.name} {query.title} {query.description}".lower()
    return all(word in text for word in words.lower().split())
