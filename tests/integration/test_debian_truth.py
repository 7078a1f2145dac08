"""Our fire times against those of Debian's cron 3.0pl1-162, recorded from its own code.

Every difference is wanted and listed here; `docs/reference/schedules.md` tells people why.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.core.errors import InvalidDocument
from engine.timing.parse import parse_schedule
from engine.timing.zones import find_zone

SECOND_US = 1_000_000
ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("CHRONOS_TEST_DATA") or ROOT.parent / "shared" / "data") / "cron"
pytestmark = pytest.mark.skipif(
    not DATA.is_dir(),
    reason="the recordings of Debian's cron are not here; set CHRONOS_TEST_DATA to the folder "
    "that holds cron/oracle_debian_utc.jsonl.gz and cron/dst_debian.jsonl.gz",
)

NEVER_FIRES = {"* * 30 02 *", "0 0 31 2 *", "0 0 30 2 *", "* * 31 2 *"}
"""Debian accepts a date that does not exist and never runs the job."""

DEBIAN_DROPS_THE_REST = {
    "*1 * * * *",  # Debian reads `*`; we refuse what is most likely a slip for */1 or 1
    "* * */100 * MON#2",  # Debian reads every Monday that is the 1st; the second Monday never is
    "0 0 */100 * MON#2",
}
DEBIAN_TAKES_A_BACKWARD_RANGE_FOR_NOTHING = {"* 1 5-2 * 4"}
WE_ALSO_KNOW_THE_LAST_DAY = {"* * L * *"}

REFUSED_BY_US_ONLY = NEVER_FIRES | DEBIAN_DROPS_THE_REST | DEBIAN_TAKES_A_BACKWARD_RANGE_FOR_NOTHING
MANY_SKIPPED_TIMES_FIRE_ONCE = {"0 0,1-23/3 * * *", "15,30,45 0 * * *"}
"""Where a jump skips several times of a job, Debian runs it as often in that minute; we once."""

NO_LONGER_PLANNED = {("America/Havana", 1793509200)}
"""A change of offset that was planned when the recording was made, and is no longer."""


def records(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / name, "rt") as lines:
        yield from map(json.loads, lines)


def fires_after(expression: str, instant: int, count: int) -> list[int]:
    """The next `count` fires, all in seconds."""
    schedule, fires = parse_schedule(expression), []
    fire: int | None = instant * SECOND_US
    for _ in range(count):
        assert fire is not None
        fire = schedule.next_after(fire)
        assert fire is not None
        fires.append(fire // SECOND_US)
    return fires


def is_accepted(expression: str) -> bool:
    try:
        parse_schedule(expression)
    except InvalidDocument:
        return False
    return True


def test_debian_and_we_accept_the_same_expressions_but_for_those_listed() -> None:
    only_debian, only_we, count = set(), set(), 0
    for record in records("oracle_debian_utc.jsonl.gz"):
        count += 1
        accepted = is_accepted(record["expr"])
        if record["debian"] == "ok" and not accepted:
            only_debian.add(record["expr"])
        elif record["debian"] != "ok" and accepted:
            only_we.add(record["expr"])
    assert count == 3_345
    assert only_debian == REFUSED_BY_US_ONLY
    assert only_we == WE_ALSO_KNOW_THE_LAST_DAY


def test_every_accepted_expression_fires_as_debian_fires_it_in_utc() -> None:
    count = 0
    for record in records("oracle_debian_utc.jsonl.gz"):
        if record["debian"] != "ok" or record["expr"] in REFUSED_BY_US_ONLY:
            continue
        count += 1
        for start, expected in record["next"].items():
            found = fires_after(record["expr"], int(start), len(expected))
            assert found == expected, (record["expr"], start)
    assert count == 3_326 - len(REFUSED_BY_US_ONLY)


def test_every_change_of_offset_is_treated_as_debian_treats_it() -> None:
    count, fired_once, retracted = 0, set(), set()
    for record in records("dst_debian.jsonl.gz"):
        expression, expected = record["expr"], record["fired"]
        count += 1
        if expression in REFUSED_BY_US_ONLY:
            assert expected == [], expression
            continue
        if record["transition"] not in find_zone(record["zone"]).table.starts:
            retracted.add((record["zone"], record["transition"]))
            continue
        schedule = parse_schedule(expression, record["zone"])
        start, end = (record["from"] - 1) * SECOND_US, record["to"] * SECOND_US - 1
        found = [fire // SECOND_US for fire in schedule.between(start, end)]
        if found != expected:
            fired_once.add(expression)
            expected = sorted(set(expected))
        assert found == expected, (expression, record["zone"], record["transition"])
    assert count == 6_020
    assert fired_once == MANY_SKIPPED_TIMES_FIRE_ONCE
    assert retracted <= NO_LONGER_PLANNED
