"""Nothing like it for a long while: value, rhythm, level and restlessness taken together."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd

from analytics.models.detector import Judgement, Signal, detectors
from analytics.models.runs import Runs

LONG = 4000
LEVEL_AFTER, LEVEL_BEFORE = 12, 288
RESTLESS_AFTER, RESTLESS_BEFORE = 36, 2000
DAYS = 7
DAY_S = 86_400.0
LEAST = 50
DISTANCE_MAX = 20.0
"""One distance alone must not drown the others."""

RECORD = 800
"""A run counts only if it is farther out than everything in so many runs before it."""

EDGE = 4.0
"""In standard deviations, as a mean of the four distances."""


@detectors.register("surprise")
class Surprise:
    """The mean of four distances, each in standard deviations of its own past.

    How far the value is from the mean; from the same time on the last seven days; the last twelve
    runs from the day before them; the jumps between the last runs from usual jumps. A record that
    stands keeps later ones quiet, so that one event is told once.
    """

    signal: ClassVar[Signal] = Signal.MIXED
    title: ClassVar[str] = "Surprise"
    explanation: ClassVar[str] = (
        "Value, time of day, level and restlessness together are farther out than in 800 runs."
    )
    least: ClassVar[int] = 300

    def judge(self, runs: Runs) -> Judgement:
        """See `Detector.judge`; in standard deviations."""
        value = pd.Series(runs.duration_ms).ffill()
        # What has hardly varied so far has no meaningful deviation: a thousandth of its range.
        floor = 1e-3 * (value.expanding().max() - value.expanding().min()).clip(lower=1e-9)
        distances = np.column_stack(
            [
                np.minimum(distance.fillna(0.0), DISTANCE_MAX)
                for distance in (
                    _from_mean(value, floor),
                    _from_days(value, floor, _runs_a_day(runs)),
                    _from_level(value, floor),
                    _from_restlessness(value, floor),
                )
            ]
        )
        together = distances.mean(axis=1)
        together[: self.least] = np.nan
        before = pd.Series(together).rolling(RECORD, min_periods=1).max().shift(1).fillna(0.0)
        high = np.maximum(EDGE, before.to_numpy(dtype=np.float64))
        unknown = np.where(np.isnan(together), np.nan, 0.0)
        record = np.where(together > before.to_numpy(), together / EDGE, unknown)
        return Judgement(
            unit="deviations",
            value=together,
            expected=unknown,
            low=unknown,
            high=high + unknown,
            score=record,
        )


def _runs_a_day(runs: Runs) -> int:
    gaps = np.diff(runs.at_us) / 1e6
    return round(DAY_S / float(np.median(gaps))) if len(gaps) and np.median(gaps) > 0 else 0


def _from_mean(value: pd.Series[float], floor: pd.Series[float]) -> pd.Series[float]:
    past = value.rolling(LONG, min_periods=20)
    return (value - past.mean().shift(1)).abs() / np.maximum(past.std().shift(1), floor)


def _from_days(
    value: pd.Series[float], floor: pd.Series[float], runs_a_day: int
) -> pd.Series[float]:
    """The same time on earlier days; nothing where a day has too few runs to have a rhythm."""
    if runs_a_day < LEAST or len(value) <= runs_a_day:
        return pd.Series(np.zeros(len(value)))
    smooth = value.rolling(5, min_periods=1).median()
    days = pd.concat([smooth.shift(runs_a_day * day - 2) for day in range(1, DAYS + 1)], axis=1)
    off = (value - days.median(axis=1)).abs()
    usual = (off**2).rolling(LONG, min_periods=runs_a_day).mean().shift(1) ** 0.5
    return off / np.maximum(usual, floor)


def _from_level(value: pd.Series[float], floor: pd.Series[float]) -> pd.Series[float]:
    now = value.rolling(LEVEL_AFTER).median()
    then = value.rolling(LEVEL_BEFORE, min_periods=LEAST).median().shift(LEVEL_AFTER)
    usual = value.rolling(LONG, min_periods=LEAST).std().shift(LEVEL_AFTER)
    return (now - then).abs() / np.maximum(usual, floor)


def _from_restlessness(value: pd.Series[float], floor: pd.Series[float]) -> pd.Series[float]:
    jumps = value.diff().abs()
    now = jumps.rolling(RESTLESS_AFTER).mean()
    then = jumps.rolling(RESTLESS_BEFORE, min_periods=LEAST).mean().shift(RESTLESS_AFTER)
    usual = now.rolling(RESTLESS_BEFORE, min_periods=LEAST).std().shift(RESTLESS_AFTER)
    return (now - then).abs() / np.maximum(usual, 0.1 * floor)
