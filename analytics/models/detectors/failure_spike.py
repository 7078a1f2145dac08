"""Too many of the latest runs failed."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from analytics.models.detector import Judgement, Signal, detectors
from analytics.models.runs import Runs
from analytics.stats.windows import rolling_rate

WINDOW = 20
RATE_MAX = 0.3


@detectors.register("failure_spike")
class FailureSpike:
    """The share of failures among the last twenty runs."""

    signal: ClassVar[Signal] = Signal.FAILURES
    title: ClassVar[str] = "Failure spike"
    explanation: ClassVar[str] = "More than 30 % of the last twenty runs failed."
    least: ClassVar[int] = WINDOW

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; as a share of runs."""
        rate = rolling_rate(runs.failed, WINDOW)
        usual = np.where(np.isnan(rate), np.nan, 0.0)
        # One above the bound is the first that is too many: 7 of 20.
        edge = RATE_MAX + 1 / WINDOW
        return Judgement(
            unit="share",
            value=rate,
            expected=usual,
            low=usual,
            high=usual + RATE_MAX,
            score=rate / edge + 1e-9,
        )
