"""Mean and variance that grow by one value, or by those of others, without the values before.

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

    def joined(self, other: Moments) -> Moments:
        """These values and the others.

        By Chan, Golub and LeVeque, The American Statistician 37, 1983.

        >>> Moments.of([1, 2]).joined(Moments.of([3, 4])) == Moments.of([1, 2, 3, 4])
        True
        """
        count = self.count + other.count
        if not count:
            return self
        delta = other.mean - self.mean
        mean = self.mean + delta * other.count / count
        return Moments(
            count, mean, self.m2 + other.m2 + delta**2 * self.count * other.count / count
        )

    @property
    def variance(self) -> float:
        """The sample variance; 0 below two values."""
        return self.m2 / (self.count - 1) if self.count > 1 else 0.0

    @property
    def deviation(self) -> float:
        """The sample standard deviation; 0 below two values."""
        return math.sqrt(self.variance)
