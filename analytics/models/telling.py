"""What cards and the latest runs tell of the time to come; pure, and the same on every node."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.models.failure_risk import ALGORITHM, Reason, Weights, reasons
from analytics.models.forecast.duration import DAY_US, step_of
from analytics.models.forecast.load import HOUR_US
from analytics.models.risk_features import Habits, known_of_next
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week
from engine.core.ids import Instant
from engine.model.model_card import ModelCard, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A value with the interval that should hold it nine times of ten; at an instant, us UTC."""

    at_us: Instant
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """How likely something happens to the next run, and what speaks for and against."""

    probability: float
    base_rate: float
    reasons: tuple[Reason, ...]


def load_ahead(card: ModelCard, since_us: Instant, until_us: Instant) -> list[Expected]:
    """The hours of a load card that begin in [since, until)."""
    first = card.until_us // HOUR_US
    return [
        _expected(card, place, (first + place) * HOUR_US)
        for place in range(len(card.numbers.get("mean", ())))
        if since_us <= (first + place) * HOUR_US < until_us
    ]


def duration_at(card: ModelCard, fire_us: Instant) -> Expected | None:
    """How long a run is expected to take, milliseconds; None beyond what the card foretells."""
    if not card.is_told:
        return None
    minutes = np.array(card.numbers["slots"], dtype=np.int64)
    place = step_of(minutes, card.until_us // DAY_US, fire_us)
    if not 0 <= place < len(card.numbers["mean"]):
        return None
    return _expected(card, place, fire_us)


def _expected(card: ModelCard, place: int, at_us: Instant) -> Expected:
    return Expected(
        at_us=at_us,
        mean=card.numbers["mean"][place],
        low=card.numbers["low"][place],
        high=card.numbers["high"][place],
    )


def risk_of_next(card: ModelCard, runs: Runs, fire_us: Instant) -> Risk | None:
    """The risk of the run at `fire_us`, which follows `runs`; None where the card claims none.

    Args:
        card: of a risk.
        runs: the latest runs, some 300 are enough for the columns.
        fire_us: the next fire time.
    """
    if card.verdict is not Verdict.SHOWN or card.algorithm != ALGORITHM or not len(runs):
        return None
    weights = Weights.of_numbers(card.numbers)
    habits = Habits(
        hours=np.array(card.numbers["hours"]), weekdays=np.array(card.numbers["weekdays"])
    )
    row = known_of_next(runs, habits, fire_us)
    hour = int(hours_of_week(np.array([fire_us]), runs.timezone)[0])
    return Risk(
        probability=float(weights.probabilities(row[None])[0]),
        base_rate=card.metrics["base_rate"],
        reasons=tuple(reasons(weights, row, hour)),
    )
