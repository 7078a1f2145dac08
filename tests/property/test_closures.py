"""Laws of schedules that observe closures, and agreement with a walk that moves fire by fire."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.timing.closures import ClosedRule, Closures, Observing, closed_at
from engine.timing.parse import parse_schedule
from engine.timing.schedule import Once, Schedule, Span, Within
from engine.timing.zones import find_zone

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
AROUND_US = 40 * DAY_US  # the closures drawn here move no fire so far
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = (
    # Gaps at midnight, the first hour of a day that comes twice, the last one that is left out,
    # a fall back over midnight, a day that never was.
    *("America/Havana", "America/Sao_Paulo", "America/Santiago", "Asia/Beirut", "Asia/Tehran"),
    *("Africa/Casablanca", "America/Nuuk", "America/St_Johns", "Pacific/Apia", "America/Asuncion"),
    *("Europe/Berlin", "Australia/Lord_Howe", "UTC"),
)
TEXTS = st.sampled_from(
    [
        *("0 2 * * *", "30 23 * * *", "0 0 * * *", "*/20 * * * *", "15 0,23 * * 6,0", "5 0 1 * *"),
        *("30 0 * * *", "59 23 * * 1", "0,30 */4 * * *", "* 3 * * 3", "10 1 29 2 *", "0 12 * * 0"),
        *("@every 37m", "@every 7h", "@every 1.5s", "@every 11d", "@every 86399s"),
        "30,59 0 0,23 * * *",
    ]
)
RULES = st.sampled_from(ClosedRule)
WEEKENDS = st.sampled_from([(), (0, 6), (5, 6), (0,), (0, 2, 4), (0, 1, 2, 3, 5, 6)])
MOVED = st.sampled_from([ClosedRule.NEXT, ClosedRule.PREVIOUS])


@st.composite
def places(draw: st.DrawFn) -> tuple[str, int]:
    """A zone, and an instant within two days of some change of its offset, if it has any."""
    zone = draw(st.sampled_from(ZONES))
    changes = [at for at in find_zone(zone).table.starts[1:-1] if at < 2_200_000_000]
    at = draw(st.sampled_from(changes or [1_800_000_000]))
    return zone, at * SECOND_US + draw(st.integers(-48, 48)) * HOUR_US


@st.composite
def closures_near(draw: st.DrawFn, now: int) -> Closures:
    today = now // DAY_US
    near = st.integers(today - 9, today + 9)
    ranges = draw(st.lists(st.tuples(near, st.integers(0, 4)), max_size=4))
    half_hours = st.integers(-300, 300).map(
        lambda step: now // DAY_US * DAY_US + step * HOUR_US // 2
    )
    starts = half_hours | st.integers(now - 5 * DAY_US, now + 5 * DAY_US)
    lengths = st.integers(1, 100).map(lambda step: step * HOUR_US // 2) | st.integers(1, DAY_US)
    spans = draw(st.lists(st.tuples(starts, lengths), max_size=5))
    return Closures.merged(
        weekend=draw(WEEKENDS),
        days=[(first, first + more) for first, more in ranges],
        open_days=draw(st.lists(near, max_size=3)),
        spans=[(start, start + length) for start, length in spans],
    )


@st.composite
def observed(
    draw: st.DrawFn, rules: st.SearchStrategy[ClosedRule] = RULES
) -> tuple[Observing, int]:
    name, now = draw(places())
    zone = find_zone(name)
    schedule: Schedule = parse_schedule(draw(TEXTS), name, "job_1")
    if draw(st.integers(0, 9)) == 0:
        schedule = Within(schedule, ((now - 3 * DAY_US, now + 2 * DAY_US),))
    return Observing(schedule, draw(closures_near(now)), draw(rules), zone), now


class Walk:
    """The rules once more: one fire and one day at a time, told by `zoneinfo`."""

    def __init__(self, observing: Observing):
        self.closures = observing.closures
        self.rule = observing.rule
        self.info = ZoneInfo(observing.zone.name)

    def local(self, instant: int) -> datetime:
        return (EPOCH + timedelta(microseconds=instant)).astimezone(self.info).replace(tzinfo=None)

    def closes(self, day: date) -> bool:
        number = (day - EPOCH.date()).days
        if number in self.closures.open_days:
            return False
        is_listed = any(first <= number <= last for first, last in self.closures.days)
        return is_listed or day.isoweekday() % 7 in self.closures.weekend

    def span(self, instant: int) -> Span | None:
        return next((span for span in self.closures.spans if span[0] <= instant < span[1]), None)

    def exists(self, day: date) -> bool:
        noon = datetime.combine(day, time(12))
        return self.local(self.instant(noon)).date() == day

    def instant(self, wall: datetime) -> int:
        found = (wall.replace(tzinfo=self.info) - EPOCH) // timedelta(microseconds=1)
        if self.local(found) == wall:
            return found
        # It does not exist: `zoneinfo` counts on from before the gap, which ended in between.
        found -= found % (60 * SECOND_US)
        while self.local(found - 60 * SECOND_US) > wall:
            found -= 60 * SECOND_US
        return found

    def moved(self, instant: int) -> int | None:
        for _ in range(1000):
            wall = self.local(instant)
            if self.closes(wall.date()):
                if self.rule is ClosedRule.SKIP:
                    return None
                step = timedelta(days=1 if self.rule is ClosedRule.NEXT else -1)
                day = wall.date() + step
                while self.closes(day) or not self.exists(day):
                    day += step
                instant = self.instant(datetime.combine(day, wall.time()))
            elif span := self.span(instant):
                if self.rule is ClosedRule.SKIP:
                    return None
                instant = span[1] if self.rule is ClosedRule.NEXT else span[0] - SECOND_US
            else:
                return instant
        raise AssertionError("is never free")


def walked(observing: Observing, start: int, end: int) -> list[int]:
    """The fires of start < t <= end, of all that the schedule has within some weeks around."""
    walk = Walk(observing)
    inner = observing.schedule.between(start - AROUND_US, end + AROUND_US)
    found = {walk.moved(fire) for fire in inner}
    return sorted(fire for fire in found if fire is not None and start < fire <= end)


@given(observed(), st.integers(0, 3 * DAY_US))
@settings(max_examples=600)
def test_a_walk_fire_by_fire_finds_the_same(placed: tuple[Observing, int], length: int) -> None:
    observing, start = placed
    end = start + length
    assume(observing.schedule.count(start - AROUND_US, end + AROUND_US) < 8_000)
    expected = walked(observing, start, end)
    assert observing.between(start, end) == expected
    assert observing.between(start, end, 3) == expected[:3]
    assert observing.count(start, end) == len(expected)
    if expected:
        assert observing.next_after(start) == expected[0]
        assert observing.last_before(end + 1) == expected[-1]


@given(observed())
@settings(max_examples=300)
def test_previous_is_the_inverse_of_next(placed: tuple[Observing, int]) -> None:
    observing, now = placed
    fire = observing.next_after(now)
    before = observing.last_before(now + 1)
    assert before is None or before <= now
    if fire is not None:
        assert fire > now
        assert observing.last_before(fire) == before
        assert observing.last_before(fire + 1) == fire
        assert observing.next_after(fire - 1) == fire
    if before is not None:
        assert observing.next_after(before - 1) == before
        assert observing.next_after(before) == fire


@given(observed(), st.integers(0, 40 * DAY_US))
@settings(max_examples=200)
def test_a_count_is_the_number_of_fires_and_none_is_closed(
    placed: tuple[Observing, int], length: int
) -> None:
    observing, start = placed
    fires = observing.between(start, start + length, 2_000)
    end = fires[-1] if len(fires) == 2_000 else start + length
    assert observing.count(start, end) == len(fires)
    assert sorted(set(fires)) == fires
    assert not any(closed_at(observing.closures, observing.zone, fire) for fire in fires)


@given(observed(st.just(ClosedRule.SKIP)), st.integers(0, 20 * DAY_US))
@settings(max_examples=200)
def test_skip_leaves_exactly_the_fires_outside(placed: tuple[Observing, int], length: int) -> None:
    observing, start = placed
    inner = observing.schedule.between(start, start + length, 5_000)
    end = inner[-1] if len(inner) == 5_000 else start + length
    walk = Walk(observing)
    outside = [fire for fire in inner if walk.moved(fire) == fire]
    assert observing.between(start, end) == outside
    assert observing.count(start, end) == len(outside)


@given(observed(MOVED), st.integers(0, 5 * DAY_US))
@settings(max_examples=200)
def test_fires_outside_stay_where_they_are(placed: tuple[Observing, int], length: int) -> None:
    observing, start = placed
    fires = observing.between(start, start + length, 3_000)
    end = fires[-1] if len(fires) == 3_000 else start + length
    skipping = replace(observing, rule=ClosedRule.SKIP)
    assert set(skipping.between(start, end)) <= set(fires)


@given(places(), st.data())
@settings(max_examples=300)
def test_a_moment_is_closed_as_the_walk_says(placed: tuple[str, int], data: st.DataObject) -> None:
    name, now = placed
    closures = data.draw(closures_near(now))
    at = now + data.draw(st.integers(-5 * DAY_US, 5 * DAY_US))
    walk = Walk(Observing(Once(now), closures, ClosedRule.SKIP, find_zone(name)))
    assert closed_at(closures, find_zone(name), at) == (walk.moved(at) is None)


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9))), st.lists(st.integers(-60, 60)))
def test_merged_closures_close_what_their_parts_close(
    parts: list[tuple[int, int]], opened: list[int]
) -> None:
    ranges = [(first, first + more) for first, more in parts]
    closures = Closures.merged(weekend=[3], days=ranges, open_days=opened, spans=ranges)
    days = range(-70, 71)
    closed = [
        day not in opened
        and ((day + 4) % 7 == 3 or any(first <= day <= last for first, last in ranges))
        for day in days
    ]
    assert [closures.closes(day) for day in days] == closed
    assert [closures.span_at(at) is not None for at in days] == [
        any(start <= at < end for start, end in ranges) for at in days
    ]
    for day in range(-60, 61):
        following = [other for other in days if other >= day]
        assert closures.first_open(day) == next(d for d in following if not closures.closes(d))
        assert closures.first_closed(day) == next(d for d in following if closures.closes(d))
        earlier = [other for other in reversed(days) if other <= day]
        assert closures.last_open(day) == next(d for d in earlier if not closures.closes(d))
