"""Findings: what is unusual about the runs of jobs, and what people make of it."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from analytics.models.detector import detectors
from analytics.models.runs import Runs
from analytics.models.selection import back_test, detectors_for
from analytics.watch import RUNS_MAX, seed_of, words_of
from app.api.deps import Cursor, Key, Limit, actor_of, confirm_read, find_job, services_of
from app.api.paging import page_of
from app.api.problems import answer, fetched, invalid, not_found
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.findings import Anomalies, Findings
from app.api.schemas.findings import Finding as FindingShape
from engine.core.clock import rfc3339
from engine.core.registry import UnknownName
from engine.model.finding import Finding, FindingState
from engine.model.job import Document, Job

if TYPE_CHECKING:
    from app.services import Services

router = APIRouter(prefix="/api/v1", tags=["findings"], dependencies=[Depends(confirm_read)])

ACTIONS: Final = {
    "acknowledge": FindingState.ACKNOWLEDGED,
    "mute": FindingState.MUTED,
    "resolve": FindingState.RESOLVED,
    "reopen": FindingState.OPEN,
}


@router.get("/findings", responses=documents(200, Envelope[Findings], 400))
async def list_findings(
    request: Request,
    state: Annotated[
        str | None, Query(description="open, acknowledged, muted or resolved; several by commas.")
    ] = None,
    job_id: Annotated[str | None, Query(description="A job's id, or namespace/name.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """List the findings that are not forgotten, the latest first."""
    services = services_of(request)
    states = _states(state)
    only = await run_in_threadpool(_identity, services, job_id) if job_id else None
    found = [
        one
        for one in services.view.findings()
        if (states is None or one.state.value in states) and (only is None or one.job_id == only)
    ]
    page, following = page_of(found, lambda one: (-one.last_us, one.id), limit, cursor)
    shown = [finding_document(one, services.view.job(one.job_id)) for one in page]
    return fetched(request, {"findings": shown, "total": len(found), "next_cursor": following})


def _identity(services: Services, ref: str) -> str:
    """The id of a job of the cluster, or of one that only imported executions know."""
    if services.view.job(ref) is None and (name := services.queries.imported_job(ref)):
        return name.id
    return find_job(services, ref).id


def _states(text: str | None) -> set[str] | None:
    if not text:
        return None
    known = [state.value for state in FindingState]
    names = {name.strip() for name in text.split(",") if name.strip()}
    for name in names:
        if name not in known:
            raise invalid("state", f"{name[:60]!r} is not a state", "one of " + ", ".join(known))
    return names


def finding_document(finding: Finding, job: Job | None) -> Document:
    """A finding as the public sees it."""
    title, explanation = words_of(finding.detector)
    return {
        "id": finding.id,
        "job_id": finding.job_id,
        "job_name": job.name if job else finding.job_name,
        "namespace": job.namespace if job else finding.namespace,
        "imported": job is None,
        "timezone": job.spec.timezone if job else "",
        "detector": finding.detector,
        "title": title,
        "explanation": explanation,
        "signal": finding.signal,
        "state": finding.state.value,
        "first_at": rfc3339(finding.first_us),
        "last_at": rfc3339(finding.last_us),
        "runs": finding.runs,
        "score": finding.score,
        "value": finding.value,
        "low": finding.low,
        "high": finding.high,
        "unit": finding.unit,
        "execution_id": finding.execution_id,
        "evidence": finding.evidence,
        "by": finding.by,
        "note": finding.note,
    }


@router.get("/findings/{finding_id}", responses=documents(200, Envelope[FindingShape], 404))
async def read_finding(request: Request, finding_id: str) -> Response:
    """Show a finding."""
    return fetched(request, _shown(request, finding_id))


def _shown(request: Request, finding_id: str) -> Document:
    view = services_of(request).view
    if (finding := view.finding(finding_id)) is not None:
        return finding_document(finding, view.job(finding.job_id))
    raise not_found("finding", finding_id, "an id from GET /api/v1/findings")


@router.post(
    "/findings/{finding_id}/{action}",
    responses=documents(200, Envelope[FindingShape], 400, 404, 503),
)
async def judge(
    request: Request,
    finding_id: str,
    action: Literal["acknowledge", "mute", "resolve", "reopen"],
    key: Key,
    note: Annotated[str, Query(max_length=1000, description="Why; kept with the finding.")] = "",
) -> Response:
    """Say what becomes of a finding; a muted one stays out of the way until it ends."""
    await services_of(request).gate.findings.judge(
        finding_id, ACTIONS[action], note, actor=actor_of(request), request_id=key
    )
    return answer(_shown(request, finding_id))


@router.get("/jobs/{ref:jobref}/anomalies", responses=documents(200, Envelope[Anomalies], 400, 404))
async def anomalies(
    request: Request,
    ref: str,
    detector: Annotated[str | None, Query(description="A detector's name; else the best.")] = None,
    runs: Annotated[int, Query(ge=1, le=2000)] = RUNS_MAX,
) -> Response:
    """Judge a job's latest runs by one detector: the band, the runs, what left it, and deploys."""
    services = services_of(request)
    job = services.view.job(ref)
    name = None if job else await run_in_threadpool(services.queries.imported_job, ref)
    if name is None:
        job = find_job(services, ref)
    known = job or name
    assert known is not None  # find_job refuses what neither knows
    zone = job.spec.timezone if job else "UTC"
    data = await run_in_threadpool(_anomalies, services.queries, known.id, zone, detector, runs)
    found = [one for one in services.view.findings() if one.job_id == known.id]
    data["job_name"], data["namespace"] = known.name, known.namespace
    data["imported"] = job is None
    data["timezone"] = job.spec.timezone if job else ""
    data["findings"] = [finding_document(one, job) for one in reversed(found)]
    return fetched(request, data)


def _anomalies(queries: Any, job_id: str, zone: str, name: str | None, most: int) -> Document:
    past = Runs.of_table(queries.job_runs(job_id, most), zone)
    seed = seed_of(job_id)
    tests = back_test(past, seed)
    watching = detectors_for(past, seed)
    try:
        chosen = detectors.get(name or watching[0])
    except UnknownName as error:
        raise invalid("detector", str(error), "leave it out for the best") from None
    judged = chosen().judge(past)
    flagged = judged.flagged
    return {
        "job_id": job_id,
        "detector": name or watching[0],
        "unit": judged.unit,
        "least": chosen.least,
        "enough": len(past) >= chosen.least,
        "verdict": _verdict(flagged),
        "detectors": [
            {
                "name": one,
                "title": detectors.get(one).title,
                "explanation": detectors.get(one).explanation,
                "signal": detectors.get(one).signal.value,
                "watching": one in watching,
            }
            for one in detectors.names()
        ],
        "back_tests": [
            {"detector": test.detector, "found": test.found, "false_alarms": test.false_alarms}
            for test in tests
        ],
        "runs": [
            {
                "execution_id": str(past.ids[place]),
                "scheduled_time": rfc3339(int(past.at_us[place])),
                "value": _number(judged.value[place]),
                "expected": _number(judged.expected[place]),
                "low": _number(judged.low[place]),
                "high": _number(judged.high[place]),
                "score": _number(judged.score[place]),
                "flagged": bool(flagged[place]),
                "failed": bool(past.failed[place]),
            }
            for place in range(len(past))
        ],
        "deploys": [
            {
                "version": int(past.version[place]),
                "scheduled_time": rfc3339(int(past.at_us[place])),
            }
            for place in np.flatnonzero(np.diff(past.version)) + 1
        ],
    }


def _verdict(flagged: NDArray[np.bool_]) -> Document:
    """How the latest run was, however long ago, and how many left the band; oldest run first."""
    unusual, latest = int(flagged.sum()), sum(1 for _ in takewhile(bool, flagged[::-1]))
    words = f"{unusual} of {len(flagged)} runs left the band"
    if latest:
        words += f", the latest {latest} among them" if latest > 1 else ", the latest among them"
    return {"unusual": unusual, "latest": latest, "words": words}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
