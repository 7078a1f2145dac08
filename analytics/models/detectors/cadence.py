"""Runs that did not come, or came too often."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.models.detector import Judgement, Signal, detectors
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week

WINDOW = 300
WIDE = 3.0
"""A gap of three times the widest usual one, or a third of the narrowest, is too much."""

HOUR_SLACK = 1.5
HOUR_LEAST = 3
"""An hour of the day that has been seen so often knows its own widest gap: a night, a lunch."""


@detectors.register("cadence")
class Cadence:
    """The time between two runs beside the usual gaps, or those before this hour of the day."""

    signal: ClassVar[Signal] = Signal.CADENCE
    title: ClassVar[str] = "Missed or too frequent"
    explanation: ClassVar[str] = (
        "The gap before the run is three times the widest, or a third of the narrowest, that is "
        "usual."
    )
    least: ClassVar[int] = 30

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; gaps in seconds."""
        gaps = np.diff(runs.at_us, prepend=np.nan) / 1e6
        # A changed job may have another schedule: the gap before its first run says nothing.
        gaps[1:][np.diff(runs.version) != 0] = np.nan
        series = pd.Series(gaps)
        rolling = series.rolling(WINDOW, min_periods=self.least)
        usual = rolling.median().shift(1).to_numpy()
        # A schedule has few gaps (a minute, a night, a weekend): its extremes of a while ago are
        # usual, and the newest few are not yet.
        low = rolling.quantile(0.01).shift(1).to_numpy() / WIDE
        high = rolling.quantile(0.99).shift(1).to_numpy() * WIDE
        seen = _widest_at_this_hour(runs, gaps)
        high = np.where(np.isnan(seen), high, seen * HOUR_SLACK)
        with np.errstate(invalid="ignore", divide="ignore"):
            score = np.maximum(gaps / high, low / gaps)
        return Judgement(unit="s", value=gaps, expected=usual, low=low, high=high, score=score)


def _widest_at_this_hour(runs: Runs, gaps: NDArray[np.float64]) -> NDArray[np.float64]:
    """The widest gap before earlier runs of the same hour of the day; nan below three of them."""
    hours = hours_of_week(runs.at_us, runs.timezone) % 24
    widest = (
        pd.Series(gaps)
        .groupby(hours)
        .transform(lambda group: group.expanding(HOUR_LEAST).max().shift(1))
    )
    return widest.to_numpy(dtype=np.float64, copy=True)
