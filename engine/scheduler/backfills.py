"""What a leader proposes for the backfills that are running; pure."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.ids import Instant, JobId
from engine.model.backfill import Backfill, BackfillState
from engine.model.job import Concurrency
from engine.state.messages import BeginBackfill
from engine.state.view import View

Faults = list[tuple[JobId, Exception]]


def plan_backfills(view: View, *, epoch: int, now: Instant) -> tuple[list[BeginBackfill], Faults]:
    """What there is room for of each running backfill, and what could not be planned.

    Args:
        view: the state; a paused job's backfills wait for the end of the pause.
        epoch: the leadership under which they are begun.
        now: microseconds UTC.
    """
    commands: list[BeginBackfill] = []
    faults: Faults = []
    for backfill in view.backfills():
        if backfill.state is not BackfillState.RUNNING or backfill.next_us is None:
            continue
        try:
            fires = tuple(_fires(view, backfill, now))
        except Exception as error:  # a fault of ours in one job, which must not stop the others
            faults.append((backfill.job_id, error))
            continue
        if fires:
            commands.append(BeginBackfill(epoch=epoch, id=backfill.id, fires=fires))
    return commands, faults


def _fires(
    view: View, backfill: Backfill, now: Instant
) -> Iterator[tuple[Instant, Instant | None]]:
    job = view.job(backfill.job_id)
    if job is None or view.pause_at(job, now) is not None:
        return
    room = backfill.parallel - backfill.open
    if job.spec.concurrency is not Concurrency.ALLOW:
        room = min(room, 0 if view.open_executions(job.id) else 1)
    schedule, fire = backfill.fires(view.fires(job)), backfill.next_us
    for _ in range(room):
        if fire is None:
            return
        following = schedule.next_after(fire)
        yield fire, following
        fire = following
