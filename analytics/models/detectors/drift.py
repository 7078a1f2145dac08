"""Slower and slower, or faster and faster: too slow a change for any single run to tell."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analytics.models.detector import Judgement, Signal, detectors
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from analytics.stats.rhythm import Rhythm
from analytics.stats.trend import trend
from analytics.stats.windows import looks

WINDOW = 300
STRIDE = 10
GROWTH_MIN = 0.2
"""On the log scale over one window: less than about 20 % is not worth a word."""
PART_MIN = 0.5
"""Either half is at least so steep, beside the whole: where one is flat it was a jump."""


@detectors.register("drift")
class Drift:
    """The robust slope of the last three hundred runs, and of either half of them alone.

    One jump makes a slope too, but not in both halves. It is looked at after about every ten
    runs; those between keep the last answer.
    """

    signal: ClassVar[Signal] = Signal.DURATION
    title: ClassVar[str] = "Drift"
    explanation: ClassVar[str] = (
        "Over the last three hundred runs the duration grows or shrinks steadily, by a fifth or "
        "more, whatever the hour."
    )
    least: ClassVar[int] = WINDOW

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; `value` and the band are growth in per cent a window."""
        values = np.log1p(runs.duration_ms)
        week = hours_of_week(runs.at_us, runs.timezone)
        growth, score = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
        ends = [int(end) for end in looks(runs.at_us, STRIDE) if end >= WINDOW]
        for end, following in pairwise([*ends, len(runs) + 1]):
            answered = slice(end - 1, following - 1)
            window = slice(end - WINDOW, end)
            added = Rhythm.of(values[:end], week[:end]).at(week[window])
            growth[answered], score[answered] = _growth(values[window] - added)
        none = np.where(np.isnan(growth), np.nan, 0.0)
        return Judgement(
            unit="%",
            value=100 * np.expm1(growth),
            expected=none,
            low=none + 100 * np.expm1(-GROWTH_MIN),
            high=none + 100 * np.expm1(GROWTH_MIN),
            score=score,
        )


def _growth(values: NDArray[np.float64]) -> tuple[float, float]:
    """The growth over the window, and its score; below 1 unless both halves share it."""
    x = np.arange(WINDOW, dtype=np.float64)
    there = ~np.isnan(values)
    early = there & (x < WINDOW // 2)
    late = there & (x >= WINDOW // 2)
    lines = [trend(x[some], values[some]) for some in (there, early, late)]
    if any(line is None for line in lines):
        return np.nan, np.nan
    whole, first, second = (line for line in lines if line is not None)
    growth = whole.slope * WINDOW
    steady = all(line.is_significant for line in (whole, first, second)) and (
        min(first.slope / whole.slope, second.slope / whole.slope) >= PART_MIN
    )
    score = abs(growth) / GROWTH_MIN
    return growth, score if steady else min(score, 0.99)
