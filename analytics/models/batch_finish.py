"""When a batch will be over: many nights, drawn from how long its jobs took before.

Every fire of the span begins as late, and takes as long, as one of the job's own earlier runs at
that hour of the day, or at any hour where those are few. A job that still runs when it is due again
passes that fire over, as `forbid` does. Jobs are drawn apart from each other: a night in which all
are slow together is rarer here than in life.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.models.runs import Runs
from engine.core.ids import Instant, JobId

DRAWS: Final = 2_000
RUNS_MIN: Final = 10
FIRES_MAX: Final = 50
"""Of a job's fires in the span, so many of the last are drawn; those before are over by then."""
JOBS_MAX: Final = 300
DECIDERS_MAX: Final = 5
HOUR_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatchJob:
    """A job of the batch: its fires in the span, ascending, and its runs until now."""

    job_id: JobId
    fires: Sequence[Instant]
    runs: Runs
    forbids_overlap: bool = True


@dataclass(frozen=True, slots=True)
class Decider:
    """A job and the share of nights in which it was the last to end."""

    job_id: JobId
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchFinish:
    """When the batch is over, in microseconds UTC.

    Attributes:
        p50, p90: over by then in half, in nine of ten nights.
        by_share: the share of nights in which it is over by the deadline; None without one.
        deciders: which jobs end last, the likeliest first.
        unknown: jobs with fires but fewer than ten runs; they are not in it.
        jobs: how many jobs are in it.
        fires: how many fires these have.
    """

    p50: Instant
    p90: Instant
    by_share: float | None
    deciders: tuple[Decider, ...]
    unknown: tuple[JobId, ...]
    jobs: int
    fires: int


def batch_finish(
    batch: Sequence[BatchJob], *, seed: int, by_us: Instant | None = None
) -> BatchFinish | None:
    """The end of the batch; None where no job of it has both fires and runs enough."""
    due = [job for job in batch if job.fires]
    known = [job for job in due if _has_enough(job.runs)]
    if not known:
        return None
    chance = np.random.default_rng(seed)
    ends = np.stack([_ends(job, chance) for job in known])
    last = ends.max(axis=0)
    counts = np.bincount(ends.argmax(axis=0), minlength=len(known))
    order = np.argsort(-counts, kind="stable")[:DECIDERS_MAX]
    return BatchFinish(
        p50=int(np.quantile(last, 0.5)),
        p90=int(np.quantile(last, 0.9)),
        by_share=None if by_us is None else float((last <= by_us).mean()),
        deciders=tuple(
            Decider(known[place].job_id, float(counts[place] / DRAWS))
            for place in order
            if counts[place]
        ),
        unknown=tuple(job.job_id for job in due if not _has_enough(job.runs)),
        jobs=len(known),
        fires=sum(len(job.fires) for job in known),
    )


def _has_enough(runs: Runs) -> bool:
    return int(np.isfinite(runs.duration_ms).sum()) >= RUNS_MIN


def _ends(job: BatchJob, chance: np.random.Generator) -> NDArray[np.float64]:
    """When the job's last run ends, in each of the draws; microseconds UTC."""
    free = np.full(DRAWS, -np.inf)
    for fire in job.fires[-FIRES_MAX:]:
        late_us, took_us = _drawn(job.runs, fire, chance)
        end = fire + late_us + took_us
        begins = free <= fire if job.forbids_overlap else np.ones(DRAWS, dtype=np.bool_)
        free = np.where(begins, np.maximum(free, end), free)
    return free


def _drawn(
    runs: Runs, fire: Instant, chance: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lateness and duration of earlier runs, drawn together; microseconds."""
    usable = np.flatnonzero(np.isfinite(runs.duration_ms))
    hour = runs.at_us[usable] // HOUR_US % 24
    alike = usable[hour == fire // HOUR_US % 24]
    pool = alike if len(alike) >= RUNS_MIN else usable
    place = chance.choice(pool, DRAWS)
    late_us = np.maximum(0.0, np.nan_to_num(runs.lateness_ms[place])) * 1000
    return late_us, runs.duration_ms[place] * 1000
