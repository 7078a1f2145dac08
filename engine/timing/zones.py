"""Time zones as tables of offset changes, so that a next fire asks no zone library.

A table is sampled from `zoneinfo` on first use, covers 1970 to 2100 and grows when somebody asks
beyond, up to 2400; before 1970 the first offset holds, after 2400 the last.
Everything here counts whole seconds. The offsets are those of the package `tzdata`, which is
locked: nodes of one release agree, whatever their machines have under /usr/share/zoneinfo.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, reset_tzpath

from engine.core.errors import InvalidDocument, Problem

HORIZON: Final = 4_133_980_800  # 2101-01-01
CLOCK_CORRECTION_SECONDS: Final = 3 * 3600
_SAMPLE_SECONDS: Final = 7 * 86_400  # no zone has changed twice within a week since 1970
_GROWTH_SECONDS: Final = 50 * 31_556_952
_LAST: Final = 13_569_465_600  # 2400-01-01; from then on the offset stays what it is
_FOREVER: Final = 1 << 62
_FURTHEST: Final = 2 * 86_400  # no clock is further from UTC than that
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
reset_tzpath(())  # for this process: the package alone is asked
# These name whatever the machine is set to, which may differ from node to node.
_NOT_PORTABLE: Final = frozenset({"localtime", "posixrules", "Factory"})


class Table(NamedTuple):
    """Offset segments of a zone: segment k holds from `starts[k]` until `starts[k + 1]`.

    Attributes:
        starts: UTC seconds, ascending; the first is far in the past and one more than there are
            offsets closes the last segment.
        offsets: seconds east of UTC in each segment.
        wall_starts: the first wall second of a segment for jobs that follow the wall clock: a
            skipped time belongs to none, a repeated one to both.
        fixed_starts: the same for fixed-time jobs: where the segment before it ended on the wall,
            so that a skipped time belongs to the later segment and a repeated one to the earlier.
        once_starts: the same where a skipped time belongs to none and a repeated one to the
            earlier segment.
        until: UTC seconds up to which the table was sampled.
    """

    starts: tuple[int, ...]
    offsets: tuple[int, ...]
    wall_starts: tuple[int, ...]
    fixed_starts: tuple[int, ...]
    once_starts: tuple[int, ...]
    until: int


class Zone:
    """A named zone and its table; shared by all schedules in that zone."""

    __slots__ = ("_offset", "name", "table")

    def __init__(self, name: str, offset: Callable[[int], int], until: int = HORIZON):
        self.name = name
        self._offset = offset
        self.table = _sample(offset, until)

    def grow(self, instant: int) -> Table:
        """Return a table that covers `instant` (UTC seconds); build it if need be."""
        if instant >= self.table.until:
            # One attribute is swapped, so a reader in another thread sees either table whole.
            self.table = _sample(self._offset, min(instant + _GROWTH_SECONDS, _LAST))
        return self.table

    def stretches(self, first: int, last: int) -> list[tuple[int, int, int]]:
        """The stretches of one offset within [first, last]: from, to (not included), offset."""
        table = self.grow(last)
        return [
            (max(begins, first), min(ends, last + 1), offset)
            for begins, ends, offset in zip(
                table.starts, table.starts[1:], table.offsets, strict=False
            )
            if ends > first and begins <= last
        ]

    def instant_at(self, wall: int) -> int:
        """The first UTC second at which the wall clock shows `wall` (seconds) or more."""
        table = self.grow(wall + 86_400)
        first = bisect_right(table.starts, wall - _FURTHEST) - 1
        for begins, ends, offset in zip(
            table.starts[first:], table.starts[first + 1 :], table.offsets[first:], strict=False
        ):
            if wall - offset < ends:
                return max(begins, wall - offset)
        raise AssertionError("the last segment has no end")

    def offset_at(self, instant: int) -> int:
        """Return the seconds east of UTC at `instant` (UTC seconds)."""
        table = self.grow(instant)
        return table.offsets[bisect_right(table.starts, instant) - 1]


def is_set_clock(change: int) -> bool:
    """Whether Debian's cron takes a change of the offset for a clock that was set.

    It compares minutes: of a jump over three hours the minute that follows lies beyond its bound,
    of a fall by three hours it does not.
    """
    return change >= CLOCK_CORRECTION_SECONDS or change < -CLOCK_CORRECTION_SECONDS


def _sample(offset: Callable[[int], int], until: int) -> Table:
    starts, offsets = [-_FOREVER], [offset(0)]
    for sample in range(0, until, _SAMPLE_SECONDS):
        end = sample + _SAMPLE_SECONDS
        if offset(end) == offsets[-1]:
            continue
        low, high = sample, end
        while high - low > 1:
            middle = (low + high) // 2
            if offset(middle) == offsets[-1]:
                low = middle
            else:
                high = middle
        starts.append(high)
        offsets.append(offset(high))
    wall_starts, fixed_starts, once_starts = [-_FOREVER], [-_FOREVER], [-_FOREVER]
    for start, before, after in zip(starts[1:], offsets, offsets[1:], strict=False):
        wall_starts.append(start + after)
        fixed_starts.append(start + (after if is_set_clock(after - before) else before))
        once_starts.append(start + max(before, after))
    starts.append(_FOREVER)
    covered = until if len(offsets) > 1 and until < _LAST else _FOREVER
    firsts = (tuple(wall_starts), tuple(fixed_starts), tuple(once_starts))
    return Table(tuple(starts), tuple(offsets), *firsts, covered)


@lru_cache(1024)
def find_zone(name: str) -> Zone:
    """Return the zone with an IANA name, its table built on first use.

    Raises:
        InvalidDocument: no such zone; one Problem on the field "timezone".
    """
    if name == "UTC":
        return Zone(name, lambda _: 0, until=0)
    hint = "an IANA name such as Europe/Berlin, or UTC"
    if name in _NOT_PORTABLE:
        reason = f"{name!r} means something else on each machine"
        raise InvalidDocument([Problem("timezone", reason, hint)])
    try:
        info = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # OSError: the name of a folder of the database, such as "America".
        problem = Problem("timezone", f"{name!r} is not a known time zone", hint)
        raise InvalidDocument([problem]) from None

    def offset(instant: int) -> int:
        local = (_EPOCH + timedelta(seconds=instant)).astimezone(info)
        shift = local.replace(tzinfo=UTC) - _EPOCH
        return shift.days * 86_400 + shift.seconds - instant

    return Zone(name, offset)
