"""Durations as people write them ("250ms", "30s", "1h30m") to and from whole microseconds.

The grammar is Go's without signs, plus days. Nothing here knows what a duration is for; limits
belong to the field that carries it.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

from engine.core.errors import InvalidDocument, Problem

UNITS_US: Final = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "us": 1,
    "µs": 1,
}
DURATION_US_MAX: Final = 36_525 * UNITS_US["d"]  # a century: more is a slip of the pen
_HINT: Final = 'a number and a unit, such as "250ms", "30s", "5m", "1h30m" or "7d"'
_PART: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)(ms|us|µs|d|h|m|s)")
_WHOLE: Final = re.compile(rf"(?:{_PART.pattern})+")
_FORMAT: Final = (
    ("h", UNITS_US["h"]),
    ("m", UNITS_US["m"]),
    ("s", UNITS_US["s"]),
    ("ms", 1_000),
    ("us", 1),
)


def parse_duration(text: str, field: str = "duration") -> int:
    """Return the duration in whole microseconds, 0 to a century.

    Args:
        text: one or more numbers with a unit each (d, h, m, s, ms, us), largest unit first, each
            unit once; decimals are allowed where they come to whole microseconds.
        field: the path under which a fault is reported.

    Raises:
        InvalidDocument: the text is not a duration; one Problem says what would be.

    >>> parse_duration("1h30m"), parse_duration("250ms"), parse_duration("1.5s")
    (5400000000, 250000, 1500000)
    """
    text = text.strip()
    if text == "0":
        return 0
    if not _WHOLE.fullmatch(text):
        raise InvalidDocument([Problem(field, f"{text!r} is not a duration", _HINT)])
    total = Fraction(0)
    smallest = DURATION_US_MAX
    for number, unit in _PART.findall(text):
        size = UNITS_US[unit]
        if size >= smallest:
            reason = f"{text!r} does not go from the largest unit to the smallest"
            raise InvalidDocument([Problem(field, reason, _HINT)])
        smallest = size
        total += Fraction(number) * size
    if total.denominator != 1:
        reason = f"{text!r} is finer than a microsecond"
        raise InvalidDocument([Problem(field, reason, "at most six decimals of a second")])
    if total > DURATION_US_MAX:
        reason = f"{text!r} is longer than a century"
        raise InvalidDocument([Problem(field, reason, 'at most "36525d"')])
    return int(total)


@lru_cache(maxsize=1_024)  # most jobs share the few that are usual
def format_duration(duration_us: int) -> str:
    """Return the shortest text that `parse_duration` reads as the same microseconds.

    Hours are the largest unit, as in Go, so a day reads "24h".

    Args:
        duration_us: whole microseconds, not negative.

    >>> format_duration(5_400_000_000), format_duration(250_000), format_duration(0)
    ('1h30m', '250ms', '0s')
    """
    if duration_us < 0:
        raise ValueError(f"a duration is not negative: {duration_us} us")
    parts = []
    rest = duration_us
    for unit, size in _FORMAT:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
