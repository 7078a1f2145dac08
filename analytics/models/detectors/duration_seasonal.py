"""Unusual for this hour of the week."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from analytics.models.detector import Judgement, Signal, banded, detectors, in_log
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from analytics.stats.rhythm import rhythm_so_far
from analytics.stats.windows import rolling_deviation, rolling_median

WINDOW = 200
DEVIATIONS = 4.5
SPREAD_MIN = 0.05


@detectors.register("duration_seasonal")
class DurationSeasonal:
    """The overall median and what the hour, the weekday and the hour of the week add to it.

    What remains is judged as `duration_outlier` judges the runs themselves.
    """

    signal: ClassVar[Signal] = Signal.DURATION
    title: ClassVar[str] = "Unusual for the hour"
    explanation: ClassVar[str] = (
        "More than four and a half robust deviations from what this hour of the week is like."
    )
    least: ClassVar[int] = 100

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; in milliseconds."""
        values = np.log1p(runs.duration_ms)
        overall = rolling_median(values, WINDOW, self.least)
        week = hours_of_week(runs.at_us, runs.timezone)
        expected = overall + rhythm_so_far(values - overall, week)
        spread = rolling_deviation(values, expected, WINDOW, self.least)
        half = DEVIATIONS * np.maximum(spread, SPREAD_MIN)
        return in_log(banded(values, expected, half, "ms"), runs.duration_ms)
