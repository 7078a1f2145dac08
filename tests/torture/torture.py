"""One torture from the first node to the verdict; everything that was seen stays in a folder."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.kit.cluster import ROOT, wait_for
from tests.torture.faults import Field
from tests.torture.gather import history_of
from tests.torture.ground import (
    Ground,
    Loopback,
    Namespaces,
    find_libfaketime,
    why_no_network,
)
from tests.torture.kept import (
    ARRIVALS,
    FAULTS,
    keep_facts,
    keep_history,
    keep_operations,
    keep_writes,
)
from tests.torture.nemesis import Nemesis
from tests.torture.nodes import Group, Node, Refused
from tests.torture.records import Finding, Write, instant
from tests.torture.registers import clients
from tests.torture.verdict import Verdict, table, verdict_of
from tests.torture.workload import documents, writers

WARM_S = 3.0
SETTLES_S = 45.0
"""So soon nothing is open any more: the slowest target takes 5 s, the longest retry waits 1 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to do; `without` names faults that are left out."""

    seconds: float
    nodes: int
    seed: int
    keep: Path
    without: frozenset[str] = frozenset()

    @property
    def repeat(self) -> str:
        """The line that draws the same jobs, edits and faults again."""
        line = f"python -m tests.torture --minutes {self.seconds / 60:g} --nodes {self.nodes}"
        without = f" --without {','.join(sorted(self.without))}" if self.without else ""
        return f"{line} --seed {self.seed}{without}"


class Diary:
    """What happened when: on the screen as it happens, and in `faults.jsonl`."""

    def __init__(self, file: Path):
        self._file = file
        self._begun = time.monotonic()

    def __call__(self, kind: str, event: str, line: str) -> None:
        after = time.monotonic() - self._begun
        self.say(f"{after:7.1f} s  {kind:14} {event:7} {line}")
        entry = {"at": time.time(), "after_s": round(after, 3), "kind": kind, "event": event}
        with self._file.open("a") as file:
            file.write(json.dumps(entry | {"line": line}) + "\n")

    @staticmethod
    def say(text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def torture(options: Options) -> Verdict:
    """Run it, print it, keep it."""
    options.keep.mkdir(parents=True, exist_ok=True)
    diary = Diary(options.keep / FAULTS)
    diary.say(f"{options.repeat} --keep {options.keep}")
    (options.keep / "repeat.txt").write_text(f"{options.repeat}\n")
    with _ground(options, diary) as ground, _sink(options, ground) as url:
        group, abilities = _group(options, ground, diary)
        field = Field(group, ground, _random(options, 1))
        try:
            _tortured(options, diary, field, url, abilities)
        finally:
            group.close()
    return judge(options.keep)


def judge(folder: Path) -> Verdict:
    """Judge what a folder holds, and print and keep the verdict."""
    verdict = verdict_of(folder)
    text = table(verdict)
    (folder / "verdict.md").write_text(f"{text}\n")
    Diary.say(f"\n{text}\n\nrepeat: {verdict.repeat}\nrecords: {folder}")
    return verdict


def _random(options: Options, part: int) -> random.Random:
    return random.Random(options.seed * 16 + part)


@contextlib.contextmanager
def _ground(options: Options, diary: Diary) -> Iterator[Ground]:
    reason = why_no_network()
    if reason:
        diary.say(f"no faults of links: {reason}")
    ground: Ground = Loopback(options.nodes) if reason else Namespaces(options.nodes)
    try:
        yield ground
    finally:
        ground.close()


@contextlib.contextmanager
def _sink(options: Options, ground: Ground) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.torture.sink", "--host", ground.sink_host]
    command += ["--file", str(options.keep / ARRIVALS)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://{ground.sink_host}:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _group(options: Options, ground: Ground, diary: Diary) -> tuple[Group, set[str]]:
    """The nodes, each with a clock of its own, one with a small disk; what can be done to them."""
    abilities = {"network"} if ground.networked else set()
    library = find_libfaketime()
    if library is None:
        diary.say("no faults of clocks: libfaketime not found (apt-get install libfaketime)")
    else:
        abilities.add("clock")
    if ground.networked:  # the same rights
        abilities.add("disk")
    disk = _random(options, 2).randrange(options.nodes)
    nodes = [
        Node(
            number,
            ground,
            options.nodes,
            options.keep / f"n{number + 1}",
            libfaketime=library,
            small_disk=number == disk and "disk" in abilities,
        )
        for number in range(options.nodes)
    ]
    return Group(nodes), abilities


def _tortured(options: Options, diary: Diary, field: Field, url: str, abilities: set[str]) -> None:
    """Hurt the nodes, heal them, and keep all that is to be known of it."""
    group = field.group
    group.start()
    jobs = documents(url, _random(options, 3))
    asked = time.time()
    field.leader().ask("POST", "/api/v1/jobs/batch", json={"jobs": jobs}, seconds=30)
    created = [Write(asked, time.time(), "create", job["name"]) for job in jobs]
    time.sleep(WARM_S)
    nemesis = Nemesis(field, diary, abilities, options.seed, options.without)
    people = writers(field, jobs, _random(options, 4))
    callers = clients(field, _random(options, 5))
    for one in (*people, *callers):
        one.start()
    begun = time.time()
    findings: list[Finding] = []
    try:
        nemesis.run(time.monotonic() + options.seconds)
    except AssertionError as fault:  # what was waited for did not come
        findings.append(Finding("no recovery", str(fault)))
        diary("torture", "fails", str(fault))
        field.ground.mend()
        group.revive()
    finally:
        for one in (*people, *callers):
            one.stop()
    seconds = time.time() - begun
    diary("torture", "ends", "everything is healed; the jobs finish what is due")
    time.sleep(WARM_S)
    wait_for(lambda: _caught_up(group), what="no fire time is overdue")
    end_us, end_index = _switch_off(field, jobs)
    findings += [Finding("node ended", line) for line in nemesis.ended]
    findings += [Finding("unanswered", line) for writer in people for line in writer.unanswered]
    findings += _unsettled(group)
    for node in group.nodes:
        keep_history(options.keep, node.name, history_of(node))
    keep_writes(options.keep, created + [write for writer in people for write in writer.writes])
    keep_operations(options.keep, [done for one in callers for done in one.history])
    past = group.nodes[0].ask("GET", "/api/v1/pauses?past=true", seconds=30)["pauses"]
    facts = {
        "repeat": options.repeat,
        "seconds": seconds,
        "nodes": [node.name for node in group.nodes],
        "end_us": end_us,
        "end_index": end_index,
        "skew_us": field.skew_us,
        "pauses": [pause["id"] for pause in past],
        "leader_kills": field.leader_kills,
        "findings": [asdict(finding) for finding in findings],
    }
    keep_facts(options.keep, facts)


def _caught_up(group: Group) -> bool:
    """Whether the leader has decided all that was due: on a slow machine it takes a while."""
    leader = group.leader()
    if leader is None:
        return False
    path = "/api/v1/jobs?enabled=true&sort=next_run&limit=1"
    try:
        (first,) = leader.ask("GET", path)["jobs"]
    except Refused:
        return False
    return instant(first["next_run"]) > (time.time() - 1) * 1e6


def _switch_off(field: Field, jobs: list[dict[str, Any]]) -> tuple[int, int]:
    """Disable every job; the instant and the log's index before the first was."""
    leader = field.leader()
    end = int(time.time() * 1e6), leader.ask("GET", "/api/v1/cluster/status")["applied_index"]
    for job in jobs:
        leader.ask("POST", f"/api/v1/jobs/default/{job['name']}/disable", seconds=30)
    return end


def _unsettled(group: Group) -> list[Finding]:
    begun = time.monotonic()
    try:
        group.settle()
    except AssertionError as fault:
        marks = {node.name: node.status() for node in group.nodes}
        return [Finding("not settled", f"{fault}: {marks}")]
    waited = time.monotonic() - begun
    if waited < SETTLES_S:
        return []
    return [Finding("settled late", f"{waited:.0f} s after the last fault was healed")]
