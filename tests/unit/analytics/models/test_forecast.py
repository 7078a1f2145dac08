"""Forecasts: what a season and a trend give, what noise does not, and gaps that are no habits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.models.forecast.back_test import Series, forecast, origins_of
from analytics.models.forecast.duration import DAY_US, duration_forecast, slots_of, step_of
from analytics.models.forecast.load import HOUR_US, Hours, hours_of, load_forecast, without_gaps
from analytics.models.runs import Runs
from tests.kit.runs import MONDAY_US

MINUTE_US = 60_000_000


def daily(days: int, seed: int = 1, noise: float = 3.0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    hours = np.arange(24 * days)
    values = 100 + 40 * np.sin(2 * np.pi * hours / 24) + noise * chance.standard_normal(len(hours))
    return np.maximum(0.0, values)


def test_a_noisy_day_is_foretold_better_than_by_the_day_before() -> None:
    found = forecast(Series(values=daily(28), periods=(24,)), 48, horizon=24, thorough=False)
    assert found.beats_naive
    assert found.mase < 0.9 * found.naive_mase
    truth = 100 + 40 * np.sin(2 * np.pi * np.arange(48) / 24)
    assert np.abs(found.mean - truth).mean() < 3.0
    assert 0.8 <= found.coverage <= 1.0
    assert (found.low <= found.mean).all()
    assert (found.mean <= found.high).all()


def test_a_random_walk_is_told_by_its_last_value_or_something_as_good() -> None:
    chance = np.random.default_rng(4)
    walk = 500 + np.cumsum(chance.standard_normal(300))
    found = forecast(Series(values=walk, periods=(1,)), 5, horizon=5)
    assert found.mase > 0.9 * found.naive_mase
    assert found.method == ("seasonal_naive" if not found.beats_naive else found.model)


def test_the_floor_is_shown_where_the_past_repeats_itself_exactly() -> None:
    found = forecast(Series(values=np.tile(np.arange(24.0), 20), periods=(24,)), 24, horizon=24)
    assert (found.method, found.naive_mase, found.beats_naive) == ("seasonal_naive", 0.0, False)
    assert list(found.mean) == list(np.arange(24.0))


def test_what_comes_after_an_origin_is_never_seen_before_it() -> None:
    values = daily(28)
    told = forecast(Series(values=values, periods=(24,)), 24, horizon=24, thorough=False)
    spoiled = values.copy()
    spoiled[-24:] = 0.0  # the last origin's day: the model's errors there grow, and only there
    other = forecast(Series(values=spoiled, periods=(24,)), 24, horizon=24, thorough=False)
    assert other.naive_mase > told.naive_mase
    assert other.model == told.model  # chosen by the earlier origins


@settings(max_examples=60, deadline=None)
@given(st.integers(40, 3000), st.integers(1, 200))
def test_origins_leave_past_and_room(length: int, horizon: int) -> None:
    ahead = min(horizon, length // 4)
    origins = origins_of(length, ahead)
    assert origins == sorted(set(origins))
    assert origins[0] >= length // 4
    assert origins[-1] == length - ahead


def test_two_weeks_of_hours_are_needed() -> None:
    assert load_forecast(Hours(first=0, values=daily(13)), 24, thorough=False) is None
    assert load_forecast(Hours(first=0, values=daily(14)), 24, thorough=False) is not None


def test_the_running_hour_is_left_out_and_quiet_hours_count() -> None:
    found = hours_of(np.array([10, 13, 14]), np.array([1.0, 2.0, 9.0]), 14 * HOUR_US + 1)
    assert (found.first, list(found.values)) == (10, [1.0, 0.0, 0.0, 2.0])
    assert (found.since_us, found.until_us) == (10 * HOUR_US, 14 * HOUR_US)


def test_a_standstill_is_filled_and_a_quiet_night_is_a_habit() -> None:
    busy = daily(20)
    still = busy.copy()
    still[200:212] = 0.0
    assert list(without_gaps(still)[200:212]) == list(busy[32:44])
    nightly = np.tile([0.0] * 20 + [5.0] * 4, 20)
    assert list(without_gaps(nightly)) == list(nightly)


def runs_at(minutes: list[int], days: int, took_ms: list[float]) -> Runs:
    chance = np.random.default_rng(2)
    at = [MONDAY_US + day * DAY_US + m * MINUTE_US for day in range(days) for m in minutes]
    values = np.tile(took_ms, days) * chance.lognormal(0, 0.1, len(at))
    return Runs.of_values(np.array(at, dtype=np.int64), values)


def test_a_slow_hour_is_expected_to_be_slow_again() -> None:
    slots = slots_of(runs_at([120, 780], 40, [90_000.0, 30_000.0]))
    assert slots is not None
    assert list(slots.minutes) == [120, 780]
    found = duration_forecast(slots, 7)
    night, noon = found.mean[0], found.mean[1]
    assert night == pytest.approx(90_000, rel=0.15)
    assert noon == pytest.approx(30_000, rel=0.15)
    fire = MONDAY_US + 41 * DAY_US + 780 * MINUTE_US
    assert step_of(slots.minutes, slots.first_day + slots.days, fire) == 3


def test_a_day_that_was_left_out_is_the_day_before_and_few_days_are_no_grid() -> None:
    whole = runs_at([60], 45, [1000.0])
    kept = np.arange(45) != 12
    slots = slots_of(Runs.of_values(whole.at_us[kept], whole.duration_ms[kept]))
    assert slots is not None
    assert slots.days == 45
    assert slots.values[12] == slots.values[11]
    assert slots_of(runs_at([60], 39, [1000.0])) is None
    assert slots_of(runs_at(list(range(0, 1440, 60)), 13, [1000.0] * 24)) is None
    assert slots_of(Runs.of_values(np.zeros(0, dtype=np.int64), np.zeros(0))) is None
