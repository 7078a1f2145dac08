"""The scoring of the Numenta Anomaly Benchmark (Lavin and Ahmad, ICMLA 2015)."""

from __future__ import annotations

import gzip
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("CHRONOS_TEST_DATA") or ROOT.parent / "shared" / "data")
PROBATION = 0.15
PROBATION_MAX = 750
THRESHOLDS = 200


@dataclass(frozen=True, slots=True)
class Profile:
    """What a hit, a false alarm and a miss weigh."""

    hit: float
    false_alarm: float
    miss: float


PROFILES = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward low FP": Profile(1.0, 0.22, 1.0),
    "reward low FN": Profile(1.0, 0.11, 2.0),
}


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A series with its labelled windows, first and last place each."""

    name: str
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    windows: list[tuple[int, int]]

    @property
    def probation(self) -> int:
        """So many values are for learning and not scored."""
        return int(min(PROBATION * len(self.value), PROBATION * 5000))


def load() -> list[Labelled]:
    """The 28 labelled series."""
    series = []
    with gzip.open(DATA / "anomaly" / "series.jsonl.gz", "rt") as lines:
        for line in map(json.loads, lines):
            at = np.array(line["timestamp"], dtype="datetime64[us]").astype(np.int64)
            windows = [
                tuple(int(np.datetime64(end, "us").astype(np.int64)) for end in window)
                for window in line["anomaly_windows"]
            ]
            places = [
                (int(np.searchsorted(at, low)), int(np.searchsorted(at, high, side="right")) - 1)
                for low, high in windows
            ]
            series.append(Labelled(line["name"], at, np.array(line["value"], dtype=float), places))
    return series


def score(
    series: Sequence[Labelled], scores: Sequence[NDArray[np.float64]], profile: Profile
) -> tuple[float, float]:
    """The best normalised score over all thresholds, and that threshold; 100 is perfect."""
    windows = sum(len(one.windows) for one in series)
    pooled = np.concatenate(
        [np.nan_to_num(s)[one.probation :] for one, s in zip(series, scores, strict=True)]
    )
    tried = np.unique(np.quantile(pooled, 1 - np.geomspace(1e-5, 0.2, THRESHOLDS)))
    null, perfect = -profile.miss * windows, profile.hit * windows
    best = max(
        (
            sum(
                _raw(one, np.nan_to_num(s) >= at, profile)
                for one, s in zip(series, scores, strict=True)
            ),
            at,
        )
        for at in tried
        if at > 0
    )
    return max(0.0, 100 * (best[0] - null) / (perfect - null)), float(best[1])


def _raw(one: Labelled, detected: NDArray[np.bool_], profile: Profile) -> float:
    detected = detected.copy()
    detected[: one.probation] = False
    total = 0.0
    inside = np.zeros(len(detected), dtype=bool)
    for low, high in one.windows:
        inside[low : high + 1] = True
        hits = np.flatnonzero(detected[low : high + 1])
        if len(hits):
            position = -(high - (low + hits[0]) + 1) / (high - low + 1)
            total += profile.hit * _sigmoid(position) / _sigmoid(-1.0)
        else:
            total -= profile.miss
    ends = [(high, high - low + 1) for low, high in one.windows]
    for place in np.flatnonzero(detected & ~inside):
        earlier = [(high, width) for high, width in ends if high < place]
        if earlier:
            high, width = earlier[-1]
            total += profile.false_alarm * _sigmoid((place - high) / max(1, width - 1))
        else:
            total -= profile.false_alarm
    return total


def _sigmoid(position: float) -> float:
    return -1.0 if position > 3 else 2 / (1 + math.exp(5 * position)) - 1
