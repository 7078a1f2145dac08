"""Unusual for this hour of the week."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from analytics.models.detector import Judgement, Signal, banded, detectors, in_log
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from analytics.stats.windows import rolling_deviation, rolling_median

WINDOW = 200
KEPT_AN_HOUR = 60
DEVIATIONS = 4.5
SPREAD_MIN = 0.05
PRIOR = 4.0
"""An hour's own median counts as much as the overall one once it has so many runs."""


@detectors.register("duration_seasonal")
class DurationSeasonal:
    """The medians of the hour of the day and of the week, drawn towards the overall one while few.

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
        expected = overall + self._season(runs, values - overall)
        spread = rolling_deviation(values, expected, WINDOW, self.least)
        half = DEVIATIONS * np.maximum(spread, SPREAD_MIN)
        return in_log(banded(values, expected, half, "ms"), runs.duration_ms)

    @staticmethod
    def _season(runs: Runs, residual: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each run's hour has been above the overall median so far."""
        week = hours_of_week(runs.at_us, runs.timezone)
        # A day's rhythm is learned in days; what a week adds to it takes weeks.
        day = DurationSeasonal._by_hour(week % 24, residual)
        return day + DurationSeasonal._by_hour(week, residual - day)

    @staticmethod
    def _by_hour(hours: NDArray[np.int64], residual: NDArray[np.float64]) -> NDArray[np.float64]:
        season = np.zeros(len(hours))
        for hour in np.unique(hours):
            places = np.flatnonzero((hours == hour) & ~np.isnan(residual))
            median = rolling_median(residual[places], KEPT_AN_HOUR, 1)
            known = np.minimum(np.arange(len(places)), KEPT_AN_HOUR)
            season[places] = np.nan_to_num(median) * known / (known + PRIOR)
        return season
