"""Read-only SQL over the history, as JSON, CSV, Arrow or Parquet."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import read_object, services_of
from app.api.problems import answer, fetched
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.sql import SqlQuestion, SqlRows, SqlSchema
from engine.core.clock import rfc3339
from engine.core.errors import InvalidDocument, Problem
from engine.history.sandbox import Format

router = APIRouter(prefix="/api/v1/sql", tags=["sql"])

SQL_BYTES_MAX: Final = 100_000
LIMIT_DEFAULT: Final = 1000
LIMIT_MAX: Final = 100_000
FORMATS: Final[dict[str, Format]] = {
    "text/csv": "csv",
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.apache.parquet": "parquet",
}


@router.post("", responses=documents(200, Envelope[SqlRows], 400), openapi_extra=takes(SqlQuestion))
async def run_sql(request: Request) -> Response:
    """Run one read-only statement; `Accept` chooses JSON, CSV, Arrow or Parquet."""
    services = services_of(request)
    sql, limit = _question(await read_object(request))
    media = _accepted(request.headers.get("accept", ""))
    form: Format = FORMATS.get(media, "json")
    found = await run_in_threadpool(services.sandbox.query, sql, limit, form)
    as_of = rfc3339(found.as_of_us or None)
    if form != "json":
        headers = {
            "X-Chronos-Truncated": str(found.truncated).lower(),
            "X-Chronos-As-Of": as_of or "",
        }
        return Response(found.data, headers=headers, media_type=media)
    return answer(
        {
            "columns": found.columns,
            "rows": found.rows,
            "row_count": found.row_count,
            "truncated": found.truncated,
            "elapsed_ms": found.elapsed_ms,
            "as_of": as_of,
        }
    )


@router.get("/schema", responses=documents(200, Envelope[SqlSchema]))
async def sql_schema(request: Request) -> Response:
    """Describe every table and column that SQL can rely on."""
    schema = await run_in_threadpool(services_of(request).sandbox.schema)
    return fetched(request, {"tables": schema})


def _question(document: dict[str, object]) -> tuple[str, int]:
    problems = [
        Problem(name, "is not a known field", 'send {"sql": "SELECT ...", "limit": 1000}')
        for name in document
        if name not in ("sql", "limit")
    ]
    sql = document.get("sql")
    if not isinstance(sql, str) or not sql.strip():
        reason = "is missing" if "sql" not in document else "is not a statement"
        problems.append(
            Problem("sql", reason, "SELECT status, count(*) FROM executions GROUP BY 1")
        )
    elif len(sql.encode(errors="replace")) > SQL_BYTES_MAX:
        reason = f"is longer than {SQL_BYTES_MAX} bytes"
        problems.append(Problem("sql", reason, "shorten the statement"))
    elif "\x00" in sql:
        problems.append(Problem("sql", "holds a NUL character", "remove it"))
    limit = document.get("limit", LIMIT_DEFAULT)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= LIMIT_MAX:
        hint = f"a whole number from 1 to {LIMIT_MAX}"
        problems.append(Problem("limit", f"{str(limit)[:60]!r} is not {hint}", hint))
    if problems or not isinstance(sql, str) or not isinstance(limit, int):
        raise InvalidDocument(problems)
    return sql, limit


def _accepted(header: str) -> str:
    """The first media type of the caller's that we can write; JSON otherwise."""
    for part in header.split(","):
        media = part.partition(";")[0].strip().lower()
        if media in FORMATS or media in ("application/json", "*/*"):
            return media
    return "application/json"
