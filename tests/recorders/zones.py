"""The offset changes of the zones in the package tzdata, and nothing of the system's own data."""

from __future__ import annotations

import functools
import hashlib
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import tzdata

FOLDER = Path(tzdata.__file__).parent / "zoneinfo"
VERSION = tzdata.IANA_VERSION
DAY = 86_400
NO_PLACE = frozenset({"localtime", "posixrules", "Factory"})

zoneinfo.reset_tzpath([FOLDER])


class Change(NamedTuple):
    """At this instant (Unix seconds) the offset goes from `before` to `after` (seconds)."""

    at: int
    before: int
    after: int

    @property
    def size(self) -> int:
        return self.after - self.before


def names() -> list[str]:
    return sorted(zoneinfo.available_timezones() - NO_PLACE)


def instant(year: int, month: int = 1, day: int = 1) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


def offset(zone: ZoneInfo, at: int) -> int:
    there = datetime.fromtimestamp(at, zone).utcoffset()
    assert there is not None
    return int(there.total_seconds())


def changes(name: str, first_year: int, last_year: int) -> tuple[Change, ...]:
    """Every change of the offset in these years; two that cancel within a day are not seen."""
    content = (FOLDER / name).read_bytes()
    return _changes(hashlib.sha256(content).hexdigest(), name, first_year, last_year)


_seen: dict[tuple[str, int, int], tuple[Change, ...]] = {}


def _changes(content: str, name: str, first_year: int, last_year: int) -> tuple[Change, ...]:
    key = (content, first_year, last_year)
    if key not in _seen:
        _seen[key] = _search(name, first_year, last_year)
    return _seen[key]


def _search(name: str, first_year: int, last_year: int) -> tuple[Change, ...]:
    zone = ZoneInfo(name)
    at, end = instant(first_year), instant(last_year + 1)
    found, before = [], offset(zone, at)
    while at < end:
        if offset(zone, at + DAY) != before:
            low, high = at, at + DAY
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            after = offset(zone, high)
            found.append(Change(high, before, after))
            at, before = high, after
        else:
            at += DAY
    return tuple(found)


@functools.cache
def unusual(change: Change) -> bool:
    """Whether it is not of an hour, or midnight is skipped, repeated or its border."""
    wall = {(change.at + change.before) % DAY, (change.at + change.after) % DAY}
    low = min(change.before, change.after) + change.at
    high = max(change.before, change.after) + change.at
    return abs(change.size) != 3600 or 0 in wall or low // DAY != high // DAY


# Every kind of change of 2025 to 2027: an hour, half an hour, two hours; at midnight, at one, two,
# three and in the afternoon UTC; both hemispheres; the zones that keep Ramadan.
PLACES = (
    *("Africa/Cairo", "Africa/Casablanca", "Africa/El_Aaiun", "America/Adak"),
    *("America/Anchorage", "America/Chicago", "America/Denver"),
    *("America/Halifax", "America/Havana", "America/Los_Angeles", "America/Miquelon"),
    *("America/New_York", "America/Nuuk", "America/Port-au-Prince", "America/Santiago"),
    *("America/Scoresbysund", "America/St_Johns", "America/Tijuana", "America/Vancouver"),
    *("Antarctica/Troll", "Asia/Beirut", "Asia/Gaza", "Asia/Jerusalem", "Asia/Nicosia"),
    *("Atlantic/Azores", "Australia/Adelaide", "Australia/Lord_Howe", "Australia/Sydney"),
    *("Europe/Berlin", "Europe/Chisinau", "Europe/Dublin", "Europe/London"),
    *("Pacific/Auckland", "Pacific/Chatham", "Pacific/Easter", "Pacific/Norfolk"),
)
INSTANTS = (1_768_435_200, 1_772_323_199, 1_830_256_496)  # 2026-01-15, 02-28 23:59:59, 2027-12-31
AROUND = 26 * 3600


def recent() -> list[tuple[str, Change]]:
    """The changes of these places in 2025 to 2027."""
    return [(place, change) for place in PLACES for change in changes(place, 2025, 2027)]
