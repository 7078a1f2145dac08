"""Statistics of one job, kept up to date as executions arrive."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from analytics.models.runs import Runs
from analytics.stats.job import drift_words, job_statistics, moments_of
from analytics.stats.moments import Moments
from analytics.stats.trend import Trend
from app.api.deps import confirm_read, find_job, services_of
from app.api.problems import fetched
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.statistics import JobStatistics
from engine.core.clock import rfc3339
from engine.history.profile import HourOfWeek, Sums
from engine.history.queries import Queries
from engine.model.job import Document, Job

router = APIRouter(prefix="/api/v1", tags=["jobs"], dependencies=[Depends(confirm_read)])

LATEST_RUNS: Final = 500


@router.get("/jobs/{ref:jobref}/statistics", responses=documents(200, Envelope[JobStatistics], 404))
async def statistics(request: Request, ref: str) -> Response:
    """Tell what all scheduled runs of a job came to, by hour of its week, and where it is going."""
    services = services_of(request)
    found = await run_in_threadpool(_statistics, services.queries, find_job(services, ref))
    return fetched(request, found)


def _statistics(queries: Queries, job: Job) -> Document:
    week = queries.week_profile(job.id)
    latest = Runs.of_table(queries.job_runs(job.id, LATEST_RUNS), job.spec.timezone)
    durations, latenesses = queries.job_quantiles(job.id)
    found = job_statistics(week, latest)
    return {
        "job_id": job.id,
        "timezone": job.spec.timezone,
        "runs": found.runs,
        "failed": found.failed,
        "failure_rate": found.failed / found.runs if found.runs else None,
        "duration_ms": _summary(found.duration, durations, [hour.duration for hour in week]),
        "lateness_ms": _summary(found.lateness, latenesses, [hour.lateness for hour in week]),
        "week": [_hour(hour) for hour in week],
        "failure_rates": [
            {"scheduled_time": rfc3339(at), "failure_rate": rate} for at, rate in found.rates
        ],
        "drift": _drift(found.drift),
        "drift_words": drift_words(found.drift),
    }


def _drift(drift: Trend | None) -> Document | None:
    if drift is None:
        return None
    return {
        "ms_per_day": drift.slope,
        "low": drift.low,
        "high": drift.high,
        "p_value": drift.p_value,
        "significant": drift.is_significant,
    }


def _summary(moments: Moments, quantiles: list[float] | None, parts: list[Sums]) -> Document:
    p50, p90, p95, p99 = quantiles or (None,) * 4
    return {
        "count": moments.count,
        "mean": moments.mean if moments.count else None,
        "deviation": moments.deviation if moments.count > 1 else None,
        "p50": p50,
        "p90": p90,
        "p95": p95,
        "p99": p99,
        "max": max((part.most for part in parts if part.most is not None), default=None),
    }


def _hour(hour: HourOfWeek) -> Document:
    duration = moments_of(hour.duration)
    return {
        "weekday": hour.hour // 24,
        "hour": hour.hour % 24,
        "runs": hour.runs,
        "failed": hour.failed,
        "failure_rate": hour.failed / hour.runs,
        "duration_mean_ms": hour.duration.mean,
        "duration_deviation_ms": duration.deviation if duration.count > 1 else None,
        "duration_max_ms": hour.duration.most,
        "lateness_mean_ms": hour.lateness.mean,
        "lateness_max_ms": hour.lateness.most,
    }
