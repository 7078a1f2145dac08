"""Mean and variance that grow by one value, without the values before it.

Welford's update (B. P. Welford, Technometrics 4, 1962). Unlike a sum of squares it does not cancel
when the mean is large beside the deviation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, and sum of squared deviations from the mean; the unit is the values'."""

    count: int = 0
    mean: float = 0.0
    m2: float = 0.0

    @classmethod
    def of(cls, values: Iterable[float]) -> Moments:
        """The moments of some values.

        >>> Moments.of([1, 2, 3, 4])
        Moments(count=4, mean=2.5, m2=5.0)
        """
        moments = cls()
        for value in values:
            moments = moments.plus(value)
        return moments

    def plus(self, value: float) -> Moments:
        """These values and one more."""
        count = self.count + 1
        delta = value - self.mean
        mean = self.mean + delta / count
        return Moments(count, mean, self.m2 + delta * (value - mean))

    @property
    def variance(self) -> float:
        """The sample variance; 0 below two values."""
        return self.m2 / (self.count - 1) if self.count > 1 else 0.0

    @property
    def deviation(self) -> float:
        """The sample standard deviation; 0 below two values."""
        return math.sqrt(self.variance)
