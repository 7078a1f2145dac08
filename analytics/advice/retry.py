"""How often a job should be tried again, from how its failures were cured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analytics.advice.backtest import split
from analytics.models.runs import Runs
from analytics.stats.compare import wilson
from engine.model.job import RetryPolicy

LEAST: Final = 30
"""Failed first attempts that are needed before anything is said."""
_RARE: Final = 0.05
"""A cure rarer than this, by the upper end of its interval, is not worth waiting for."""
_COMMON: Final = 0.2
_LEFT_LEAST: Final = 10
_ATTEMPTS_MAX: Final = 10
_LONGER: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cure:
    """What one attempt did for the runs that came to it."""

    attempt: int
    tried: int
    cured: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAdvice:
    """Another retry policy, or why none.

    Attributes:
        policy: suggested; None where today's is kept.
        cures: by attempt, from the second on.
        why: in words.
    """

    policy: RetryPolicy | None
    cures: tuple[Cure, ...]
    why: str


def suggest_retry(runs: Runs, policy: RetryPolicy) -> RetryAdvice:
    """A policy that both parts of the past, looked at alone, would have suggested.

    Failures that were given up before the policy's last attempt tell nothing of it, and are left
    out: they ran under another policy, or elsewhere.
    """
    cures = tuple(_cures(runs, policy.max_attempts))
    whole, why = _verdict(runs, policy)
    if whole is None:
        return RetryAdvice(policy=None, cures=cures, why=why)
    if any(_verdict(one, policy, LEAST // 3)[0] != whole for one in split(runs)):
        why = "the earlier and the later part of the past do not suggest the same"
        return RetryAdvice(policy=None, cures=cures, why=why)
    return RetryAdvice(policy=whole, cures=cures, why=why)


def _cures(runs: Runs, most: int) -> list[Cure]:
    tells = ~runs.failed | (runs.attempts >= most)
    return [
        Cure(
            attempt=attempt,
            tried=int((tells & (runs.attempts >= attempt)).sum()),
            cured=int((tells & ~runs.failed & (runs.attempts == attempt)).sum()),
        )
        for attempt in range(2, most + 1)
    ]


def _verdict(runs: Runs, policy: RetryPolicy, least: int = LEAST) -> tuple[RetryPolicy | None, str]:
    most = policy.max_attempts
    cures = _cures(runs, most)
    if not cures:
        return None, "failed runs are not tried again, so nothing is known of a second attempt"
    tried = cures[0].tried
    if tried < least:
        return None, f"only {tried} runs came to a second attempt; {LEAST} are needed"
    useless = [one.attempt for one in cures if _is_rare(cures, one.attempt, least)]
    if useless and useless[0] <= most:
        kept = useless[0] - 1
        words = "hardly ever cured" if np.sum([one.cured for one in cures]) else "never cured"
        why = f"failures are {words} from attempt {useless[0]} on: they are permanent"
        return _with(policy, attempts=kept), why
    first, last = cures[0], cures[-1]
    later = sum(one.cured for one in cures[1:])
    if first is not last and wilson(first.cured, first.tried)[1] < _COMMON:
        if wilson(later, cures[1].tried)[0] > _COMMON:
            why = "the second attempt comes too early: most cures are by later ones"
            return _with(policy, wait=_LONGER), why
        return None, "few failures are cured, and by no attempt more than by another"
    left = last.tried - last.cured
    if left >= _LEFT_LEAST and wilson(last.cured, last.tried)[0] > _COMMON and most < _ATTEMPTS_MAX:
        why = f"the last attempt still cures {last.cured} of {last.tried}: failures are transient"
        return _with(policy, attempts=min(_ATTEMPTS_MAX, most + 2)), why
    return None, "today's policy cures what retries can cure"


def _is_rare(cures: list[Cure], attempt: int, least: int) -> bool:
    """Whether attempts from this one on cure next to nothing."""
    beyond = [one for one in cures if one.attempt >= attempt]
    share = sum(one.cured for one in beyond)
    tried = beyond[0].tried
    return tried >= least and wilson(share, tried)[1] < max(_RARE, _upper_of_none(tried))


def _upper_of_none(tried: int) -> float:
    """What the interval of no cure at all reaches to, and a little more."""
    return wilson(0, tried)[1] + 1e-9


def _with(policy: RetryPolicy, *, attempts: int = 0, wait: int = 1) -> RetryPolicy:
    initial = policy.initial_interval_us * wait
    return RetryPolicy(
        max_attempts=attempts or policy.max_attempts,
        initial_interval_us=initial,
        max_interval_us=max(initial, policy.max_interval_us),
        multiplier=policy.multiplier,
    )
