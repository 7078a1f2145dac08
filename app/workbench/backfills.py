"""What a backfill would run: how many, when, and how long it will take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.history.fire_times import undone_spans
from engine.history.habits import usual_duration_ms
from engine.history.store import History
from engine.model.backfill import Backfill, clipped, merged
from engine.model.backfill_document import BackfillRequest, Which
from engine.model.job import Concurrency, Job
from engine.timing.parse import schedule_of
from engine.timing.schedule import Schedule, Span

STRETCHES_MAX: Final = 1_000
FIRES_MAX: Final = 1_000_000
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillPlan:
    """A backfill before it is started.

    Attributes:
        backfill: as it would begin.
        first: the first fire times that it runs, microseconds UTC.
        usual_ms: what a run of the job usually takes; None where none is known.
        lasts_us: how long all will take at that, with its `parallel`; None likewise.
    """

    backfill: Backfill
    first: tuple[Instant, ...]
    usual_ms: float | None
    lasts_us: int | None


def plan_backfill(
    history: History, job: Job, schedule: Schedule, request: BackfillRequest, identity: str, by: str
) -> BackfillPlan:
    """What the request comes to, by the job's schedule of today and the history of this node.

    Raises:
        InvalidDocument: nothing is to be run, or too much.
    """
    if schedule_of(job.spec.timing, job.id).count(request.since_us, request.until_us) > FIRES_MAX:
        reason = f"more than {FIRES_MAX:,} fire times lie between"
        raise InvalidDocument([Problem("from", reason, "a later moment: several backfills")])
    spans = _spans(history, job, schedule, request)
    blank = Backfill(
        id=identity,
        job_id=job.id,
        spans=spans or ((request.since_us, request.until_us),),
        total=0,
        next_us=None,
        parallel=_parallel(job, request.parallel),
        note=request.note,
        by=by,
    )
    fires = blank.fires(schedule)
    total = fires.count(request.since_us - 1, request.until_us - 1) if spans else 0
    if not total:
        reason = f"no fire time from there on is {request.which}"
        raise InvalidDocument([Problem("from", reason, "an earlier moment, or which: all")])
    first = fires.between(request.since_us - 1, request.until_us - 1, _SHOWN)
    usual_ms = usual_duration_ms(history, job.id)
    lasts = None if usual_ms is None else int(total * usual_ms * 1000 / blank.parallel)
    return BackfillPlan(
        backfill=Backfill(
            id=identity,
            job_id=job.id,
            spans=spans,
            total=total,
            next_us=first[0],
            parallel=blank.parallel,
            note=request.note,
            by=by,
        ),
        first=tuple(first),
        usual_ms=usual_ms,
        lasts_us=lasts,
    )


def _parallel(job: Job, wanted: int) -> int:
    return wanted if job.spec.concurrency is Concurrency.ALLOW else 1


def _spans(
    history: History, job: Job, schedule: Schedule, request: BackfillRequest
) -> tuple[Span, ...]:
    if request.which is Which.ALL:
        return ((request.since_us, request.until_us),)
    found = undone_spans(
        history,
        job.id,
        request.since_us,
        request.until_us,
        skipped=request.which is not Which.FAILED,
        failed=request.which is not Which.SKIPPED,
    )
    apart = clipped(merged(found), request.since_us, request.until_us)
    spans = tuple(span for span in apart if schedule.count(span[0] - 1, span[1] - 1))
    if len(spans) > STRETCHES_MAX:
        reason = f"more than {STRETCHES_MAX:,} stretches are {request.which}"
        raise InvalidDocument([Problem("from", reason, "a later moment, or which: all")])
    return spans
