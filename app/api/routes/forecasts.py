"""What is to come: the load, the durations and the risks of coming runs, the end of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final
from zlib import crc32

import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from analytics.models.batch_finish import FIRES_MAX, JOBS_MAX, BatchFinish, BatchJob, batch_finish
from analytics.models.forecast.load import HOUR_US, HOURS_MAX
from analytics.models.runs import Runs
from analytics.models.telling import Expected, Risk, duration_at, load_ahead, risk_of_next
from app.api.deps import Cursor, Limit, confirm_read, find_job, instant, services_of
from app.api.paging import page_of
from app.api.problems import fetched, invalid
from app.api.routes.models import card_document, named
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.forecasts import BatchForecast, JobForecast, JobRisks, LoadForecast, Risks
from app.operate.tasks import since_known_us
from app.services import Services
from engine.core.clock import rfc3339
from engine.core.durations import parse_duration
from engine.core.ids import Instant
from engine.model.job import Concurrency, Document, Job
from engine.model.model_card import ModelCard, ModelKind, Verdict
from engine.timing.schedule import Schedule

reads = [Depends(confirm_read)]
router = APIRouter(prefix="/api/v1", tags=["forecasts"], dependencies=reads)
of_jobs = APIRouter(prefix="/api/v1", tags=["forecasts"], dependencies=reads)

SHOWN_US: Final = 7 * 24 * HOUR_US
RUNS_SHOWN_MAX: Final = 200
RUNS_LOOKED_AT: Final = 300
"""The columns of a risk look no further back."""
RUNS_DRAWN_FROM: Final = 500
LAST_FIRES_US: Final = 600_000_000
SPAN_US_MAX: Final = 7 * 24 * HOUR_US
UNITS: Final = {ModelKind.LOAD_RUNS: "runs an hour", ModelKind.LOAD_BUSY: "busy seconds an hour"}
RISKS: Final = (ModelKind.FAILS, ModelKind.SLOW)
UNTRAINED: Final = "no model was trained yet: the first training begins a minute after the start"

Horizon = Annotated[str, Query(description="How far to look ahead: 1h to 14d; of a job, 7d.")]


@router.get("/forecasts/load", responses=documents(200, Envelope[LoadForecast], 400))
async def load(request: Request, horizon: Horizon = "48h") -> Response:
    """Tell the load of the coming hours of all jobs together, beside the last seven days."""
    services = services_of(request)
    ahead_us = _horizon_us(horizon, "14d")
    data = await run_in_threadpool(_cluster_load, services, ahead_us)
    return fetched(request, {"horizon": horizon, **data})


def _cluster_load(services: Services, ahead_us: int) -> Document:
    now_us = services.clock.now_us()
    since_us, known_by = now_us - HOURS_MAX * HOUR_US, since_known_us(now_us)
    rows = services.queries.load_hours(None, since_us, now_us, known_by)
    alive = services.view.jobs()
    jobs = max((row[4] for row in rows), default=0)
    measures = [
        _load(services, kind, "", rows, now_us, ahead_us)
        for kind in (ModelKind.LOAD_RUNS, ModelKind.LOAD_BUSY)
    ]
    return {"jobs": jobs, "young": max(0, len(alive) - jobs), "measures": measures}


def _load(
    services: Services,
    kind: ModelKind,
    job_id: str,
    rows: Sequence[tuple[int, int, float, int, int]],
    now_us: Instant,
    ahead_us: int,
) -> Document:
    """History from the rows, and the points of the card from where that ends."""
    card = services.view.model(kind.value, job_id)
    place = 1 if kind is ModelKind.LOAD_RUNS else 2
    values = {row[0]: row[place] for row in rows if row[0] < now_us // HOUR_US}
    since, until = (now_us - SHOWN_US) // HOUR_US, now_us // HOUR_US
    first = max(since, min(values, default=until))  # a young job's past begins with it
    points = load_ahead(card, now_us - SHOWN_US, now_us + ahead_us) if card else []
    return {
        "kind": kind.value,
        "unit": UNITS[kind],
        "card": card_document(card, services.view) if card else None,
        "history": [
            {"at": rfc3339(hour * HOUR_US), "value": round(values.get(hour, 0), 3)}
            for hour in range(first, until)
        ],
        "points": [_point(one) for one in points],
    }


def _point(one: Expected) -> Document:
    return {"at": rfc3339(one.at_us), "mean": one.mean, "low": one.low, "high": one.high}


@of_jobs.get(
    "/jobs/{ref:jobref}/forecast", responses=documents(200, Envelope[JobForecast], 400, 404)
)
async def job_forecast(request: Request, ref: str, horizon: Horizon = "48h") -> Response:
    """Tell a job's load of the coming hours, and how long its coming runs take (milliseconds)."""
    services = services_of(request)
    job = find_job(services, ref)
    ahead_us = _horizon_us(horizon, "7d")
    data = await run_in_threadpool(_job_forecast, services, job, ahead_us)
    return fetched(request, {"horizon": horizon, **data})


def _job_forecast(services: Services, job: Job, ahead_us: int) -> Document:
    now_us = services.clock.now_us()
    rows = services.queries.load_hours(job.id, now_us - SHOWN_US - HOUR_US, now_us, now_us)
    card = services.view.model(ModelKind.DURATION.value, job.id)
    fires = []
    if card:
        coming = services.view.fires(job)
        fires = coming.between(now_us, now_us + ahead_us, RUNS_SHOWN_MAX)
    expected = [duration_at(card, fire) for fire in fires] if card else []
    return {
        **named(job.id, job),
        "enabled": job.enabled,
        "timezone": job.spec.timezone,
        "load": _load(services, ModelKind.LOAD_BUSY, job.id, rows, now_us, ahead_us),
        "duration_card": card_document(card, services.view) if card else None,
        "runs": [_point(one) for one in expected if one],
    }


def last_fires(schedule: Schedule, since_us: Instant, until_us: Instant) -> list[Instant]:
    """The last fires in (since, until], as many as a batch looks at, or some more."""
    length = LAST_FIRES_US
    while True:
        begin = max(since_us, until_us - length)
        fires = schedule.between(begin, until_us)
        if begin == since_us or len(fires) >= FIRES_MAX:
            return fires
        length *= 4


@of_jobs.get("/jobs/{ref:jobref}/risk", responses=documents(200, Envelope[JobRisks], 404))
async def job_risk(request: Request, ref: str) -> Response:
    """Tell how likely a job's next run fails, or is slow or late, and why."""
    services = services_of(request)
    job = find_job(services, ref)
    risks = await run_in_threadpool(_risks_of, services, [job], RISKS)
    return fetched(request, {"job_id": job.id, "risks": risks})


@router.get("/risks", responses=documents(200, Envelope[Risks], 400))
async def risks(
    request: Request,
    outcome: Annotated[str | None, Query(description="fails or slow; else both.")] = None,
    enabled: Annotated[bool | None, Query(description="Only jobs that are, or are not.")] = None,
    namespace: Annotated[str | None, Query(description="Only jobs of it.")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Response:
    """Rank the next runs of all jobs by their risk; of a job that is off, as if it were on."""
    services = services_of(request)
    kinds = [kind for kind in RISKS if outcome in (None, kind.value)]
    if not kinds:
        raise invalid("outcome", f"{outcome!r} is not one", "fails or slow")
    jobs = [
        job
        for job in services.view.jobs()
        if enabled in (None, job.enabled) and namespace in (None, job.namespace)
    ]
    found = await run_in_threadpool(_risks_of, services, jobs, kinds)
    told = [one for one in found if one["probability"] is not None]
    silent = sum(one["card"] is not None for one in found) - len(told)
    page, following = page_of(told, _by_risk, limit, cursor)
    data = {"risks": page, "total": len(told), "next_cursor": following, "silent": silent}
    return fetched(request, data)


def _by_risk(one: Document) -> tuple[float, str, str, str]:
    return -one["probability"], one["job_name"], one["outcome"], one["job_id"]


def _risks_of(
    services: Services, jobs: Sequence[Job], kinds: Sequence[ModelKind]
) -> list[Document]:
    """The risks of each job; only of those with a model that claims something runs are read."""
    view, now_us = services.view, services.clock.now_us()
    cards = {(job.id, kind): view.model(kind.value, job.id) for job in jobs for kind in kinds}
    speaking = sorted(
        {job_id for (job_id, _), card in cards.items() if card and card.verdict is Verdict.SHOWN}
    )
    runs = runs_of(services, [job for job in jobs if job.id in speaking], RUNS_LOOKED_AT)
    found = []
    for job in jobs:
        next_us = view.next_us(job.id) or view.fires(job).next_after(now_us)
        for kind in kinds:
            card = cards[job.id, kind]
            risk = None
            if card is not None and next_us is not None and job.id in runs:
                risk = risk_of_next(card, runs[job.id], next_us)
            found.append(_risk_document(services, job, kind, next_us, card, risk))
    return found


def _risk_document(
    services: Services,
    job: Job,
    kind: ModelKind,
    next_us: Instant | None,
    card: ModelCard | None,
    risk: Risk | None,
) -> Document:
    return {
        "outcome": kind.value,
        **named(job.id, job),
        "enabled": job.enabled,
        "timezone": job.spec.timezone,
        "next_run": rfc3339(next_us),
        "probability": round(risk.probability, 4) if risk else None,
        "base_rate": risk.base_rate if risk else None,
        "reasons": [{"text": one.text, "weight": one.weight} for one in risk.reasons]
        if risk
        else [],
        "why": card.why if card else UNTRAINED,
        "card": card_document(card, services.view) if card else None,
    }


def runs_of(services: Services, jobs: Sequence[Job], most: int) -> dict[str, Runs]:
    """The latest runs of each job that has any."""
    if not jobs:
        return {}
    table = services.queries.runs_of_jobs([job.id for job in jobs], most)
    found = {}
    for job in jobs:
        rows = table.filter(pc.equal(table.column("job_id"), job.id))
        if rows.num_rows:
            found[job.id] = Runs.of_table(rows, job.spec.timezone)
    return found


@router.get("/forecasts/batch", responses=documents(200, Envelope[BatchForecast], 400))
async def batch(
    request: Request,
    tag: Annotated[list[str] | None, Query(description="key:value; repeat for all of.")] = None,
    namespace: Annotated[str | None, Query(description="Only jobs of it.")] = None,
    since: Annotated[str | None, Query(description="RFC 3339; else now.")] = None,
    until: Annotated[str | None, Query(description="RFC 3339; else 12 h after since.")] = None,
    by: Annotated[str | None, Query(description="A deadline, RFC 3339.")] = None,
    disabled: Annotated[bool, Query(description="Take in jobs that are off, as if on.")] = False,
) -> Response:
    """Tell when the jobs that fire in a span will be over, and which of them decides."""
    services = services_of(request)
    since_us = instant(since, "since") if since else services.clock.now_us()
    until_us = instant(until, "until") if until else since_us + 12 * HOUR_US
    by_us = instant(by, "by") if by else None
    if not since_us < until_us <= since_us + SPAN_US_MAX:
        raise invalid("until", "is not within a week after since", "at most 7d later")
    wanted = dict(_tag(one) for one in tag or ())
    chosen = [
        job
        for job in services.view.jobs()
        if namespace in (None, job.namespace)
        and all(job.spec.tags.get(key) == value for key, value in wanted.items())
    ]
    on = [job for job in chosen if job.enabled or disabled]
    if len(on) > JOBS_MAX:
        reason = f"{len(on)} jobs are too many to draw"
        raise invalid("tag", reason, f"choose a tag or namespace of at most {JOBS_MAX} jobs")
    found, fresh = await run_in_threadpool(_finish, services, on, since_us, until_us, by_us)
    data = {
        "since": rfc3339(since_us),
        "until": rfc3339(until_us),
        "by": rfc3339(by_us),
        "switched_off": sum(not job.enabled for job in chosen),
        **_batch_document(services, found, fresh),
    }
    return fetched(request, data)


def _finish(
    services: Services,
    jobs: Sequence[Job],
    since_us: Instant,
    until_us: Instant,
    by_us: Instant | None,
) -> tuple[BatchFinish | None, list[Job]]:
    """The end of the batch, and the jobs that are due in it and have never run."""
    due = {
        job.id: fires
        for job in jobs
        if (fires := last_fires(services.view.fires(job), since_us - 1, until_us - 1))
    }
    runs = runs_of(services, [job for job in jobs if job.id in due], RUNS_DRAWN_FROM)
    drawn = [
        BatchJob(
            job_id=job.id,
            fires=due[job.id],
            runs=runs[job.id],
            forbids_overlap=job.spec.concurrency is not Concurrency.ALLOW,
        )
        for job in jobs
        if job.id in runs
    ]
    fresh = [job for job in jobs if job.id in due and job.id not in runs]
    seed = crc32(str(since_us // HOUR_US).encode())
    return batch_finish(drawn, seed=seed, by_us=by_us), fresh


def _batch_document(
    services: Services, found: BatchFinish | None, fresh: Sequence[Job]
) -> Document:
    never_ran = [named(job.id, job) for job in fresh]
    if found is None:
        return {
            "p50": None,
            "p90": None,
            "by_share": None,
            "jobs": 0,
            "fires": 0,
            "deciders": [],
            "unknown": never_ran,
            "why": "not enough data: no job of it both fires in the span and has run ten times",
        }
    view = services.view
    return {
        "p50": rfc3339(found.p50),
        "p90": rfc3339(found.p90),
        "by_share": found.by_share,
        "jobs": found.jobs,
        "fires": found.fires,
        "deciders": [
            {**named(one.job_id, view.job(one.job_id)), "share": one.share}
            for one in found.deciders
        ],
        "unknown": [named(one, view.job(one)) for one in found.unknown] + never_ran,
        "why": "drawn from the jobs' own earlier runs at the same hour, each job for itself",
    }


def _tag(text: str) -> tuple[str, str]:
    key, colon, value = text.partition(":")
    if not colon or not key:
        raise invalid("tag", f"{text[:60]!r} is not a tag", "key:value, such as team:data")
    return key, value


def _horizon_us(text: str, high: str) -> int:
    value = parse_duration(text, "horizon")
    if not HOUR_US <= value <= parse_duration(high):
        raise invalid("horizon", f"{text!r} is out of range", f"from 1h to {high}")
    return value
