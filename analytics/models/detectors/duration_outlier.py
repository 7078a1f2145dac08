"""Far from the median of the latest runs, in units that outliers do not stretch."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from analytics.models.detector import Judgement, Signal, banded, detectors, in_log
from analytics.models.runs import Runs
from analytics.stats.windows import rolling_deviation, rolling_median

WINDOW = 200
DEVIATIONS = 4.5
SPREAD_MIN = 0.05
"""On the log scale: runs within about five per cent of each other are alike."""


@detectors.register("duration_outlier")
class DurationOutlier:
    """Median and median absolute deviation of up to 200 runs before, on a log scale."""

    signal: ClassVar[Signal] = Signal.DURATION
    title: ClassVar[str] = "Duration outlier"
    explanation: ClassVar[str] = (
        "More than four and a half robust deviations from the median of the 200 runs before."
    )
    least: ClassVar[int] = 20

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; in milliseconds."""
        values = np.log1p(runs.duration_ms)
        expected = rolling_median(values, WINDOW, self.least)
        spread = rolling_deviation(values, expected, WINDOW, self.least)
        half = DEVIATIONS * np.maximum(spread, SPREAD_MIN)
        return in_log(banded(values, expected, half, "ms"), runs.duration_ms)
