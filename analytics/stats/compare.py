"""Is one group of runs unlike another? Tests that assume no shape of the values."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import scipy  # its parts load when they are first used
from numpy.typing import NDArray

_Z_95: Final = 1.959964


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of a share, by Wilson (1927); (0, 1) where nothing was tried.

    >>> [round(bound, 3) for bound in wilson(10, 10)]
    [0.722, 1.0]
    """
    if trials == 0:
        return 0.0, 1.0
    share, square = successes / trials, _Z_95**2
    middle = (share + square / (2 * trials)) / (1 + square / trials)
    half = (
        _Z_95
        * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
        / (1 + square / trials)
    )
    return max(0.0, middle - half), min(1.0, middle + half)


def chance_of_larger(values: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """How likely values that are not larger than others would look as large as these do.

    The one-sided p of the rank-sum test (Mann and Whitney, 1947); 1 where either is empty.

    >>> chance_of_larger(np.arange(20.0) + 100, np.arange(20.0)) < 1e-6
    True
    """
    if not len(values) or not len(others):
        return 1.0
    p = float(scipy.stats.mannwhitneyu(values, others, alternative="greater").pvalue)
    return p if math.isfinite(p) else 1.0


def chance_of_more(failed: int, runs: int, other_failed: int, other_runs: int) -> float:
    """How likely a group that fails as others do would fail as often as this; Fisher's exact test.

    >>> chance_of_more(9, 30, 10, 2000) < 1e-6, chance_of_more(0, 30, 10, 2000)
    (True, 1.0)
    """
    if failed == 0 or runs == 0 or other_runs == 0:
        return 1.0
    everyone, all_failed = runs + other_runs, failed + other_failed
    return float(scipy.stats.hypergeom.sf(failed - 1, everyone, all_failed, runs))
