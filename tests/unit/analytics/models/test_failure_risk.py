"""Risks: what is planted is found and calibrated, and noise claims nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from analytics.models.failure_risk import Weights, fit, model_of, numbers_of, reasons
from analytics.models.risk_features import COLUMNS, Outcome, in_words, known_of, known_of_next
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from tests.kit.runs import MINUTE_US, noise

HOUR_US = 60 * MINUTE_US


def bad_hour(seed: int = 3, share: float = 0.6) -> Runs:
    """An hourly job that fails at 14:00 more often than not."""
    runs = noise(seed, 2000, every_us=HOUR_US, fails=0.01)
    chance = np.random.default_rng(seed)
    at = hours_of_week(runs.at_us) % 24 == 14
    return replace(runs, failed=runs.failed | (at & (chance.random(len(runs)) < share)))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
def test_noise_claims_nothing(seed: int, share: float) -> None:
    for outcome in Outcome:
        known = known_of(noise(seed, 1000, fails=share), outcome)
        tested = model_of(known.table, known.happened)
        assert tested is None or not tested.beats_base


def test_a_bad_hour_is_known_before_and_told_in_words() -> None:
    runs = bad_hour()
    known = known_of(runs, Outcome.FAILS)
    tested = model_of(known.table, known.happened)
    assert tested is not None
    assert tested.beats_base
    assert tested.brier < 0.8 * tested.base_brier
    last_day = int(runs.at_us[-1]) // (24 * HOUR_US) * 24 * HOUR_US
    bad, good = (last_day + hour * HOUR_US + 24 * HOUR_US for hour in (14, 5))
    rows = [known_of_next(runs, known.habits, at) for at in (bad, good)]
    told = tested.weights.probabilities(np.stack(rows))
    assert told[0] > 0.35
    assert told[1] < 0.05
    first = reasons(tested.weights, rows[0], 14)[0]
    assert first.weight > 0
    assert first.text == "14:00 to 15:00 is an hour in which it happens more often"


def test_probabilities_are_what_comes() -> None:
    known = known_of(bad_hour(5), Outcome.FAILS)
    tested = model_of(known.table, known.happened)
    assert tested is not None
    assert sum(tested.counts) == tested.runs
    error = sum(
        count * abs(said - came)
        for said, came, count in zip(tested.predicted, tested.observed, tested.counts, strict=True)
    )
    assert error / tested.runs < 0.03


def test_failures_that_follow_each_other_are_foretold_by_the_last() -> None:
    runs = noise(9, 2000, fails=0.0)
    failed = np.zeros(2000, dtype=bool)
    for begin in range(60, 2000, 100):
        failed[begin : begin + 12] = True
    known = known_of(replace(runs, failed=failed), Outcome.FAILS)
    tested = model_of(known.table, known.happened)
    assert tested is not None
    assert tested.beats_base
    assert tested.brier < 0.4 * tested.base_brier


def test_columns_never_look_at_the_run_itself_nor_beyond() -> None:
    runs = bad_hour()
    known = known_of(runs, Outcome.FAILS)
    changed = replace(
        runs,
        failed=np.concatenate((runs.failed[:1500], ~runs.failed[1500:])),
        duration_ms=np.concatenate((runs.duration_ms[:1500], 9 * runs.duration_ms[1500:])),
    )
    other = known_of(changed, Outcome.FAILS)
    assert np.array_equal(known.table[:1501], other.table[:1501])


def test_the_next_run_is_known_as_the_past_ones_were() -> None:
    runs = bad_hour()
    cut = 1400
    before = replace(
        runs,
        **{
            name: getattr(runs, name)[:cut]
            for name in (
                *("ids", "at_us", "duration_ms", "lateness_ms", "failed", "attempts", "version"),
            )
        },
    )
    row = known_of_next(before, known_of(before, Outcome.FAILS).habits, int(runs.at_us[cut]))
    assert np.allclose(row, known_of(runs, Outcome.FAILS).table[cut])


def test_too_little_is_not_judged() -> None:
    for runs in (noise(1, 50, fails=0.5), noise(1, 1000, fails=0.0)):
        known = known_of(runs, Outcome.FAILS)
        assert model_of(known.table, known.happened) is None
    none = known_of(noise(1, 300, fails=0.0), Outcome.FAILS)
    assert fit(none.table, none.happened) is None


def test_a_model_is_plain_numbers_and_comes_back_as_it_was() -> None:
    known = known_of(bad_hour(), Outcome.FAILS)
    tested = model_of(known.table, known.happened)
    assert tested is not None
    numbers = json.loads(json.dumps(numbers_of(tested)))
    again = Weights.of_numbers(numbers).probabilities(known.table)
    assert np.allclose(again, tested.weights.probabilities(known.table), atol=1e-3)


def test_every_column_has_words() -> None:
    for column in COLUMNS:
        assert in_words(column, 1.0, 30)
        assert in_words(column, 0.0, 30)
