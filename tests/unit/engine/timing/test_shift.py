"""Schedules moved later, as text, and what the clocks make of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.timing.dialects import Dialect
from engine.timing.parse import Timing
from engine.timing.shift import DAY_US, MINUTE_US, keeps_window, shifted

WINTER = 20_820 * DAY_US  # 2027-01-02


@pytest.mark.parametrize(
    ("text", "minutes", "moved"),
    [
        ("0 2 * * *", 20, "20 2 * * *"),
        ("50 1 * * 1-5", 15, "5 2 * * 1-5"),
        ("30 0 2 LW * *", 5, "30 5 2 LW * *"),
        ("0,40 2 * * *", 30, None),
        ("30 23 * * *", 31, None),
        ("30 * * * *", 31, None),
        ("* * * * *", 1, None),
        ("*/30 2 * * *", 5, None),
        ("H 2 * * *", 5, None),
        ("@at 2027-01-01T09:00:00Z", 5, None),
    ],
)
def test_a_schedule_moves_where_an_expression_says_it(
    text: str, minutes: int, moved: str | None
) -> None:
    found = shifted(Timing(text=text), minutes)
    assert (found.text if found else None) == moved


def test_a_repeated_hour_breaks_a_window_that_every_other_day_keeps() -> None:
    """From 01:30 to 02:10 it is 40 minutes, but 100 on the night that has 01:30 twice."""
    before, after = Timing(text="30 1 * * *"), Timing(text="10 2 * * *")
    assert keeps_window(before, after, "", 45 * MINUTE_US, WINTER)
    old, new = (replace(timing, timezone="America/New_York") for timing in (before, after))
    assert not keeps_window(old, new, "", 45 * MINUTE_US, WINTER)
    assert keeps_window(old, new, "", 100 * MINUTE_US, WINTER)


@pytest.mark.parametrize(
    ("dialect", "text", "moved"),
    [
        ("quartz", "0 0 2 ? * MON-FRI", "0 20 2 ? * MON-FRI"),
        ("aws", "50 1 ? * 2-6 *", "10 2 ? * 2-6 *"),
        ("robfig", "15 0/30 * * * ?", "15 20,50 * * * ?"),
    ],
)
def test_a_schedule_of_another_dialect_moves_in_its_own(
    dialect: str, text: str, moved: str
) -> None:
    found = shifted(Timing(text=text, dialect=Dialect(dialect)), 20)
    assert found is not None
    assert found.text == moved
