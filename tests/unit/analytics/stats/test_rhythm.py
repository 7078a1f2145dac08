"""A rhythm is what comes again; what came once is a change."""

from __future__ import annotations

import numpy as np

from analytics.stats.rhythm import Rhythm, rhythm_so_far

WEEK = np.arange(168 * 3) % 168
WEEKEND = WEEK >= 120


def test_what_comes_again_is_learned_and_what_came_once_is_not() -> None:
    values = np.where(WEEKEND, -1.0, 0.0)
    weekday, weekend = Rhythm.of(values, WEEK).at(np.array([30, 130]))
    assert weekday == 0.0
    assert -1.0 < weekend < -0.9
    once = np.where(WEEKEND & (np.arange(504) < 168), -1.0, 0.0)
    assert not Rhythm.of(once[:168], WEEK[:168]).by_week.any()
    assert abs(Rhythm.of(once, WEEK).at(np.array([130]))[0]) < 0.01


def test_an_hour_of_every_day_is_learned_in_days() -> None:
    values = np.where(WEEK % 24 == 5, 2.0, 0.0)[:96]
    added = rhythm_so_far(values, WEEK[:96])
    assert added[77] > 0.5
    assert np.all(added[:25] == 0)


def test_nothing_known_is_no_rhythm() -> None:
    assert not Rhythm.of(np.full(5, np.nan), WEEK[:5]).by_week.any()
    assert not Rhythm.of(np.empty(0), WEEK[:0]).by_week.any()
