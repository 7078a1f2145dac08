"""How likely the next run fails, or is slow or late; told only where that beats the base rate.

A logistic regression over what is known before a run, with its probabilities calibrated after
Platt (1999). Time goes forward: each part of the later past is judged by a model of what lies
before it, and the Brier scores of these judgements beside the base rate's decide.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.models.risk_features import COLUMNS, in_words

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ALGORITHM: Final = "logistic_1"
"""Names the columns too: stored weights of another name are not read."""
RUNS_MIN: Final = 100
EVENTS_MIN: Final = 10
RUNS_MAX: Final = 10_000
FOLDS: Final = 5
FIRST_SHARE: Final = 0.4
CALIBRATION_SHARE: Final = 0.25
CALIBRATION_EVENTS_MIN: Final = 5
STRENGTH: Final = 1.0
"""The inverse of the penalty on the weights (scikit-learn's C)."""
SKILL_MIN: Final = 0.03
"""The Brier score must be lower than the base rate's by this share of it."""
CERTAINTY: Final = 1.0
"""And so many standard errors must lie between the two: both together, chance hardly reaches."""
BLOCKS: Final = 20
"""Neighbouring runs are alike; the error is taken over this many stretches of them."""
BINS: Final = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
REASONS_MAX: Final = 3
REASON_MIN: Final = 0.1
_LOGIT_MAX: Final = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A fitted model as plain numbers: a probability is all that they give.

    The logit of a run is `intercept` plus weights times (columns less `centre`); calibrated, it is
    `slope` times that plus `shift`.
    """

    intercept: float
    weights: tuple[float, ...]
    centre: tuple[float, ...]
    slope: float = 1.0
    shift: float = 0.0

    def logits(self, table: Floats) -> Floats:
        """The calibrated logits of rows of columns."""
        raw = self.intercept + (table - np.array(self.centre)) @ np.array(self.weights)
        logits = np.clip(self.slope * raw + self.shift, -_LOGIT_MAX, _LOGIT_MAX)
        return np.asarray(logits, dtype=np.float64)

    def probabilities(self, table: Floats) -> Floats:
        """The calibrated probabilities of rows of columns."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.logits(table))))

    def to_numbers(self) -> dict[str, list[float]]:
        """As a card keeps them."""
        return {
            "intercept": [_short(self.intercept)],
            "weights": [_short(one) for one in self.weights],
            "centre": [_short(one) for one in self.centre],
            "calibration": [_short(self.slope), _short(self.shift)],
        }

    @classmethod
    def of_numbers(cls, numbers: dict[str, list[float]]) -> Weights:
        """Read back from a card."""
        slope, shift = numbers["calibration"]
        return cls(
            intercept=numbers["intercept"][0],
            weights=tuple(numbers["weights"]),
            centre=tuple(numbers["centre"]),
            slope=slope,
            shift=shift,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tested:
    """A model and how the models before it did on runs that they had not seen.

    Attributes:
        weights: fitted to all runs.
        brier: mean squared error of the probabilities.
        base_brier: that of always saying the rate until then.
        base_rate: the share of all runs to which it happened.
        beats_base: whether the difference is more than chance.
        runs: how many runs were judged unseen.
        predicted, observed, counts: of each bin of probability that had runs: the mean that was
            said, the share that came, the runs.
    """

    weights: Weights
    brier: float
    base_brier: float
    base_rate: float
    beats_base: bool
    runs: int
    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    counts: tuple[int, ...]


def model_of(table: Floats, happened: Bools) -> Tested | None:
    """A model of what happened, tested forwards in time; None where too little happened.

    Args:
        table: columns of each run, oldest first.
        happened: whether it failed, or was slow.
    """
    table, happened = table[-RUNS_MAX:], happened[-RUNS_MAX:]
    size = len(happened)
    if size < RUNS_MIN or _events(happened) < EVENTS_MIN:
        return None
    edges = np.linspace(FIRST_SHARE, 1.0, FOLDS + 1) * size
    said, base, came = [], [], []
    for begin, end in pairwise(edges.astype(int)):
        before = happened[:begin]
        rate = (before.sum() + 0.5) / (len(before) + 1)
        weights = fit(table[:begin], before)
        unseen = table[begin:end]
        said.append(weights.probabilities(unseen) if weights else np.full(len(unseen), rate))
        base.append(np.full(len(unseen), rate))
        came.append(happened[begin:end])
    predicted, floor, truth = np.concatenate(said), np.concatenate(base), np.concatenate(came)
    gain = (floor - truth) ** 2 - (predicted - truth) ** 2
    final = fit(table, happened)
    assert final is not None  # there are events enough of both kinds
    bins = _reliability(predicted, truth)
    return Tested(
        weights=final,
        brier=float(((predicted - truth) ** 2).mean()),
        base_brier=float(((floor - truth) ** 2).mean()),
        base_rate=float(happened.mean()),
        beats_base=_is_certain(gain, floor - truth),
        runs=len(truth),
        predicted=tuple(one[0] for one in bins),
        observed=tuple(one[1] for one in bins),
        counts=tuple(one[2] for one in bins),
    )


def fit(table: Floats, happened: Bools) -> Weights | None:
    """A calibrated model; None where all or none of it happened.

    The calibration is learned on the last quarter by a model of the rest, where enough happened.
    """
    if happened.all() or not happened.any():
        return None
    slope, shift = 1.0, 0.0
    cut = int(len(happened) * (1 - CALIBRATION_SHARE))
    later = happened[cut:]
    if _events(later) >= CALIBRATION_EVENTS_MIN and _events(happened[:cut]) > 0:
        slope, shift = _platt(_fitted(table[:cut], happened[:cut]).logits(table[cut:]), later)
    whole = _fitted(table, happened)
    return Weights(
        intercept=whole.intercept,
        weights=whole.weights,
        centre=whole.centre,
        slope=slope,
        shift=shift,
    )


def _events(happened: Bools) -> int:
    return int(min(happened.sum(), len(happened) - happened.sum()))


def _fitted(table: Floats, happened: Bools) -> Weights:
    centre = table.mean(axis=0)
    from sklearn.linear_model import LogisticRegression  # takes seconds; only a training needs it

    model = LogisticRegression(C=STRENGTH, max_iter=300)
    with warnings.catch_warnings():
        # A search that stops early gives weights that the test judges like any others.
        warnings.simplefilter("ignore")
        model.fit(table - centre, happened)
    weights = tuple(float(one) for one in model.coef_[0])
    return Weights(
        intercept=float(model.intercept_[0]),
        weights=weights,
        centre=tuple(float(one) for one in centre),
    )


def _platt(logits: Floats, happened: Bools) -> tuple[float, float]:
    """Slope and shift on the logits; a slope below 0 would turn the model round."""
    from sklearn.linear_model import LogisticRegression  # as above

    model = LogisticRegression(C=1.0).fit(logits[:, None], happened)
    slope = float(model.coef_[0][0])
    return (slope, float(model.intercept_[0])) if slope > 0 else (1.0, 0.0)


def _is_certain(gain: Floats, missed: Floats) -> bool:
    """Whether the gain is worth telling and more than chance, over stretches of neighbouring runs.

    Args:
        gain: by how much the squared error of each run is below the base rate's.
        missed: the error of the base rate.
    """
    means = np.array([part.mean() for part in np.array_split(gain, BLOCKS)])
    error = means.std(ddof=1) / math.sqrt(len(means))
    skill = gain.mean() / (missed**2).mean()
    return bool(skill >= SKILL_MIN and means.mean() > CERTAINTY * error)


def _reliability(predicted: Floats, came: Bools) -> list[tuple[float, float, int]]:
    place = np.clip(np.digitize(predicted, BINS) - 1, 0, len(BINS) - 2)
    return [
        (
            _short(float(predicted[place == one].mean())),
            _short(float(came[place == one].mean())),
            int((place == one).sum()),
        )
        for one in range(len(BINS) - 1)
        if (place == one).any()
    ]


@dataclass(frozen=True, slots=True)
class Reason:
    """What moves a probability: in words, and by how much on the log-odds."""

    text: str
    weight: float


def reasons(weights: Weights, row: Floats, fire_hour: int) -> list[Reason]:
    """What speaks most for and against, the weightiest first; against an average run of the job.

    Args:
        weights: of the model.
        row: the columns of the run.
        fire_hour: the hour of the week in which it fires, on the job's clock.
    """
    parts = weights.slope * np.array(weights.weights) * (row - np.array(weights.centre))
    found: list[Reason] = []
    for place in np.argsort(-np.abs(parts)):
        name, value = COLUMNS[place], float(row[place])
        if abs(parts[place]) < REASON_MIN or len(found) == REASONS_MAX:
            break
        found.append(Reason(in_words(name, value, fire_hour), _short(float(parts[place]))))
    return found


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def numbers_of(tested: Tested) -> dict[str, list[float]]:
    """What a card keeps of a model: its weights and its reliability."""
    return tested.weights.to_numbers() | {
        "reliability_predicted": list(tested.predicted),
        "reliability_observed": list(tested.observed),
        "reliability_runs": [float(one) for one in tested.counts],
    }
