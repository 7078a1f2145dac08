"""What is known of another clock: the best round trip, until it is contradicted or forgotten."""

from __future__ import annotations

from engine.raft.other_clock import FRESH_US, OtherClock

MILLI = 1_000
SECOND = 1_000_000
AHEAD = 5 * SECOND


def test_nothing_is_known_before_a_round_trip() -> None:
    assert OtherClock().lead(0) is None


def test_the_error_is_half_the_round_trip() -> None:
    clock = OtherClock()
    clock.take(AHEAD + 90 * MILLI, round_us=20 * MILLI, now_us=100 * MILLI)
    assert clock.lead(100 * MILLI) == (AHEAD, 10 * MILLI)


def test_a_slow_round_trip_does_not_replace_a_quick_one() -> None:
    clock = OtherClock()
    clock.take(AHEAD, round_us=2 * MILLI, now_us=MILLI)
    clock.take(AHEAD + SECOND, round_us=1_900 * MILLI, now_us=SECOND)  # the way there took it all
    lead, error = clock.lead(SECOND) or (0, 0)
    assert lead == AHEAD
    assert error < 3 * MILLI


def test_a_round_trip_that_contradicts_what_is_known_says_that_the_clock_was_set() -> None:
    clock = OtherClock()
    clock.take(AHEAD, round_us=2 * MILLI, now_us=MILLI)
    clock.take(AHEAD + 90 * SECOND, round_us=400 * MILLI, now_us=SECOND)
    lead, error = clock.lead(SECOND) or (0, 0)
    assert abs(lead - (AHEAD + 89_200 * MILLI)) <= 200 * MILLI
    assert error == 200 * MILLI


def test_what_is_old_is_known_less_well_and_what_is_not_heard_again_is_forgotten() -> None:
    clock = OtherClock()
    clock.take(AHEAD, round_us=0, now_us=0)
    assert clock.lead(4 * SECOND) == (AHEAD, 4 * MILLI)
    assert clock.lead(FRESH_US + 1) is None
