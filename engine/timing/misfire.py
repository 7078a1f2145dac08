"""What becomes of fires that nobody made while the cluster had no leader or a job was late.

Pure: a schedule, a span of time and a policy in, the fires to make and the fires to skip out.
Skipped fires are reported as a span and a count, never dropped in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from engine.core.ids import Instant
from engine.timing.schedule import Schedule

MisfirePolicy = Literal["ignore", "execute_one", "execute_all"]

ON_TIME_US: Final = 1_000_000
RUN_COUNT_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Missed:
    """The fires of a gap, divided.

    Attributes:
        run: fires to make now, ascending: what the policy makes up for, then what is on time.
        skipped: how many fires are not made; all of them are earlier than any of `run`.
        skipped_from: the first skipped fire, or None.
        skipped_to: the last skipped fire, or None.
        next_fire: the first fire after the gap, or None when there is none.
    """

    run: tuple[Instant, ...]
    skipped: int
    skipped_from: Instant | None
    skipped_to: Instant | None
    next_fire: Instant | None


def split_missed(
    schedule: Schedule,
    first_missed: Instant,
    now: Instant,
    policy: MisfirePolicy,
    limit: int = RUN_COUNT_MAX,
    grace_us: int = ON_TIME_US,
) -> Missed:
    """Return which fires from `first_missed` to `now` are made and which are skipped.

    A fire no older than `grace_us` is on time: it is made under any policy. Of the older ones
    `ignore` makes none, `execute_one` the latest, `execute_all` the latest `limit`.

    Args:
        schedule: the job's schedule.
        first_missed: the first fire not yet made, microseconds UTC; an instant at or before it
            does as well.
        now: microseconds UTC; a fire at `now` is part of the gap.
        policy: the job's `missed_run_policy`.
        limit: the most late fires that `execute_all` makes up for, at least 1.
        grace_us: the age, in microseconds, up to which a fire is on time; a negative one says
            that none is.
    """
    start = first_missed - 1
    late_end = max(start, min(now, now - grace_us - 1))
    on_time = schedule.between(late_end, now)
    keep = {"ignore": 0, "execute_one": 1, "execute_all": limit}[policy]
    made_up = _latest(schedule, start, late_end, keep)
    skip_end = made_up[0] - 1 if made_up else late_end
    skipped = schedule.count(start, skip_end)
    return Missed(
        run=(*made_up, *on_time),
        skipped=skipped,
        skipped_from=schedule.next_after(start) if skipped else None,
        skipped_to=schedule.last_before(skip_end + 1) if skipped else None,
        next_fire=schedule.next_after(now),
    )


def _latest(schedule: Schedule, start: Instant, end: Instant, count: int) -> list[Instant]:
    """The last `count` fires with start < t <= end, ascending."""
    found: list[Instant] = []
    fire = schedule.last_before(end + 1)
    while fire is not None and fire > start and len(found) < count:
        found.append(fire)
        fire = schedule.last_before(fire)
    return found[::-1]
