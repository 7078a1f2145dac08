"""Would the advice have held? Learned on the first part of the past, judged on the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.advice.schedule import ScheduleAdvice, compare, suggest_schedule
from analytics.advice.slots import hours_of_day, score_slots, turnaround_ms
from analytics.models.runs import Runs
from engine.timing.parse import Timing
from engine.timing.shift import hours_of

LEARNED: Final = 0.7
"""The share of the past that is learned from."""
LEAST: Final = 60
"""Runs below which nothing is advised."""
_CHANCE_MAX: Final = 0.01
_RESAMPLES: Final = 100
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTest:
    """How advice on the schedule did on runs that it had not seen.

    Attributes:
        learned, judged: runs of either part.
        holds: the hours that it leaves were worse than the others in the second part, too.
        time_saved: share of the mean turnaround that the suggested hours save; may be negative.
        failures_saved: share of runs that no longer fail, as a difference; may be negative.
        agreement: share of resamples of whole days in which the suggestion beat today's hours.
    """

    learned: int
    judged: int
    holds: bool
    time_saved: float
    failures_saved: float
    agreement: float


def part(runs: Runs, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Runs:
    """Those of the runs that are chosen, by a mask or by their places, which may repeat."""
    names = ("ids", "at_us", "duration_ms", "lateness_ms", "failed", "attempts", "version")
    return replace(runs, **{name: getattr(runs, name)[chosen] for name in names})


def split(runs: Runs) -> tuple[Runs, Runs]:
    """The first part of the past and the rest, cut between two runs."""
    first = np.arange(len(runs)) < int(len(runs) * LEARNED)
    return part(runs, first), part(runs, ~first)


def tested_schedule(
    runs: Runs, load: Sequence[float], timing: Timing, seed: int
) -> tuple[ScheduleAdvice, BackTest | None]:
    """The advice of the first part, and how it did on the rest; no test where none was given."""
    learned, judged = split(runs)
    advice = suggest_schedule(learned, score_slots(learned, load), timing)
    if advice.schedule is None:
        return advice, None
    return advice, _judge(advice, timing, learned, judged, seed)


def _judge(
    advice: ScheduleAdvice, timing: Timing, learned: Runs, judged: Runs, seed: int
) -> BackTest:
    hours = hours_of_day(judged)
    left = [*advice.moved, *advice.dropped]
    pairs = [(hour, hours == to) for hour, to in advice.moved.items()]
    pairs += [(hour, ~np.isin(hours, left)) for hour in advice.dropped]
    holds = all(
        compare(judged, hours == hour, others, _CHANCE_MAX).is_worse for hour, others in pairs
    )
    today, after = (
        np.isin(hours, hours_of(replace(timing, text=text)) or [])
        for text in (timing.text, advice.schedule or "")
    )
    time_saved, failures_saved = _gain(judged, today, after)
    days = judged.at_us // _DAY_US
    random = np.random.default_rng(seed)
    names = np.unique(days)
    better = 0
    for _ in range(_RESAMPLES):
        drawn = random.choice(names, len(names))
        counts = np.bincount(np.searchsorted(names, drawn), minlength=len(names))
        weight = counts[np.searchsorted(names, days)].astype(float)
        time, failures = _gain(judged, today, after, weight)
        better += time > 0 or failures > 0
    return BackTest(
        learned=len(learned),
        judged=len(judged),
        holds=holds and (time_saved > 0 or failures_saved > 0),
        time_saved=time_saved,
        failures_saved=failures_saved,
        agreement=better / _RESAMPLES,
    )


def _gain(
    runs: Runs,
    today: NDArray[np.bool_],
    after: NDArray[np.bool_],
    weight: NDArray[np.float64] | None = None,
) -> tuple[float, float]:
    """Time saved, as a share of the mean turnaround, and failures saved, as a difference."""
    weight = np.ones(len(runs)) if weight is None else weight
    took = turnaround_ms(runs)
    known = np.isfinite(took)
    times = [_mean(took, weight, mask & known) for mask in (today, after)]
    failures = [_mean(runs.failed.astype(float), weight, mask) for mask in (today, after)]
    saved = 1 - times[1] / times[0] if times[0] > 0 and np.isfinite(times[1]) else 0.0
    fewer = failures[0] - failures[1]
    return saved, fewer if np.isfinite(fewer) else 0.0


def _mean(
    values: NDArray[np.float64], weight: NDArray[np.float64], mask: NDArray[np.bool_]
) -> float:
    total = float(weight[mask].sum())
    return float((values[mask] * weight[mask]).sum() / total) if total else float("nan")


def agreement_on_best(runs: Runs, best: int, seed: int) -> float:
    """Share of resamples of whole days in which the same hour comes first."""
    random = np.random.default_rng(seed)
    days = runs.at_us // _DAY_US
    names, places = np.unique(days, return_inverse=True)
    order = [np.flatnonzero(places == place) for place in range(len(names))]
    same = 0
    for _ in range(_RESAMPLES):
        drawn = random.integers(0, len(names), len(names))
        rows = np.concatenate([order[place] for place in drawn])
        slots = score_slots(part(runs, rows))
        same += bool(slots) and slots[0].hour == best
    return same / _RESAMPLES
