"""The durations go another way than before."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from analytics.models.detector import Judgement, Signal, detectors
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from analytics.stats.rhythm import Rhythm
from analytics.stats.trend import Trend, trend
from analytics.stats.windows import looks

WINDOW = 50
STRIDE = 10
GROWTH_MIN = 0.2
"""On the log scale over one window: less than about 20 % is not worth a word."""


@detectors.register("pattern_change")
class PatternChange:
    """The robust slope of the last fifty runs beside that of the fifty before them.

    What the hour and the weekday add is taken away first. It is looked at after about every ten
    runs; those between have no answer.
    """

    signal: ClassVar[Signal] = Signal.DURATION
    title: ClassVar[str] = "Pattern change"
    explanation: ClassVar[str] = (
        "Over the last fifty runs the duration grows or shrinks significantly, and unlike before."
    )
    least: ClassVar[int] = 2 * WINDOW

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; `value` and the band are growth in per cent a window."""
        durations = np.log1p(runs.duration_ms)
        week = hours_of_week(runs.at_us, runs.timezone)
        growth, usual = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
        score = np.full(len(runs), np.nan)
        x = np.arange(WINDOW, dtype=np.float64)
        for end in looks(runs.at_us, STRIDE):
            if end < 2 * WINDOW:
                continue
            values = durations - Rhythm.of(durations[:end], week[:end]).at(week)
            after, before = values[end - WINDOW : end], values[end - 2 * WINDOW : end - WINDOW]
            if np.isnan(after).any() or np.isnan(before).any():
                continue
            now, then = trend(x, after), trend(x, before)
            assert now is not None  # both windows are full
            assert then is not None
            growth[end - 1], usual[end - 1] = now.slope * WINDOW, then.slope * WINDOW
            score[end - 1] = _score(now, then)
        return Judgement(
            unit="%",
            value=100 * np.expm1(growth),
            expected=100 * np.expm1(usual),
            low=100 * np.expm1(usual - GROWTH_MIN),
            high=100 * np.expm1(usual + GROWTH_MIN),
            score=score,
        )


def _score(now: Trend, then: Trend) -> float:
    """The change over the smallest that matters, unless chance alone may have made it."""
    apart = now.low > then.high or now.high < then.low
    change = abs(now.slope - then.slope) * WINDOW / GROWTH_MIN
    return change if now.is_significant and apart else min(change, 0.99)
