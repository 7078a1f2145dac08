"""The analyst looks at jobs in turn: a cluster with thousands of busy ones leaves none out."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from app.operate.analyst_worker import JOBS_A_READ, ROUND_US, in_turn
from engine.core.ids import Instant, JobId


class Watch:
    """A clock that a reader moves."""

    def __init__(self) -> None:
        self.us = 0

    def now_us(self) -> Instant:
        return self.us

    def monotonic_us(self) -> int:
        return self.us


def slowly(jobs: Iterator[list[JobId]], clock: Watch, each_us: int) -> list[JobId]:
    """Those of a round in which every job takes so long."""
    seen = []
    for some in jobs:
        seen += some
        clock.us += each_us * len(some)
    return seen


def test_a_round_ends_and_the_next_goes_on_where_it_ended() -> None:
    clock, waiting = Watch(), dict.fromkeys(f"job_{number:03}" for number in range(3 * JOBS_A_READ))
    first = slowly(in_turn(waiting, clock), clock, ROUND_US)
    waiting |= dict.fromkeys([*first, "job_100"])  # all of them ran again
    second = slowly(in_turn(waiting, clock), clock, ROUND_US)
    assert len(first) == len(second) == JOBS_A_READ
    assert not set(first) & set(second)
    assert list(waiting)[:JOBS_A_READ] == [
        f"job_{number:03}" for number in range(2 * JOBS_A_READ, 3 * JOBS_A_READ)
    ]


@given(
    busy=st.integers(1, 4 * JOBS_A_READ),
    each_us=st.integers(0, ROUND_US),
    news=st.lists(st.lists(st.integers(0, 4 * JOBS_A_READ), max_size=20), max_size=6),
)
def test_whoever_waits_is_looked_at_however_much_news_there_is(
    busy: int, each_us: int, news: list[list[int]]
) -> None:
    clock, waiting = Watch(), dict.fromkeys(str(number) for number in range(busy))
    wanted, seen = set(waiting), set[JobId]()
    for ran in (*news, *[[]] * 6):
        waiting |= dict.fromkeys(map(str, ran))
        wanted |= set(waiting)
        seen |= set(slowly(in_turn(waiting, clock), clock, each_us))
    assert seen == wanted
    assert not waiting
