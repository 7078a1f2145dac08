"""What the clocks of a zone show: which moments belong to a day, and when a time is first shown.

Instants are microseconds UTC. A *wall* is what a clock shows, in microseconds since
1970-01-01 00:00 of that clock; its day is its 86,400-second part, counted from 1970-01-01. Nothing
here assumes that a day is one piece: where the clocks go back over midnight it is two.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from engine.core.ids import Instant
from engine.timing.cron import SECOND_US
from engine.timing.zones import Zone

DAY_US: Final = 86_400 * SECOND_US
_DAY: Final = 86_400
_MARGIN: Final = 2 * _DAY  # no clock is further from UTC than that


def wall_at(zone: Zone, instant: Instant) -> int:
    """The wall that the zone's clocks show at an instant."""
    return instant + zone.offset_at(instant // SECOND_US) * SECOND_US


def day_at(zone: Zone, instant: Instant) -> int:
    """The day that the zone's clocks show at an instant.

    >>> from engine.timing.zones import find_zone
    >>> day_at(find_zone("Asia/Tokyo"), 15 * 3600 * SECOND_US)
    1
    """
    return wall_at(zone, instant) // DAY_US


def highest_wall(zone: Zone, instant: Instant) -> int:
    """The highest wall that the clocks have shown up to an instant, it included.

    So `landing(zone, wall) > instant` exactly where `wall > highest_wall(zone, instant)`.
    """
    second = instant // SECOND_US
    table = zone.grow(second)
    segment = bisect_right(table.starts, second) - 1
    highest = instant + table.offsets[segment] * SECOND_US
    for before in range(max(0, segment - 2), segment):
        ended = (table.starts[before + 1] + table.offsets[before]) * SECOND_US - 1
        highest = max(highest, ended)
    return highest


def landing(zone: Zone, wall: int) -> Instant:
    """The first instant at which the clocks show `wall`, or the end of the gap that it is in."""
    second, rest = divmod(wall, SECOND_US)
    found = zone.instant_at(second)
    is_shown = found + zone.offset_at(found) == second
    return found * SECOND_US + (rest if is_shown else 0)


def shown(zone: Zone, low: int, high: int) -> Iterator[tuple[Instant, Instant, int]]:
    """When the clocks show a wall of low <= wall < high.

    Yields:
        From an instant (included) to another (excluded), and what to add to get the wall.
    """
    table = zone.grow(high // SECOND_US + _MARGIN)
    segment = bisect_right(table.starts, low // SECOND_US - _MARGIN) - 1
    while segment < len(table.offsets):
        opening, closing = (at * SECOND_US for at in table.starts[segment : segment + 2])
        if opening > high + _MARGIN * SECOND_US:
            return
        offset = table.offsets[segment] * SECOND_US
        first, last = max(opening, low - offset), min(closing, high - offset)
        if first < last:
            yield first, last, offset
        segment += 1


def segment_at(zone: Zone, instant: Instant) -> tuple[Instant, Instant, int]:
    """A stretch of one offset around an instant: from, to (excluded), what to add for the wall."""
    second = instant // SECOND_US
    table = zone.grow(second)
    segment = bisect_right(table.starts, second) - 1
    # What is not sampled yet may hold another change: the stretch ends where the table does.
    closing = min(table.starts[segment + 1], table.until)
    return (
        table.starts[segment] * SECOND_US,
        closing * SECOND_US,
        table.offsets[segment] * SECOND_US,
    )


def gaps_over_midnight(zone: Zone, low: Instant, high: Instant) -> Iterator[Instant]:
    """The moments of low <= t <= high at which the clocks jump from one day into a later one."""
    table = zone.grow(high // SECOND_US)
    segment = bisect_right(table.starts, low // SECOND_US - 1)
    while segment < len(table.offsets) and (at := table.starts[segment]) * SECOND_US <= high:
        before, after = table.offsets[segment - 1 : segment + 1]
        if (at + before) // _DAY < (at + after) // _DAY:
            yield at * SECOND_US
        segment += 1


@lru_cache(1024)
def missing_days(zone: Zone) -> frozenset[int]:
    """The days that the zone's clocks never show, such as 2011-12-30 in Samoa."""
    table = zone.table
    jumps = zip(table.starts[1:], pairwise(table.offsets), strict=False)
    return frozenset(
        day
        for at, (before, after) in jumps
        for day in range(-(-(at + before) // _DAY), (at + after) // _DAY)
    )
