"""What is found of the facts that the demo's 90 days hold, and what is claimed of pure noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from analytics.advice.advisor import advise
from analytics.advice.balance import balance
from analytics.demo import facts
from analytics.demo.story import DAY_US
from analytics.shared import shared_failures
from analytics.watch import watch
from engine.model.job import RetryPolicy
from engine.timing.parse import Timing
from tests.bench.table import Row
from tests.kit.demo import demo_failures, demo_runs, planned
from tests.kit.past import past_of_demo
from tests.kit.runs import noise

END: Final = 20_783 * DAY_US
NOISE_JOBS: Final = 100
NOISE_RUNS: Final = 1_000


def demo() -> Iterator[Row]:
    """One row a fact; the history ends on 2026-11-26, and is judged as the analyst does."""
    yield _best_hour()
    yield _herd()
    yield _drift()
    yield _dependency()
    yield _weekend()
    yield _noise_of_the_demo()
    yield _pure_noise()


def _best_hour() -> Row:
    job = facts.BEST_HOUR
    advice = advise(past_of_demo(job.name, END), Timing(text=job.schedule), RetryPolicy())
    best, worst = advice.slots[0].hour, advice.slots[-1].hour
    dropped = ", ".join(f"{hour:02}:00" for hour in advice.schedule.dropped)
    return Row(
        f"`{job.name}`: best / worst hour; left out by the suggestion",
        f"{best:02}:00 / {worst:02}:00; {dropped or 'none'}",
    )


def _herd() -> Row:
    found = balance([planned(job) for job in facts.JOBS], END)
    outside = sum(move.minutes * 60_000_000 > move.job.window_us for move in found.moves)
    return Row(
        "the herd at 02:00: starts in its busiest minute before / after; moves outside a window",
        f"{found.peak_before} / {found.peak_after}; {outside} of {len(found.moves)}",
    )


def _drift() -> Row:
    """Also when it would have been told first, had the analyst looked once a day."""
    name = facts.DRIFT.name
    first = next(
        day
        for day in range(facts.DRIFT_FROM_DAY, facts.DAYS)
        if "drift" in _told(name, END - (facts.DAYS - day) * DAY_US)
    )
    told = ", ".join(sorted(_told(name, END)))
    return Row(
        f"`{name}`: found at the end; first told on day, of a drift from day "
        f"{facts.DRIFT_FROM_DAY}",
        f"{told}; {first}",
    )


def _told(name: str, now_us: int) -> set[str]:
    runs = demo_runs(name, END, now_us)
    return {one.detector for one in watch(name, runs, now_us)}


def _dependency() -> Row:
    failures, rates, names = demo_failures(END)
    found = list(shared_failures(failures, rates, names, END))
    right = sum(jobs == {facts.CAUSE.name, facts.DEPENDENT.name} for _, jobs in found)
    return Row(
        "outages of the ledger in 90 days: planted / told with both jobs / told of others",
        f"{len(facts.OUTAGES)} / {right} / {len(found) - right}",
    )


def _weekend() -> Row:
    job = facts.WEEKEND
    told = advise(past_of_demo(job.name, END), Timing(text=job.schedule), RetryPolicy()).insights
    words = next((text for text in told if "Saturdays" in text), "not told")
    return Row(f"`{job.name}`: told of its weekends", words)


def _noise_of_the_demo() -> Row:
    told = sum(len(watch(job.name, demo_runs(job.name, END), END)) for job in facts.NOISE)
    runs = sum(len(demo_runs(job.name, END)) for job in facts.NOISE)
    claims = sum(
        advise(
            past_of_demo(job.name, END), Timing(text=job.schedule), RetryPolicy()
        ).schedule.schedule
        is not None
        for job in facts.NOISE
    )
    return Row(
        f"the six jobs of noise: findings of the last week; schedules suggested; runs {runs:,}",
        f"{told}; {claims}",
    )


def _pure_noise() -> Row:
    told = 0
    for number in range(NOISE_JOBS):
        runs = noise(number, NOISE_RUNS)
        told += len(watch(f"job_{number}", runs, 0))
    total = NOISE_JOBS * NOISE_RUNS
    return Row(
        f"{NOISE_JOBS} jobs of pure noise: findings in {total:,} runs, all detectors together",
        f"{told}, {1000 * told / total:.2f} in 1,000",
    )
