"""Every registered detector keeps the promises of `analytics.models.detector.Detector`."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.models.detector import detectors
from analytics.models.runs import Runs
from tests.kit.runs import noise

pytestmark = pytest.mark.parametrize("name", detectors.names())


def head(runs: Runs, size: int) -> Runs:
    parts = {
        field: getattr(runs, field)[:size]
        for field in Runs.__dataclass_fields__
        if field != "timezone"
    }
    return Runs(**parts, timezone=runs.timezone)


@pytest.mark.parametrize("size", [0, 1, 7])
def test_too_few_runs_are_not_judged(name: str, size: int) -> None:
    judged = detectors.get(name)().judge(noise(1, size))
    assert len(judged.score) == size
    assert not judged.flagged.any()


def test_a_run_is_judged_by_those_before_it_only(name: str) -> None:
    runs = noise(2, 600)
    whole, part = detectors.get(name)().judge(runs), detectors.get(name)().judge(head(runs, 433))
    for field in ("value", "expected", "low", "high", "score"):
        np.testing.assert_allclose(
            getattr(whole, field)[:433], getattr(part, field), equal_nan=True, err_msg=field
        )


def test_the_band_holds_what_is_not_flagged(name: str) -> None:
    judged = detectors.get(name)().judge(noise(3, 600))
    known = ~np.isnan(judged.score)
    assert known.any()
    calm = known & ~judged.flagged
    assert (judged.low[calm] <= judged.high[calm]).all()
    assert (judged.score[known] >= 0).all()


def test_it_says_what_it_does(name: str) -> None:
    detector = detectors.get(name)
    assert detector.title
    assert detector.explanation.endswith(".")
    assert detector.__doc__


def test_runs_that_never_started_do_no_harm(name: str) -> None:
    runs = noise(4, 400)
    runs.duration_ms[[50, 200, 399]] = np.nan
    runs.lateness_ms[[50, 200, 399]] = np.nan
    judged = detectors.get(name)().judge(runs)
    assert not judged.flagged[[50, 200, 399]].any() or name == "cadence"
