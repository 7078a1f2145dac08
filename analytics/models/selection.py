"""Which detector of durations suits a job: faults are planted into its own past and looked for.

A detector that flags the past as it is would cry wolf; one that misses the planted faults would
sleep. The best of a job balances both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.models.detector import Signal, detectors
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week

RUNS_MIN = 60
PLANTED = 12
FACTORS = (2.0, 3.0, 5.0)
ALARM_COST = 20.0
"""One false alarm in a hundred runs costs as much as twenty missed faults in a hundred."""

REGULAR_COST = 1.0
"""Flags that all come again at their hour cost as much as missing every planted fault."""

REGULAR_MIN = 3
"""So many flags at one hour of the day make it a pattern, if chance would not put them there."""

REGULAR_RATE = 0.5
"""Likewise: of the runs at that hour, so many were flagged."""

DEFAULT = "duration_outlier"
CANDIDATES = ("duration_outlier", "duration_seasonal")
LASTING = ("level_shift", "pattern_change", "drift")
"""What looks for changes that stay, whatever looks at single runs."""

BASELINE = "duration_spike"
"""Tested beside the candidates for comparison; durations are too skewed for it to be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTest:
    """How a detector did on a job's own past: shares of planted faults found, of runs flagged.

    `regular` is the share of those flags that came at the same hour of the day or the week again
    and again: a pattern, and no anomaly.
    """

    detector: str
    found: float
    false_alarms: float
    regular: float

    @property
    def score(self) -> float:
        """1 is perfect; less than 0 is worse than saying nothing."""
        return self.found - ALARM_COST * self.false_alarms - REGULAR_COST * self.regular


def back_test(runs: Runs, seed: int) -> list[BackTest]:
    """Every detector of durations on this past, the best first; empty below sixty runs."""
    if len(runs) < RUNS_MIN:
        return []
    chance = np.random.default_rng(seed)
    later = np.arange(len(runs) // 2, len(runs))
    later = later[~np.isnan(runs.duration_ms[later])]
    if len(later) < PLANTED:
        return []
    places = np.sort(chance.choice(later, PLANTED, replace=False))
    spoiled = runs.duration_ms.copy()
    spoiled[places] *= chance.choice(FACTORS, PLANTED)
    faulty = replace(runs, duration_ms=spoiled)
    tests = [_test(name, runs, faulty, places) for name in (*CANDIDATES, BASELINE)]
    return sorted(tests, key=lambda test: test.score, reverse=True)


def best_detector(runs: Runs, seed: int) -> str:
    """The name of the detector of durations that suits this past."""
    tests = [test for test in back_test(runs, seed) if test.detector in CANDIDATES]
    return tests[0].detector if tests and tests[0].score > 0 else DEFAULT


def detectors_for(runs: Runs, seed: int) -> list[str]:
    """What a job is watched with: its best detector of durations, and all of the other signals."""
    watching = [best_detector(runs, seed), *LASTING]
    others = [name for name in detectors.names() if detectors.get(name).signal != Signal.DURATION]
    return watching + others


def _test(name: str, runs: Runs, spoiled: Runs, places: np.ndarray) -> BackTest:
    judge = detectors.get(name)().judge
    half = len(runs) // 2
    flagged = judge(runs).flagged
    flagged[:half] = False
    return BackTest(
        detector=name,
        found=float(judge(spoiled).flagged[places].mean()),
        false_alarms=float(flagged[half:].mean()),
        regular=regularity(runs, flagged),
    )


def regularity(runs: Runs, flagged: NDArray[np.bool_]) -> float:
    """The share of the flags that come at an hour of the day, or the week, that is often flagged.

    0 where nothing is flagged. Only the runs since the first flag count for an hour's rate.
    """
    if not flagged.any():
        return 0.0
    first = int(np.argmax(flagged))
    week = hours_of_week(runs.at_us, runs.timezone)[first:]
    seen = flagged[first:]
    regular = np.zeros(len(seen), dtype=np.bool_)
    for hours in (week % 24, week):
        all_runs = np.bincount(hours, minlength=168)
        flags = np.bincount(hours, weights=seen, minlength=168)
        often = (flags >= REGULAR_MIN) & (flags >= REGULAR_RATE * all_runs)
        # Where every hour is flagged nothing is regular about it: the job has changed.
        if 2 * int(often.sum()) <= int((all_runs > 0).sum()):
            regular |= seen & often[hours]
    return float(regular.sum() / seen.sum())
