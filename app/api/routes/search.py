"""Search: jobs, runs, findings, templates, pages and actions, by words."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import confirm_read, services_of
from app.api.problems import fetched, invalid
from app.api.routes.findings import finding_document
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.search import Found
from app.services import Services
from app.workbench.marketplace import BUILT_IN, Shelf, catalogue
from app.workbench.places import Place, places
from app.workbench.search import best, score, words_of
from engine.model.job import Job

router = APIRouter(prefix="/api/v1", tags=["search"], dependencies=[Depends(confirm_read)])

QUESTION_MAX: Final = 200
RESULTS_MAX: Final = 50
FAILURES: Final = 50
JOB_ACTIONS: Final = {
    "run": ("Run", {"run", "trigger", "start", "execute"}),
    "pause": ("Pause", {"pause", "disable", "stop", "enable", "resume"}),
    "edit": ("Edit", {"edit", "change"}),
}
"""What can be done with a job, and by which first words it is meant."""
_LEADING: Final = {"job", "jobs", "the"}

Result = dict[str, Any]


@router.get("/search", responses=documents(200, Envelope[Found], 400))
async def search(
    request: Request,
    q: Annotated[str, Query(description="Some words, or an execution's id or its beginning.")] = "",
    limit: Annotated[int, Query(ge=1, le=RESULTS_MAX)] = 20,
) -> Response:
    """Find jobs, runs, findings, templates, pages and actions, the best first.

    Nothing is done: an action leads to where it is confirmed.
    """
    if len(q) > QUESTION_MAX:
        raise invalid("q", f"is longer than {QUESTION_MAX} characters", "a few words")
    found = await run_in_threadpool(_search, services_of(request), q, limit)
    return fetched(request, {"results": found, "total": len(found)})


def _search(services: Services, question: str, limit: int) -> list[Result]:
    words = words_of(question)
    if not words:
        return [_of_place(place, 0.0) for place in places()][:limit]
    found = [
        *(
            _of_place(place, value)
            for value, place in best(
                places(), lambda one: score(words, one.title, f"{one.detail} {one.words}"), limit
            )
        ),
        *_jobs(services, words, limit),
        *_actions(services, words, limit),
        *_findings(services, words, limit),
        *_templates(services, words, limit),
        *_executions(services, question.strip(), words, limit),
    ]
    found.sort(key=lambda one: -one["score"])
    return found[:limit]


def _result(kind: str, title: str, detail: str, page: str, value: float, **params: str) -> Result:
    return {
        "kind": kind,
        "title": title,
        "detail": detail,
        "page": page,
        "params": params,
        "score": round(value, 3),
    }


def _of_place(place: Place, value: float) -> Result:
    return _result(place.kind, place.title, place.detail, place.page, value, **place.params)


def _job_value(words: list[str], job: Job) -> float:
    tags = " ".join(f"{key}:{value}" for key, value in job.spec.tags.items())
    return score(words, job.name, f"{job.namespace} {tags} {job.spec.description}")


def _jobs(services: Services, words: list[str], limit: int) -> list[Result]:
    jobs = best(services.view.jobs(), lambda job: _job_value(words, job), limit)
    return [
        _result("job", job.name, f"{job.namespace} · {job.spec.schedule}", "job", value, id=job.id)
        for value, job in jobs
    ]


def _actions(services: Services, words: list[str], limit: int) -> list[Result]:
    """`run nightly`: the first word says what, the rest says which job."""
    meant = next((key for key, (_, verbs) in JOB_ACTIONS.items() if words[0] in verbs), None)
    rest = [word for word in words[1:] if word not in _LEADING]
    if meant is None or not rest:
        return []
    title = words[0].capitalize()
    page = "editor" if meant == "edit" else "job"
    jobs = best(services.view.jobs(), lambda job: _job_value(rest, job), limit)
    return [
        _result(
            "action",
            f"{title} {job.name}",
            f"{job.namespace} · confirmed on its page",
            page,
            value + 1.0,
            id=job.id,
        )
        for value, job in jobs
    ]


def _findings(services: Services, words: list[str], limit: int) -> list[Result]:
    rows = [
        finding_document(finding, services.view.job(finding.job_id))
        for finding in services.view.findings()
    ]
    found = best(
        rows, lambda row: score(words, row["title"], f"{row['job_name']} finding anomaly"), limit
    )
    return [
        _result(
            "finding",
            row["title"],
            f"{row['job_name']} · {row['state']}",
            "anomalies",
            value,
            finding=row["id"],
        )
        for value, row in found
    ]


def _templates(services: Services, words: list[str], limit: int) -> list[Result]:
    shelves = catalogue(services.view.templates())
    found = best(
        shelves,
        lambda one: score(words, one.newest.title, f"{one.newest.ref} {one.namespace} template"),
        limit,
    )
    return [
        _result(
            "template",
            one.newest.title,
            one.newest.ref,
            "template",
            value,
            ref=one.newest.ref,
            **_own_namespace(one),
        )
        for value, one in found
    ]


def _own_namespace(shelf: Shelf) -> dict[str, str]:
    """The parameter that tells an own template from a built-in one."""
    return {} if shelf.namespace == BUILT_IN else {"namespace": shelf.namespace}


def _executions(services: Services, question: str, words: list[str], limit: int) -> list[Result]:
    """A run by its id or the beginning of it, and the latest failures of jobs so named."""
    recent, _, _ = services.queries.executions(status=["failed", "unknown"], limit=FAILURES)
    whole = services.queries.execution(question) if question.startswith("exe_") else None
    rows = ([whole] if whole else []) + [
        row for row in recent if whole is None or row["id"] != whole["id"]
    ]

    def value(row: Result) -> float:
        if question.startswith("exe_"):
            return 20.0 if row["id"].startswith(question) else 0.0
        return 0.8 * score(words, row["job_name"], "failed failure run execution")

    return [
        _result(
            "execution",
            row["job_name"],
            f"{row['status']} · {row['scheduled_time'][:19].replace('T', ' ')} UTC",
            "execution",
            found,
            id=row["id"],
        )
        for found, row in best(rows, value, limit)
    ]
