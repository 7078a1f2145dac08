"""When a calendar is closed, and the fires of a schedule that observes it.

Days are local days of the job's zone, counted from 1970-01-01; instants are microseconds UTC.
A fire in a closure is moved in steps until it is free: out of a closed day to the same time of the
clock on the nearest open day, out of a timed span to its end, or to a second before it begins.
Since the day comes first, all that a span catches leaves it by one way; so a moved fire is either
a time of a closed day that came to lie on an open one, or the way out of a span.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from operator import itemgetter
from typing import Final

from engine.core.ids import Instant
from engine.timing.cron import BETWEEN_MAX, SECOND_US
from engine.timing.local_days import (
    DAY_US,
    day_at,
    gaps_over_midnight,
    highest_wall,
    landing,
    missing_days,
    segment_at,
    shown,
    wall_at,
)
from engine.timing.schedule import Schedule, Span
from engine.timing.zones import Zone

MOVED_DAYS_MAX: Final = 400
"""A fire that would be moved over more days than this is left out."""

HORIZON_US: Final = 50 * 366 * DAY_US
"""Where closed fires alone follow each other for so long, it is taken that no other comes."""

_MOVED_US_MAX: Final = MOVED_DAYS_MAX * DAY_US
_FAR_US: Final = 3 * _MOVED_US_MAX  # onto an open day, out of a span, and a day more for each
_STEP_US: Final = 3600 * SECOND_US  # dense schedules are looked at an hour at a time,
_STEP_US_MAX: Final = 64 * DAY_US  # sparse ones soon two months at a time
_THURSDAY: Final = 4  # the weekday of 1970-01-01


class ClosedRule(StrEnum):
    """What becomes of a fire time that falls into a closure.

    SKIP: it does not fire.
    NEXT: it fires on the next open day at the same time of the clock; when a timed span ends.
    PREVIOUS: on the last open day before; a second before a timed span begins.
    """

    SKIP = "skip"
    NEXT = "next"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closures:
    """The closed days and spans of a calendar.

    Attributes:
        weekend: the weekdays that are closed each week, Sunday 0.
        days: ranges of closed days, first and last included; ascending, with a day between any two.
        open_days: days that are open whatever `weekend` and `days` say; ascending. They do not
            open a span.
        spans: timed closures, from an instant (included) to another (excluded); ascending.

    Raises:
        ValueError: out of order or overlapping; no weekday is open.
    """

    weekend: frozenset[int] = frozenset()
    days: tuple[tuple[int, int], ...] = ()
    open_days: tuple[int, ...] = ()
    spans: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        if not self.weekend <= set(range(7)):
            raise ValueError("weekend: a weekday is a number from 0, Sunday, to 6")
        if len(self.weekend) == 7:
            raise ValueError("weekend: no day of the week is open")
        if any(first > last for first, last in self.days):
            raise ValueError("days: a range ends before it begins")
        if any(last + 1 >= first for (_, last), (first, _) in pairwise(self.days)):
            raise ValueError("days: ranges are out of order, or touch")
        if any(before >= after for before, after in pairwise(self.open_days)):
            raise ValueError("open_days: out of order")
        if any(start >= end for start, end in self.spans):
            raise ValueError("spans: a span ends before it begins")
        if any(end > start for (_, end), (start, _) in pairwise(self.spans)):
            raise ValueError("spans: out of order, or overlapping")

    @classmethod
    def merged(
        cls,
        *,
        weekend: Iterable[int] = (),
        days: Iterable[tuple[int, int]] = (),
        open_days: Iterable[int] = (),
        spans: Iterable[Span] = (),
    ) -> Closures:
        """The closures of parts in any order that may overlap; a span without length is none.

        >>> Closures.merged(days=[(4, 5), (1, 2), (3, 3)]).days
        ((1, 5),)

        Raises:
            ValueError: no weekday is open; a range of days ends before it begins.
        """
        given = sorted(days)
        if any(first > last for first, last in given):
            raise ValueError("days: a range ends before it begins")
        as_spans = _merged((first, last + 1) for first, last in given)
        return cls(
            weekend=frozenset(weekend),
            days=tuple((first, end - 1) for first, end in as_spans),
            open_days=tuple(sorted(set(open_days))),
            spans=tuple(_merged(span for span in spans if span[0] < span[1])),
        )

    def closes(self, day: int) -> bool:
        """Whether a day is closed as a whole."""
        listed = bisect_right(self.days, day, key=itemgetter(0)) - 1
        is_listed = listed >= 0 and day <= self.days[listed][1]
        return (is_listed or self._is_weekend(day)) and not self._is_opened(day)

    def first_open(self, day: int) -> int:
        """The first open day at or after a day."""
        while self.closes(day):
            listed = bisect_right(self.days, day, key=itemgetter(0)) - 1
            after = max(day, self.days[listed][1] if listed >= 0 else day) + 1
            opened = bisect_right(self.open_days, day)
            day = min([after, *self.open_days[opened : opened + 1]])
        return day

    def last_open(self, day: int) -> int:
        """The last open day at or before a day."""
        while self.closes(day):
            listed = bisect_left(self.days, day, key=itemgetter(1))
            before = min(day, self.days[listed][0] if listed < len(self.days) else day) - 1
            opened = bisect_left(self.open_days, day)
            day = max([before, *self.open_days[max(0, opened - 1) : opened]])
        return day

    def first_closed(self, day: int) -> int | None:
        """The first closed day at or after a day; None where all are open from then on."""
        while not self.closes(day):
            listed = bisect_right(self.days, day, key=itemgetter(0))
            if self.weekend or self._is_opened(day):
                day += 1
            elif listed < len(self.days):
                day = self.days[listed][0]
            else:
                return None
        return day

    def span_at(self, instant: Instant) -> Span | None:
        """The timed closure that holds an instant."""
        place = bisect_right(self.spans, instant, key=itemgetter(0)) - 1
        return self.spans[place] if place >= 0 and instant < self.spans[place][1] else None

    def next_span(self, instant: Instant) -> Span | None:
        """The first timed closure that begins after an instant."""
        place = bisect_right(self.spans, instant, key=itemgetter(0))
        return self.spans[place] if place < len(self.spans) else None

    def _is_weekend(self, day: int) -> bool:
        return (day + _THURSDAY) % 7 in self.weekend

    def _is_opened(self, day: int) -> bool:
        place = bisect_left(self.open_days, day)
        return place < len(self.open_days) and self.open_days[place] == day


def closed_at(closures: Closures, zone: Zone, instant: Instant) -> bool:
    """Whether an instant lies in a closed day of the zone or in a closed span."""
    return closures.span_at(instant) is not None or closures.closes(day_at(zone, instant))


@dataclass(frozen=True, slots=True)
class Observing:
    """The fires of a schedule that observes closures; a closed day is the zone's local day.

    A fire that would be moved over more than `MOVED_DAYS_MAX` days is left out. Moved fires that
    coincide with others are one.
    """

    schedule: Schedule
    closures: Closures
    rule: ClosedRule
    zone: Zone

    def next_after(self, instant: Instant) -> Instant | None:
        """Return the first fire strictly after `instant`; None when it never fires again."""
        if self.rule is ClosedRule.SKIP:
            return self._free_after(instant, HORIZON_US)
        first = self.schedule.next_after(instant)
        # What lies behind the instant is moved no further than this.
        past = max([instant, *(span[1] for span in self.closures.spans[-1:])]) + _FAR_US
        low, step = instant, _STEP_US
        for reach in (_STEP_US_MAX, HORIZON_US):
            free = self._free_after(instant, reach)
            ahead = past if first is None else first + reach
            end = ahead if free is None else free
            while low < end:
                if first is not None and past < low < first - _FAR_US:
                    low = first - _FAR_US
                high = min(low + step, end)
                if moved := self._moved(low, high):
                    return min(moved)
                low, step = high, min(2 * step, _STEP_US_MAX)
            if free is not None:
                return free
        return None

    def last_before(self, instant: Instant) -> Instant | None:
        """Return the last fire strictly before `instant`; None when it had never fired."""
        if self.rule is ClosedRule.SKIP:
            return self._free_before(instant, HORIZON_US)
        last = self.schedule.last_before(instant)
        past = min([instant, *(span[0] for span in self.closures.spans[:1])]) - _FAR_US
        high, step = instant - 1, _STEP_US
        for reach in (_STEP_US_MAX, HORIZON_US):
            free = self._free_before(instant, reach)
            ahead = past if last is None else last - reach
            end = ahead if free is None else free
            while high > end:
                if last is not None and past > high > last + _FAR_US:
                    high = last + _FAR_US
                low = max(high - step, end)
                if moved := self._moved(low, high):
                    return max(moved)
                high, step = low, min(2 * step, _STEP_US_MAX)
            if free is not None:
                return free
        return None

    def between(self, start: Instant, end: Instant, limit: int = BETWEEN_MAX) -> list[Instant]:
        """Return the fires t with start < t <= end, the earliest `limit` of them, ascending."""
        if self.rule is ClosedRule.SKIP:
            return self._free_between(start, end, limit)
        fires: list[Instant] = []
        step = _STEP_US
        while (wanted := limit - len(fires)) > 0:
            first = self.next_after(start)
            if first is None or first > end:
                break
            high = min(end, first + step)
            free = self._free_between(first - 1, high, wanted)
            if len(free) == wanted:
                high = free[-1]
            fires += sorted({*free, *self._moved(first - 1, high)})[:wanted]
            start, step = high, min(2 * step, _STEP_US_MAX)
        return fires

    def count(self, start: Instant, end: Instant) -> int:
        """Return how many fires t have start < t <= end."""
        total, at = 0, start + 1
        while at <= end:
            closed = self._closed_until(at)
            if closed is None:
                until = self._open_until(at)
                total += self.schedule.count(at - 1, min(end, until - 1))
            at = until if closed is None else closed
        if self.rule is not ClosedRule.SKIP:
            for low in range(start, end, _STEP_US_MAX):
                moved = self._moved(low, min(end, low + _STEP_US_MAX))
                total += sum(self.schedule.next_after(fire - 1) != fire for fire in moved)
        return total

    # ---- fires outside closures -----------------------------------------------------------------

    def _free_after(self, instant: Instant, reach: int) -> Instant | None:
        """The first fire after `instant` that is in no closure.

        None where closed ones follow the first for `reach` microseconds.
        """
        first = fire = self.schedule.next_after(instant)
        while fire is not None and (until := self._closed_until(fire)) is not None:
            if first is None or fire > first + reach:
                return None
            fire = self.schedule.next_after(until - 1)
        return fire

    def _free_before(self, instant: Instant, reach: int) -> Instant | None:
        first = fire = self.schedule.last_before(instant)
        while fire is not None and (since := self._closed_since(fire)) is not None:
            if first is None or fire < first - reach:
                return None
            fire = self.schedule.last_before(since)
        return fire

    def _free_between(self, start: Instant, end: Instant, limit: int) -> list[Instant]:
        fires: list[Instant] = []
        fire = self._free_after(start, HORIZON_US)
        while fire is not None and fire <= end and len(fires) < limit:
            until = min(end, self._open_until(fire) - 1)
            fires += self.schedule.between(fire - 1, until, limit - len(fires))
            fire = self._free_after(until, HORIZON_US)
        return fires

    def _closed_until(self, instant: Instant) -> Instant | None:
        """A moment up to which all is closed from `instant` on; None where that is open."""
        span = self.closures.span_at(instant)
        _, ends, offset = segment_at(self.zone, instant)
        day = (instant + offset) // DAY_US
        if not self.closures.closes(day):
            return span and span[1]
        until = min(ends, self.closures.first_open(day) * DAY_US - offset)
        return max(until, span[1]) if span else until

    def _closed_since(self, instant: Instant) -> Instant | None:
        """A moment from which on all is closed up to `instant`; None where that is open."""
        span = self.closures.span_at(instant)
        begins, _, offset = segment_at(self.zone, instant)
        day = (instant + offset) // DAY_US
        if not self.closures.closes(day):
            return span and span[0]
        since = max(begins, (self.closures.last_open(day) + 1) * DAY_US - offset)
        return min(since, span[0]) if span else since

    def _open_until(self, instant: Instant) -> Instant:
        """A later moment up to which all is open from `instant` on, which is open itself."""
        _, until, offset = segment_at(self.zone, instant)
        closed = self.closures.first_closed((instant + offset) // DAY_US)
        if closed is not None:
            until = min(until, closed * DAY_US - offset)
        span = self.closures.next_span(instant)
        return min(until, span[0]) if span else until

    # ---- fires moved out of closures ------------------------------------------------------------

    def _moved(self, low: Instant, high: Instant) -> set[Instant]:
        """Where fires t with low < t <= high come to lie that were in closures."""
        first, last = (highest_wall(self.zone, at) + 1 for at in (low, high))
        found = (landing(self.zone, wall) for wall in self._arrivals(first, last))
        free = {at for at in found if not closed_at(self.closures, self.zone, at)}
        return free | set(self._exits(low, high))

    def _arrivals(self, low: int, high: int) -> set[int]:
        """The walls low <= w < high of open days that times of closed days come to lie on."""
        walls: set[int] = set()
        for day in range(low // DAY_US, (high - 1) // DAY_US + 1):
            if not self._is_target(day) or self._is_target(day - self._way):
                continue
            first, last = max(low, day * DAY_US), min(high, (day + 1) * DAY_US)
            for closed in self._run(day):
                shift = (day - closed) * DAY_US
                for opening, closing, offset in shown(self.zone, first - shift, last - shift):
                    fires = self.schedule.between(opening - 1, closing - 1)
                    walls.update(fire + offset + shift for fire in fires)
        return walls

    def _run(self, day: int) -> Iterator[int]:
        """The closed days whose fires are moved to an open one."""
        for distance in range(1, MOVED_DAYS_MAX + 1):
            closed = day - distance * self._way
            if self._is_target(closed):
                return
            if self.closures.closes(closed):
                yield closed

    def _exits(self, low: Instant, high: Instant) -> Iterator[Instant]:
        """Where fires come to lie in low < t <= high that a span has caught on their way."""
        if self.rule is ClosedRule.NEXT:
            first, last = low - _MOVED_US_MAX, high
        else:
            first, last = low, high + _MOVED_US_MAX
        for span in self._spans_left(first, last):
            free = self._settled(self._way_out(span))
            if free is not None and low < free <= high and self._catches(span):
                yield free
        for gap in gaps_over_midnight(self.zone, first, last):
            # A time that a gap at the end of an open day swallows comes to lie on the next day.
            if self.closures.closes(day_at(self.zone, gap)):
                free = self._settled(gap)
                if free is not None and low < free <= high and self._arrivals_at(gap, gap + 1):
                    yield free

    def _spans_left(self, first: Instant, last: Instant) -> Iterator[Span]:
        """The spans that are left within first <= t <= last."""
        side = int(self.rule is ClosedRule.NEXT)
        late = 0 if side else SECOND_US
        place = bisect_left(self.closures.spans, first + late, key=itemgetter(side))
        while place < len(self.closures.spans) and self.closures.spans[place][side] <= last + late:
            yield self.closures.spans[place]
            place += 1

    def _way_out(self, span: Span) -> Instant:
        return span[1] if self.rule is ClosedRule.NEXT else span[0] - SECOND_US

    def _catches(self, span: Span) -> bool:
        """Whether a fire comes to lie in the open days of a span, moved there or not."""
        start, end = span
        fire = self.schedule.next_after(start - 1)
        while fire is not None and fire < end:
            _, ends, offset = segment_at(self.zone, fire)
            day = (fire + offset) // DAY_US
            if not self.closures.closes(day):
                return True
            until = min(ends, self.closures.first_open(day) * DAY_US - offset)
            fire = self.schedule.next_after(until - 1)
        return any(
            not self.closures.closes(day_at(self.zone, at)) for at in self._arrivals_at(start, end)
        )

    def _arrivals_at(self, start: Instant, end: Instant) -> list[Instant]:
        """When times of closed days come to lie on open ones within start <= t < end."""
        low, high = (highest_wall(self.zone, at - 1) + 1 for at in (start, end))
        return [landing(self.zone, wall) for wall in self._arrivals(low, high)]

    def _settled(self, instant: Instant) -> Instant | None:
        """Where a moved fire comes free that has come to `instant`; None where it is too far."""
        at = instant
        while abs(at - instant) <= _MOVED_US_MAX:
            day, time = divmod(wall_at(self.zone, at), DAY_US)
            if self.closures.closes(day):
                target = day + self._way
                while not self._is_target(target):
                    target += self._way
                    if abs(target - day) > MOVED_DAYS_MAX:
                        return None
                at = landing(self.zone, target * DAY_US + time)
            elif span := self.closures.span_at(at):
                at = self._way_out(span)
            else:
                return at
        return None

    @property
    def _way(self) -> int:
        """The direction in which fires are moved."""
        return 1 if self.rule is ClosedRule.NEXT else -1

    def _is_target(self, day: int) -> bool:
        """Whether fires can be moved to a day: it is open, and the zone has it."""
        return not self.closures.closes(day) and day not in missing_days(self.zone)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order; those that overlap or touch are one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span[0] <= found[-1][1]:
            start, end = found.pop()
            found.append((start, max(end, span[1])))
        else:
            found.append(span)
    return found
