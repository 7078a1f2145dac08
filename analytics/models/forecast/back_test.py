"""A forecast that had to prove itself: rolling origins, MASE beside the floor, measured intervals.

The past is cut at several origins. At each, every method continues what lies before and is held
against what came. The earlier origins choose the method and give the width of the intervals; the
later ones, which nobody has chosen by, measure how good it is and how often it was right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.models.forecast.methods import Method, models, naives

Floats = NDArray[np.float64]

ORIGINS: Final = 16
PAST_SHARE_MIN: Final = 0.5
"""The first origin leaves at least this share of the series before it, or nearly."""
POINTS_MIN: Final = 40
"""So many values leave past enough before the first origin."""
LEVEL: Final = 0.9
"""The share of values that an interval should hold."""
BLOCK_RESIDUALS: Final = 24
BLOCKS_MAX: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """Values at even steps, oldest first.

    Attributes:
        values: in the unit of what is measured; not negative where `is_positive`.
        periods: the seasons that may be in it, in steps; (1,) for none.
        in_log: whether it is modelled on the scale of log(1 + value), as durations are.
        is_positive: whether values below 0 cannot be.
    """

    values: Floats
    periods: tuple[int, ...] = (1,)
    in_log: bool = False
    is_positive: bool = True

    def modelled(self, values: Floats) -> Floats:
        """Values on the scale on which they are modelled."""
        return np.log1p(values) if self.in_log else values

    def told(self, values: Floats) -> Floats:
        """Modelled values on the scale on which people read them."""
        told = np.expm1(np.minimum(values, 700.0)) if self.in_log else values
        return np.maximum(0.0, told) if self.is_positive else told


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """The coming values with their intervals, and how the method did.

    Attributes:
        method: the name of the method that is shown.
        period: its season, in steps.
        beats_naive: whether a model beat the floor on the later origins; else the floor is shown.
        model: the best model's name, shown or not.
        mase: of that model, on the later origins; 1 is as good as the floor was in its past.
        naive_mase: of the floor, likewise.
        coverage: the share of values at the later origins inside the 90 % intervals of what is
            shown, which earlier origins gave.
        tested: how many values of the later origins that counts.
    """

    method: str
    period: int
    beats_naive: bool
    model: str
    mase: float
    naive_mase: float
    coverage: float
    tested: int
    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """One method at every origin: what it said, (origins, horizon), on the modelled scale."""

    method: Method
    said: Floats

    def error(self, series: Series, came: Floats, rows: slice) -> float:
        return float(np.abs(series.told(self.said[rows]) - series.told(came[rows])).mean())


def origins_of(length: int, horizon: int) -> list[int]:
    """Where the past is cut, the earliest first; a horizon apart where there is room for it.

    >>> origins_of(1344, 24)[:2], origins_of(1344, 24)[-1], origins_of(100, 4)[0]
    ([960, 984], 1320, 51)
    """
    room = int(length * (1 - PAST_SHARE_MIN)) - horizon
    apart = min(max(1, room // (ORIGINS - 1)), horizon)
    return [length - horizon - apart * back for back in range(ORIGINS - 1, -1, -1)]


def forecast(series: Series, steps: int, *, horizon: int, thorough: bool = True) -> Forecast:
    """Continue a series by the method that its own past speaks for.

    Args:
        series: of `POINTS_MIN` values at least; the caller says what is not enough.
        steps: how many values are wanted.
        horizon: how many steps the back-test looks ahead, where the past is long enough.
        thorough: whether slow methods are tried too.
    """
    values = series.modelled(series.values)
    ahead = min(horizon, len(values) // 4)
    origins = origins_of(len(values), ahead)
    came = np.stack([values[origin : origin + ahead] for origin in origins])
    first = origins[0]

    def trial(method: Method) -> _Trial:
        return _Trial(method, np.stack([method.ahead(values[:at], ahead) for at in origins]))

    choosing, measuring = slice(0, ORIGINS // 2), slice(ORIGINS // 2, None)
    floors = [trial(method) for method in naives(first, series.periods)]
    tried = [trial(method) for method in models(first, series.periods, thorough=thorough)]
    floor = min(floors, key=lambda one: one.error(series, came, choosing))
    best = min(tried, key=lambda one: one.error(series, came, choosing))
    scale = _scale(series.values[:first], floor.method.period)
    mase = _mase(best.error(series, came, measuring), scale)
    naive_mase = _mase(floor.error(series, came, measuring), scale)
    beats = mase < naive_mase
    shown = best if beats else floor
    residuals = came - shown.said
    low, high = _band(shown.said[measuring], residuals[choosing], ahead)
    inside = (came[measuring] >= low - 1e-9) & (came[measuring] <= high + 1e-9)
    mean = shown.method.ahead(values, steps)
    below, above = _band(mean[None, :], residuals, ahead)
    return Forecast(
        method=shown.method.name,
        period=shown.method.period,
        beats_naive=beats,
        model=best.method.name,
        mase=mase,
        naive_mase=naive_mase,
        coverage=float(inside.mean()),
        tested=int(inside.size),
        mean=series.told(mean),
        low=series.told(below[0]),
        high=series.told(above[0]),
    )


def _scale(past: Floats, period: int) -> float:
    """The mean error of the floor one step ahead, within the past (Hyndman and Koehler, 2006)."""
    return float(np.abs(past[period:] - past[:-period]).mean())


def _mase(error: float, scale: float) -> float:
    """Mean absolute scaled error; where the past repeats exactly, 0 for doing so and else 1e6."""
    if scale > 0:
        return min(error / scale, 1e6)
    return 0.0 if error == 0 else 1e6


def _band(said: Floats, residuals: Floats, ahead: int) -> tuple[Floats, Floats]:
    """Low and high around what was said: quantiles of earlier residuals at like leads.

    Leads up to `ahead` fall into blocks with residuals enough to take a quantile of. Beyond, the
    width grows with the root of the lead, as the error of a random walk does.
    """
    blocks = int(np.clip(residuals.size // BLOCK_RESIDUALS, 1, min(BLOCKS_MAX, ahead)))
    edges = np.linspace(0, ahead, blocks + 1).astype(int)
    leads = np.arange(said.shape[1])
    below, above = np.zeros(len(leads)), np.zeros(len(leads))
    for begin, end in pairwise(edges):
        found = residuals[:, begin:end].ravel()
        place = (leads >= begin) & ((leads < end) | (end == ahead))
        below[place], above[place] = _quantile(found, low=True), _quantile(found, low=False)
    growth = np.sqrt(np.maximum(1.0, (leads + 1) / ahead))
    return said + below * growth, said + above * growth


def _quantile(residuals: Floats, *, low: bool) -> float:
    """The conformal quantile of one side (Vovk et al., 2005): rank (n + 1) q, rounded outwards."""
    ordered = np.sort(residuals)
    rank = math.ceil((len(ordered) + 1) * (1 + LEVEL) / 2)
    outside = max(0, len(ordered) - rank)
    return float(min(0.0, ordered[outside]) if low else max(0.0, ordered[-1 - outside]))
