"""Several jobs that fail together beyond chance: one finding that names what they share."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from analytics.findings import in_words
from engine.core.ids import ExecutionId, Instant, JobId, finding_id
from engine.model.finding import Finding, FindingState

NAME: Final = "shared_failure"
TITLE: Final = "Shared failure"
EXPLANATION: Final = (
    "Several jobs with one target or one dependency failed in the same quarters of an hour, far "
    "more often than chance would have it."
)
LOOKED_BACK_US: Final = 30 * 86_400_000_000
BIN_US: Final = 900_000_000
QUIET_BINS: Final = 2
"""So many quarters of an hour without a failure in common end an episode."""

CHANCE_MAX: Final = 1e-9
RATE_MIN: Final = 0.005
"""A job that has hardly ever failed is taken to fail once in two hundred runs."""

_WORD: Final = re.compile(r"[a-z][a-z_]{4,}")
_HOST: Final = re.compile(r"[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]+")
_SAYS_NOTHING: Final = frozenset(
    (
        *("after", "answer", "attempt", "before", "closed", "code", "connect", "connection"),
        *("error", "errors", "exceeded", "expected", "failed", "failure", "gateway"),
        *("internal", "invalid", "message", "network", "reached", "refused", "remote"),
        *("request", "reset", "response", "server", "service", "status", "there", "timed"),
        *("timeout", "unavailable", "unexpected", "unknown", "unreachable", "while", "within"),
    )
)


class Failure(NamedTuple):
    """A scheduled run that failed; `host` is its job's target, empty where it has none."""

    job_id: JobId
    execution_id: ExecutionId
    at_us: Instant
    error: str
    host: str = ""


@dataclass(frozen=True, slots=True)
class _Episode:
    key: str
    group: int
    jobs: frozenset[JobId]
    failures: tuple[Failure, ...]
    log_chance: float

    @property
    def first_us(self) -> Instant:
        return self.failures[0].at_us

    @property
    def last_us(self) -> Instant:
        return self.failures[-1].at_us


def shared_failures(
    failures: Sequence[Failure],
    rates: Mapping[JobId, float],
    names: Mapping[JobId, str],
    now_us: Instant,
) -> Iterator[tuple[Finding, frozenset[JobId]]]:
    """One finding for each episode, with the jobs that it is about.

    Args:
        failures: of the last thirty days.
        rates: the share of each job's runs that fail at all.
        names: of the jobs; others are passed over.
        now_us: an episode is over an hour after its last failure.
    """
    groups: dict[str, list[Failure]] = defaultdict(list)
    for failure in sorted(failures, key=lambda one: (one.at_us, one.job_id)):
        if failure.job_id in names:
            for key in _keys(failure):
                groups[key].append(failure)
    found = [one for key, some in groups.items() for one in _episodes(key, some, rates)]
    # What names the fewest jobs explains the most: a word in two errors before a host of all.
    found.sort(key=lambda one: (one.group, one.log_chance, one.key))
    told: list[_Episode] = []
    for one in found:
        if not any(_same(one, other) for other in told):
            told.append(one)
            yield _finding(one, names, now_us), one.jobs


def _keys(failure: Failure) -> set[str]:
    words = set(_WORD.findall(failure.error.lower())) - _SAYS_NOTHING
    return words | ({failure.host} if failure.host else set())


def _episodes(
    key: str, failures: Sequence[Failure], rates: Mapping[JobId, float]
) -> Iterator[_Episode]:
    group = len({one.job_id for one in failures})
    bins: dict[int, list[Failure]] = defaultdict(list)
    for one in failures:
        bins[one.at_us // BIN_US].append(one)
    together = [place for place, some in bins.items() if len({one.job_id for one in some}) > 1]
    start = 0
    for end in range(1, len(together) + 1):
        if end < len(together) and together[end] - together[end - 1] <= QUIET_BINS:
            continue
        some = [bins[place] for place in together[start:end]]
        start = end
        chance = sum(_log_chance({one.job_id for one in each}, group, rates) for each in some)
        if chance <= math.log(CHANCE_MAX):
            flat = tuple(one for each in some for one in each)
            yield _Episode(key, group, frozenset(one.job_id for one in flat), flat, chance)


def _log_chance(jobs: set[JobId], group: int, rates: Mapping[JobId, float]) -> float:
    """Of any so many jobs of the group failing in one bin, by themselves; the union bound."""
    alone = sum(math.log(max(RATE_MIN, rates.get(job, 1.0))) for job in jobs)
    return min(0.0, alone + math.log(math.comb(group, len(jobs))))


def _same(one: _Episode, other: _Episode) -> bool:
    overlaps = one.first_us <= other.last_us + BIN_US and other.first_us <= one.last_us + BIN_US
    return overlaps and bool(one.jobs & other.jobs)


def _finding(episode: _Episode, names: Mapping[JobId, str], now_us: Instant) -> Finding:
    first = episode.failures[0]
    over = now_us - episode.last_us > 4 * BIN_US
    jobs = sorted(names[job] for job in episode.jobs)
    named = ", ".join(jobs[:-1]) + f" and {jobs[-1]}"
    lasted = in_words((episode.last_us - episode.first_us + BIN_US) / 1e6, "s")
    runs = len(episode.failures)
    return Finding(
        id=finding_id(episode.key, NAME, str(first.at_us // BIN_US)),
        job_id=first.job_id,
        detector=NAME,
        signal="failures",
        first_us=episode.first_us,
        last_us=episode.last_us,
        runs=runs,
        score=round(episode.log_chance / math.log(CHANCE_MAX), 3),
        value=float(len(jobs)),
        low=0.0,
        high=1.0,
        unit="jobs",
        execution_id=first.execution_id,
        evidence=f"{_dependency(episode)}: {named} failed together, {runs} runs in {lasted}",
        state=FindingState.RESOLVED if over else FindingState.OPEN,
        by="analyst" if over else "",
        note="no failure in common for an hour" if over else "",
    )


def _dependency(episode: _Episode) -> str:
    """What they share, by the host that an error names where one does."""
    for one in episode.failures:
        for host in _HOST.findall(one.error.lower()):
            if episode.key in host:
                return str(host)
    return episode.key
