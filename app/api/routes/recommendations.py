"""What a job's past advises about its schedule and retries; what that would mean; and done."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Final, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from analytics.advice.advisor import RUNS_MAX, Advice, advise
from analytics.advice.preview import DAY_US, DAYS, Outlook, what_if
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from analytics.watch import seed_of
from app.api.deps import (
    IfVersion,
    Key,
    actor_of,
    confirm_read,
    find_job,
    services_of,
    shown_job,
)
from app.api.problems import Refusal, answer, fetched
from app.api.schemas.advice import AppliedAdvice, Recommendations, WhatIf
from app.api.schemas.envelope import Envelope, documents
from app.services import Services
from engine.core.clock import rfc3339
from engine.core.durations import format_duration
from engine.history.habits import hourly_starts
from engine.model.document import job_document
from engine.model.job import Document, Job, RetryPolicy
from engine.timing.parse import Timing, schedule_of

router = APIRouter(
    prefix="/api/v1/jobs", tags=["recommendations"], dependencies=[Depends(confirm_read)]
)

NEXT: Final = 5
HOUR_US: Final = 3_600_000_000


@router.get(
    "/{ref:jobref}/recommendations", responses=documents(200, Envelope[Recommendations], 404)
)
async def recommendations(request: Request, ref: str) -> Response:
    """Say what a job's past advises; with too few runs, that there are too few."""
    services = services_of(request)
    job = find_job(services, ref)
    _, advice = await run_in_threadpool(_advice, services, job)
    return fetched(request, _document(services, job, advice))


@router.get(
    "/{ref:jobref}/recommendations/preview", responses=documents(200, Envelope[WhatIf], 404)
)
async def preview(request: Request, ref: str) -> Response:
    """Show the last 30 days with the suggested schedule: which fires move, what load, what risk."""
    services = services_of(request)
    job = find_job(services, ref)
    runs, advice = await run_in_threadpool(_advice, services, job)
    today, after = job.spec.timing, _suggested(job, advice)
    until = services.clock.now_us() // DAY_US * DAY_US
    found = await run_in_threadpool(what_if, runs, today, after or today, job.id, until)
    return fetched(
        request,
        {
            "job_id": job.id,
            "since": rfc3339(found.since_us),
            "until": rfc3339(found.until_us),
            "why": advice.schedule.why,
            "today": _outlook(today, found.today),
            "suggested": _outlook(after, found.after) if after else None,
            "gone": [rfc3339(fire) for fire in found.gone],
            "added": [rfc3339(fire) for fire in found.added],
        },
    )


@router.post(
    "/{ref:jobref}/recommendations/apply",
    responses=documents(200, Envelope[AppliedAdvice], 400, 404, 409, 503),
)
async def apply(
    request: Request,
    ref: str,
    key: Key,
    if_version: IfVersion,
    part: Annotated[
        Literal["all", "schedule", "retry"], Query(description="What of the advice to follow.")
    ] = "all",
    note: Annotated[str, Query(max_length=500, description="Why; kept with the version.")] = "",
) -> Response:
    """Follow the advice in a new version of the job; a rollback undoes it."""
    services = services_of(request)
    job = find_job(services, ref)
    _, advice = await run_in_threadpool(_advice, services, job)
    changes, told = _changes(advice, part)
    if not changes:
        why = advice.retry.why if part == "retry" else advice.schedule.why
        raise Refusal("CONFLICT", f"nothing is suggested: {why}")
    comment = "advice: " + "; ".join([*told, *([note] if note else [])])
    changed = await services.gate.jobs.update(
        job.id,
        job_document(job) | changes,
        actor=actor_of(request),
        request_id=key,
        if_version=job.version if if_version is None else if_version,
        comment=comment,
    )
    return answer(
        {
            "job": shown_job(services, changed),
            "previous_version": job.version,
            "new_version": changed.version,
            "rolled_back_by": f"POST /api/v1/jobs/{job.id}/rollback/{job.version}",
        }
    )


def _changes(advice: Advice, part: str) -> tuple[Document, list[str]]:
    changes: Document = {}
    told = []
    if part != "retry" and advice.schedule.schedule:
        changes["schedule"] = advice.schedule.schedule
        told.append(advice.schedule.why)
    if part != "schedule" and advice.retry.policy:
        changes["retry_policy"] = _policy(advice.retry.policy)
        told.append(advice.retry.why)
    return changes, told


def _advice(services: Services, job: Job) -> tuple[Runs, Advice]:
    runs = Runs.of_table(services.queries.job_runs(job.id, RUNS_MAX), job.spec.timezone)
    advice = advise(
        runs,
        job.spec.timing,
        job.spec.retry_policy,
        load=_load(services, job.spec.timezone),
        seed=seed_of(job.id),
    )
    return runs, advice


def _load(services: Services, timezone: str) -> list[float]:
    """Starts a minute of the whole cluster in the last days, by hour of the day in a zone."""
    now = services.clock.now_us()
    starts = hourly_starts(services.history, now - DAYS * DAY_US, now)
    if not starts:
        return [0.0] * 24
    at_us = np.array(list(starts), dtype=np.int64) * HOUR_US
    hours = hours_of_week(at_us, timezone) % 24
    totals = np.bincount(hours, weights=np.array(list(starts.values())), minlength=24)
    return [float(total) / (DAYS * 60) for total in totals]


def _document(services: Services, job: Job, advice: Advice) -> Document:
    now, spec = services.clock.now_us(), job.spec
    suggested, test = _suggested(job, advice), advice.backtest
    return {
        "job_id": job.id,
        "version": job.version,
        "runs": advice.runs,
        "enough": advice.enough,
        "schedule": spec.schedule,
        "timezone": spec.timezone,
        "optimal_time_slots": [
            {
                "hour": slot.hour,
                "score": round(slot.score, 4),
                "success_rate": slot.success_rate,
                "success_low": slot.success_low,
                "runs": slot.runs,
                "failures": slot.failures,
                "duration_ms": _known(slot.duration_ms),
                "lateness_ms": _known(slot.lateness_ms),
                "load": slot.load,
            }
            for slot in advice.slots
        ],
        "suggested_schedule": suggested.text if suggested else None,
        "why": advice.schedule.why,
        "insights": list(advice.insights),
        "confidence": advice.confidence,
        "retry": {
            "suggested": _policy(advice.retry.policy) if advice.retry.policy else None,
            "why": advice.retry.why,
            "cures": [
                {"attempt": one.attempt, "tried": one.tried, "cured": one.cured}
                for one in advice.retry.cures
            ],
        },
        "backtest": {
            "learned": test.learned,
            "judged": test.judged,
            "holds": test.holds,
            "time_saved": test.time_saved,
            "failures_saved": test.failures_saved,
            "agreement": test.agreement,
        }
        if test
        else None,
        "next_today": _next(job, spec.timing, now),
        "next_suggested": _next(job, suggested, now) if suggested else [],
    }


def _suggested(job: Job, advice: Advice) -> Timing | None:
    text = advice.schedule.schedule
    return replace(job.spec.timing, text=text) if text else None


def _next(job: Job, timing: Timing, now_us: int) -> list[dict[str, str | None]]:
    fires = schedule_of(timing, job.id)
    found: list[dict[str, str | None]] = []
    at = now_us
    while len(found) < NEXT and (fire := fires.next_after(at)) is not None:
        found.append({"utc": rfc3339(fire)})
        at = fire
    return found


def _outlook(timing: Timing, outlook: Outlook) -> Document:
    return {
        "schedule": timing.text,
        "fires": outlook.fires,
        "failing": _known(outlook.failing),
        "turnaround_ms": _known(outlook.turnaround_ms),
        "by_hour": list(outlook.by_hour),
    }


def _policy(policy: RetryPolicy) -> Document:
    return {
        "max_attempts": policy.max_attempts,
        "initial_interval": format_duration(policy.initial_interval_us),
        "max_interval": format_duration(policy.max_interval_us),
        "multiplier": policy.multiplier,
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
