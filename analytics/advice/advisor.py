"""All that the past of one job advises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from analytics.advice.backtest import LEAST, BackTest, agreement_on_best, tested_schedule
from analytics.advice.insights import NOTHING, hour_insights, weekend_insights
from analytics.advice.retry import RetryAdvice, suggest_retry
from analytics.advice.schedule import ScheduleAdvice
from analytics.advice.slots import Slot, score_slots
from analytics.models.runs import Runs
from engine.model.job import RetryPolicy
from engine.timing.parse import Timing

RUNS_MAX: Final = 5_000
_NO_LOAD: Final = (0.0,) * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What is advised about a job.

    Attributes:
        runs: that were looked at.
        enough: whether there are `LEAST`; otherwise nothing is advised.
        slots: hours with enough runs, the best first.
        schedule: suggested only where the back-test held.
        backtest: of the schedule; None where nothing was to be tested.
        retry: attempts and waits.
        insights: sentences.
        confidence: 0 to 1: of 100 resamples of whole days, the share that comes to the same:
            with a suggested schedule, that it beats today's on runs it was not learned from;
            without one, that the same hour comes first. 0 where no hour stands out.
    """

    runs: int
    enough: bool
    slots: tuple[Slot, ...]
    schedule: ScheduleAdvice
    backtest: BackTest | None
    retry: RetryAdvice
    insights: tuple[str, ...]
    confidence: float


def advise(
    runs: Runs,
    timing: Timing,
    policy: RetryPolicy,
    *,
    load: Sequence[float] = _NO_LOAD,
    seed: int = 0,
) -> Advice:
    """What the runs of one job, oldest first, advise about its schedule and its retries.

    Args:
        runs: all of the same job.
        timing: today's.
        policy: today's.
        load: starts a minute of the whole cluster, for each hour of the day in the job's zone.
        seed: of the resamples.
    """
    if len(runs) < LEAST:
        why = f"not enough data: {len(runs)} runs, and {LEAST} are needed"
        return Advice(
            runs=len(runs),
            enough=False,
            slots=tuple(score_slots(runs, load)),
            schedule=ScheduleAdvice(why=why),
            backtest=None,
            retry=RetryAdvice(policy=None, cures=(), why=why),
            insights=(why[0].upper() + why[1:] + ".",),
            confidence=0.0,
        )
    slots = score_slots(runs, load)
    found, test = tested_schedule(runs, load, timing, seed)
    if test is not None and not test.holds:
        why = "what the earlier runs suggested did not hold on the later ones"
        found = replace(found, schedule=None, moved={}, dropped=(), why=why)
    retry = suggest_retry(runs, policy)
    insights = hour_insights(runs, slots)
    if found.schedule and test:
        confidence = test.agreement
    elif insights != [NOTHING]:
        confidence = agreement_on_best(runs, slots[0].hour, seed)
    else:
        confidence = 0.0
    insights += weekend_insights(runs)
    if retry.policy:
        insights.append(f"Retries: {retry.why}.")
    return Advice(
        runs=len(runs),
        enough=True,
        slots=tuple(slots),
        schedule=found,
        backtest=test,
        retry=retry,
        insights=tuple(insights),
        confidence=confidence,
    )
