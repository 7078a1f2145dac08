"""Executions of the past, brought over from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Key, actor_of, read_object, services_of
from app.api.problems import answer
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.history import HistoryImport, HistoryImported
from app.gate.imports import Imported
from engine.core.errors import InvalidDocument, Problem
from engine.model.finished import FinishedRun, parse_finished
from engine.model.job import Document
from engine.state.rules.imports import IMPORT_ROWS_MAX

if TYPE_CHECKING:
    from app.services import Services

router = APIRouter(prefix="/api/v1/history", tags=["history"])

_FIELDS = ("label", "executions", "dry_run")


@router.post(
    "/import",
    responses=documents(200, Envelope[HistoryImported], 400, 403, 409, 503),
    openapi_extra=takes(HistoryImport),
)
async def import_history(request: Request, key: Key) -> Response:
    """Take a batch of executions into the history; the good ones, each once for the label."""
    services = services_of(request)
    body = await read_object(request)
    label, rows, dry_run = _batch(body)
    runs, places, refusals = await run_in_threadpool(_parsed, services, rows)
    done = Imported(0, ())
    if runs:
        done = await services.gate.imports.take(
            label, runs, actor=actor_of(request), request_id=key, dry_run=dry_run
        )
    return answer(
        {
            "label": label,
            "imported": done.imported,
            "duplicates": len(done.repeated),
            "refused": len(rows) - len(runs),
            "duplicate_rows": [places[place] for place in done.repeated],
            "refusals": refusals,
            "dry_run": dry_run,
        }
    )


def _batch(body: Document) -> tuple[str, list[Any], bool]:
    problems = [
        Problem(name, "is not a known field", "one of " + ", ".join(_FIELDS))
        for name in body
        if name not in _FIELDS
    ]
    label, rows, dry_run = body.get("label"), body.get("executions"), body.get("dry_run", False)
    if not isinstance(label, str):
        problems.append(Problem("label", "is missing or no text", "such as airflow-2026"))
    if not isinstance(rows, list) or not 1 <= len(rows) <= IMPORT_ROWS_MAX:
        reason = f"{len(rows)} executions" if isinstance(rows, list) else "is not a list"
        problems.append(Problem("executions", reason, f"a list of 1 to {IMPORT_ROWS_MAX}"))
    if not isinstance(dry_run, bool):
        problems.append(Problem("dry_run", "is not a boolean", "true or false"))
    if problems or not isinstance(label, str) or not isinstance(rows, list):
        raise InvalidDocument(problems)
    return label, rows, bool(dry_run)


def _parsed(
    services: Services, rows: list[Any]
) -> tuple[list[FinishedRun], list[int], list[Document]]:
    """The good executions, their places in the batch, and the faults of the others."""
    now = services.clock.now_us()
    runs: list[FinishedRun] = []
    places: list[int] = []
    refusals: list[Document] = []
    for place, document in enumerate(rows):
        try:
            runs.append(_with_job(services, parse_finished(document, now)))
        except InvalidDocument as error:
            refusals += [
                {"row": place, "field": p.field, "reason": p.reason, "hint": p.hint}
                for p in error.problems
            ]
        else:
            places.append(place)
    return runs, places, refusals


def _with_job(services: Services, run: FinishedRun) -> FinishedRun:
    """The execution under its job's name, where it came with the job's id."""
    if not run.job_id:
        return run
    job = services.view.job(run.job_id)
    if job is None:
        problem = Problem("job_id", f"there is no job {run.job_id[:80]!r}", "or use job_name")
        raise InvalidDocument([problem])
    return replace(run, namespace=job.namespace, name=job.name)
