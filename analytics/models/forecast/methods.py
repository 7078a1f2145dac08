"""The ways to continue a series: the seasonal naive floor, and statsmodels' answers to it.

A method is fitted to the past that it is given and continues it; it never sees what follows.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# statsmodels takes seconds to load, and a node that only shows forecasts never fits one: it is
# imported where a model is fitted.

Floats = NDArray[np.float64]

TREND_POINTS_MAX: Final = 400
"""A damped trend is looked for in series so short; in longer ones it costs seconds."""

SEASONS_MIN: Final = 3
"""So many whole seasons of past, or the season is not looked for."""

JUMP_SHARE: Final = 10
"""STL smooths at every tenth point of its windows and draws lines between them."""


@dataclass(slots=True)
class SeasonalNaive:
    """The last season again (Hyndman and Athanasopoulos, FPP3, section 5.2): the floor."""

    period: int
    name: str = "seasonal_naive"

    def ahead(self, past: Floats, steps: int) -> Floats:
        """The `steps` values after `past`."""
        return np.resize(past[-self.period :], steps)


@dataclass(slots=True)
class HoltWinters:
    """Exponential smoothing with an additive season and, in short series, a damped trend.

    C. C. Holt, ONR 52 (1957), and P. R. Winters, Management Science 6 (1960). The smoothing
    constants are found once, on the first past; later pasts are smoothed with the same ones.
    """

    period: int
    name: str = "holt_winters"
    _found: dict[str, float] = field(default_factory=dict)

    def ahead(self, past: Floats, steps: int) -> Floats:
        """The `steps` values after `past`."""
        from statsmodels.tsa.holtwinters import ExponentialSmoothing

        is_seasonal = self.period > 1 and len(past) >= 2 * self.period
        has_trend = len(past) <= TREND_POINTS_MAX
        model = ExponentialSmoothing(
            past,
            trend="add" if has_trend else None,
            damped_trend=has_trend,
            seasonal="add" if is_seasonal else None,
            seasonal_periods=self.period if is_seasonal else None,
            initialization_method="heuristic" if len(past) >= 10 else "estimated",
        )
        with warnings.catch_warnings():
            # A search that stops early gives constants that the back-test judges like any others.
            warnings.simplefilter("ignore")
            if self._found and bool(self._found.get("_trend")) == has_trend:
                given = {name: one for name, one in self._found.items() if name != "_trend"}
                fitted = model.fit(optimized=False, **given)
            else:
                fitted = model.fit(use_brute=False)
                self._found = _constants(fitted.params, has_trend, is_seasonal)
        return np.asarray(fitted.forecast(steps), dtype=np.float64)


def _constants(params: dict[str, Any], has_trend: bool, is_seasonal: bool) -> dict[str, float]:
    found = {"smoothing_level": float(params["smoothing_level"]), "_trend": float(has_trend)}
    if has_trend:
        found["smoothing_trend"] = float(params["smoothing_trend"])
        found["damping_trend"] = float(params["damping_trend"])
    if is_seasonal:
        found["smoothing_seasonal"] = float(params["smoothing_seasonal"])
    return found


@dataclass(slots=True)
class StlSmoothing:
    """The season taken out by STL, the rest smoothed exponentially, the season put back.

    R. B. Cleveland et al., Journal of Official Statistics 6 (1990).
    """

    period: int
    name: str = "stl_smoothing"
    _rest: HoltWinters = field(default_factory=lambda: HoltWinters(1))

    def ahead(self, past: Floats, steps: int) -> Floats:
        """The `steps` values after `past`."""
        from statsmodels.tsa.seasonal import STL

        jump = max(1, self.period // JUMP_SHARE)
        parts = STL(
            past, period=self.period, seasonal_jump=2, trend_jump=jump, low_pass_jump=jump
        ).fit()
        season = np.asarray(parts.seasonal, dtype=np.float64)
        rest = self._rest.ahead(past - season, steps)
        return rest + np.resize(season[-self.period :], steps)


Method = SeasonalNaive | HoltWinters | StlSmoothing


def naives(length: int, periods: tuple[int, ...]) -> list[SeasonalNaive]:
    """The floors that a past of this length allows, at least the last value again."""
    fitting = [period for period in periods if length >= 2 * period]
    return [SeasonalNaive(period) for period in fitting or [1]]


def models(length: int, periods: tuple[int, ...], *, thorough: bool) -> list[Method]:
    """The models that a past of this length allows; STL only where time is given for it."""
    seasons = [period for period in periods if period > 1 and length >= SEASONS_MIN * period]
    found: list[Method] = [HoltWinters(period) for period in seasons or [1]]
    if thorough:
        found += [StlSmoothing(period) for period in seasons]
    return found
