"""Durations as people write them."""

from __future__ import annotations

import pytest

from engine.core.durations import format_duration, parse_duration
from engine.core.errors import InvalidDocument


@pytest.mark.parametrize(
    ("text", "duration_us"),
    [
        ("250ms", 250_000),
        ("30s", 30_000_000),
        ("5m", 300_000_000),
        ("1h30m", 5_400_000_000),
        ("7d", 604_800_000_000),
        ("1.5s", 1_500_000),
        ("10us", 10),
        ("10µs", 10),
        ("0", 0),
        ("0s", 0),
        (" 1h ", 3_600_000_000),
    ],
)
def test_a_duration_is_read_as_whole_microseconds(text: str, duration_us: int) -> None:
    assert parse_duration(text) == duration_us


@pytest.mark.parametrize(
    "text",
    [
        *("", "5", "-5s", "s", "5 s", "1m1h", "1s1s", "1e3s", "5x", "1h30", "1.2.3s", "٣s"),
        *("1.0000001s", "0.5us", "99999d", "999999999999999999h"),
    ],
)
def test_what_is_no_duration_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        parse_duration(text, "timeout")
    [problem] = caught.value.problems
    assert problem.field == "timeout"
    assert problem.hint


@pytest.mark.parametrize("duration_us", [0, 1, 999, 1_000, 90_000_000, 5_400_000_001, 10**15])
def test_a_formatted_duration_reads_back_the_same(duration_us: int) -> None:
    assert parse_duration(format_duration(duration_us)) == duration_us


def test_a_negative_duration_has_no_text() -> None:
    with pytest.raises(ValueError, match="not negative"):
        format_duration(-1)
