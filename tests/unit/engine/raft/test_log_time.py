"""The log's time never turns back and never stands still."""

from __future__ import annotations

from engine.core.ids import Instant
from engine.raft.log_time import LogTime
from tests.kit.clocks import EPOCH, SetClock
from tests.kit.jobs import SECOND


class Log:
    """What entries carried, and the time of the next."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.reached: Instant = 0
        self.time = LogTime(self.clock, lambda: self.reached)

    def propose(self) -> Instant:
        self.reached = max(self.reached, self.time.now_us())
        return self.reached


def test_it_is_the_clocks_time_as_long_as_that_goes_on() -> None:
    log = Log()
    for _ in range(3):
        log.clock.pass_(SECOND)
        assert log.propose() == log.clock.wall


def test_after_a_clock_was_set_back_it_goes_on_at_half_the_pace() -> None:
    log = Log()
    log.propose()
    log.clock.step(-60 * SECOND)
    assert log.time.now_us() == EPOCH
    log.clock.pass_(10 * SECOND)
    assert log.time.now_us() == EPOCH + 5 * SECOND


def test_entries_do_not_change_its_pace_and_the_clock_catches_up() -> None:
    log = Log()
    log.propose()
    log.clock.step(-60 * SECOND)
    for _ in range(119):
        log.propose()
        log.clock.pass_(SECOND)
        assert log.time.now_us() >= log.clock.wall
    log.propose()
    log.clock.pass_(SECOND)
    assert log.time.now_us() == log.clock.wall == EPOCH + 60 * SECOND


def test_what_others_proposed_is_never_undercut() -> None:
    log = Log()
    log.propose()
    log.reached += 7 * SECOND  # by a node whose clock is ahead
    assert log.time.now_us() == EPOCH + 7 * SECOND
