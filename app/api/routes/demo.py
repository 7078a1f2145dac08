"""A workspace to look around in: labelled jobs that call this node's own echo."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import Key, actor_of, services_of
from app.api.problems import answer
from app.api.schemas import DemoCleared, DemoLoaded, Envelope, documents
from app.config import split_address

router = APIRouter(prefix="/api/v1/demo", tags=["demo"])

NAMESPACE: Final = "demo"
LABEL: Final = ("chronos-demo", "true")
JOBS: Final = Path(__file__).parents[3] / "data" / "demo" / "jobs.yaml"


@router.post("", status_code=201, responses=documents(201, Envelope[DemoLoaded], 503))
async def load_demo(request: Request, key: Key) -> Response:
    """Create the demo jobs that are not there yet, all in the namespace `demo`."""
    services = services_of(request)
    wanted = demo_jobs(_own_url(services.config.server.http.address))
    missing = [job for job in wanted if services.view.job(f"{NAMESPACE}/{job['name']}") is None]
    if missing:
        await services.gate.create_jobs(missing, actor=actor_of(request), request_id=key)
    return answer({"created": len(missing), "namespace": NAMESPACE}, 201)


@router.delete("", responses=documents(200, Envelope[DemoCleared], 503))
async def clear_demo(request: Request, key: Key) -> Response:
    """Delete the jobs that carry the demo's label; other jobs stay, whatever their namespace."""
    services = services_of(request)
    label, value = LABEL
    jobs = [job for job in services.view.jobs() if job.spec.tags.get(label) == value]
    for job in jobs:
        await services.gate.delete_job(
            job.id, actor=actor_of(request), request_id=f"{key}:{job.id}"
        )
    return answer({"deleted": len(jobs)})


def demo_jobs(base_url: str) -> list[dict[str, Any]]:
    """The demo's documents, their targets under `base_url`."""
    text = JOBS.read_text(encoding="utf-8").replace("{base_url}", base_url)
    return [document for document in yaml.safe_load_all(text) if document]


def _own_url(address: str) -> str:
    host, port = split_address(address)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
