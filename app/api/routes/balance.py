"""Herds of jobs: what a week looks like minute by minute, and with the jobs that may move moved."""

from __future__ import annotations

import re
from typing import Annotated, Final

import numpy as np
from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from analytics.advice.balance import HERD_LEAST, Balance, Counts, Move, Planned, balance
from app.api.deps import Key, actor_of, confirm_read, read_object, services_of
from app.api.problems import answer, fetched, invalid, not_found
from app.api.schemas.advice import BalanceDone, BalancePlan, BalanceRequest, BalanceUndo
from app.api.schemas.envelope import Envelope, documents, takes
from app.operate.balancing import (
    NOTE,
    Done,
    apply_moves,
    batch_name,
    batches_of,
    told_again,
    undo_moves,
)
from app.services import Services
from engine.core.clock import rfc3339
from engine.core.durations import format_duration
from engine.history.habits import noted_versions, usual_durations
from engine.model.job import Document, Job, WindowStart
from engine.timing.shift import DAY_US, MINUTE_US

router = APIRouter(prefix="/api/v1/balance", tags=["balance"], dependencies=[Depends(confirm_read)])

USUAL_DAYS: Final = 30
BATCHES_MAX: Final = 10
HISTORY_WAIT_S: Final = 5.0
_BATCH: Final = re.compile(r"bal_[0-9a-f]{12}")
_DAY: Final = 1440

SwitchedOff = Annotated[bool, Query(description="Count jobs that are switched off, too.")]
Namespace = Annotated[str | None, Query(description="Move jobs of this namespace only.")]


@router.get("", responses=documents(200, Envelope[BalancePlan]))
async def read_balance(
    request: Request, switched_off: SwitchedOff = False, namespace: Namespace = None
) -> Response:
    """Show the coming week's herds before and after the moves that the jobs' windows allow."""
    services = services_of(request)
    await _catch_up(services)
    plan = await run_in_threadpool(_plan, services, switched_off, namespace)
    peak = int(plan.before.argmax()) if plan.peak_before else 0
    day = peak // _DAY * _DAY
    noted = await run_in_threadpool(noted_versions, services.history, NOTE)
    return fetched(
        request,
        {
            "since": rfc3339(plan.start_us),
            "jobs": plan.jobs,
            "windows": plan.windows,
            "steady_per_minute": plan.steady,
            "why": _why(plan),
            "day": rfc3339(plan.start_us + day * MINUTE_US),
            "before": _peak(plan.before, plan.load_before, day, plan.start_us),
            "after": _peak(plan.after, plan.load_after, day, plan.start_us),
            "moves": [_move(services, move) for move in plan.moves],
            "batches": [
                {
                    "batch": batch.name,
                    "at": rfc3339(batch.at_us),
                    "by": batch.by,
                    "moved": batch.moved,
                    "undoable": batch.undoable,
                }
                for batch in batches_of(noted, services.view)[:BATCHES_MAX]
            ],
        },
    )


@router.post(
    "/apply",
    responses=documents(200, Envelope[BalanceDone], 400, 503),
    openapi_extra=takes(BalanceRequest),
)
async def apply(request: Request, key: Key) -> Response:
    """Move all jobs of the plan, or those given; jobs that changed meanwhile are left alone."""
    services = services_of(request)
    document = await read_object(request)
    _known_fields(document, ("jobs", "switched_off", "namespace"))
    named = _named(document.get("jobs"))
    switched_off, namespace = document.get("switched_off", False), document.get("namespace")
    if not isinstance(switched_off, bool):
        raise invalid("switched_off", f"{switched_off!r} is not a boolean", "true or false")
    if namespace is not None and not isinstance(namespace, str):
        raise invalid("namespace", f"{namespace!r} is not text", "put it in quotes")
    await _catch_up(services)
    repeated = f"{NOTE}{batch_name(key)}: "
    if before := await run_in_threadpool(noted_versions, services.history, repeated):
        return answer(_done(told_again(batch_name(key), before)))
    plan = await run_in_threadpool(_plan, services, switched_off, namespace)
    moves = [move for move in plan.moves if named is None or move.job.id in named]
    versions = {name: version for name, version in (named or {}).items() if version is not None}
    done = await apply_moves(
        services.gate,
        services.view,
        moves,
        versions=versions,
        actor=actor_of(request),
        request_id=key,
    )
    moved = {move.job.id for move in moves}
    for name in named or {}:
        if name not in moved:
            reason = "no move is suggested for it now"
            done.skipped.append({"job_id": name, "job": name, "reason": reason})
    return answer(_done(done))


@router.post(
    "/undo",
    responses=documents(200, Envelope[BalanceDone], 400, 404, 503),
    openapi_extra=takes(BalanceUndo),
)
async def undo(request: Request, key: Key) -> Response:
    """Take a batch of moves back; jobs that were edited since are left alone."""
    services = services_of(request)
    document = await read_object(request)
    _known_fields(document, ("batch",))
    batch = document.get("batch")
    if not isinstance(batch, str) or not _BATCH.fullmatch(batch):
        raise invalid("batch", f"{str(batch)[:60]!r} is not a batch", "bal_... as apply answered")
    await _catch_up(services)
    noted = await run_in_threadpool(noted_versions, services.history, f"{NOTE}{batch}: ")
    if not noted:
        raise not_found("batch", batch, "one of `batches` of GET /api/v1/balance")
    done = await undo_moves(
        services.gate,
        services.view,
        noted,
        batch=batch,
        actor=actor_of(request),
        request_id=key,
    )
    return answer(_done(done))


def _room(job: Job) -> int:
    """How far the balancer may move it: not where it draws its start, or a calendar moves it."""
    spec = job.spec
    is_fixed = spec.window_start is WindowStart.FIXED and not spec.calendar
    return spec.window_us if is_fixed else 0


def _plan(services: Services, switched_off: bool, namespace: str | None) -> Balance:
    now = services.clock.now_us()
    usual = usual_durations(services.history, now - USUAL_DAYS * DAY_US)
    jobs = [
        Planned(
            id=job.id,
            name=f"{job.namespace}/{job.name}",
            version=job.version,
            timing=job.spec.timing,
            window_us=_room(job) if namespace in (None, job.namespace) else 0,
            usual_us=usual.get(job.id, 0.0) * 1000,
        )
        for job in services.view.jobs()
        if job.enabled or switched_off
    ]
    return balance(jobs, (now // DAY_US + 1) * DAY_US)


def _why(plan: Balance) -> str:
    """Why there is nothing to move; empty where there is."""
    if plan.moves:
        return ""
    if plan.peak_before < HERD_LEAST:
        return f"no minute has {HERD_LEAST} starts, so there is no herd to thin out"
    if not plan.windows:
        return "no job says a window in which it may start, so none may be moved"
    return "no move within the windows makes a full minute less full"


def _peak(starts: Counts, load: Counts, day: int, start_us: int) -> Document:
    at = int(starts.argmax()) if starts.any() else None
    return {
        "starts": int(starts.max(initial=0)),
        "load": int(load.max(initial=0)),
        "at": rfc3339(start_us + at * MINUTE_US) if at is not None else None,
        "per_minute": np.asarray(starts[day : day + _DAY]).tolist(),
    }


def _move(services: Services, move: Move) -> Document:
    job = services.view.job(move.job.id)
    return {
        "job_id": move.job.id,
        "job_name": job.name if job else move.job.name,
        "namespace": job.namespace if job else "",
        "version": move.job.version,
        "minutes": move.minutes,
        "schedule": move.job.timing.text,
        "new_schedule": move.timing.text,
        "window": format_duration(move.job.window_us),
        "new_window": format_duration(move.window_us),
    }


def _done(done: Done) -> Document:
    return {"batch": done.batch, "changed": done.changed, "skipped": done.skipped}


def _known_fields(document: Document, names: tuple[str, ...]) -> None:
    for name in document:
        if name not in names:
            raise invalid(name, "is not a known field", "one of " + ", ".join(names))


def _named(value: object) -> dict[str, int | None] | None:
    """The jobs that a caller named, with the versions that it saw."""
    if value is None:
        return None
    hint = '[{"id": "job_...", "version": 3}, ...]'
    if not isinstance(value, list):
        raise invalid("jobs", f"{str(value)[:60]!r} is not a list", hint)
    named: dict[str, int | None] = {}
    for place, one in enumerate(value):
        given = one if isinstance(one, dict) else {"id": one}
        identity, version = given.get("id"), given.get("version")
        if not isinstance(identity, str):
            raise invalid(f"jobs[{place}].id", "is missing or not text", hint)
        if version is not None and (isinstance(version, bool) or not isinstance(version, int)):
            raise invalid(f"jobs[{place}].version", f"{version!r} is not a number", hint)
        named[identity] = version
    return named


async def _catch_up(services: Services) -> None:
    """Let the history have what this node has applied, so that people see what they just did."""
    index = services.view.applied_index
    if services.history.watermark < index:
        await run_in_threadpool(services.history.wait_for, index, HISTORY_WAIT_S)
