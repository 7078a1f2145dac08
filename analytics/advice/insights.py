"""What was found about a job's hours, in sentences; each says only what its test bears out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analytics.advice.schedule import Comparison, compare
from analytics.advice.slots import Slot, hours_of_day
from analytics.models.runs import Runs

NOTHING = "No hour is better or worse than the others beyond what chance explains."
_SHOWN = 3


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


def _sentence(kind: str, slot: Slot, beside: Comparison) -> str:
    parts = []
    if np.isfinite(beside.slower) and abs(beside.slower - 1) >= 0.1:
        parts.append(f"a run takes {beside.slower:.2g} times as long as at other hours")
    if abs(beside.failing) >= 0.01:
        more = "more" if beside.failing > 0 else "fewer"
        parts.append(f"{abs(beside.failing):.0%} {more} of its runs fail")
    told = " and ".join(parts) or "its runs differ"
    return f"{slot.hour:02}:00 is {kind} than the other hours: {told} ({slot.runs} runs)."
