"""Next-fire computations a second, beside croniter and cronsim, all in the same zone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import median
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim

from engine.timing.parse import parse_schedule
from tests.bench.table import Row

EXPRESSIONS = ("*/5 * * * *", "0 3 * * *", "30 8 * * 1-5", "0 0 1 */3 *", "15,45 9-17 * * 1-5")
ZONE = "Europe/Berlin"
SECOND = 1_000_000
ROUNDS = 3
STEPS = 200
Next = Callable[[], object]


def _ours(text: str, start: datetime) -> Next:
    schedule, at = parse_schedule(text, ZONE), int(start.timestamp()) * SECOND

    def step() -> int:
        nonlocal at
        found = schedule.next_after(at)
        assert found is not None
        at = found
        return at

    return step


def _croniter(text: str, start: datetime) -> Next:
    fires = croniter(text, start)
    return lambda: fires.get_next(datetime)


def _cronsim(text: str, start: datetime) -> Next:
    fires = CronSim(text, start)
    return lambda: next(fires)


def _rate(engine: Callable[[str, datetime], Next], start: datetime) -> float:
    """Fires a CPU second: the median of rounds after one that warms up.

    Parsing is outside: Chronos shares a parsed schedule between jobs, so it would weigh in on the
    peers' side only.
    """
    rates = []
    for _ in range(ROUNDS + 1):
        steps = [engine(text, start) for text in EXPRESSIONS]
        begun = time.process_time()
        for step in steps:
            for _ in range(STEPS):
                step()
        rates.append(STEPS * len(steps) / (time.process_time() - begun))
    return median(rates[1:])


def _agree(start: datetime) -> None:
    """A rate of wrong answers is worth nothing."""
    for text in EXPRESSIONS:
        schedule, at = parse_schedule(text, ZONE), int(start.timestamp()) * SECOND
        fires = CronSim(text, start)
        for _ in range(STEPS):
            expected = int(next(fires).astimezone(UTC).timestamp()) * SECOND
            found = schedule.next_after(at)
            assert found == expected, (text, found, expected)
            at = expected


def next_fires() -> Iterator[Row]:
    """The same expressions, zone and steps for all three, after a check that the answers agree."""
    start = datetime(2026, 3, 1, tzinfo=ZoneInfo(ZONE))  # both changes of the clock lie ahead
    _agree(start)
    own = _rate(_ours, start)
    name = f"next fire times in {ZONE}"
    yield Row(f"{name}: ratio to croniter", f"{own / _rate(_croniter, start):.0f}x")
    yield Row(f"{name}: ratio to cronsim", f"{own / _rate(_cronsim, start):.0f}x")
    yield Row(f"{name}: a CPU second", f"{own:,.0f}")
