"""Our fire times against recordings of real crons: Debian's daemon, robfig's in Go, and Quartz.

`tests/recorders/` has the programs that recorded them. Every difference is wanted and named here;
`docs/reference/schedules.md` tells people why.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from engine.core.errors import InvalidDocument
from engine.timing.cron import DstPolicy
from engine.timing.dialects import Dialect
from engine.timing.parse import Timing, schedule_of
from engine.timing.schedule import Schedule

SECOND_US = 1_000_000
DATA = Path(__file__).parents[1] / "data" / "cron"
ROBFIG_REFUSED_BY_US = {
    "never fires": "a date that does not exist",
    "names no value": "a field of nothing but commas",
    "is not a value": "`+5`, `*-5`",
    "stands alone": "`?-5`",
    "stands in the expression": "CRON_TZ=: the job has a time zone of its own",
    "number": "a value or step out of range",
}
ROBFIG_STEPS_IN_HOURS = {
    *("Australia/Lord_Howe", "Pacific/Chatham", "Antarctica/Troll"),
    *("Asia/Beirut", "America/Santiago", "Atlantic/Azores", "Africa/Cairo", "America/Havana"),
}
"""There it loses and invents fires: its walk to the next match adds whole hours and days."""

QUARTZ_LOSES_FIRES = {
    *("America/Nuuk", "America/Scoresbysund", "Antarctica/Troll"),
    *("Australia/Lord_Howe", "Pacific/Chatham"),
}
"""Around a gap it leaves out fires at times that exist."""


def rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows; offsets changed in many countries, so they hold for one release of the zones."""
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt") as lines:
        head = json.loads(next(lines))
        release = version("tzdata").replace(".", "")  # 2026.6 is 2026f
        recorded = head["tzdata"]
        assert f"{recorded[:4]}{ord(recorded[4:]) - ord('a') + 1}" == release, "record it again"
        yield from map(json.loads, lines)


def meant(row: dict[str, Any], dialect: Dialect, dst: DstPolicy) -> Schedule | str:
    """The schedule of a row, or why it is refused."""
    timing = Timing(text=row["e"], timezone=row.get("z", "UTC"), dialect=dialect, dst=dst)
    try:
        return schedule_of(timing)
    except InvalidDocument as error:
        return str(error)


def fires(schedule: Schedule, row: dict[str, Any]) -> list[int]:
    """The fires that the row tells, as we see them, in seconds."""
    start, count = row["at"] * SECOND_US, len(row["next"])
    if "until" in row:
        found = schedule.between(start, row["until"] * SECOND_US, 60)
    else:
        found = schedule.between(start, 1 << 62, count) if count else []
    return [fire // SECOND_US for fire in found]


def test_debian_never_disagrees() -> None:
    """136,578 cases over all zones and their changes of offset since 1990."""
    cases, zones = 0, set()
    for row in rows("debian"):
        zones.add(row["z"])
        start, until = row["at"] * SECOND_US, row["until"] * SECOND_US
        for text, expected in row["cases"]:
            cases += 1
            schedule = schedule_of(Timing(text=text, timezone=row["z"]))
            found = [(fire - start) / SECOND_US / 60 for fire in schedule.between(start, until)]
            assert found == expected, (row["z"], row["at"], text)
    assert cases > 100_000
    assert len(zones) == 597


def test_robfig_takes_and_fires_what_we_do() -> None:
    same = Counter[str]()
    for row in rows("robfig"):
        if "every" in row:
            continue
        dialect = Dialect.ROBFIG if row.get("s") else Dialect.KUBERNETES
        schedule = meant(row, dialect, DstPolicy.BOTH)
        if isinstance(schedule, str):
            assert "error" in row or any(fault in schedule for fault in ROBFIG_REFUSED_BY_US), row
            same["refused"] += 1
        elif "error" in row:
            # Without seconds ours is the dialect kubernetes; H is our own; case and blanks of a
            # descriptor are not told apart.
            assert "H" in row["e"] or "@" in row["e"] or len(row["e"].split()) == 5, row
        elif row["z"] not in ROBFIG_STEPS_IN_HOURS:
            found = fires(schedule, row)
            assert found == row["next"], row
            same["fires"] += 1
    assert same["fires"] > 30_000
    assert same["refused"] > 1_000


def test_quartz_takes_and_fires_what_we_do() -> None:
    same = Counter[str]()
    for row in rows("quartz"):
        schedule = meant(row, Dialect.QUARTZ, DstPolicy.SKIP)
        if isinstance(schedule, str):
            # What we refuse and Quartz takes, it takes by dropping part of what was written.
            same["refused"] += 1
        elif "error" in row or "throws" in row:
            assert (
                re.search(r"H|\n|[A-Za-z]{3}L?-\d|\d-[A-Za-z]{3}|-\d/", row["e"])
                or "L" in row["e"].upper()
            ), row
        elif "until" not in row:
            # It loses fires of a W day that has several, and of an L-n beside other days.
            found = fires(schedule, row)
            is_lossy = "W" in row["e"].upper() or re.search(r"L-\d+,|,L-\d", row["e"].upper())
            assert found == row["next"] or is_lossy, row
            same["utc"] += found == row["next"]
        elif row["z"] not in QUARTZ_LOSES_FIRES and "W" not in row["e"].upper():
            assert walls(row, fires(schedule, row)) == walls(row, row["next"]), row
            same["zones"] += 1
    assert same["utc"] > 5_500
    assert same["zones"] > 18_000


def walls(row: dict[str, Any], instants: list[int]) -> list[datetime]:
    """What the clock shows: of a repeated hour Quartz runs the second pass, and we the first."""
    zone = ZoneInfo(row["z"])
    shown = {datetime.fromtimestamp(at, zone).replace(tzinfo=None) for at in instants}
    if len(row["next"]) == 60:  # cut: both end at the same time of the clock at the latest
        last = datetime.fromtimestamp(row["next"][-1], zone).replace(tzinfo=None)
        shown = {wall for wall in shown if wall < last}
    return sorted(shown)
