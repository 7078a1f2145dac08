"""The verdict as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.torture.checker import Fires, check, repeated, waits_after
from tests.torture.kept import evidence_of, facts_of, faults_of, findings_of, operations_of
from tests.torture.linear import UNKNOWN, Operation, unlinearizable
from tests.torture.records import Evidence, Finding
from tests.torture.registers import register, without_unseen

SHOWN_MAX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was done, what came of it, and what must not have; `repeat` is the line to repeat it."""

    repeat: str
    seconds: float
    faults: Counter[str]
    evidence: Evidence
    operations: list[Operation]
    fires: Fires
    findings: list[Finding]
    leader_kills: list[float]


def verdict_of(folder: Path) -> Verdict:
    """The verdict on the records in a folder."""
    facts, evidence = facts_of(folder), evidence_of(folder)
    fires, findings = check(evidence)
    operations = operations_of(folder)
    findings += [
        Finding("not linearizable", f"{key}: {'; '.join(map(str, shortest[-8:]))}")
        for key, shortest in unlinearizable(without_unseen(operations), register).items()
    ]
    begun = [entry["kind"] for entry in faults_of(folder) if entry["event"] == "begins"]
    return Verdict(
        repeat=facts["repeat"],
        seconds=facts["seconds"],
        faults=Counter(begun),
        operations=operations,
        evidence=evidence,
        fires=fires,
        findings=sorted(findings_of(folder) + findings),
        leader_kills=facts["leader_kills"],
    )


def table(verdict: Verdict) -> str:
    """The verdict in Markdown, each finding on a line of its own."""
    evidence, fires = verdict.evidence, verdict.fires
    kinds = Counter(finding.kind for finding in verdict.findings)
    done = ", ".join(f"{kind} {count}" for kind, count in sorted(verdict.faults.items()))
    skips = ", ".join(f"{reason} {count}" for reason, count in sorted(fires.skipped.items()))
    ends = Counter(run.status for run in evidence.agreed.runs if run.status != "skipped")
    writes = Counter(write.kind for write in evidence.writes)
    rows = [
        ("seconds", f"{verdict.seconds:.0f}"),
        (f"faults: {verdict.faults.total()}", done),
        ("fire times decided", f"{fires.decided:,}"),
        ("runs by end", _counts(ends)),
        (
            "arrivals / of runs that had arrived",
            f"{len(evidence.arrivals):,} / {repeated(evidence):,}",
        ),
        ("fire times skipped, by reason", skips or "none"),
        ("acknowledged writes", _counts(writes)),
        (
            "operations on registers / never answered",
            f"{len(verdict.operations):,} / {_unanswered(verdict.operations):,}",
        ),
        ("missed", str(kinds.pop("missed", 0))),
        ("doubly claimed", str(kinds.pop("doubly claimed", 0))),
        ("one fire time, two ids", str(kinds.pop("two ids", 0))),
        ("unexplained", str(kinds.pop("unexplained", 0))),
        ("not linearizable", str(kinds.pop("not linearizable", 0))),
        *((kind, str(count)) for kind, count in sorted(kinds.items())),
        ("next fire after a leader kill", _waits(waits_after(evidence, verdict.leader_kills))),
    ]
    lines = ["| what | figure |", "| --- | --- |", *(f"| {what} | {text} |" for what, text in rows)]
    found = [f"{finding.kind}: {finding.text}" for finding in verdict.findings[:SHOWN_MAX]]
    more = len(verdict.findings) - SHOWN_MAX
    lines += ["", *found, *([f"and {more} more"] if more > 0 else [])]
    return "\n".join(lines).rstrip()


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())) or "none"


def _unanswered(operations: list[Operation]) -> int:
    return sum(one.answer is UNKNOWN for one in operations)


def _waits(waits: list[float]) -> str:
    if not waits:
        return "no leader was killed"
    p99 = quantiles(waits, n=100, method="inclusive")[98] if len(waits) > 1 else waits[0]
    words = f"median {median(waits):.2f}, p99 {p99:.2f}, max {max(waits):.2f} s"
    return f"{words} of {len(waits)}"
