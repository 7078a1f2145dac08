"""A day without herds: jobs whose owners gave a window start a little later, and none leaves it.

A herd is many jobs that start in the same minute. Jobs that fire at least once a minute are in
every minute alike; no move changes that, so they are counted apart, as the steady part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.core.ids import Instant, JobId
from engine.timing.parse import Timing, schedule_of
from engine.timing.shift import MINUTE_US, keeps_window, shifted

HERD_LEAST: Final = 3
"""Starts in one minute that make a herd; smaller crowds are left alone."""
MINUTES: Final = 7 * 1440
"""A week is looked at."""
_STEP_MAX: Final = 120
"""Places that are tried for one job; of a longer window, evenly spread ones."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A job as the balancer sees it; `usual_us` is what a run usually takes, 0 where unknown."""

    id: JobId
    name: str
    version: int
    timing: Timing
    window_us: int
    usual_us: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A job that starts `minutes` later; its window shrinks by them, so its end stays."""

    job: Planned
    minutes: int
    timing: Timing

    @property
    def window_us(self) -> int:
        """What is left of the window."""
        return self.job.window_us - self.minutes * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balance:
    """A week, minute by minute, before and after the moves.

    Attributes:
        start_us: its first minute.
        before, after: starts in each minute, without the steady part.
        load_before, load_after: jobs under way in each minute, likewise.
        steady: starts a minute of the jobs that fire at least once a minute.
        moves: which lower the herds; by the job's name.
        windows: jobs that have one.
        jobs: that were looked at.
    """

    start_us: Instant
    before: Counts
    after: Counts
    load_before: Counts
    load_after: Counts
    steady: float
    moves: tuple[Move, ...]
    windows: int
    jobs: int

    @property
    def peak_before(self) -> int:
        """Most starts in one minute, today."""
        return int(self.before.max(initial=0))

    @property
    def peak_after(self) -> int:
        """Most starts in one minute, after the moves."""
        return int(self.after.max(initial=0))


class _Week:
    """Starts and load of a week, which jobs are taken out of and put into."""

    def __init__(self) -> None:
        self.starts = np.zeros(MINUTES, dtype=np.int64)
        self.load = np.zeros(MINUTES, dtype=np.int64)

    def add(self, minutes: Counts, length: int, sign: int) -> None:
        np.add.at(self.starts, minutes, sign)
        for offset in range(length):
            np.add.at(self.load, (minutes + offset) % MINUTES, sign)


def balance(jobs: Iterable[Planned], start_us: Instant) -> Balance:
    """The moves that lower the herds of the week from `start_us` on, job by job.

    Each move keeps every fire in its window, and makes the fullest minute that the job starts in
    less full; no minute comes to be fuller than the fullest was, and none carries more than the
    most loaded did.
    """
    everyone = list(jobs)
    week, steady, fires = _Week(), 0.0, dict[JobId, Counts]()
    for job in everyone:
        found = _minutes(job, start_us)
        if isinstance(found, float):
            steady += found
        elif len(found):
            fires[job.id] = found
            week.add(found, _length(job), 1)
    before, load_before = week.starts.copy(), week.load.copy()
    movable = [job for job in everyone if job.window_us >= MINUTE_US and job.id in fires]
    moves = []
    # The narrowest windows first: they have the fewest places to go.
    for job in sorted(movable, key=lambda one: (one.window_us, one.name, one.id)):
        move = _best(job, fires[job.id], week, int(load_before.max(initial=0)), start_us)
        if move is not None:
            moves.append(move)
    return Balance(
        start_us=start_us,
        before=before,
        after=week.starts,
        load_before=load_before,
        load_after=week.load,
        steady=steady,
        moves=tuple(sorted(moves, key=lambda move: (move.job.name, move.job.id))),
        windows=len(movable),
        jobs=len(everyone),
    )


def _minutes(job: Planned, start_us: Instant) -> Counts | float:
    """The minutes of the week in which it starts; of a frequent job, its starts a minute."""
    schedule = schedule_of(job.timing, job.id)
    end_us = start_us + MINUTES * MINUTE_US
    count = schedule.count(start_us - 1, end_us - 1)
    if count >= MINUTES:
        return count / MINUTES
    fires = schedule.between(start_us - 1, end_us - 1)
    return (np.array(fires, dtype=np.int64) - start_us) // MINUTE_US


def _length(job: Planned) -> int:
    """Minutes that a run touches, one at the least and a day at the most."""
    return int(min(1440, max(1, -(-job.usual_us // MINUTE_US))))


def _best(
    job: Planned, minutes: Counts, week: _Week, load_most: int, start_us: Instant
) -> Move | None:
    """The best place within the window; the job is in it when this returns."""
    crowd = int(week.starts[minutes].max())
    if crowd < HERD_LEAST:
        return None
    length = _length(job)
    week.add(minutes, length, -1)
    chosen: tuple[int, Timing, Counts] | None = None
    for later in _places(job.window_us):
        place = (minutes + later) % MINUTES
        fuller = int(week.starts[place].max()) + 1
        if fuller >= crowd or _load_there(week, place, length) + 1 > load_most:
            continue
        moved = shifted(job.timing, later)
        if moved and keeps_window(job.timing, moved, job.id, job.window_us, start_us):
            chosen, crowd = (later, moved, place), fuller
            if fuller == 1:
                break
    week.add(chosen[2] if chosen else minutes, length, 1)
    return Move(job=job, minutes=chosen[0], timing=chosen[1]) if chosen else None


def _places(window_us: int) -> Sequence[int]:
    """Minutes by which a job could move, the nearest first."""
    most = window_us // MINUTE_US
    step = -(-most // _STEP_MAX)
    return range(1, most + 1, max(1, step))


def _load_there(week: _Week, place: Counts, length: int) -> int:
    return max(int(week.load[(place + offset) % MINUTES].max()) for offset in range(length))
