"""Which hours a job had better leave, and for which; nothing where chance would explain it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.advice.slots import LEAST, Slot, hours_of_day, turnaround_ms
from analytics.models.runs import Runs
from analytics.stats.compare import chance_of_larger, chance_of_more
from engine.timing.parse import Timing
from engine.timing.shift import hours_of, with_hours

CHANCE_MAX: Final = 0.001 / 48
"""Two questions about each of 24 hours: one false alarm in a thousand jobs at most."""
SLOWER_LEAST: Final = 1.25
"""An hour must be so many times as slow to be worth a change."""
FAILING_LEAST: Final = 0.05
"""Or fail so much more of its runs."""
_DENSE: Final = 12
"""A job that runs at this many hours of the day or more may leave out one that is bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An hour beside others.

    Attributes:
        slower: its median turnaround over theirs; nan where unknown.
        failing: its share of failures less theirs.
        is_worse: slower or failing more, by more than chance and by enough to matter.
    """

    slower: float
    failing: float
    is_worse: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleAdvice:
    """A schedule, or why none is suggested.

    Attributes:
        schedule: suggested; None where today's is kept.
        moved: hours to leave, and for which.
        dropped: hours to leave out, of a job that runs at most hours of the day.
        why: in words.
    """

    schedule: str | None = None
    moved: dict[int, int] = field(default_factory=dict)
    dropped: tuple[int, ...] = ()
    why: str = ""


def compare(
    runs: Runs, chosen: NDArray[np.bool_], others: NDArray[np.bool_], chance_max: float = CHANCE_MAX
) -> Comparison:
    """The chosen runs beside the others."""
    took = turnaround_ms(runs)
    mine, theirs = (took[mask & np.isfinite(took)] for mask in (chosen, others))
    counts = [int(mask.sum()) for mask in (chosen, others)]
    failures = [int(runs.failed[mask].sum()) for mask in (chosen, others)]
    known = len(mine) > 0 and len(theirs) > 0
    base = float(np.median(theirs)) if known else 0.0
    slower = float(np.median(mine)) / base if base > 0 else float("nan")
    failing = failures[0] / max(1, counts[0]) - failures[1] / max(1, counts[1])
    is_slow = slower >= SLOWER_LEAST and chance_of_larger(mine, theirs) <= chance_max
    is_failing = (
        failing >= FAILING_LEAST
        and chance_of_more(failures[0], counts[0], failures[1], counts[1]) <= chance_max
    )
    return Comparison(slower=slower, failing=failing, is_worse=bool(is_slow or is_failing))


def suggest_schedule(runs: Runs, slots: Sequence[Slot], timing: Timing) -> ScheduleAdvice:
    """The schedule that leaves the hours which are worse than the others.

    A bad hour goes to the best hour that the job is known at and does not use; a job that runs at
    twelve hours or more leaves it out. What is not known is not suggested.
    """
    today = hours_of(timing)
    if today is None:
        return ScheduleAdvice(why="the schedule has no hours of its own that could be changed")
    hours = hours_of_day(runs)
    known = {slot.hour for slot in slots}
    bad = [hour for hour in today if hour in known and _is_bad(runs, hours, hour)]
    if not bad:
        why = (
            f"no hour of today's schedule has {LEAST} runs"
            if not known.intersection(today)
            else "no hour is worse than the others beyond what chance explains"
        )
        return ScheduleAdvice(why=why)
    if len(today) >= _DENSE:
        return _without(timing, today, bad[: len(today) // 4])
    free = [slot.hour for slot in slots if slot.hour not in today]
    moved: dict[int, int] = {}
    for hour in bad:
        better = [to for to in free if compare(runs, hours == hour, hours == to).is_worse]
        if better:
            moved[hour] = better[0]
            free.remove(better[0])
    if not moved:
        names = _clock(bad)
        why = f"{names} is worse than the others, but no free hour is known to be better"
        return ScheduleAdvice(why=why)
    after = sorted(moved.get(hour, hour) for hour in today)
    why = ", ".join(f"{_clock([old])} moves to {_clock([new])}" for old, new in moved.items())
    return ScheduleAdvice(schedule=with_hours(timing, after).text, moved=moved, why=why)


def _is_bad(runs: Runs, hours: NDArray[np.int64], hour: int) -> bool:
    return compare(runs, hours == hour, hours != hour).is_worse


def _without(timing: Timing, today: list[int], bad: list[int]) -> ScheduleAdvice:
    kept = [hour for hour in today if hour not in bad]
    why = f"{_clock(bad)} is left out; the job would run at {len(kept)} hours, not {len(today)}"
    return ScheduleAdvice(schedule=with_hours(timing, kept).text, dropped=tuple(bad), why=why)


def _clock(hours: Sequence[int]) -> str:
    return ", ".join(f"{hour:02}:00" for hour in hours)
