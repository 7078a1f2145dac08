"""From one run to the next everything is slower, or faster, and stays so."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from analytics.models.detector import Judgement, Signal, banded, detectors, in_log
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from analytics.stats.rhythm import rhythm_so_far
from analytics.stats.windows import rolling_deviation, rolling_median

AFTER = 8
BEFORE = 100
DEVIATIONS = 3.0
SPREAD_MIN = 0.05


@detectors.register("level_shift")
class LevelShift:
    """The median of the last eight runs beside the hundred before them.

    A single wild run does not move a median of eight; five of them do. What the hour and the
    weekday add is taken away first, so that a weekend is no change.
    """

    signal: ClassVar[Signal] = Signal.DURATION
    title: ClassVar[str] = "Level shift"
    explanation: ClassVar[str] = (
        "The median of the last eight runs is three robust deviations from the hundred before."
    )
    least: ClassVar[int] = 30

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; `value` is the median of the last eight less what their hours add.

        In milliseconds.
        """
        values = np.log1p(runs.duration_ms)
        week = hours_of_week(runs.at_us, runs.timezone)
        values = values - rhythm_so_far(values, week)
        latest = np.append(rolling_median(values, AFTER, AFTER)[1:], np.nan)
        if len(values) >= AFTER:
            latest[-1] = np.median(values[-AFTER:])
        centre = rolling_median(values, BEFORE, self.least)
        spread = rolling_deviation(values, centre, BEFORE, self.least)
        expected, half = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
        if len(runs) > AFTER:
            # What came before the last eight, not before the last one.
            expected[AFTER - 1 :] = centre[: len(runs) - AFTER + 1]
            half[AFTER - 1 :] = spread[: len(runs) - AFTER + 1]
        judged = banded(latest, expected, DEVIATIONS * np.maximum(half, SPREAD_MIN), "ms")
        return in_log(judged, np.expm1(latest))
