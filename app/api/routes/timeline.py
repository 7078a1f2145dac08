"""A window as a Gantt: what ran, what runs, and what is planned, in lanes of few enough marks."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.deps import confirm_read, instant, services_of
from app.api.problems import fetched, invalid
from app.api.schemas.envelope import Envelope, documents
from app.api.schemas.views import Timeline
from engine.core.clock import rfc3339
from engine.core.durations import parse_duration
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.history.lanes import Window
from engine.model.execution import Execution, Status
from engine.model.job import Document, Job
from engine.timing.schedule import Schedule

if TYPE_CHECKING:
    from app.services import Services

router = APIRouter(prefix="/api/v1", tags=["views"], dependencies=[Depends(confirm_read)])

LANES_MAX: Final = 40
ENDED_MAX: Final = 400
OPEN_MAX: Final = 100
PLANNED_MAX: Final = 100
JOBS_PLANNED_MAX: Final = 200
"""Marks of one answer by kind; of planned fires, those of so many jobs are looked at."""
PLANNED: Final = "planned"
SPAN_MAX_US: Final = parse_duration("366d")
HOUR_US: Final = parse_duration("1h")


@router.get("/timeline", responses=documents(200, Envelope[Timeline], 400))
async def timeline(
    request: Request,
    since: Annotated[
        str | None, Query(description="RFC 3339; else an hour before `until`.")
    ] = None,
    until: Annotated[str | None, Query(description="RFC 3339; else now. May be ahead.")] = None,
    by: Annotated[
        str, Query(description="What a lane is: `job`, `namespace`, or `tag:<key>`.")
    ] = "job",
    namespace: str | None = None,
    tag: Annotated[
        list[str] | None, Query(description="`key:value`, or `key`; all must hold.")
    ] = None,
    q: Annotated[str, Query(description="Found in namespace/name of the job.")] = "",
    status: Annotated[
        list[str] | None,
        Query(description="One or several, repeated or with commas; `planned` is one, too."),
    ] = None,
) -> Response:
    """Draw a window: runs that overlap it, merged where a lane has many, and coming fires."""
    services = services_of(request)
    now = services.clock.now_us()
    until_us = instant(until, "until") if until else now
    since_us = instant(since, "since") if since else until_us - HOUR_US
    if not 0 < until_us - since_us <= SPAN_MAX_US:
        raise invalid("since", "is not before until, or more than a year", "a window up to 366d")
    wanted = _statuses(status)
    window = Window(
        since_us=since_us,
        until_us=until_us,
        by=_by(by),
        namespace=namespace,
        tags=tuple(_tags(tag or [])),
        q=q.strip(),
        statuses=None if wanted is None else tuple(wanted - {PLANNED}),
    )
    # Before the history: what ends in between is in both, rather than in neither.
    under_way = _open(services, window, now, wanted)
    lanes, total = await run_in_threadpool(
        services.queries.lanes, window, lanes_max=LANES_MAX, marks_max=ENDED_MAX
    )
    board = _Board(window, lanes, total)
    board.add_open(under_way)
    if wanted is None or PLANNED in wanted:
        await run_in_threadpool(board.add_planned, services, now)
    return fetched(request, board.document(now))


class _Board:
    """The lanes of an answer; what is open and what is planned join those of the history."""

    def __init__(self, window: Window, lanes: list[Document], total: int):
        self.window = window
        self.total = total
        self.open_more = 0
        self.lanes = {lane["key"]: lane | {"planned_more": False} for lane in lanes}

    def document(self, now: Instant) -> Document:
        lanes = sorted(self.lanes.values(), key=lambda lane: str(lane["label"]).casefold())
        return {
            "since": rfc3339(self.window.since_us),
            "until": rfc3339(self.window.until_us),
            "now": rfc3339(now),
            "by": self.window.by,
            "lanes": lanes,
            "lanes_total": max(self.total, len(lanes)),
            "open_more": self.open_more,
        }

    def add_open(self, found: list[tuple[Execution, Job]]) -> None:
        """Add what is under way, the newest of it; one that ended meanwhile is there already."""
        ended = {mark["execution_id"] for lane in self.lanes.values() for mark in lane["marks"]}
        self.open_more = max(0, len(found) - OPEN_MAX)
        for execution, job in found[:OPEN_MAX]:
            lane = self._lane(job)
            if lane is None:
                self.open_more += 1
            elif execution.id not in ended:
                lane["runs"] += 1
                lane["marks"].append(_open_mark(execution, job))

    def add_planned(self, services: Services, now: Instant) -> None:
        """Add the fires to come, those of the jobs that fire soonest."""
        window, view = self.window, services.view
        if window.until_us <= now:
            return
        soonest = heapq.nsmallest(JOBS_PLANNED_MAX, self._coming(services))
        by_lane: dict[str, list[tuple[Instant, Job]]] = {}
        for first, identity in soonest:
            job = view.job(identity)
            if job is not None and (lane := self._lane(job)) is not None:
                by_lane.setdefault(lane["key"], []).append((first, job))
        share = PLANNED_MAX // max(1, len(by_lane))
        for key, jobs in by_lane.items():
            fires = heapq.merge(
                *(self._fires(view.fires(job), job, first, share + 1) for first, job in jobs)
            )
            lane = self.lanes[key]
            for count, (at, identity, name) in enumerate(fires):
                if count == share:
                    lane["planned_more"] = True
                    break
                lane["marks"].append(_planned_mark(at, identity, name))

    def _coming(self, services: Services) -> Iterator[tuple[Instant, str]]:
        for identity, at in services.view.next_fires().items():
            if self.window.since_us <= at < self.window.until_us:
                job = services.view.job(identity)
                if job is not None and belongs(self.window, job):
                    yield at, identity

    def _fires(
        self, schedule: Schedule, job: Job, first: Instant, most: int
    ) -> list[tuple[Instant, str, str]]:
        later = schedule.between(first, self.window.until_us - 1, most - 1)
        return [(at, job.id, job.name) for at in (first, *later)]

    def _lane(self, job: Job) -> Document | None:
        """The lane of a job, a new one if there is room."""
        by, _, tag = self.window.by.partition(":")
        if by == "job":
            key, label = job.id, f"{job.namespace}/{job.name}"
        else:
            key = label = job.namespace if by == "namespace" else job.spec.tags.get(tag, "")
        lane = self.lanes.get(key)
        if lane is None:
            if len(self.lanes) >= LANES_MAX:
                return None
            blank = {"runs": 0, "failed": 0, "cell_s": 0.0, "marks": [], "planned_more": False}
            lane = self.lanes[key] = {"key": key, "label": label, **blank}
            self.total = max(self.total, len(self.lanes))
        return lane


def belongs(window: Window, job: Job) -> bool:
    """Whether a job's runs are wanted, by what the job is now."""
    if window.namespace is not None and job.namespace != window.namespace:
        return False
    if window.q.lower() not in f"{job.namespace}/{job.name}".lower():
        return False
    tags = job.spec.tags
    return all(key in tags and value in (None, tags[key]) for key, value in window.tags)


def _open(
    services: Services, window: Window, now: Instant, wanted: set[str] | None
) -> list[tuple[Execution, Job]]:
    """What is under way in a window, the newest first; it reaches to now."""
    found: list[tuple[Execution, Job]] = []
    for execution in services.view.open_executions() if window.since_us <= now else ():
        job = services.view.job(execution.job_id)
        if job is None or (wanted is not None and execution.status.value not in wanted):
            continue
        if _begin(execution) < window.until_us and belongs(window, job):
            found.append((execution, job))
    return sorted(found, key=lambda pair: _begin(pair[0]), reverse=True)


def _begin(execution: Execution) -> Instant:
    return execution.started_us or execution.scheduled_us


def _open_mark(execution: Execution, job: Job) -> Document:
    begun = execution.started_us or None
    late = None if begun is None else (begun - execution.scheduled_us) / 1000
    return {
        **_mark("open", execution.status.value, job.id, job.name),
        "from": rfc3339(begun),
        "to": None,
        "execution_id": execution.id,
        "fire": rfc3339(execution.scheduled_us),
        "lateness_ms": late,
    }


def _planned_mark(at: Instant, job_id: str, job_name: str) -> Document:
    return {
        **_mark(PLANNED, PLANNED, job_id, job_name),
        "from": rfc3339(at),
        "to": rfc3339(at),
        "execution_id": None,
        "fire": rfc3339(at),
        "lateness_ms": None,
    }


def _mark(kind: str, status: str, job_id: str, job_name: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "runs": 1,
        "status": status,
        "job_id": job_id,
        "job_name": job_name,
        "counts": {status: 1},
    }


def _by(text: str) -> str:
    kind, _, key = text.partition(":")
    if text in ("job", "namespace") or (kind == "tag" and key):
        return text
    raise invalid("by", f"{text[:60]!r} makes no lanes", "job, namespace, or tag:<key>")


def _tags(given: list[str]) -> Iterator[tuple[str, str | None]]:
    for text in given:
        key, colon, value = text.partition(":")
        if not key:
            raise invalid("tag", "has no key", "tag=team:payments, or tag=team for any value")
        yield key, value if colon else None


def _statuses(given: list[str] | None) -> set[str] | None:
    names = [name.strip() for text in given or [] for name in text.split(",") if name.strip()]
    known = [*(status.value for status in Status), PLANNED]
    problems = [
        Problem("status", f"{name[:60]!r} is not a status", "one of " + ", ".join(known))
        for name in names
        if name not in known
    ]
    if problems:
        raise InvalidDocument(problems)
    return set(names) or None
