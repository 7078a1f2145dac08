"""A question in SQL as a request puts it, and its answer in the form that the caller reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import services_of
from app.api.problems import answer
from engine.core.clock import rfc3339
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import new_query_id
from engine.history.sandbox import Explain, Format
from engine.model.job import Document
from engine.model.query_document import faults_of_sql

LIMIT_DEFAULT: Final = 1000
LIMIT_MAX: Final = 100_000
FORMATS: Final[dict[str, Format]] = {
    "text/csv": "csv",
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.apache.parquet": "parquet",
}
HOW: Final = ("limit", "parameters", "id", "explain", "analyze")
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,80}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask, with which values, and how to answer."""

    sql: str
    limit: int
    parameters: Document
    id: str
    explain: Explain


def question_of(document: Document) -> Question:
    """The question of a body `{sql, limit, parameters, id, explain, analyze}`.

    Raises:
        InvalidDocument: with every field at fault.
    """
    problems = [
        Problem(str(name)[:60], "is not a known field", 'send {"sql": "SELECT ...", "limit": 1000}')
        for name in document
        if name not in ("sql", *HOW)
    ]
    sql = document.get("sql")
    problems += faults_of_sql(document)
    limit = document.get("limit", LIMIT_DEFAULT)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= LIMIT_MAX:
        hint = f"a whole number from 1 to {LIMIT_MAX}"
        problems.append(Problem("limit", f"{str(limit)[:60]!r} is not {hint}", hint))
    parameters = document.get("parameters", {})
    if not isinstance(parameters, dict):
        problems.append(Problem("parameters", "is not an object", '{"since": "2026-01-31"}'))
    identity = document.get("id", "") or new_query_id()
    if not isinstance(identity, str) or not _ID.fullmatch(identity):
        problems.append(Problem("id", "is not a name", "letters, digits, . _ -, 80 at most"))
    for name in ("explain", "analyze"):
        if not isinstance(document.get(name, False), bool):
            problems.append(Problem(name, "is not a boolean", "true or false"))
    if problems or not isinstance(sql, str) or not isinstance(limit, int):
        raise InvalidDocument(problems)
    explain: Explain = "analyze" if document.get("analyze") else ""
    if document.get("explain") and not explain:
        explain = "plan"
    return Question(sql=sql, limit=limit, parameters=parameters, id=identity, explain=explain)


async def answered(request: Request, question: Question) -> Response:
    """Run the question; `Accept` chooses JSON, CSV, Arrow or Parquet."""
    sandbox = services_of(request).sandbox
    media = _accepted(request.headers.get("accept", ""))
    form: Format = "json" if question.explain else FORMATS.get(media, "json")

    def ask() -> Any:
        return sandbox.query(
            question.sql,
            question.limit,
            form,
            parameters=question.parameters,
            explain=question.explain,
            query_id=question.id,
        )

    found = await run_in_threadpool(ask)
    as_of = rfc3339(found.as_of_us or None)
    if form != "json":
        headers = {
            "X-Chronos-Truncated": str(found.truncated).lower(),
            "X-Chronos-As-Of": as_of or "",
            "X-Chronos-Query": question.id,
        }
        return Response(found.data, headers=headers, media_type=media)
    return answer(
        {
            "id": question.id,
            "columns": found.columns,
            "rows": found.rows or [],
            "row_count": found.row_count,
            "truncated": found.truncated,
            "elapsed_ms": found.elapsed_ms,
            "as_of": as_of,
            "plan": found.plan,
        }
    )


def _accepted(header: str) -> str:
    """The first media type of the caller's that we can write; JSON otherwise."""
    for part in header.split(","):
        media = part.partition(";")[0].strip().lower()
        if media in FORMATS or media in ("application/json", "*/*"):
            return media
    return "application/json"
