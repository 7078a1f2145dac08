"""Odd in several signals at once, where each alone would pass."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analytics.models.detector import Judgement, Signal, detectors
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from analytics.stats.windows import rolling_rate

LEARN = 1000
STRIDE = 200
TREES = 50
QUANTILE = 0.999
SEED = 7


@detectors.register("isolation")
class Isolation:
    """An isolation forest over duration, lateness, attempts, failure rate and time of day.

    F. T. Liu, K. M. Ting and Z.-H. Zhou, ICDM 2008. Learned anew after every 200 runs from the
    1,000 before; the bound is what one in a thousand of those reached.
    """

    signal: ClassVar[Signal] = Signal.MIXED
    title: ClassVar[str] = "Odd combination"
    explanation: ClassVar[str] = (
        "Duration, lateness, attempts, failure rate and time of day together are rarer than one "
        "run in a thousand."
    )
    least: ClassVar[int] = 200

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; in the forest's own score."""
        table = _features(runs)
        value, high = np.full(len(runs), np.nan), np.full(len(runs), np.nan)
        usual = np.full(len(runs), np.nan)
        for start in range(self.least, len(runs), STRIDE):
            past = table[max(0, start - LEARN) : start]
            from sklearn.ensemble import (
                IsolationForest,  # takes seconds; few nodes ever judge by it
            )

            forest = IsolationForest(n_estimators=TREES, random_state=SEED).fit(past)
            known = -forest.score_samples(past)
            end = min(start + STRIDE, len(runs))
            value[start:end] = -forest.score_samples(table[start:end])
            usual[start:end] = np.median(known)
            high[start:end] = np.quantile(known, QUANTILE) + 0.02
        with np.errstate(invalid="ignore"):
            score = np.maximum(0.0, value - usual) / (high - usual)
        return Judgement(
            unit="oddness",
            value=value,
            expected=usual,
            low=np.where(np.isnan(usual), np.nan, 0.0),
            high=high,
            score=score,
        )


def _features(runs: Runs) -> NDArray[np.float64]:
    hour = 2 * np.pi * hours_of_week(runs.at_us, runs.timezone) / 24
    columns = [
        np.log1p(np.nan_to_num(runs.duration_ms)),
        np.log1p(np.maximum(0.0, np.nan_to_num(runs.lateness_ms))),
        runs.attempts.astype(float),
        np.nan_to_num(rolling_rate(runs.failed, 10)),
        np.sin(hour),
        np.cos(hour),
    ]
    return np.column_stack(columns)
