"""What was found about a job's hours and days; each sentence says only what its test bears out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analytics.advice.schedule import Comparison, compare
from analytics.advice.slots import LEAST, Slot, hours_of_day
from analytics.models.runs import Runs
from analytics.stats.hours import hours_of_week

NOTHING = "No hour is better or worse than the others beyond what chance explains."
_SHOWN = 3
_WORKING_HOURS = 5 * 24


def hour_insights(runs: Runs, slots: Sequence[Slot]) -> list[str]:
    """Hours that stand out from the others, the best first; or that none does."""
    hours = hours_of_day(runs)
    good, bad = [], []
    for slot in slots:
        here = hours == slot.hour
        if compare(runs, ~here, here).is_worse:
            good.append(_sentence("better", slot, compare(runs, here, ~here)))
        elif (beside := compare(runs, here, ~here)).is_worse:
            bad.append(_sentence("worse", slot, beside))
    found = good[:_SHOWN] + bad[::-1][:_SHOWN]
    return found or [NOTHING]


def weekend_insights(runs: Runs) -> list[str]:
    """That Saturdays and Sundays are unlike the working days, at the hours that both have."""
    at = hours_of_week(runs.at_us, runs.timezone)
    is_weekend = at >= _WORKING_HOURS
    shared = np.intersect1d(at[is_weekend] % 24, at[~is_weekend] % 24)
    is_shared = np.isin(at % 24, shared)
    weekend, working = is_weekend & is_shared, ~is_weekend & is_shared
    if min(weekend.sum(), working.sum()) < LEAST:
        return []
    beside = compare(runs, weekend, working)
    if not (beside.is_worse or compare(runs, working, weekend).is_worse):
        return []
    told = _differences(beside, "on working days")
    return [f"On Saturdays and Sundays {told} ({int(weekend.sum())} runs)."]


def _sentence(kind: str, slot: Slot, beside: Comparison) -> str:
    told = _differences(beside, "at other hours")
    return f"{slot.hour:02}:00 is {kind} than the other hours: {told} ({slot.runs} runs)."


def _differences(beside: Comparison, than: str) -> str:
    parts = []
    if np.isfinite(beside.slower) and abs(beside.slower - 1) >= 0.1:
        parts.append(f"a run takes {beside.slower:.2g} times as long as {than}")
    if abs(beside.failing) >= 0.01:
        more = "more" if beside.failing > 0 else "fewer"
        parts.append(f"{abs(beside.failing):.0%} {more} of its runs fail")
    return " and ".join(parts) or "its runs differ"
