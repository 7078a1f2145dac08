"""Trains what the forecasts and risks are told by: histories in, model cards out.

Pure: who reads the history and proposes the cards is the app. Every card says in words why its
model is shown, why its floor is shown in its place, or why nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.models.failure_risk import ALGORITHM, EVENTS_MIN, model_of, numbers_of
from analytics.models.failure_risk import RUNS_MIN as RISK_RUNS_MIN
from analytics.models.forecast.back_test import POINTS_MIN, Forecast
from analytics.models.forecast.duration import DAY_US, DAYS_MIN, Slots, duration_forecast, slots_of
from analytics.models.forecast.load import DAY, HOURS_MIN, WEEK, Hours, load_forecast
from analytics.models.risk_features import Outcome, known_of
from analytics.models.runs import Runs
from engine.core.ids import Instant, JobId, model_id
from engine.model.model_card import ModelCard, ModelKind, Verdict

STEPS_CLUSTER: Final = 14 * DAY
STEPS_JOB: Final = WEEK
POINTS_MAX: Final = 336
DAYS_AHEAD: Final = 14
STALE_US: Final = 7 * DAY_US
"""Nothing is told of what has not run for a week."""
NAMES: Final = {
    "seasonal_naive": "the season before again",
    "holt_winters": "Holt-Winters",
    "stl_smoothing": "STL with exponential smoothing",
}


def cluster_cards(runs: Hours, busy: Hours, now_us: Instant) -> Iterator[ModelCard]:
    """The load of all jobs together: runs, and seconds that runs take, an hour."""
    yield _load_card(ModelKind.LOAD_RUNS, "", runs, now_us)
    yield _load_card(ModelKind.LOAD_BUSY, "", busy, now_us)


def job_cards(job_id: JobId, busy: Hours, runs: Runs, now_us: Instant) -> Iterator[ModelCard]:
    """All of one job: its load, its durations, and its two risks."""
    yield _load_card(ModelKind.LOAD_BUSY, job_id, busy, now_us)
    yield _duration_card(job_id, runs, now_us)
    for kind, outcome in ((ModelKind.FAILS, Outcome.FAILS), (ModelKind.SLOW, Outcome.SLOW)):
        yield _risk_card(kind, outcome, job_id, runs, now_us)


def _load_card(kind: ModelKind, job_id: JobId, hours: Hours, now_us: Instant) -> ModelCard:
    size = len(hours.values)
    since_us, until_us = (hours.since_us, hours.until_us) if size else (0, 0)
    steps = STEPS_JOB if job_id else STEPS_CLUSTER
    found = None
    why = f"not enough data: {size} hours of history, {HOURS_MIN} are needed"
    if size and until_us < now_us - STALE_US:
        why = "not enough data: nothing has run for a week"
    else:
        found = load_forecast(hours, steps, thorough=not job_id)
    return ModelCard(
        id=model_id(job_id, kind.value, now_us),
        kind=kind,
        job_id=job_id,
        trained_at=now_us,
        since_us=since_us,
        until_us=until_us,
        rows=size,
        algorithm=found.method if found else "",
        verdict=_verdict(found),
        why=_why(found) if found else why,
        metrics=_metrics(found) if found else {},
        numbers=_path(found) if found else {},
    )


def _duration_card(job_id: JobId, runs: Runs, now_us: Instant) -> ModelCard:
    slots = slots_of(runs)
    found = None
    why = (
        f"not enough data: it needs {DAYS_MIN} days and {POINTS_MIN} runs at times of the day "
        "that come again"
    )
    if slots is not None and len(runs) and int(runs.at_us[-1]) < now_us - STALE_US:
        slots, why = None, "not enough data: it has not run for a week"
    if slots is not None:
        days = max(1, min(DAYS_AHEAD, POINTS_MAX // len(slots.minutes)))
        found = duration_forecast(slots, days)
    return ModelCard(
        id=model_id(job_id, ModelKind.DURATION.value, now_us),
        kind=ModelKind.DURATION,
        job_id=job_id,
        trained_at=now_us,
        since_us=slots.first_day * DAY_US if slots else 0,
        until_us=_first_day_ahead(slots) * DAY_US if slots else 0,
        rows=len(slots.values) if slots else len(runs),
        algorithm=found.method if found else "",
        verdict=_verdict(found),
        why=_why(found) if found else why,
        metrics=_metrics(found) if found else {},
        numbers=_path(found) | {"slots": _numbers(slots.minutes)} if found and slots else {},
    )


def _first_day_ahead(slots: Slots) -> int:
    return slots.first_day + slots.days


def _risk_card(
    kind: ModelKind, outcome: Outcome, job_id: JobId, runs: Runs, now_us: Instant
) -> ModelCard:
    known = known_of(runs, outcome)
    tested = model_of(known.table, known.happened)
    events = int(known.happened.sum())
    what = "failed" if outcome is Outcome.FAILS else "were slow or late"
    verdict, metrics, numbers = Verdict.NOT_ENOUGH_DATA, dict[str, float](), {}
    why = (
        f"not enough data: {events} of {len(runs)} runs {what}; it needs {RISK_RUNS_MIN} runs, "
        f"{EVENTS_MIN} that did and {EVENTS_MIN} that did not"
    )
    if tested:
        verdict = Verdict.SHOWN if tested.beats_base else Verdict.NOT_SHOWN
        beats = "beats" if tested.beats_base else "does not clearly beat"
        why = (
            f"the Brier score {tested.brier:.4f} {beats} {tested.base_brier:.4f} of the base "
            f"rate, on {tested.runs} runs that came after those it learned from"
        )
        metrics = {
            "brier": round(tested.brier, 6),
            "base_brier": round(tested.base_brier, 6),
            "base_rate": round(tested.base_rate, 6),
            "tested": float(tested.runs),
        }
        habits = {
            "hours": _numbers(known.habits.hours),
            "weekdays": _numbers(known.habits.weekdays),
        }
        numbers = numbers_of(tested) | habits
    return ModelCard(
        id=model_id(job_id, kind.value, now_us),
        kind=kind,
        job_id=job_id,
        trained_at=now_us,
        since_us=int(runs.at_us[0]) if len(runs) else 0,
        until_us=int(runs.at_us[-1]) if len(runs) else 0,
        rows=len(runs),
        algorithm=ALGORITHM if tested else "",
        verdict=verdict,
        why=why,
        metrics=metrics,
        numbers=numbers,
    )


def _verdict(found: Forecast | None) -> Verdict:
    if found is None:
        return Verdict.NOT_ENOUGH_DATA
    return Verdict.SHOWN if found.beats_naive else Verdict.BASELINE


def _why(found: Forecast) -> str:
    if found.naive_mase == 0.0:
        return "the past repeats itself exactly, so the season before again is what is shown"
    model, floor = NAMES[found.model], "the seasonal naive forecast"
    scores = f"MASE {found.mase:.2f} against {found.naive_mase:.2f}"
    if found.beats_naive:
        return f"{model} beats {floor}: {scores}"
    return f"{floor} is shown: {model} did not beat it, {scores}"


def _metrics(found: Forecast) -> dict[str, float]:
    return {
        "mase": round(found.mase, 4),
        "naive_mase": round(found.naive_mase, 4),
        "coverage": round(found.coverage, 4),
        "tested": float(found.tested),
        "period": float(found.period),
    }


def _path(found: Forecast) -> dict[str, list[float]]:
    return {
        "mean": _numbers(found.mean),
        "low": _numbers(found.low),
        "high": _numbers(found.high),
    }


def _numbers(values: NDArray[np.float64] | NDArray[np.int64]) -> list[float]:
    """Numbers that JSON can carry, four digits each."""
    return [float(f"{value:.4g}") if np.isfinite(value) else 0.0 for value in values]
