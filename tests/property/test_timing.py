"""What holds for any schedule, instant and zone, and agreement with slower, plainer answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo, available_timezones

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from engine.core.durations import format_duration, parse_duration
from engine.core.errors import InvalidDocument
from engine.timing.cron import Cron, DstPolicy
from engine.timing.explain import explain
from engine.timing.misfire import MisfirePolicy, split_missed
from engine.timing.parse import Timing, parse_schedule, schedule_of
from engine.timing.schedule import Schedule
from engine.timing.zones import find_zone

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana"),
    *("America/Santiago", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia", "Asia/Tehran"),
)
GAPS_AT_MIDNIGHT = {"Africa/Casablanca", "America/Havana", "America/Santiago", "Asia/Tehran"}
LOSES_FIRES = {"Australia/Lord_Howe", "Pacific/Apia"}  # after half an hour, over a skipped day
PEER_ZONES = tuple(zone for zone in ZONES if zone not in LOSES_FIRES)
CHANGING = tuple(zone for zone in PEER_ZONES if zone not in ("UTC", "Asia/Kathmandu"))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fixed(low: int, high: int) -> st.SearchStrategy[str]:
    """What a field says that does not begin with a star."""
    value = st.integers(low, high)
    span = st.tuples(value, value).map(lambda pair: f"{min(pair)}-{max(pair)}")
    stepped = st.tuples(span, st.integers(1, high)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    listed = st.lists(value.map(str) | span, min_size=1, max_size=4).map(",".join)
    return listed | stepped


def field(low: int, high: int) -> st.SearchStrategy[str]:
    return st.just("*") | fixed(low, high) | st.integers(1, high).map(lambda step: f"*/{step}")


DAYS = (field(1, 31), field(1, 12), field(0, 7))
FIVE = st.tuples(field(0, 59), field(0, 23), *DAYS).map(" ".join)
FIXED = st.tuples(fixed(0, 59), fixed(0, 23), *DAYS).map(" ".join)
SIX = st.tuples(field(0, 59), FIVE).map(" ".join)
EXPRESSIONS = FIVE | SIX
PERIODS = st.integers(1, 10**7).map(lambda seconds: f"@every {seconds}s")
INSTANTS = st.integers(0, 4_000_000_000 * SECOND_US)
RECENT = st.integers(1_000_000_000, 2_500_000_000)  # seconds: 2001 to 2049


def schedule_or_reject(text: str, zone: str = "UTC") -> Schedule:
    try:
        return parse_schedule(text, zone)
    except InvalidDocument as error:
        assume("never fires" not in str(error))
        raise


@given(EXPRESSIONS | PERIODS, st.sampled_from(ZONES), INSTANTS)
def test_the_next_fire_is_later_and_nothing_lies_between(text: str, zone: str, now: int) -> None:
    schedule = schedule_or_reject(text, zone)
    fire = schedule.next_after(now)
    assert fire is not None
    assert fire > now
    assert fire % SECOND_US == 0
    assert schedule.next_after(fire - 1) == fire
    assert schedule.next_after((now + fire) // 2) == fire


@given(EXPRESSIONS | PERIODS, st.sampled_from(ZONES), INSTANTS, st.integers(0, 40 * DAY_US))
@settings(max_examples=60)
def test_between_is_next_over_and_over(text: str, zone: str, start: int, length: int) -> None:
    schedule = schedule_or_reject(text, zone)
    expected: list[int] = []
    fire = schedule.next_after(start)
    while fire is not None and fire <= start + length and len(expected) < 500:
        expected.append(fire)
        fire = schedule.next_after(fire)
    assert schedule.between(start, start + length, 500) == expected


@given(EXPRESSIONS, st.sampled_from(CHANGING), st.integers(0, 10_000), st.integers(0, 3 * DAY_US))
@settings(max_examples=200)
def test_a_count_is_the_number_of_fires(text: str, zone: str, number: int, before: int) -> None:
    schedule = schedule_or_reject(text, zone)
    assert isinstance(schedule, Cron)
    changes = find_zone(zone).table.starts[1:-1]
    start = changes[number % len(changes)] * SECOND_US - before
    for length in (before // 2, before, before + 3600 * SECOND_US, 90 * DAY_US):
        fires = schedule.between(start, start + length, 20_000)
        end = fires[-1] if len(fires) == 20_000 else start + length
        assert schedule.count(start, end) == len(fires)


def is_meant(terms: str, value: int, low: int, high: int) -> bool:
    """The grammar once more, one value at a time."""
    for term in terms.split(","):
        span, _, step = term.partition("/")
        first, _, last = span.partition("-")
        start, end = (low, high) if span == "*" else (int(first), int(last or first))
        if start <= value <= end and (value - start) % int(step or 1) == 0:
            return True
    return False


def is_fire(parts: list[str], moment: datetime) -> bool:
    """Whether a five-field expression matches a wall-clock minute, by Debian's rules."""
    minute, hour, day, month, weekday = parts
    by_day = is_meant(day, moment.day, 1, 31)
    number = moment.isoweekday() % 7
    by_weekday = is_meant(weekday, number, 0, 7) or (number == 0 and is_meant(weekday, 7, 0, 7))
    is_either = day[0] != "*" and weekday[0] != "*"
    return (
        is_meant(minute, moment.minute, 0, 59)
        and is_meant(hour, moment.hour, 0, 23)
        and is_meant(month, moment.month, 1, 12)
        and (by_day or by_weekday if is_either else by_day and by_weekday)
    )


@given(FIVE, RECENT)
@settings(max_examples=150)
def test_a_walk_through_each_minute_in_utc_finds_the_same_fires(text: str, start: int) -> None:
    schedule = schedule_or_reject(text)
    parts = text.split()
    first = start // 60 * 60 + 60
    walked = [
        instant
        for instant in range(first, first + 2 * 86_400, 60)
        if is_fire(parts, EPOCH + timedelta(seconds=instant))
    ]
    found = schedule.between(start * SECOND_US, (first + 2 * 86_400 - 60) * SECOND_US)
    assert [fire // SECOND_US for fire in found] == walked


@given(FIVE, st.sampled_from(PEER_ZONES), RECENT)
@settings(max_examples=300)
@example("30 2 * * *", "Europe/Berlin", 1_774_740_000)
@example("30 2 * * *", "Europe/Berlin", 1_792_882_800)
@example("*/5 * * * *", "America/New_York", 1_793_512_000)
def test_cronsim_agrees_outside_its_known_differences(text: str, zone: str, start: int) -> None:
    assert_agrees_with_cronsim(text, zone, start)


@given(FIVE, st.sampled_from(CHANGING), st.integers(0, 10_000), st.integers(0, 30 * 3600))
@settings(max_examples=300)
def test_cronsim_agrees_around_each_change_of_offset(
    text: str, zone: str, number: int, before: int
) -> None:
    changes = [at for at in find_zone(zone).table.starts if 1_000_000_000 < at < 2_500_000_000]
    assert_agrees_with_cronsim(text, zone, changes[number % len(changes)] - before + 3600)


def assert_agrees_with_cronsim(text: str, zone: str, start: int) -> None:
    schedule = schedule_or_reject(text, zone)
    # cronsim takes a step over a range of one value for a-max/n.
    assume(not re.search(r"(?:^| )(\d+)-\1/", text))
    # It loses or invents fires of a wildcard job where a gap begins at midnight.
    is_wildcard = "*" in {part[0] for part in text.split()[:2]}
    assume(not (is_wildcard and zone in GAPS_AT_MIDNIGHT))
    # Started in the second pass of a repeated hour it does not know what ran in the first.
    assume(datetime.fromtimestamp(start, ZoneInfo(zone)).fold == 0)
    try:
        peer = CronSim(text, datetime.fromtimestamp(start, ZoneInfo(zone)))
    except CronSimError:
        pytest.fail(f"cronsim refuses {text}")
    fire: int | None = start * SECOND_US
    for _ in range(5):
        try:
            expected = next(peer)
        except StopIteration:
            return  # it gives up where the next fire is years away
        assert fire is not None
        fire = schedule.next_after(fire)
        assert fire is not None
        assert datetime.fromtimestamp(fire // SECOND_US, UTC) == expected.astimezone(UTC)


@given(FIXED | st.tuples(field(0, 59), FIXED).map(" ".join), st.sampled_from(ZONES), INSTANTS)
def test_a_fixed_time_job_runs_each_wall_time_at_most_once(text: str, zone: str, now: int) -> None:
    schedule = schedule_or_reject(text, zone)
    fires = schedule.between(now, now + 400 * DAY_US, 200)
    walls = [datetime.fromtimestamp(fire // SECOND_US, ZoneInfo(zone)) for fire in fires]
    stamps = [wall.replace(tzinfo=None, fold=0) for wall in walls]
    assert len(set(stamps)) == len(stamps)


@given(
    FIVE | PERIODS,
    st.sampled_from(ZONES),
    INSTANTS,
    st.integers(0, DAY_US),  # a period of a second stays below the limit of between
    st.sampled_from(get_args(MisfirePolicy)),
    st.integers(1, 5),
    st.integers(0, 300 * SECOND_US),
)
@settings(max_examples=100)
def test_each_fire_of_a_gap_is_run_or_skipped(
    text: str, zone: str, start: int, length: int, policy: MisfirePolicy, limit: int, grace_us: int
) -> None:
    schedule = schedule_or_reject(text, zone)
    first = schedule.next_after(start)
    assert first is not None
    now = first + length
    missed = split_missed(schedule, first, now, policy, limit, grace_us)
    due = schedule.between(first - 1, now)
    late = [fire for fire in due if now - fire > grace_us]
    kept = {"ignore": 0, "execute_one": 1, "execute_all": limit}[policy]
    assert list(missed.run) == due[max(0, len(late) - kept) :]
    skipped = due[: max(0, len(late) - kept)]
    assert missed.skipped == len(skipped)
    assert missed.skipped_from == (skipped[0] if skipped else None)
    assert missed.skipped_to == (skipped[-1] if skipped else None)
    assert missed.next_fire == schedule.next_after(now)


DST = st.sampled_from(DstPolicy)
PLACED = st.builds(
    Timing,
    text=EXPRESSIONS | PERIODS | st.sampled_from(["@daily", "@at 2031-05-01T00:00:00Z"]),
    timezone=st.sampled_from(ZONES),
    dst=DST,
    starts_us=st.none() | INSTANTS,
)
NEAR = st.tuples(st.integers(0, 10_000), st.integers(-2 * DAY_US, 2 * DAY_US))


def near_a_change(zone: str, place: tuple[int, int]) -> int:
    """An instant within two days of some change of the zone's offset, if it has any."""
    changes = find_zone(zone).table.starts[1:-1] or (1_800_000_000,)
    return changes[place[0] % len(changes)] * SECOND_US + place[1]


def meant_or_reject(timing: Timing, key: str = "job_1") -> Schedule:
    try:
        return schedule_of(timing, key)
    except InvalidDocument as error:
        assume("fire" not in str(error))
        raise


@given(PLACED, NEAR)
@settings(max_examples=600)
def test_previous_is_the_inverse_of_next(timing: Timing, place: tuple[int, int]) -> None:
    schedule = meant_or_reject(timing)
    now = near_a_change(timing.timezone, place)
    fire = schedule.next_after(now)
    before = schedule.last_before(now + 1)
    assert before is None or before <= now
    if fire is not None:
        assert fire > now
        assert schedule.last_before(fire) == before
        assert schedule.last_before(fire + 1) == fire
    if before is not None:
        assert schedule.next_after(before - 1) == before
        assert schedule.next_after(before) == fire


@given(PLACED, NEAR, st.integers(0, 3 * DAY_US))
@settings(max_examples=200)
def test_a_count_is_the_number_of_fires_under_every_policy(
    timing: Timing, place: tuple[int, int], length: int
) -> None:
    schedule = meant_or_reject(timing)
    start = near_a_change(timing.timezone, place)
    fires = schedule.between(start, start + length, 20_000)
    end = fires[-1] if len(fires) == 20_000 else start + length
    assert schedule.count(start, end) == len(fires)
    assert sorted(set(fires)) == fires


@given(FIVE | FIXED, st.sampled_from(CHANGING), NEAR, st.sampled_from(["skip", "shift", "both"]))
@settings(max_examples=400)
def test_a_walk_through_each_minute_of_a_zone_finds_the_same_fires(
    text: str, zone: str, place: tuple[int, int], policy: str
) -> None:
    assume(all(change % 60 == 0 for change in find_zone(zone).table.starts[1:-1]))
    schedule = meant_or_reject(Timing(text=text, timezone=zone, dst=DstPolicy(policy)))
    start = near_a_change(zone, place) // SECOND_US
    end = start + 86_400
    walked = sorted(at for at in walk(text, zone, start, policy) if start < at <= end)
    found = schedule.between(start * SECOND_US, end * SECOND_US)
    assert [fire // SECOND_US for fire in found] == walked


def walk(text: str, zone: str, start: int, policy: str) -> set[int]:
    """The policies once more, told by `zoneinfo` for each minute that a wall clock could show."""
    parts, info, fires = text.split(), ZoneInfo(zone), set()
    first = datetime.fromtimestamp(start // 60 * 60, UTC).replace(tzinfo=None)
    for minute in range(-26 * 60, 50 * 60):
        wall = first + timedelta(minutes=minute)
        if not is_fire(parts, wall):
            continue
        once, again = (wall.replace(tzinfo=info, fold=fold) for fold in (0, 1))
        exists = once.astimezone(UTC).astimezone(info).replace(tzinfo=None) == wall
        # Of a time that does not exist, `zoneinfo` takes the offset before the gap.
        if exists or policy == "shift":
            fires.add(int(once.timestamp()))
        if exists and policy == "both":
            fires.add(int(again.timestamp()))
    return fires


@given(EXPRESSIONS | PERIODS)
def test_whatever_parses_can_be_explained(text: str) -> None:
    schedule_or_reject(text)
    words = explain(Timing(text=text))
    assert words[0].isupper()
    assert "  " not in words


@given(st.text(max_size=40) | st.text("0123456789*/-,LWH#?@ ", max_size=20))
def test_any_text_is_a_schedule_or_a_named_fault(text: str) -> None:
    try:
        parse_schedule(text)
    except InvalidDocument as error:
        fields = {problem.field for problem in error.problems}
    else:
        fields = {"schedule"}
        assert explain(Timing(text=text))
    assert fields == {"schedule"}


@given(st.text(min_size=1), st.sampled_from(["H H * * *", "H/15 * H * H", "H(0-9) 2 * * *"]))
def test_a_spread_value_depends_on_the_key_alone(key: str, text: str) -> None:
    first, again = parse_schedule(text, "UTC", key), parse_schedule(text, "UTC", key)
    assert first.between(0, 30 * DAY_US) == again.between(0, 30 * DAY_US)


@given(st.integers(0, 3_000_000_000 * SECOND_US))
def test_a_formatted_duration_reads_back(duration_us: int) -> None:
    assert parse_duration(format_duration(duration_us)) == duration_us


ALL_ZONES = sorted(available_timezones() - {"localtime", "posixrules", "Factory"})


@pytest.mark.parametrize("dst", list(DstPolicy))
def test_previous_is_the_inverse_of_next_at_changes_of_every_zone(dst: DstPolicy) -> None:
    """The last changes of each zone, and the largest: half an hour, at midnight, a whole day."""
    texts = ("30 2 * * *", "*/20 0-3 * * *", "0 0 * * *", "59 23 28-31 * *")
    for zone in ALL_ZONES:
        table = find_zone(zone).table
        changes = [
            (abs(after - before), at)
            for at, before, after in zip(
                table.starts[1:], table.offsets, table.offsets[1:], strict=False
            )
        ]
        for _, change in [*changes[-2:], *sorted(changes)[-2:]]:
            start, end = ((change + hours * 3600) * SECOND_US for hours in (-26, 27))
            for text in texts:
                schedule = schedule_of(Timing(text=text, timezone=zone, dst=dst))
                fires = schedule.between(start, end)
                back, at = [], schedule.last_before(end + 1)
                while at is not None and at > start:
                    back.append(at)
                    at = schedule.last_before(at)
                assert back[::-1] == fires, (zone, change, text)
                assert schedule.count(start, end) == len(fires), (zone, change, text)
