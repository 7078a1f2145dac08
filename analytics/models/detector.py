"""What a detector of anomalies is, and where they are found.

A detector looks at a job's runs and says of each what it expected, knowing only the runs before.
Looking back at a month of history and having watched that month give the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from analytics.models.runs import Runs
from engine.core.registry import Registry


class Signal(StrEnum):
    """What a detector looks at."""

    DURATION = "duration"
    FAILURES = "failures"
    CADENCE = "cadence"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """What was expected of each run and how far it was from that.

    Arrays as long as the runs. `value` and the band `low`..`high` share the unit that `unit`
    names; nan where there was not enough to judge by. `score` is 0 for as expected and 1 at the
    band's edge; a run is `flagged` from there on.
    """

    unit: str
    value: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    score: NDArray[np.float64]

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Which runs left the band."""
        return np.nan_to_num(self.score) >= 1.0


class Detector(Protocol):
    """Finds one kind of anomaly; a pure function of the runs, seeded where it draws."""

    signal: ClassVar[Signal]
    title: ClassVar[str]
    """A few words for the head of a chart."""
    explanation: ClassVar[str]
    """One sentence: when it speaks up."""
    least: ClassVar[int]
    """So many runs are needed before it says anything."""

    def judge(self, runs: Runs) -> Judgement:
        """Judge every run by those before it."""


detectors: Registry[type[Detector]] = Registry(
    "detector", package="analytics.models.detectors", group="chronos.detectors"
)
"""Every detector by name."""


def banded(
    value: NDArray[np.float64],
    expected: NDArray[np.float64],
    half: NDArray[np.float64],
    unit: str,
) -> Judgement:
    """A judgement with a band of `half` above and below what was expected."""
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.abs(value - expected)
        score = np.where(distance == 0, 0.0, distance / half)
    score = np.where(np.isnan(half) | np.isnan(value), np.nan, score)
    return Judgement(
        unit=unit,
        value=value,
        expected=expected,
        low=expected - half,
        high=expected + half,
        score=score,
    )


def in_log(judgement: Judgement, value: NDArray[np.float64]) -> Judgement:
    """A judgement made on log(1 + value), told in the value's own unit."""
    return Judgement(
        unit=judgement.unit,
        value=value,
        expected=np.expm1(judgement.expected),
        low=np.maximum(0.0, np.expm1(judgement.low)),
        high=np.expm1(judgement.high),
        score=judgement.score,
    )
