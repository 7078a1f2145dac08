"""A workspace to look around in: labelled jobs that call this node's own echo, and a past."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import yaml
from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from analytics.demo import facts
from analytics.demo.story import DAY_US, synthetic_history
from app.api.deps import Key, actor_of, services_of
from app.api.problems import Refusal, answer, invalid
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.history import DemoCleared, DemoLoaded
from app.config import split_address
from engine.core.durations import parse_duration
from engine.core.errors import Problem
from engine.model.job import Document

if TYPE_CHECKING:
    from app.services import Services

router = APIRouter(prefix="/api/v1/demo", tags=["demo"])

NAMESPACE: Final = facts.NAMESPACE
BATCH: Final = 4_000
LABEL: Final = ("chronos-demo", "true")
JOBS: Final = Path(__file__).parents[3] / "data" / "demo" / "jobs.yaml"


@router.post("", status_code=201, responses=documents(201, Envelope[DemoLoaded], 400, 409, 503))
async def load_demo(
    request: Request,
    key: Key,
    history: Annotated[
        str | None,
        Query(description="Synthetic history too, so long: 1d to 90d, e.g. 90d."),
    ] = None,
) -> Response:
    """Create the demo jobs that are not there yet, all in the namespace `demo`."""
    services = services_of(request)
    days = _days(history) if history is not None else 0
    wanted = demo_jobs(_own_url(services.config.server.http.address))
    if days:
        wanted += history_jobs(_own_url(services.config.server.http.address))
        _refuse_foreign(services)
    missing = [job for job in wanted if services.view.job(f"{NAMESPACE}/{job['name']}") is None]
    if missing:
        await services.gate.jobs.create(missing, actor=actor_of(request), request_id=key)
    loaded = {"created": len(missing), "namespace": NAMESPACE, "history": None}
    if days:
        loaded["history"] = await _load_history(services, days, actor_of(request), key)
    return answer(loaded, 201)


@router.delete("", responses=documents(200, Envelope[DemoCleared], 503))
async def clear_demo(request: Request, key: Key) -> Response:
    """Delete the jobs that carry the demo's label and no others; all history stays."""
    services = services_of(request)
    label, value = LABEL
    jobs = [job for job in services.view.jobs() if job.spec.tags.get(label) == value]
    for job in jobs:
        await services.gate.jobs.delete(
            job.id, actor=actor_of(request), request_id=f"{key}:{job.id}"
        )
    return answer({"deleted": len(jobs), "history": "stays"})


async def _load_history(services: Services, days: int, actor: str, key: str) -> Document:
    """Import the story that ends before the demo's jobs were made; what is there stays as it is.

    Label and end come from a job, so that a second load, or one that was broken off, meets the
    same executions again, and a demo that was cleared and loaded anew gets its own.
    """
    job = services.view.job(f"{NAMESPACE}/{facts.BEST_HOUR.name}")
    if job is None:
        raise Refusal("CONFLICT", "the demo was cleared meanwhile; load it again")
    label = f"demo-{job.id[-8:]}"
    runs = await run_in_threadpool(synthetic_history, job.created_at // DAY_US * DAY_US, days)
    imported = 0
    for start in range(0, len(runs), BATCH):
        done = await services.gate.imports.take(
            label, runs[start : start + BATCH], actor=actor, request_id=f"{key}:{start}"
        )
        imported += done.imported
    return {"label": label, "days": days, "executions": len(runs), "imported": imported}


def _days(text: str) -> int:
    length = parse_duration(text, "history")
    if not DAY_US <= length <= facts.DAYS * DAY_US:
        raise invalid("history", f"{text!r} is out of range", f"1d to {facts.DAYS}d")
    return length // DAY_US


def _refuse_foreign(services: Services) -> None:
    """The story is not told about somebody's own job that happens to have its name."""
    label, value = LABEL
    for known in facts.JOBS:
        job = services.view.job(f"{NAMESPACE}/{known.name}")
        if job is not None and job.spec.tags.get(label) != value:
            name = f"{NAMESPACE}/{known.name}"
            problem = Problem("history", f"{name} is a job of your own", "rename that job")
            raise Refusal("CONFLICT", f"{name} is not the demo's", [problem])


def history_jobs(base_url: str) -> list[Document]:
    """The documents of the jobs that the synthetic history is about; none of them fires."""
    return [
        {
            "name": job.name,
            "namespace": NAMESPACE,
            "description": facts.SYNTHETIC + job.description,
            "schedule": job.schedule,
            "window": job.window,
            "window_start": "fixed",
            "webhook": {"url": f"{base_url}/echo"},
            "tags": {LABEL[0]: LABEL[1], "synthetic": "true", "fact": job.fact},
            "enabled": False,
        }
        for job in facts.JOBS
    ]


def demo_jobs(base_url: str) -> list[Document]:
    """The demo's documents, their targets under `base_url`."""
    text = JOBS.read_text(encoding="utf-8").replace("{base_url}", base_url)
    return [document for document in yaml.safe_load_all(text) if document]


def _own_url(address: str) -> str:
    host, port = split_address(address)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
