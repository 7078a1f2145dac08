"""A zone's wall clock as arrays for SQL: DuckDB's rules of zones are not those of schedules."""

from __future__ import annotations

from engine.core.clock import SECOND_US
from engine.core.ids import Instant
from engine.timing.zones import find_zone


def wall_segments(zone: str, since: Instant, until: Instant) -> dict[str, list[int]]:
    """`starts`, `ends` and `offsets` of a zone's clock in [since, until); all in microseconds.

    Raises:
        InvalidDocument: there is no such zone.
    """
    stretches = find_zone(zone).stretches(since // SECOND_US, until // SECOND_US - 1)
    columns = zip(*stretches, strict=True)
    return {
        name: [seconds * SECOND_US for seconds in column]
        for name, column in zip(("starts", "ends", "offsets"), columns, strict=True)
    }
