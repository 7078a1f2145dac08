"""Repeat with: `python -m tests.recorders.debian.record tests/data/cron/debian.jsonl.gz`.

What the daemon of Debian's cron does at offset changes of every IANA zone. Fetches the source
package (network), builds it with the harness beside this file (gcc), and runs it on a clock of
ours with the zone files of the Python package tzdata. Nothing of the source is kept.

A group of cases shares its zone and its window: `cases` holds each expression and the minutes after
`at`, up to and with `until`, at which the daemon started the job; more starts in one minute, as
when it catches up, count once. A job ends as soon as it starts: behind a long one the daemon would
wait ten seconds before it catches up on the next.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from tests.recorders import recording, zones
from tests.recorders.zones import DAY, Change

HERE = Path(__file__).parent
POOL = "http://deb.debian.org/debian/pool/main/c/cron/"
VERSION = "3.0pl1-162"
FILES = {
    "cron_3.0pl1.orig.tar.gz": "d931e0688005dfa85cfdb60e19bf0a3848ebfa3ee3415bf2a6ea3ea9e5bcfd21",
    "cron_3.0pl1-162.debian.tar.xz": (
        "72790571714030f0ba9acd98a14ad1cef835d3cc7056f013f67182adf1a83d3a"
    ),
}
WRAPPED = (
    *("time", "sleep", "do_command", "load_database", "check_orphans", "acquire_daemonlock"),
    *("set_cron_uid", "set_cron_cwd", "log_it", "fdopen", "access"),
)
YEARS = (1990, 2037)
MINUTE, HOUR = 60, 3600
MARGIN = 3 * HOUR
TOO_SMALL, TOO_LARGE = 5 * MINUTE, 3 * HOUR
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
CASES = 90
CASES_WITHOUT_CHANGE = 12
VARIETY = 16


class Window(NamedTuple):
    zone: str
    change: Change

    @property
    def start(self) -> int:
        assert self.change.at % MINUTE == 0
        return self.change.at - MARGIN

    @property
    def end(self) -> int:
        return self.change.at + MARGIN

    @property
    def kind(self) -> tuple[int, int, int]:
        """Windows of one kind lie together in the file: they pack well."""
        return ((self.change.at + self.change.before) % DAY, self.change.size, self.change.at)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="the recording; with --build, the harness")
    parser.add_argument("--build", action="store_true", help="only build the harness")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        harness = options.out if options.build else Path(folder) / "harness"
        build(Path(folder), harness)
        if options.build:
            return
        groups = record(harness)
    header = {
        "reference": "Debian cron",
        "version": VERSION,
        "tzdata": zones.VERSION,
        "command": "python -m tests.recorders.debian.record tests/data/cron/debian.jsonl.gz",
    }
    recording.write(options.out, header, groups)
    cases = sum(len(group["cases"]) for group in groups)
    sys.stderr.write(f"{len(groups)} windows, {cases} cases\n")


def build(folder: Path, harness: Path) -> None:
    """Fetch Debian's source, apply its patches, compile it, and link the harness with it."""
    for name, digest in FILES.items():
        with urllib.request.urlopen(POOL + name, timeout=60) as answer:
            content = answer.read()
        assert hashlib.sha256(content).hexdigest() == digest, name
        (folder / name).write_bytes(content)
        with tarfile.open(folder / name) as packed:
            packed.extractall(folder, filter="data")
    (source,) = (path.parent for path in folder.glob("*/cron.c"))
    patches = folder / "debian" / "patches"
    for line in (patches / "series").read_text().splitlines():
        name = line.split("#")[0].strip()
        if name:
            _run("patch", "-s", "-p1", "-d", str(source), "-i", str(patches / name))
    compiler = ("gcc", "-O2", "-w", f"-I{source}", "-DPOSIX", "-DDEBUGGING=0", "-c")
    objects = []
    for name in ("cron", "entry", "job", "env", "misc"):
        objects.append(str(folder / f"{name}.o"))
        renamed = ("-Dmain=cron_main",) if name == "cron" else ()
        _run(*compiler, *renamed, str(source / f"{name}.c"), "-o", objects[-1])
    objects.append(str(folder / "harness.o"))
    _run(*compiler, str(HERE / "harness.c"), "-o", objects[-1])
    _run("gcc", *(f"-Wl,--wrap={name}" for name in WRAPPED), *objects, "-o", str(harness))


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


def record(harness: Path) -> list[dict[str, Any]]:
    asked = [(window, list(expressions(window))) for window in sorted(windows(), key=_order)]
    orders = []
    for window, lines in asked:
        orders += [f"Z {window.zone}", f"W {window.start} {window.end}"]
        orders += [f"E {line}" for line in lines]
    answers = iter(answer(harness, orders))
    groups = []
    for window, lines in asked:
        cases = [[line, [int(minute) for minute in next(answers).split()]] for line in lines]
        groups.append({"z": window.zone, "at": window.start, "until": window.end, "cases": cases})
    return groups


def answer(harness: Path, orders: list[str]) -> list[str]:
    """One line for each expression among the orders."""
    done = subprocess.run(
        [harness],
        input="\n".join([*orders, ""]),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TZDIR": str(zones.FOLDER)},
    )
    lines = done.stdout.splitlines()
    assert len(lines) == sum(order.startswith("E") for order in orders)
    return lines


def _order(window: Window) -> tuple[tuple[int, int, int], str]:
    return (window.kind, window.zone)


def windows() -> Iterator[Window]:
    for name in zones.names():
        usable = [
            change
            for change in zones.changes(name, *YEARS)
            if TOO_SMALL < abs(change.size) <= TOO_LARGE
        ]
        if usable:
            yield from (Window(name, change) for change in _choice(name, usable))
        else:
            quiet = random.Random(name).randrange(zones.instant(1990), zones.instant(2037), HOUR)
            same = zones.offset(zones.ZoneInfo(name), quiet)
            yield Window(name, Change(quiet, same, same))


def _choice(name: str, usable: list[Change]) -> list[Change]:
    """Those of unusual size or at midnight first, then some more each way, as far as there are."""
    rng = random.Random(name)
    odd = [change for change in usable if zones.unusual(change)]
    rare = [change for change in odd if abs(change.size) != HOUR]
    chosen = set(rng.sample(rare, min(1, len(rare))) + rng.sample(odd, min(2, len(odd))))
    for forward in (True, False):
        rest = [one for one in usable if (one.size > 0) == forward and one not in chosen]
        chosen.update(rng.sample(rest, min(1 + (len(chosen) < 3), len(rest))))
    return sorted(chosen)


def expressions(window: Window) -> Iterator[str]:
    """Lines that have something to do in the window, in a few variations a kind of change."""
    zone, change = window
    day = str(datetime.fromtimestamp(change.at, UTC).date())
    variety = random.Random(zone + day).randrange(VARIETY)
    rng = random.Random(f"{window.kind[:2]} {variety}")
    made = dict.fromkeys(_always(change))
    wanted = CASES if change.size else CASES_WITHOUT_CHANGE
    while len(made) < wanted:
        made[_line(rng, change)] = None
    return iter(list(made)[:wanted])


def _always(change: Change) -> Iterator[str]:
    """The times that the change skips or repeats, at its borders and inside, every day."""
    if not change.size:
        return
    low = change.at + min(change.before, change.after)
    high = change.at + max(change.before, change.after)
    for wall in (low - 60, low, low + 60, (low + high) // 2, high - 60, high, high + 60):
        yield f"{wall // 60 % 60} {wall // 3600 % 24} * * *"
    yield f"0-59 {low // 3600 % 24} * * *"
    yield f"* {low // 3600 % 24} * * *"
    yield "*/10 * * * *"


def _line(rng: random.Random, change: Change) -> str:
    low = change.at + min(change.before, change.after)
    high = change.at + max(change.before, change.after)
    near = datetime.fromtimestamp(rng.randrange(low - 2 * HOUR, high + 2 * HOUR, 60), UTC)
    if rng.random() < 0.4:
        near = datetime.fromtimestamp(rng.randrange(low, high + 1, 60), UTC)
    if rng.random() < 0.04:
        return rng.choice(("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly"))
    return f"{_minute(rng, near)} {_hour(rng, near)} {_days(rng, near)}"


def _minute(rng: random.Random, near: datetime) -> str:
    minute = near.minute
    step = rng.choice((5, 7, 10, 15, 20, 25, 30, 45))
    return rng.choices(
        (
            str(minute),
            rng.choice(("0", "30")),
            f"{minute},{rng.randrange(60)}",
            f"{max(0, minute - 12)}-{min(59, minute + rng.randrange(20))}",
            f"{minute % step}-59/{step}",
            f"*/{step}",
            "*",
            f"{minute},*",
            f"*,{minute}",
            "*/90",
        ),
        (40, 14, 10, 5, 10, 10, 4, 0.5, 0.5, 1),
    )[0]


def _hour(rng: random.Random, near: datetime) -> str:
    hour = near.hour
    return rng.choices(
        (
            str(hour),
            f"{hour:02}",
            f"{hour},{(hour + rng.choice((1, 2, 12))) % 24}",
            f"{max(0, hour - rng.randrange(3))}-{min(23, hour + rng.randrange(4))}",
            f"{hour % 3}-23/3",
            f"0-23/{rng.choice((1, 2, 4))}",
            "*/2",
            "*",
            f"*/{rng.choice((3, 6))}",
        ),
        (44, 4, 12, 12, 6, 6, 6, 12, 6),
    )[0]


def _days(rng: random.Random, near: datetime) -> str:
    """Day of month, month and day of week; mostly such that the day of the change is among them."""
    if rng.random() < 0.45:
        return "* * *"
    day = near + timedelta(days=rng.choices((-1, 0, 1), (1, 6, 1))[0])
    dow = day.isoweekday() % 7
    other = (dow + rng.randrange(1, 7)) % 7
    dom = rng.choice(
        (
            str(day.day),
            str(day.day),
            f"{max(1, day.day - 3)}-{min(31, day.day + 3)}",
            f"1,{day.day}",
            "*",
            f"*/{rng.choice((2, 7))}",
            str(day.day % 28 + 1),
            "1-7",
            "25-31",
        )
    )
    month = rng.choice(
        ("*", "*", "*", str(day.month), MONTHS[day.month - 1], f"*/{rng.choice((2, 3))}", "1-6")
    )
    week = rng.choice(
        (
            "*",
            "*",
            str(dow),
            DAYS[dow],
            DAYS[dow].title(),
            str(dow or 7),
            f"{min(dow, other)}-{max(dow, other)}",
            str(other),
            f"{dow},{other}",
            "1-5",
            "6,7",
            "*/2",
        )
    )
    return f"{dom} {month} {week}"


if __name__ == "__main__":
    main()
