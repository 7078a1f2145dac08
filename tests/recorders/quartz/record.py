"""Repeat with the command below; it needs Maven, javac and Java with the tzdata of our package.

    python -m tests.recorders.quartz.record EXPRESSIONS tests/data/cron/quartz.jsonl.gz

EXPRESSIONS is a file of JSON lines, each with a real expression as `expr`; `--java` names another
java than that of the PATH.

What org.quartz.CronExpression accepts and when it fires. A row with `until` lists every fire up to
it, at most 60; a row with `throws` was accepted, and asking it when it fires throws that.
"""

from __future__ import annotations

import argparse
import base64
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
VERSION = "2.5.2"
GENERATED = 3_000
NIGHTLY = 220
SHARE = 0.5  # of the nightly expressions at one change; each is asked at some hundred changes
FEW, MANY = 5, 60
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
BOUNDS = {"second": (0, 59), "minute": (0, 59), "hour": (0, 23)} | {
    "dom": (1, 31),
    "month": (1, 12),
    "dow": (1, 7),
    "year": (2024, 2032),
}
ODD = (
    *("", " ", "* * * * ?", "* * * * *", "0 0 12 * * ? * *", "0 0 12 * * ? * x", "@daily"),
    *("0 0 12 * * *", "0 0 12 ? * ?", "0 0 12 1 * MON", "0 0 12 ? * MON", "0 0 12 1 * ?"),
    *("  0 0 12 * * ?  ", "0\t0\t12\t*\t*\t?", "0  0 12 *  * ?", "0 0 12 * * ?\n", "0\n0 12 * * ?"),
    *("0 0 12 l * ?", "0 0 12 lw * ?", "0 0 12 l-3 * ?", "0 0 12 ? jan mon-fri", "0 0 12 15w * ?"),
    *("0 0 12 L * ?", "0 0 12 L-3 * ?", "0 0 12 L-0 * ?", "0 0 12 L-30 * ?", "0 0 12 L-31 * ?"),
    *("0 0 12 L- * ?", "0 0 12 L-W * ?", "0 0 12 L-3W * ?", "0 0 12 LW-3 * ?", "0 0 12 WL * ?"),
    *("0 0 12 L,1 * ?", "0 0 12 1,L * ?", "0 0 12 LW,15 * ?", "0 0 12 1W,15W * ?", "0 0 12 W * ?"),
    *("0 0 12 15W,20 * ?", "0 0 12 1-5W * ?", "0 0 12 31W * ?", "0 0 12 32W * ?", "0 0 12 0W * ?"),
    *("0 0 12 30W 2 ?", "0 0 12 1W * ?", "0 0 12 L/2 * ?", "0 0 12 LX * ?", "0 0 12 15WX * ?"),
    *("0 0 12 15L * ?", "0 0 12 FRI * ?", "0 0 12 L-3,L * ?", "0 0 12 L-2,5W * ?"),
    *("0 0 12 ? * L", "0 0 12 ? * 6L", "0 0 12 ? * FRIL", "0 0 12 ? * FRI L", "0 0 12 ? * LW"),
    *("0 0 12 ? * 0L", "0 0 12 ? * 8L", "0 0 12 ? * 2L,6L", "0 0 12 ? * 2,6L", "0 0 12 ? * L-3"),
    *("0 0 12 ? * 6#3", "0 0 12 ? * FRI#2", "0 0 12 ? * 6#5", "0 0 12 ? * 6#0", "0 0 12 ? * 6#6"),
    *("0 0 12 ? * 0#1", "0 0 12 ? * 8#1", "0 0 12 ? * 2#1,6#3", "0 0 12 ? * 2,6#3", "0 0 12 ? * #"),
    *("0 0 12 ? * 6#", "0 0 12 ? * MON#", "0 0 12 ? * 6#3#4", "0 0 12 ? * 6#x", "0 0 12 ? * 6#3L"),
    *("0 0 12 ? * 0", "0 0 12 ? * 1", "0 0 12 ? * 7", "0 0 12 ? * 8", "0 0 12 ? * SUN-SAT"),
    *("0 0 12 ? * FRI-MON", "0 0 12 ? * 6-2", "0 0 12 ? * MON-FRI/2", "0 0 12 ? * 2-6/2"),
    *("0 0 12 ? * MONDAY", "0 0 12 ? * MO", "0 0 12 ? * MON,", "0 0 12 ? * ,MON", "0 0 12 ? * ,"),
    *("0 0 12 ? NOV-FEB ?", "0 0 12 1 NOV-FEB ?", "0 0 12 1 JAN,JUL ?", "0 0 12 1 JANUARY ?"),
    *("0 0 12 1 11-2 ?", "0 0 12 1 JAN-MAR/2 ?", "0 0 12 1 JAN/3 ?", "0 0 12 1 13 ?"),
    *("0 0 12 1 0 ?", "0 0 12 1 */5 ?", "0 0 12 1 1/5 ?", "0 0 12 1 ? MON", "0 0 ? * * ?"),
    *("0 0 22-2 * * ?", "0 50-10 * * * ?", "50-10 0 * * * ?", "0 0 0 28-3 * ?", "0 0 22-2/2 * * ?"),
    *("0 0 22-2/3 * * ?", "0 0 0 25-5/4 * ?", "0 0 0-24 * * ?", "0 0 24 * * ?", "0 60 0 * * ?"),
    *(
        "0 /5 * * * ?",
        "/5 * * * * ?",
        "0 / * * * ?",
        "0 */ * * * ?",
        "0 */0 * * * ?",
        "0 0/0 * * * ?",
    ),
    *("0 5/ * * * ?", "0 1-5/0 * * * ?", "0 */60 * * * ?", "0 */59 * * * ?", "0 0/60 * * * ?"),
    *("0 0 */24 * * ?", "0 0 */23 * * ?", "0 0 0 */31 * ?", "0 0 0 */32 * ?", "0 0 0 1/32 * ?"),
    *("0 0 0 ? * */7", "0 0 0 ? * */8", "0 0 0 ? * 2/3", "0 0 0 1 */12 ?", "0 0 0 1 */13 ?"),
    *("0 10-50/60 * * * ?", "0 10-50/99 * * * ?", "0 5-/2 * * * ?", "0 -5 * * * ?", "0 5- * * * ?"),
    *(
        "0 99 * * * ?",
        "99 0 0 * * ?",
        "0 0 99 * * ?",
        "0 0 0 99 * ?",
        "0 0 0 98 * MON",
        "0 0 0 ? * 98",
    ),
    *(
        "0 0 0 ? * 99",
        "0 0 0 1 99 ?",
        "0 0 0 1 98 ?",
        "98 0 0 * * ?",
        "0 0 0 98 * ?",
        "0 99/5 * * * ?",
    ),
    *("0 0 12 * * ? 2026", "0 0 12 * * ? 2026-2028", "0 0 12 1 1 ? 2026/2", "0 0 12 1 1 ? */2"),
    *("0 0 12 1 1 ? 2025", "0 0 12 1 1 ? 1970-2025", "0 0 12 1 1 ? 2028-2026", "0 0 12 1 1 ? ?"),
    *("0 0 12 1 1 ? 2027,2029", "0 0 12 1 1 ? 2200", "0 0 12 1 1 ? 26", "0 0 12 1 1 ? 2026-2032/3"),
    *(
        "0 0 12 1 1 ? 99",
        "0 0 12 1 1 ? 1969",
        "0 0 12 29 2 ?",
        "0 0 12 29 2 ? 2027",
        "0 0 12 30 2 ?",
    ),
    *(
        "0 0 12 31 4,6 ?",
        "0 0 12 ? 2 6#5",
        "0 0 12 ?x * MON",
        "0 0 12 ?xy * MON",
        "0 0 12 ?/2 * MON",
    ),
    *("0 0 12 **  * ?", "0 0 12 *5 * ?", "0 0 12 *,5 * ?", "0 0 12 5,* * ?", "0 0 12 5;6 * ?"),
    *(
        "0 0 12,, * * ?",
        "0 ,0 12 * * ?",
        ", 0 12 * * ?",
        "0 , 12 * * ?",
        "0 0 , * * ?",
        "0 0 12 , * ?",
    ),
    *(
        "0 0 12 * , ?",
        "0 0 12 ? * ,",
        "0 0 12 * * ? ,",
        "0 007 12 * * ?",
        "0 0 12 01 01 ?",
        "0 0 12 H * ?",
    ),
    *(
        "0 0 12 1 1 ? L",
        "0 L 12 1 1 ?",
        "0 0 L 1 1 ?",
        "L 0 0 1 1 ?",
        "0 0 12 1 L ?",
        "0 5L 12 1 1 ?",
    ),
    *("0 5W 12 1 1 ?", "0 0 12 ? * 5W", "0 0 12 1 5L ?", "0 5#2 12 1 1 ?", "0 0 12 1 1 ? 2026L"),
    *("0 +5 12 * * ?", "0 5x 12 * * ?", "0 5.5 12 * * ?", "0 1-5x 12 * * ?", "0 1-x 12 * * ?"),
    *(
        "0 1-5/x 12 * * ?",
        "0 1/x 12 * * ?",
        "0 */x 12 * * ?",
        "0 1-5-9 12 * * ?",
        "0 1/2/3 12 * * ?",
    ),
    "0 99999999999 12 * * ?",
)


class Question(NamedTuple):
    expression: str
    zone: str = "UTC"
    at: int = 0
    until: int = 0
    count: int = 0

    def line(self) -> str:
        coded = base64.b64encode(self.expression.encode()).decode()
        return f"{coded} {self.zone} {self.at} {self.until} {self.count}"

    def row(self, answer: str) -> dict[str, Any]:
        row: dict[str, Any] = {"e": self.expression}
        if answer.startswith("!"):
            return row | {"error": answer[1:]}
        row |= {"z": self.zone, "at": self.at}
        if self.until:
            row["until"] = self.until
        kind, _, rest = answer.partition(" ")
        if kind == "next":
            return row | {"next": [int(second) for second in rest.split()]}
        return row | ({"throws": rest} if kind == "throws" else {"hangs": True})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("expressions", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--java", default="java")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        command = build(Path(folder), options.java)
        runtime, rows = record(command, recording.expressions(options.expressions))
    header = {
        "reference": "org.quartz-scheduler:quartz",
        "version": VERSION,
        "tzdata": zones.VERSION,
        "command": (
            "python -m tests.recorders.quartz.record EXPRESSIONS tests/data/cron/quartz.jsonl.gz"
        ),
        "runtime": f"Java {runtime}",
    }
    recording.write(options.out, header, rows)
    refused = sum("error" in row for row in rows)
    sys.stderr.write(f"{len(rows)} rows, {refused} refused\n")


def build(folder: Path, java: str) -> list[str]:
    """Fetch the library, compile the program against it; the command that runs it."""
    copy = ("dependency:copy-dependencies", f"-DoutputDirectory={folder}")
    subprocess.run(["mvn", "-q", "-f", HERE / "pom.xml", *copy], check=True)
    path = f"{folder}/*:{folder}"
    source = HERE / "Recorder.java"
    subprocess.run(["javac", "-cp", path, "-d", folder, source], check=True)
    return [java, "-cp", path, "Recorder"]


def record(command: list[str], real: Iterable[str]) -> tuple[str, list[dict[str, Any]]]:
    offered = [Question(one) for one in dict.fromkeys([*_real(real), *ODD, *_generated()])]
    _, verdicts = ask(command, offered)
    rows = [
        question.row(answer)
        for question, answer in zip(offered, verdicts, strict=True)
        if answer.startswith("!")
    ]
    asked = [
        Question(question.expression, "UTC", at, 0, FEW)
        for question, answer in zip(offered, verdicts, strict=True)
        if not answer.startswith("!")
        for at in zones.INSTANTS
    ]
    asked = list(dict.fromkeys([*asked, *_around()]))
    runtime, answers = ask(command, asked)
    return runtime, rows + [
        question.row(answer) for question, answer in zip(asked, answers, strict=True)
    ]


def ask(command: list[str], questions: list[Question]) -> tuple[str, list[str]]:
    """The version of Java, which must have the zones of our package, and the answers."""
    done = subprocess.run(
        command,
        input="".join(question.line() + "\n" for question in questions),
        capture_output=True,
        text=True,
        check=True,
    )
    versions, *answers = done.stdout.split("\n")[:-1]
    runtime, tzdata = versions.split(" ")
    assert tzdata == zones.VERSION, f"this java has the time zones of {tzdata}: use another --java"
    return runtime, answers


def _real(expressions: Iterable[str]) -> Iterator[str]:
    return (one for one in expressions if len(one.split()) in (6, 7))


def _generated() -> Iterator[str]:
    rng = random.Random("quartz")
    made: dict[str, None] = {}
    while len(made) < GENERATED:
        made[_expression(rng)] = None
    return iter(made)


def _expression(rng: random.Random) -> str:
    """Mostly one strange field among plain ones, so that its own verdict is seen."""
    kinds = ["second", "minute", "hour", "dom", "month", "dow"] + ["year"] * (rng.random() < 0.25)
    by_week = rng.random() < 0.4
    fields = {kind: _plain(rng, kind) for kind in kinds}
    strange = rng.choices(kinds, [2, 3, 4, 10, 4, 10, 5][: len(kinds)])[0]
    if strange in ("dom", "dow"):
        by_week = strange == "dow"
    fields["dom" if by_week else "dow"] = "?"
    for kind in kinds:
        special = fields[kind] == "?" and kind != strange
        if kind == strange or (not special and rng.random() < 0.12):
            fields[kind] = _strange(rng, kind)
    if rng.random() < 0.06:
        fields["dom"], fields["dow"] = rng.choice(
            (("?", "?"), ("*", "*"), (fields["dom"], "*"), ("*", fields["dow"]), ("15", "MON"))
        )
    expression = rng.choices((" ", "  ", "\t"), (30, 1, 1))[0].join(fields.values())
    return rng.choices((expression, expression.lower(), f" {expression} "), (20, 2, 1))[0]


def _plain(rng: random.Random, kind: str) -> str:
    low, high = BOUNDS[kind]
    if kind == "second":
        return rng.choice(("0", "0", "0", str(rng.randint(low, high))))
    if kind in ("minute", "hour"):
        return rng.choice((str(rng.randint(low, high)), str(rng.randint(low, high)), "0", "*"))
    if kind == "dow":
        return rng.choice((rng.choice(DAYS), str(rng.randint(low, high)), "MON-FRI"))
    if kind == "year":
        return rng.choice(("*", "*", str(rng.randint(low, high))))
    return rng.choice(("*", "*", str(rng.randint(low, high))))


def _word(rng: random.Random, kind: str) -> str:
    """A number or, where the field has names, a name; sometimes neither."""
    low, high = BOUNDS[kind]
    names = {"month": MONTHS, "dow": DAYS}.get(kind)
    if names and rng.random() < 0.5:
        name = rng.choice(names)
        return rng.choices((name, name.lower(), name.title(), name + "DAY"), (8, 2, 2, 1))[0]
    number = rng.randint(low, high)
    return rng.choices(
        (str(number), f"{number:02}", str(high + 1), str(low - 1), "98", "99", "X", f"+{number}"),
        (40, 4, 3, 2, 1, 1, 1, 1),
    )[0]


def _strange(rng: random.Random, kind: str) -> str:
    if kind == "dom" and rng.random() < 0.6:
        return _day_of_month(rng)
    if kind == "dow" and rng.random() < 0.6:
        return _day_of_week(rng)
    low, high = BOUNDS[kind]
    one, two = _word(rng, kind), _word(rng, kind)
    first, last = sorted((rng.randint(low, high), rng.randint(low, high)))
    step = rng.choice((*"1234567", "10", "12", "15", "20", "23", "24", "31", "59", "60", "0", "X"))
    return rng.choices(
        (
            one,
            f"{one},{two}",
            f"{one}-{two}",
            f"{first}-{last}",
            f"{last}-{first}",
            f"{first}/{step}",
            f"{one}/{step}",
            f"*/{step}",
            f"/{step}",
            f"{first}-{last}/{step}",
            f"{last}-{first}/{step}",
            f"{first},{last}-{high}",
            f"{one}-{two}/{step}",
            f"{one},*",
            f"*,{one}",
            f"{one},,{two}",
            f"{one}-",
            f"-{one}",
            "?",
            "**",
            "L",
            f"{one}W",
            f"{one}#2",
        ),
        (6, 8, 8, 6, 8, 8, 4, 8, 4, 8, 6, 3, 3, 1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5),
    )[0]


def _day_of_month(rng: random.Random) -> str:
    day, other = rng.randint(1, 31), rng.randint(1, 31)
    return rng.choices(
        (
            "L",
            f"L-{rng.randint(0, 31)}",
            "LW",
            f"L-{rng.randint(0, 12)}W",
            f"{day}W",
            f"{day}W,{other}W",
            f"{day},{other}W",
            f"L,{day}",
            f"{day},L",
            f"L-{rng.randint(1, 9)},{day}",
            f"LW,{day}",
            f"{day}W,L",
            f"{day}-{other}W",
            f"L-{rng.randint(1, 5)},L-{rng.randint(6, 9)}W",
            "WL",
            f"{day}L",
            "1W",
            "31W",
        ),
        (8, 12, 8, 8, 14, 4, 4, 4, 4, 4, 3, 3, 1, 2, 1, 1, 4, 4),
    )[0]


def _day_of_week(rng: random.Random) -> str:
    day, other = rng.randint(1, 7), rng.randint(1, 7)
    name, week = rng.choice(DAYS), rng.randint(0, 6)
    return rng.choices(
        (
            "L",
            f"{day}L",
            f"{name}L",
            f"{day}#{week}",
            f"{name}#{week}",
            f"{name}-{rng.choice(DAYS)}",
            f"{name}-{rng.choice(DAYS)}/{rng.randint(1, 4)}",
            f"{day},{other}#{week}",
            f"{day}#{week},{other}",
            f"{day}#1,{other}#3",
            f"{day},{other}L",
            f"{name},L",
            f"{day}-{other}L",
            f"{name}/{rng.randint(1, 4)}",
            f"{name},{rng.choice(DAYS)}",
            f"{day}L{week}",
        ),
        (5, 12, 8, 14, 10, 8, 4, 2, 2, 2, 2, 1, 1, 3, 4, 1),
    )[0]


def _around() -> Iterator[Question]:
    """Some of the nightly expressions at each change, of every minute and hour of the night."""
    rng = random.Random("nights")
    made: dict[str, None] = {}
    while len(made) < NIGHTLY:
        made[_nightly(rng)] = None
    for zone, change in zones.recent():
        start, end = change.at - zones.AROUND, change.at + zones.AROUND
        middle = change.at + (change.before + change.after) // 2
        there = datetime.fromtimestamp(middle, zones.UTC)
        inside = f"0 {there.minute} {there.hour}"
        for expression in (
            *rng.sample(list(made), int(NIGHTLY * SHARE)),
            f"{inside} * * ?",
            f"{inside} {there.day} * ?",
            f"{inside} ? * {there.isoweekday() % 7 + 1}",
            f"0 0 0 {there.day} {there.month} ?",
        ):
            yield Question(expression, zone, start, end, MANY)


def _nightly(rng: random.Random) -> str:
    minute, hour = rng.choice((0, 15, 30, 45, 59, rng.randrange(60))), rng.randrange(5)
    late = rng.choice((hour, hour, 22, 23))
    second = rng.choice(("0", "0", "0", "0", "30", "59", "0,30"))
    time = rng.choices(
        (
            f"{minute} {hour}",
            f"{minute} {late}",
            f"{minute} {hour},{(hour + 1) % 24}",
            f"{minute} {max(0, hour - 2)}-{hour + 1}",
            f"{minute} 22-{hour}",
            f"{minute},{(minute + 30) % 60} {hour}",
            f"{minute} *",
            f"{minute} */{rng.choice((2, 3, 5, 6))}",
            f"{minute} {hour}/{rng.choice((1, 2, 4, 12))}",
            f"*/{rng.choice((7, 10, 15, 20, 30))} {hour}",
            f"{minute % 30}-59/{rng.choice((10, 15, 20))} {hour}-{hour + 1}",
            f"* {hour}",
            f"*/{rng.choice((15, 20, 30))} *",
        ),
        (40, 6, 10, 8, 4, 8, 6, 8, 6, 6, 4, 1, 2),
    )[0]
    days = rng.choices(
        (
            "* * ?",
            "? * *",
            "? * SUN",
            "? * SAT,MON",
            "1-7 * ?",
            "L * ?",
            "? * SUNL",
            "? * SUN#1",
            "? * 1#2",
            "25-31 3,10 ?",
            "29W 3,10 ?",
            "* * ? 2025-2027",
        ),
        (40, 10, 10, 4, 4, 3, 5, 4, 4, 3, 2, 3),
    )[0]
    return f"{second} {time} {days}"


if __name__ == "__main__":
    main()
