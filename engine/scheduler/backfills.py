"""What a leader proposes for the backfills that are running; pure."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.ids import Instant
from engine.model.backfill import Backfill, BackfillState
from engine.model.job import Concurrency
from engine.state.messages import BeginBackfill
from engine.state.view import View


def plan_backfills(view: View, *, epoch: int, now: Instant) -> list[BeginBackfill]:
    """The fire times that there is room for, of each running backfill.

    Args:
        view: the state; a paused job's backfills wait for the end of the pause.
        epoch: the leadership under which they are begun.
        now: microseconds UTC.
    """
    commands = []
    for backfill in view.backfills():
        if backfill.state is not BackfillState.RUNNING or backfill.next_us is None:
            continue
        fires = tuple(_fires(view, backfill, now))
        if fires:
            commands.append(BeginBackfill(epoch=epoch, id=backfill.id, fires=fires))
    return commands


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
