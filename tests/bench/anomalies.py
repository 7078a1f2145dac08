"""The detectors on the labelled series of the Numenta Anomaly Benchmark, by its own scoring."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.models.detector import detectors
from analytics.models.runs import Runs
from tests.bench import nab
from tests.bench.table import Row

SCORED = ("surprise", "duration_spike", "duration_outlier", "level_shift", "isolation")


def anomalies() -> Iterator[Row]:
    """The series are metrics, not runs: each value is taken for a duration."""
    series = nab.load()
    for name in SCORED:
        judge = detectors.get(name)().judge
        # Durations are never negative; one series is.
        scores = [
            judge(Runs.of_values(one.at_us, one.value - min(0.0, one.value.min()))).score
            for one in series
        ]
        figures = (nab.score(series, scores, profile)[0] for profile in nab.PROFILES.values())
        figure = " / ".join(f"{figure:.1f}" for figure in figures)
        profiles = ", ".join(nab.PROFILES)
        yield Row(f"{name} on 28 labelled series, NAB score ({profiles})", figure)
