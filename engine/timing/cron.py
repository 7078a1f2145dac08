"""The fires of a cron expression, by bit sets over integers.

There is no datetime on the way: a wall-clock second is a day (found in a table of months) and a
minute of that day (a bit in a set of 1,440), and a zone is a table of offset changes. What happens
where an offset changes is one question: at which wall-clock second does a segment of the table
begin for this job (see `DstPolicy`). All times in here are whole seconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import StrEnum
from typing import Final

from engine.timing.fields import Fields
from engine.timing.months import (
    FIRST_DAYS,
    MONTH_KINDS,
    MONTHS_A_CYCLE,
    locate,
)
from engine.timing.zones import Table, Zone

SECOND_US: Final = 1_000_000
BETWEEN_MAX: Final = 100_000


class DstPolicy(StrEnum):
    """What a job does where the clocks of its zone change.

    DEBIAN: as Debian's cron. A job with `*` in the minute or hour follows the wall clock; of any
        other one, a skipped time fires when the gap ends, a repeated one the first time only.
    SKIP: a skipped time does not fire, a repeated one fires the first time only.
    SHIFT: a skipped time fires as much later as the clocks were put forward, a repeated one the
        first time only.
    BOTH: the wall clock as it stands: a skipped time does not fire, a repeated one fires twice.
    """

    DEBIAN = "debian"
    SKIP = "skip"
    SHIFT = "shift"
    BOTH = "both"


# Which column of the table tells the first wall-clock second of each segment.
_WALL: Final = Table._fields.index("wall_starts")
_FIXED: Final = Table._fields.index("fixed_starts")
_ONCE: Final = Table._fields.index("once_starts")


class Cron:
    """A cron expression in a zone. Immutable to its users, and shared between jobs."""

    __slots__ = (
        "_days",
        "_first_second",
        "_first_time",
        "_firsts",
        "_month",
        "_months",
        "_seconds",
        "_times",
        "dst",
        "is_fixed",
        "text",
        "zone",
    )

    def __init__(self, text: str, fields: Fields, zone: Zone, dst: DstPolicy = DstPolicy.DEBIAN):
        """Prepare the sets; the years of `fields` are not looked at.

        Raises:
            ValueError: no month of the calendar has a day that matches.
        """
        self.text = text
        self.zone = zone
        self.dst = dst
        self.is_fixed = fields.is_fixed
        self._seconds = fields.seconds
        self._first_second = _lowest(fields.seconds)
        self._times = sum(
            fields.minutes << 60 * hour for hour in range(24) if fields.hours >> hour & 1
        )
        self._first_time = _lowest(self._times)
        self._months = fields.months
        self._days = fields.days
        self._firsts = _column(dst, fields.is_fixed)
        # The month looked at last: its first day, the first day after it, its matching days. One
        # tuple, so that threads that share the schedule never see half of it.
        self._month = (0, 0, 0)
        if not any(self._matching_days(index) for index in range(MONTHS_A_CYCLE)):
            raise ValueError("no month has such a day")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r}, {self.zone.name!r})"

    def next_after(self, instant: int) -> int:
        """Return the first fire strictly after `instant`; both in microseconds since the epoch."""
        now = instant // SECOND_US
        zone = self.zone
        table = zone.table
        starts = table.starts
        offsets = table.offsets
        segment = bisect_right(starts, now) - 1
        firsts: tuple[int, ...] = table[self._firsts]  # type: ignore[assignment]  # no `until`
        offset = offsets[segment]
        wall = now + offset + 1
        if wall < firsts[segment]:
            wall = firsts[segment]
        wall = self._wall_from(wall)
        fire = wall - offset
        if fire < starts[segment]:
            fire = starts[segment]
        while fire >= starts[segment + 1]:
            repeats_from = starts[segment + 1] + offset
            segment += 1
            offset = offsets[segment]
            first = firsts[segment]
            if wall < first or first < repeats_from:  # in a gap, or the wall repeats itself
                wall = self._wall_from(first)
            fire = wall - offset
            if fire < starts[segment]:
                fire = starts[segment]
        if fire >= table.until:
            zone.grow(fire)
            return self.next_after(instant)
        return fire * SECOND_US

    def last_before(self, instant: int) -> int:
        """Return the last fire strictly before `instant`; both in microseconds since the epoch."""
        now = -(-instant // SECOND_US)  # the fire's second is less than this
        table = self.zone.grow(now)
        firsts: tuple[int, ...] = table[self._firsts]  # type: ignore[assignment]  # no `until`
        segment = bisect_left(table.starts, now) - 1
        while True:
            opening, offset, first = table.starts[segment], table.offsets[segment], firsts[segment]
            wall = self._wall_to(min(now, table.starts[segment + 1]) + offset - 1)
            if wall >= first:
                # Times of the gap before the segment fire when it opens.
                return max(wall - offset, opening) * SECOND_US
            segment -= 1

    def between(self, start: int, end: int, limit: int = BETWEEN_MAX) -> list[int]:
        """Return the fires t with start < t <= end, the earliest `limit` of them, ascending."""
        fires: list[int] = []
        fire = start
        while len(fires) < limit:
            fire = self.next_after(fire)
            if fire > end:
                break
            fires.append(fire)
        return fires

    def count(self, start: int, end: int) -> int:
        """Return how many fires t have start < t <= end, without making them one by one."""
        low, high = start // SECOND_US + 1, end // SECOND_US + 1
        if low >= high:
            return 0
        table = self.zone.grow(high)
        firsts: tuple[int, ...] = table[self._firsts]  # type: ignore[assignment]  # no `until`
        total = 0
        for segment in range(bisect_right(table.starts, low) - 1, len(table.offsets)):
            opening = table.starts[segment]
            if opening >= high:
                break
            offset, first = table.offsets[segment], firsts[segment]
            wall = max(first, opening + offset, low + offset)
            total += self.count_walls(wall, min(high, table.starts[segment + 1]) + offset)
            # Times in the gap before the segment fire as one when it opens, unless that instant
            # has been counted for a time of its own.
            base = opening + offset
            if first < base and low <= opening and not self.count_walls(base, base + 1):
                total += self.count_walls(first, base) > 0
        return total

    def count_walls(self, low: int, high: int) -> int:
        """Return the number of matching wall-clock seconds w with low <= w < high."""
        if low >= high:
            return 0
        low_day, low_second = divmod(low, 86_400)
        high_day, high_second = divmod(high, 86_400)
        days = self._count_days(low_day, high_day)
        per_day = self._times.bit_count() * self._seconds.bit_count()
        return (
            days * per_day
            - self._count_days(low_day, low_day + 1) * self._count_times(low_second)
            + self._count_days(high_day, high_day + 1) * self._count_times(high_second)
        )

    def walls(self, low: int, high: int, limit: int) -> list[int]:
        """Return the first `limit` matching wall-clock seconds w with low <= w < high."""
        found: list[int] = []
        wall = self._wall_from(low)
        while wall < high and len(found) < limit:
            found.append(wall)
            wall = self._wall_from(wall + 1)
        return found

    def _count_days(self, low: int, high: int) -> int:
        total = 0
        while low < high:
            first, end, days = self._month
            if not first <= low < end:
                first, end, days = self._turn_to(low)
            stop = min(high, end)
            total += (days >> low - first & (1 << stop - low) - 1).bit_count()
            low = stop
        return total

    def _count_times(self, second: int) -> int:
        """Return the number of matching seconds of a matching day before its `second`."""
        minute, second = divmod(second, 60)
        before = (self._times & (1 << minute) - 1).bit_count() * self._seconds.bit_count()
        within = (self._seconds & (1 << second) - 1).bit_count()
        return before + (self._times >> minute & 1) * within

    def _wall_from(self, wall: int) -> int:
        """Return the first matching wall-clock second at or after `wall`."""
        if self._seconds == 1:
            return self._minute_from(-(-wall // 60)) * 60
        minute, second = divmod(wall, 60)
        found = self._minute_from(minute)
        if found == minute:
            rest = self._seconds >> second
            if rest:
                return wall + (rest & -rest).bit_length() - 1
            found = self._minute_from(minute + 1)
        return found * 60 + self._first_second

    def _wall_to(self, wall: int) -> int:
        """Return the last matching wall-clock second at or before `wall`."""
        minute, second = divmod(wall, 60)
        found = self._minute_to(minute)
        if found == minute:
            rest = self._seconds & (2 << second) - 1
            if rest:
                return minute * 60 + rest.bit_length() - 1
            found = self._minute_to(minute - 1)
        return found * 60 + self._seconds.bit_length() - 1

    def _minute_from(self, minute: int) -> int:
        """Return the first matching minute at or after `minute`, counted from the epoch."""
        day, time = divmod(minute, 1440)
        first, end, days = self._month
        if not first <= day < end:
            first, end, days = self._turn_to(day)
        rest = days >> day - first
        if rest & 1:
            times = self._times >> time
            if times:
                return minute + (times & -times).bit_length() - 1
            rest -= 1
        while not rest:
            day = end
            _, end, rest = self._turn_to(end)
        return (day + (rest & -rest).bit_length() - 1) * 1440 + self._first_time

    def _minute_to(self, minute: int) -> int:
        """Return the last matching minute at or before `minute`, counted from the epoch."""
        day, time = divmod(minute, 1440)
        first, end, days = self._month
        if not first <= day < end:
            first, end, days = self._turn_to(day)
        rest = days & (2 << day - first) - 1
        if rest >> day - first:
            times = self._times & (2 << time) - 1
            if times:
                return day * 1440 + times.bit_length() - 1
            rest &= (1 << day - first) - 1
        while not rest:
            first, _, rest = self._turn_to(first - 1)
        return (first + rest.bit_length() - 1) * 1440 + self._times.bit_length() - 1

    def _turn_to(self, day: int) -> tuple[int, int, int]:
        index, cycle = locate(day)
        month = (
            cycle + FIRST_DAYS[index],
            cycle + FIRST_DAYS[index + 1],
            self._matching_days(index),
        )
        self._month = month
        return month

    def _matching_days(self, index: int) -> int:
        return self._days[MONTH_KINDS[index]] if self._months >> index % 12 & 1 else 0


class ShiftedCron(Cron):
    """A cron expression whose skipped times fire as much later as the clocks were put forward.

    That is: on the clock as it was before the change, during the first moments after it. Two
    times that so come to fall together fire once.
    """

    __slots__ = ()

    def next_after(self, instant: int) -> int:
        """Return the first fire strictly after `instant`; both in microseconds since the epoch."""
        fire = super().next_after(instant) // SECOND_US
        now = instant // SECOND_US
        for opening, end, before in self._gaps(now, fire):
            wall = self._wall_from(max(now + 1, opening) + before)
            if wall < min(end, fire) + before:
                return (wall - before) * SECOND_US
        return fire * SECOND_US

    def last_before(self, instant: int) -> int:
        """Return the last fire strictly before `instant`; both in microseconds since the epoch."""
        fire = super().last_before(instant) // SECOND_US
        now = -(-instant // SECOND_US)
        for opening, end, before in reversed(self._gaps(fire, now)):
            wall = self._wall_to(min(now, end) + before - 1)
            if wall >= max(opening, fire + 1) + before:
                return (wall - before) * SECOND_US
        return fire * SECOND_US

    def count(self, start: int, end: int) -> int:
        """Return how many fires t have start < t <= end."""
        low, high = start // SECOND_US + 1, end // SECOND_US + 1
        total = super().count(start, end)
        for opening, closing, before in self._gaps(low - 1, high):
            shifted = max(low, opening)
            while (shifted := self._wall_from(shifted + before) - before) < min(high, closing):
                own = super().next_after(shifted * SECOND_US - 1) == shifted * SECOND_US
                total += not own
                shifted += 1
        return total

    def _gaps(self, low: int, high: int) -> list[tuple[int, int, int]]:
        """Where skipped times fire, within low < t < high: from, to (excluded), offset before."""
        table = self.zone.grow(high)
        # No gap is longer than a day: the first that matters opens at most so long before.
        first = max(1, bisect_right(table.starts, low - 86_400) - 1)
        return [
            (opening, opening + after - before, before)
            for opening, before, after in zip(
                table.starts[first:],
                table.offsets[first - 1 :],
                table.offsets[first:],
                strict=False,
            )
            if after > before and opening < high and opening + after - before > low
        ]


def _column(dst: DstPolicy, is_fixed: bool) -> int:
    if dst is DstPolicy.BOTH:
        return _WALL
    if dst is DstPolicy.DEBIAN:
        return _FIXED if is_fixed else _WALL
    return _ONCE


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
