"""Forecasts beside the seasonal naive on public series, and risks beside the base rate on the demo.

The series come with statsmodels, so that nothing is fetched: CO2 at Mauna Loa, sunspots, El Nino,
US real GDP, the Nile. The demo's history ends at a fixed day, so that each run is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from statsmodels.datasets import co2, elnino, macrodata, nile, sunspots

from analytics.demo.story import DAY_US, synthetic_history
from analytics.models.failure_risk import Tested, model_of
from analytics.models.forecast.back_test import Series, forecast
from analytics.models.risk_features import Outcome, known_of
from analytics.models.runs import Runs
from engine.model.execution import Status
from engine.model.finished import FinishedRun
from tests.bench.table import Row

END_US = 20_000 * DAY_US


def forecasts() -> Iterator[Row]:
    """MASE and coverage on the series; then Brier scores and the reliability on the demo."""
    for name, values, period in public_series():
        found = forecast(Series(values=values, periods=(period,)), period, horizon=max(4, period))
        mase = f"{found.mase:.2f} / {found.naive_mase:.2f} / {found.coverage:.0%}"
        what = f"{name}, {len(values)} values: MASE of {found.model} / of the naive / coverage"
        yield Row(what, mase)
    pooled = _Pooled()
    for name, runs in demo_runs().items():
        for outcome in Outcome:
            known = known_of(runs, outcome)
            tested = model_of(known.table, known.happened)
            if tested is None:
                continue
            pooled.add(tested)
            verdict = "shown" if tested.beats_base else "not shown"
            scores = f"{tested.brier:.4f} / {tested.base_brier:.4f}, {verdict}"
            yield Row(f"demo, {name} {outcome.value}: Brier score / of the base rate", scores)
    for said, came, count in pooled.bins():
        yield Row(
            f"demo, shown models said {said:.1%}: came, of {count} unseen runs", f"{came:.1%}"
        )


def public_series() -> Iterator[tuple[str, np.ndarray, int]]:
    """(name, values, season in steps)."""
    monthly = co2.load_pandas().data["co2"].resample("MS").mean().interpolate()
    yield "CO2 by month", monthly.to_numpy(), 12
    yield "sunspots by year", sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(), 11
    yield "El Nino by month", elnino.load_pandas().data.iloc[:, 1:].to_numpy().ravel(), 12
    yield "US real GDP by quarter", macrodata.load_pandas().data["realgdp"].to_numpy(), 4
    yield "Nile by year", nile.load_pandas().data["volume"].to_numpy(dtype=float), 1


def demo_runs() -> dict[str, Runs]:
    """The runs of each job of the demo's history."""
    by_name: dict[str, list[FinishedRun]] = {}
    for run in synthetic_history(END_US):
        by_name.setdefault(run.name, []).append(run)
    return {name: _runs(found) for name, found in by_name.items()}


def _runs(found: list[FinishedRun]) -> Runs:
    at = np.array([run.scheduled_us for run in found], dtype=np.int64)
    began = np.array([run.started_us or 0 for run in found], dtype=np.int64)
    ended = np.array([run.completed_us for run in found], dtype=np.int64)
    return Runs(
        ids=np.arange(len(found)).astype(str),
        at_us=at,
        duration_ms=(ended - began) / 1000,
        lateness_ms=(began - at) / 1000,
        failed=np.array([run.status is Status.FAILED for run in found]),
        attempts=np.ones(len(found), dtype=np.int64),
        version=np.ones(len(found), dtype=np.int64),
    )


@dataclass
class _Pooled:
    """The reliability of all models that are shown, taken together."""

    shown: list[tuple[float, float, int]] = field(default_factory=list)

    def add(self, tested: Tested) -> None:
        if tested.beats_base:
            self.shown += zip(tested.predicted, tested.observed, tested.counts, strict=True)

    def bins(self) -> Iterator[tuple[float, float, int]]:
        edges = (0.0, 0.02, 0.1, 0.3, 0.6, 0.9, 1.01)
        for low, high in pairwise(edges):
            part = [one for one in self.shown if low <= one[0] < high]
            count = sum(one[2] for one in part)
            if count:
                said = sum(one[0] * one[2] for one in part) / count
                yield said, sum(one[1] * one[2] for one in part) / count, count
