"""The plain baseline: a z-score above 3."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from analytics.models.detector import Judgement, Signal, banded, detectors
from analytics.models.runs import Runs
from analytics.stats.moments import Moments

Z_MAX = 3.0


@detectors.register("duration_spike")
class DurationSpike:
    """Mean and standard deviation of all earlier runs, by Welford's update."""

    signal: ClassVar[Signal] = Signal.DURATION
    title: ClassVar[str] = "Duration spike"
    explanation: ClassVar[str] = (
        "The run is more than three standard deviations away from the mean of all before it."
    )
    least: ClassVar[int] = 30

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; in milliseconds."""
        values = runs.duration_ms
        expected, half = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
        past = Moments()
        for place, value in enumerate(values):
            if past.count >= self.least:
                expected[place], half[place] = past.mean, Z_MAX * past.deviation
            if not np.isnan(value):
                past = past.plus(float(value))
        return banded(values, expected, half, "ms")
