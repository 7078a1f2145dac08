"""Statistics against the definitions, and against laws."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.stats.hours import hours_of_week
from analytics.stats.moments import Moments
from analytics.stats.trend import trend
from analytics.stats.windows import rolling_deviation, rolling_median


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60))
def test_grown_moments_are_those_of_the_definition(given_values: list[float]) -> None:
    moments = Moments.of(given_values)
    assert moments.mean == pytest.approx(np.mean(given_values), abs=1e-6)
    assert moments.deviation == pytest.approx(np.std(given_values, ddof=1), rel=1e-6, abs=1e-5)


@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=20), max_size=6), st.randoms())
def test_joined_moments_are_those_of_all_values(parts: list[list[float]], chance: Random) -> None:
    joined = Moments()
    for part in chance.sample(parts, len(parts)):
        joined = joined.joined(Moments.of(part))
    whole = Moments.of(value for part in parts for value in part)
    assert joined.count == whole.count
    assert joined.mean == pytest.approx(whole.mean, abs=1e-6)
    assert joined.deviation == pytest.approx(whole.deviation, rel=1e-6, abs=1e-5)


def test_a_large_mean_does_not_drown_the_deviation() -> None:
    assert Moments.of([1e9 + 1, 1e9 + 2, 1e9 + 3]).variance == pytest.approx(1.0)


def test_a_week_has_168_hours_in_the_zone_of_the_job() -> None:
    summer = np.array([1_783_000_000_000_000])  # 2026-07-02T13:46:40Z, a Thursday
    assert hours_of_week(summer)[0] == 3 * 24 + 13
    assert hours_of_week(summer, "Asia/Tokyo")[0] == 3 * 24 + 22


def test_a_line_in_noise_is_significant_and_noise_is_not() -> None:
    chance = np.random.default_rng(1)
    x = np.arange(100.0)
    up = trend(x, 0.1 * x + chance.normal(0, 1, 100))
    flat = trend(x, chance.normal(0, 1, 100))
    assert up is not None
    assert flat is not None
    assert up.is_significant
    assert up.low < 0.1 < up.high
    assert not flat.is_significant
    assert trend(x[:7], x[:7]) is None


def test_wild_points_do_not_turn_a_line() -> None:
    x = np.arange(100.0)
    y = 0.1 * x
    y[::10] = 1e6
    found = trend(x, y)
    assert found is not None
    assert found.slope == pytest.approx(0.1, rel=0.05)


def test_windows_look_back_only() -> None:
    values = np.array([1.0, 2.0, 3.0, 100.0])
    median = rolling_median(values, 3, 2)
    assert np.isnan(median[:2]).all()
    assert list(median[2:]) == [1.5, 2.0]
    assert np.isnan(rolling_deviation(values, median, 3, 2)[:3]).all()
