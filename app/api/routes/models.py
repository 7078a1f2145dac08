"""Model cards: what was learned, how it was tested, and a training on request."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import (
    Cursor,
    Key,
    Limit,
    actor_of,
    confirm_read,
    find_job,
    read_object,
    services_of,
)
from app.api.paging import page_of
from app.api.problems import answer, fetched, invalid, not_found
from app.api.schemas.envelope import Envelope, documents, takes
from app.api.schemas.forecasts import ModelDetail, Models, Training, TrainingAsked
from engine.core.clock import rfc3339
from engine.model.job import Document, Job
from engine.model.model_card import ModelCard, ModelKind, Verdict
from engine.state.view import View

router = APIRouter(prefix="/api/v1/models", tags=["models"])
READS = [Depends(confirm_read)]


@router.get("", responses=documents(200, Envelope[Models], 400, 404), dependencies=READS)
async def list_models(
    request: Request,
    kind: Annotated[str | None, Query(description="What it foretells; several by commas.")] = None,
    verdict: Annotated[str | None, Query(description="What its test led to; likewise.")] = None,
    job: Annotated[str | None, Query(description="A job's id, or namespace/name.")] = None,
    limit: Limit = 200,
    cursor: Cursor = None,
) -> Response:
    """List the latest card of each kind and job, those trained last first."""
    services = services_of(request)
    kinds = _names("kind", kind, [one.value for one in ModelKind])
    verdicts = _names("verdict", verdict, [one.value for one in Verdict])
    job_id = find_job(services, job).id if job else None
    found = [
        versions[0]
        for versions in services.view.models()
        if (not kinds or versions[0].kind.value in kinds)
        and (not verdicts or versions[0].verdict.value in verdicts)
        and (job_id is None or versions[0].job_id == job_id)
    ]
    page, following = page_of(found, lambda card: (-card.trained_at, card.id), limit, cursor)
    training = [
        {"job_id": job_id, "requested_at": rfc3339(at)}
        for job_id, at in services.view.trainings().items()
    ]
    shown = [card_document(card, services.view) for card in page]
    data = {"models": shown, "total": len(found), "next_cursor": following, "training": training}
    return fetched(request, data)


def _names(field: str, text: str | None, known: list[str]) -> set[str]:
    names = {name.strip() for name in (text or "").split(",") if name.strip()}
    for name in names:
        if name not in known:
            raise invalid(field, f"{name[:60]!r} is not one", "one of " + ", ".join(known))
    return names


@router.get("/{model_id}", responses=documents(200, Envelope[ModelDetail], 404), dependencies=READS)
async def read_model(request: Request, model_id: str) -> Response:
    """Show a card with its numbers and the versions beside it."""
    view = services_of(request).view
    for versions in view.models():
        for card in versions:
            if card.id == model_id:
                others = [card_document(one, view) for one in versions]
                whole = card_document(card, view) | {"numbers": card.numbers, "versions": others}
                return fetched(request, whole)
    raise not_found("model", model_id, "an id from GET /api/v1/models; old ones are forgotten")


@router.post(
    "/train",
    status_code=202,
    responses=documents(202, Envelope[TrainingAsked], 400, 404, 409, 503),
    openapi_extra=takes(Training),
)
async def train(request: Request, key: Key) -> Response:
    """Ask the leader to train now: a job's models, or all; look at the cards for what came."""
    services = services_of(request)
    body = await read_object(request)
    for name in body:
        if name != "job":
            raise invalid(name[:60], "is not known", 'send {"job": "namespace/name"} or {}')
    ref = body.get("job")
    if ref is not None and not isinstance(ref, str):
        raise invalid("job", "is not text", "a job's id, namespace/name, or null for all")
    job = find_job(services, ref) if ref else None
    at = await services.gate.models.train(job, actor=actor_of(request), request_id=key)
    return answer({"job_id": job.id if job else "", "requested_at": rfc3339(at)}, 202)


def card_document(card: ModelCard, view: View) -> Document:
    """A card as the public sees it, all but its numbers."""
    job = view.job(card.job_id) if card.job_id else None
    return {
        "id": card.id,
        "kind": card.kind.value,
        **named(card.job_id, job),
        "version": card.version,
        "trained_at": rfc3339(card.trained_at),
        "data_since": rfc3339(card.since_us) if card.since_us else None,
        "data_until": rfc3339(card.until_us) if card.until_us else None,
        "rows": card.rows,
        "algorithm": card.algorithm,
        "verdict": card.verdict.value,
        "why": card.why,
        "metrics": card.metrics,
    }


def named(job_id: str, job: Job | None) -> Document:
    """A job's id with its names, empty where it is gone or the whole cluster is meant."""
    return {
        "job_id": job_id,
        "job_name": job.name if job else "",
        "namespace": job.namespace if job else "",
    }
