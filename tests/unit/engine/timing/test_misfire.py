"""What becomes of the fires of a gap."""

from __future__ import annotations

import pytest

from engine.timing.misfire import split_missed
from engine.timing.parse import parse_schedule

SECOND = 1_000_000
MINUTE = 60 * SECOND
EACH_MINUTE = parse_schedule("* * * * *")


def test_ignore_makes_no_late_fire_and_says_which_it_skipped() -> None:
    missed = split_missed(EACH_MINUTE, MINUTE, 5 * MINUTE + 30 * SECOND, "ignore")
    assert missed.run == ()
    assert (missed.skipped, missed.skipped_from, missed.skipped_to) == (5, MINUTE, 5 * MINUTE)
    assert missed.next_fire == 6 * MINUTE


def test_execute_one_makes_the_latest_and_skips_the_earlier_ones() -> None:
    missed = split_missed(EACH_MINUTE, MINUTE, 5 * MINUTE + 30 * SECOND, "execute_one")
    assert missed.run == (5 * MINUTE,)
    assert (missed.skipped, missed.skipped_from, missed.skipped_to) == (4, MINUTE, 4 * MINUTE)


def test_execute_all_makes_each_fire_in_order() -> None:
    missed = split_missed(EACH_MINUTE, MINUTE, 3 * MINUTE + 30 * SECOND, "execute_all")
    assert missed.run == (MINUTE, 2 * MINUTE, 3 * MINUTE)
    assert (missed.skipped, missed.skipped_from, missed.skipped_to) == (0, None, None)


def test_execute_all_keeps_the_latest_fires_when_there_are_too_many() -> None:
    missed = split_missed(EACH_MINUTE, MINUTE, 9 * MINUTE + 30 * SECOND, "execute_all", limit=2)
    assert missed.run == (8 * MINUTE, 9 * MINUTE)
    assert (missed.skipped, missed.skipped_from, missed.skipped_to) == (7, MINUTE, 7 * MINUTE)


@pytest.mark.parametrize("policy", ["ignore", "execute_one", "execute_all"])
def test_a_fire_within_the_grace_is_no_misfire(policy: str) -> None:
    for now in (5 * MINUTE, 5 * MINUTE + 2 * SECOND):
        missed = split_missed(EACH_MINUTE, 5 * MINUTE, now, policy, grace_us=2 * SECOND)
        assert missed.run == (5 * MINUTE,)
        assert missed.skipped == 0


def test_a_fire_just_past_the_grace_is_late() -> None:
    now = 5 * MINUTE + 2 * SECOND + 1
    assert split_missed(EACH_MINUTE, 5 * MINUTE, now, "ignore", grace_us=2 * SECOND).run == ()


def test_a_fire_on_time_is_made_beside_the_late_one() -> None:
    missed = split_missed(EACH_MINUTE, MINUTE, 3 * MINUTE, "execute_one")
    assert missed.run == (2 * MINUTE, 3 * MINUTE)
    assert missed.skipped == 1


def test_nothing_is_missed_before_the_first_fire() -> None:
    missed = split_missed(EACH_MINUTE, 5 * MINUTE, 4 * MINUTE, "execute_all")
    assert missed.run == ()
    assert missed.skipped == 0
    assert missed.next_fire == 5 * MINUTE


def test_a_moment_that_was_missed_is_still_made_once() -> None:
    once = parse_schedule("@at 1970-01-02T00:00:00Z")
    fire = 86_400 * SECOND
    missed = split_missed(once, fire, 10 * fire, "execute_one")
    assert missed.run == (fire,)
    assert missed.next_fire is None
    ignored = split_missed(once, fire, 10 * fire, "ignore")
    assert (ignored.skipped, ignored.skipped_from, ignored.skipped_to) == (1, fire, fire)


def test_a_cron_schedule_is_counted_exactly_over_any_gap() -> None:
    each_second = parse_schedule("* * * * * *", "Europe/Berlin")
    missed = split_missed(each_second, SECOND, 10**9 * SECOND, "ignore")
    assert missed.skipped == 10**9 - 2


def test_a_period_is_counted_exactly_over_any_gap() -> None:
    missed = split_missed(parse_schedule("@every 1s"), SECOND, 10**9 * SECOND, "ignore")
    assert missed.skipped == 10**9 - 2  # the last two are within a second of now
