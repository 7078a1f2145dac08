"""What the next change of the clocks does to a job, in numbers and in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.timing.clock_changes import ChangeEffect, next_change
from engine.timing.cron import DstPolicy
from engine.timing.parse import Timing, schedule_of

SPRING = datetime(2026, 2, 1, tzinfo=UTC)
AUTUMN = datetime(2026, 9, 1, tzinfo=UTC)


def instant(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "dst", "spring", "autumn"),
    [
        ("30 2 * * *", "debian", ChangeEffect.AT_THE_END, ChangeEffect.ONCE),
        ("*/30 2 * * *", "debian", ChangeEffect.NOT_RUN, ChangeEffect.TWICE),
        ("30 2 * * *", "skip", ChangeEffect.NOT_RUN, ChangeEffect.ONCE),
        ("30 2 * * *", "shift", ChangeEffect.LATER, ChangeEffect.ONCE),
        ("30 2 * * *", "both", ChangeEffect.NOT_RUN, ChangeEffect.TWICE),
        ("30 3 * * *", "shift", ChangeEffect.NONE, ChangeEffect.NONE),
    ],
)
def test_the_effect_follows_the_policy(
    text: str, dst: str, spring: ChangeEffect, autumn: ChangeEffect
) -> None:
    schedule = schedule_of(Timing(text=text, timezone="Europe/Berlin", dst=DstPolicy(dst)))
    changes = [next_change(schedule, instant(moment)) for moment in (SPRING, AUTUMN)]
    assert [change.effect if change else None for change in changes] == [spring, autumn]


def test_the_words_name_the_night_the_times_and_what_becomes_of_them() -> None:
    timing = Timing(text="0,20,40 2 * * *", timezone="Europe/Berlin", dst=DstPolicy.SHIFT)
    spring, autumn = (next_change(schedule_of(timing), instant(at)) for at in (SPRING, AUTUMN))
    assert spring is not None
    assert spring.words == (
        "On 2026-03-29 at 02:00 the clocks go forward to 03:00. "
        "3 times of this job (02:00, 02:20, 02:40) do not exist that day, and run 1h later."
    )
    assert autumn is not None
    assert autumn.words == (
        "On 2026-10-25 at 03:00 the clocks go back to 02:00. "
        "3 times of this job (02:00, 02:20, 02:40) come twice, and run the first time only."
    )


def test_half_an_hour_and_a_gap_at_midnight() -> None:
    lord_howe = schedule_of(Timing(text="15 2 * * *", timezone="Australia/Lord_Howe"))
    change = next_change(lord_howe, instant(AUTUMN))
    assert change is not None
    assert (change.after_s - change.before_s, change.times) == (1_800, 1)
    havana = schedule_of(Timing(text="@daily", timezone="America/Havana"))
    change = next_change(havana, instant(SPRING))
    assert change is not None
    assert (change.examples, change.effect) == ((0,), ChangeEffect.AT_THE_END)


def test_a_skipped_day_is_left_out_as_after_a_set_clock() -> None:
    apia = schedule_of(Timing(text="0 9 * * *", timezone="Pacific/Apia"))
    change = next_change(apia, instant(datetime(2011, 12, 1, tzinfo=UTC)))
    assert change is not None
    assert change.effect is ChangeEffect.NOT_RUN
    assert "of 2011-12-31" in change.words


def test_nothing_changes_where_no_clock_does_or_no_fire_comes() -> None:
    now = instant(SPRING)
    for timing in (
        Timing(text="@daily"),
        Timing(text="@every 1h", timezone="Europe/Berlin"),
        Timing(text="@daily", timezone="Asia/Kathmandu"),
        Timing(
            text="@daily",
            timezone="Europe/Berlin",
            ends_us=instant(datetime(2026, 3, 1, tzinfo=UTC)),
        ),
    ):
        assert next_change(schedule_of(timing), now) is None
