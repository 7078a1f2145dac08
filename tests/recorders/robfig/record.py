"""Repeat with the command below; it needs Go and the Go module proxy.

    python -m tests.recorders.robfig.record EXPRESSIONS tests/data/cron/robfig.jsonl.gz

EXPRESSIONS is a file of JSON lines, each with a real expression as `expr`.

What github.com/robfig/cron/v3 accepts and when it fires, by its standard parser (that of
Kubernetes) and, in rows with `"s": true`, by the parser with seconds. A row with `until` lists
every fire up to it, at most 60; a row with `every` is an `@every` with its delay in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from tests.recorders import recording, zones

HERE = Path(__file__).parent
VERSION = "v3.0.1"
GENERATED = 2_000
NIGHTLY = 400
SHARE = 0.3  # of the nightly expressions at one change; each is asked at some sixty changes
FEW, MANY = 5, 60
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
ODD = (
    *("", " ", "* * * *", "* * * * * * *", "@", "@every", "@every ", "@every x", "@every 90s"),
    *("@every 1h30m10s", "@every 1.5s", "@every 500ms", "@every -5s", "@every 0s", "@every 1d"),
    *("@every 24h", "@EVERY 1m", "@every  1m", "@every 1m ", "@every 1h 30m", "@every 100us"),
    *("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"),
    *("@Daily", "@DAILY", "@daily ", " @daily", "@reboot", "@fortnightly", "@minutely", "@1"),
    *("TZ=UTC", "TZ=", "TZ= * * * * *", "CRON_TZ=", "TZ=UTC 0 6 * * *", "TZ=Nowhere 0 6 * * *"),
    *("CRON_TZ=Europe/Berlin 0 6 * * *", "CRON_TZ=Europe/Berlin   0 6 * * *", "tz=UTC 0 6 * * *"),
    *("TZ=Asia/Tokyo @daily", "CRON_TZ=Asia/Kolkata 30 5 * * 1", "TZ=Local 0 6 * * *"),
    *("CRON_TZ=UTC TZ=UTC 0 6 * * *", " TZ=UTC 0 6 * * *", "TZ=UTC\t0 6 * * *", "TZ=europe/berlin"),
    *("CRON_TZ=America/New_York 0 30 5 * * 1", "TZ=UTC @every 5m", "TZ=../etc 0 6 * * *"),
    *("  0 6 * * *  ", "0\t6\t*\t*\t*", "0  6 *  * *", "0\n6 * * *", "0 6 * * * # note"),
    *("0 0 31 2 *", "0 0 30 2 *", "0 0 29 2 *", "0 0 31 4,6 *", "0 0 31 2 1", "0 0 ? * ?"),
    *(", * * * *", ",, * * * *", "1,,2 * * * *", ",1 * * * *", "1, * * * *", "* , * * *"),
    *("* * * , *", "* * * * ,", "* * , * *", "* * , * ,", "* * * , ,"),
)


class Question(NamedTuple):
    expression: str
    seconds: bool
    zone: str = ""
    at: int = 0
    until: int = 0
    count: int = 0

    def line(self) -> str:
        keys = ("e", "s", "z", "at", "until", "n")
        return json.dumps(dict(zip(keys, self, strict=True)))

    def row(self, answer: dict[str, Any]) -> dict[str, Any]:
        row: dict[str, Any] = {"e": self.expression}
        if self.seconds:
            row["s"] = True
        if not self.zone:
            return row | {key: answer[key] for key in ("error", "every") if key in answer}
        row |= {"z": self.zone, "at": self.at}
        if self.until:
            row["until"] = self.until
        return row | ({"hangs": True} if answer.get("hangs") else {"next": answer["next"]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("expressions", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    header = {
        "reference": "github.com/robfig/cron/v3",
        "version": VERSION,
        "tzdata": zones.VERSION,
        "command": (
            "python -m tests.recorders.robfig.record EXPRESSIONS tests/data/cron/robfig.jsonl.gz"
        ),
        "runtime": _runtime(),
    }
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "recorder"
        subprocess.run(["go", "build", "-o", program, "."], cwd=HERE, check=True)
        rows = record(program, recording.expressions(options.expressions))
    recording.write(options.out, header, rows)
    refused = sum("error" in row for row in rows)
    sys.stderr.write(f"{len(rows)} rows, {refused} refused\n")


def _runtime() -> str:
    asked = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def record(program: Path, real: Iterable[str]) -> list[dict[str, Any]]:
    offered = list(dict.fromkeys([*_real(real), *_odd(), *_generated()]))
    verdicts = [
        (question, answer) for question, answer in zip(offered, ask(program, offered), strict=True)
    ]
    rows = [q.row(a) for q, a in verdicts if "error" in a or "every" in a]
    spec = [q for q, a in verdicts if "error" not in a and "every" not in a]
    asked = [
        Question(q.expression, q.seconds, "UTC", at, 0, FEW) for q in spec for at in zones.INSTANTS
    ]
    asked = list(dict.fromkeys([*asked, *_around()]))
    return rows + [
        question.row(answer)
        for question, answer in zip(asked, ask(program, asked), strict=True)
        if "error" not in answer
    ]


def ask(program: Path, questions: list[Question]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [program],
        input="".join(question.line() + "\n" for question in questions),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "ZONEINFO": str(zones.FOLDER), "TZ": "UTC"},
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _real(expressions: Iterable[str]) -> Iterator[Question]:
    for expression in expressions:
        fields = len(expression.split())
        if expression.startswith("@"):
            yield from (Question(expression, seconds) for seconds in (False, True))
        elif fields in (5, 6):
            yield Question(expression, fields == 6)


def _odd() -> Iterator[Question]:
    for expression in ODD:
        yield from (Question(expression, seconds) for seconds in (False, True))


def _generated() -> Iterator[Question]:
    rng = random.Random("robfig")
    made: dict[Question, None] = {}
    while len(made) < GENERATED:
        made[_question(rng)] = None
    return iter(made)


def _question(rng: random.Random) -> Question:
    """Mostly one strange field among plain ones, so that its own verdict is seen."""
    seconds = rng.random() < 0.35
    kinds = ["second"] * seconds + ["minute", "hour", "dom", "month", "dow"]
    strange = {rng.randrange(len(kinds))} | {
        place for place in range(len(kinds)) if rng.random() < 0.15
    }
    fields = [
        (_strange if place in strange else _plain)(rng, kind) for place, kind in enumerate(kinds)
    ]
    zone = rng.choice(("", "", "", "", "", "", "", "", "TZ=UTC ", "CRON_TZ=Asia/Kolkata "))
    return Question(zone + " ".join(fields), seconds)


BOUNDS = {"second": (0, 59), "minute": (0, 59), "hour": (0, 23)} | {
    "dom": (1, 31),
    "month": (1, 12),
    "dow": (0, 6),
}


def _plain(rng: random.Random, kind: str) -> str:
    if kind in ("dom", "month", "dow"):
        return rng.choice(("*", "*", "*", "?", str(rng.randint(*BOUNDS[kind]))))
    low, high = BOUNDS[kind]
    return rng.choice((str(rng.randint(low, high)), str(rng.randint(low, high)), "0", "*"))


def _word(rng: random.Random, kind: str) -> str:
    """A number or, where the field has names, a name in some case, short or long or wrong."""
    low, high = BOUNDS[kind]
    names = {"month": MONTHS, "dow": DAYS}.get(kind)
    if names and rng.random() < 0.5:
        name = rng.choice(names)
        return rng.choice((name, name.upper(), name.title(), name[:2], name + "day", name.upper()))
    number = rng.randint(low, high)
    return rng.choices(
        (
            str(number),
            f"{number:02}",
            str(high + 1),
            str(high + 2),
            "0",
            str(-number),
            f"+{number}",
            "7",
            "x",
            f"{number}.5",
            "99999999999999999999",
            "0x5",
            "",
            "١",  # an Arabic-Indic one
        ),
        (30, 6, 4, 1, 3, 2, 2, 3, 1, 1, 1, 1, 1, 0.5),
    )[0]


def _strange(rng: random.Random, kind: str) -> str:
    low, high = BOUNDS[kind]
    one, two = _word(rng, kind), _word(rng, kind)
    first, last = sorted((rng.randint(low, high), rng.randint(low, high)))
    step = rng.choice(("1", "2", "3", "5", "7", "15", "0", "59", "61", "100", "-1", "x", "", "02"))
    return rng.choices(
        (
            one,
            "?",
            f"{one}/{step}",
            f"*/{step}",
            f"?/{step}",
            f"{one}-{two}",
            f"{first}-{last}",
            f"{last}-{first}",
            f"{first}-{last}/{step}",
            f"{one},{two}",
            f"{one},*",
            f"*,{one}",
            f"{first}-{last},{two}",
            f"{one},{two}/{step}",
            f"{one}-",
            f"-{one}",
            f"*-{one}",
            f"?-{one}",
            f"{first}-{last}-{one}",
            f"{first}-{last}/{step}/2",
            f"{first}-{last}/",
            f"/{step}",
            f"{one},,{two}",
            f",{one}",
            f"{one},",
            ",",
            "L",
            f"{first}L",
            f"{first}W",
            "LW",
            f"{first}#2",
            f"{first}~{last}",
            "**",
            "*?",
            "H",
            "/",
            "-",
        ),
        (
            *(14, 6, 10, 10, 5, 8, 6, 5, 8, 6, 3, 3, 4, 4, 1, 1, 2, 2, 1, 1, 1, 1, 2, 1, 1, 1),
            *(2, 2, 2, 1, 2, 1, 1, 1, 1, 1, 1),
        ),
    )[0]


def _around() -> list[Question]:
    """Some of the nightly expressions at each change, of every minute and hour of the night."""
    rng = random.Random("nights")
    made: dict[tuple[str, bool], None] = {}
    while len(made) < NIGHTLY:
        seconds = rng.random() < 0.2
        made[_nightly(rng, seconds), seconds] = None
    asked = []
    for zone, change in zones.recent():
        start, end = change.at - zones.AROUND, change.at + zones.AROUND
        for expression, seconds in rng.sample(list(made), int(NIGHTLY * SHARE)):
            asked.append(Question(expression, seconds, zone, start, end, MANY))
        asked.append(Question(_local(change, "{m} {h} * * *"), False, zone, start, end, MANY))
        asked.append(Question(_local(change, "0 {m} {h} * * *"), True, zone, start, end, MANY))
        asked.append(Question(_local(change, "{m} {h} {d} * *"), False, zone, start, end, MANY))
        asked.append(Question(_local(change, "0 0 {d} {o} *"), False, zone, start, end, MANY))
    return asked


def _local(change: zones.Change, form: str) -> str:
    """The middle of the skipped or the repeated time, in the form asked for."""
    middle = change.at + (change.before + change.after) // 2
    there = datetime.fromtimestamp(middle, zones.UTC)
    return form.format(m=there.minute, h=there.hour, d=there.day, o=there.month)


def _nightly(rng: random.Random, seconds: bool) -> str:
    minute, hour = rng.choice((0, 15, 30, 45, 59, rng.randrange(60))), rng.randrange(5)
    late = rng.choice((hour, hour, 22, 23))
    time = rng.choices(
        (
            f"{minute} {hour}",
            f"{minute} {late}",
            f"{minute} {hour},{(hour + 1) % 24}",
            f"{minute} {max(0, hour - 2)}-{hour + 1}",
            f"{minute},{(minute + 30) % 60} {hour}",
            f"{minute} *",
            f"{minute} */{rng.choice((2, 3, 5, 6))}",
            f"{minute} {hour}/{rng.choice((1, 2, 4, 12))}",
            f"*/{rng.choice((7, 10, 15, 20, 30))} {hour}",
            f"{minute % 30}-59/{rng.choice((10, 15, 20))} {hour}-{hour + 1}",
            "* " + str(hour),
            f"*/{rng.choice((15, 20, 30))} *",
        ),
        (40, 6, 10, 10, 8, 6, 8, 6, 6, 4, 1, 2),
    )[0]
    days = rng.choices(
        (
            "* * *",
            "* * sun",
            "* * sat,mon",
            "1-7 * *",
            "25-31 3,10 *",
            "? * 0",
            "8-14 3,11 *",
            "1-7 * SUN",
            "*/2 * sun",
            "? 3-11 ?",
        ),
        (60, 10, 5, 3, 3, 3, 3, 3, 3, 3),
    )[0]
    if not seconds:
        return f"{time} {days}"
    return f"{rng.choice(('0', '0', '30', '59', '0,30', '*/20'))} {time} {days}"


if __name__ == "__main__":
    main()
