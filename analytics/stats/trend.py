"""A straight line through noisy values, and whether it is more than noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are first used
from numpy.typing import NDArray

POINTS_MIN = 8
POINTS_MAX = 600
"""Theil and Sen look at every pair; more points are thinned out evenly."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A slope per unit of x, the 95 % interval of it, and the chance that there is none.

    `p_value` is that of Kendall's tau, two-sided.
    """

    slope: float
    intercept: float
    low: float
    high: float
    p_value: float

    @property
    def is_significant(self) -> bool:
        """Whether the interval leaves out 0 and chance would show it once in a hundred times."""
        return self.p_value < 0.01 and (self.low > 0 or self.high < 0)


def trend(x: NDArray[np.float64], y: NDArray[np.float64]) -> Trend | None:
    """The robust line through (x, y), or None for fewer than eight points.

    Theil and Sen's slope (Sen, JASA 63, 1968) with Kendall's test (Mann, Econometrica 13, 1945):
    up to 29 % of the points may be wild without moving it.
    """
    if len(x) < POINTS_MIN:
        return None
    if len(x) > POINTS_MAX:
        kept = np.linspace(0, len(x) - 1, POINTS_MAX).astype(int)
        x, y = x[kept], y[kept]
    slope, intercept, low, high = scipy.stats.theilslopes(y, x)
    p_value = float(scipy.stats.kendalltau(x, y).pvalue)
    return Trend(
        float(slope),
        float(intercept),
        float(low),
        float(high),
        1.0 if np.isnan(p_value) else p_value,
    )
