"""The folder of a torture: what is judged is read back from it, so that it can be judged again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.torture.linear import Operation
from tests.torture.records import (
    Attempt,
    Change,
    Evidence,
    Finding,
    History,
    Run,
    Write,
    arrivals_of,
)
from tests.torture.registers import read_back, written

ARRIVALS = "arrivals.jsonl"
FAULTS = "faults.jsonl"
OPERATIONS = "operations.jsonl"


def keep_history(folder: Path, node: str, history: History) -> None:
    """Write the three tables of a node."""
    for table in ("runs", "attempts", "changes"):
        _write(folder / f"{table}-{node}.jsonl", map(asdict, getattr(history, table)))


def keep_writes(folder: Path, writes: list[Write]) -> None:
    """Write what was acknowledged."""
    _write(folder / "writes.jsonl", map(asdict, writes))


def keep_operations(folder: Path, operations: list[Operation]) -> None:
    """Write what the clients of the registers were answered."""
    _write(folder / OPERATIONS, map(written, operations))


def operations_of(folder: Path) -> list[Operation]:
    """What `keep_operations` wrote."""
    return [read_back(row) for row in _read(folder / OPERATIONS)]


def keep_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Write what else is to be known: see `torture.py`, which gathers it."""
    (folder / "facts.json").write_text(json.dumps(facts, indent=1))


def facts_of(folder: Path) -> dict[str, Any]:
    """What `keep_facts` wrote."""
    found: dict[str, Any] = json.loads((folder / "facts.json").read_text())
    return found


def evidence_of(folder: Path) -> Evidence:
    """All that was gathered."""
    facts = facts_of(folder)
    return Evidence(
        arrivals=arrivals_of(_read(folder / ARRIVALS)),
        histories={
            node: History(
                runs=[Run(**row) for row in _read(folder / f"runs-{node}.jsonl")],
                attempts=[Attempt(**row) for row in _read(folder / f"attempts-{node}.jsonl")],
                changes=[Change(**row) for row in _read(folder / f"changes-{node}.jsonl")],
            )
            for node in facts["nodes"]
        },
        writes=[Write(**row) for row in _read(folder / "writes.jsonl")],
        end_us=facts["end_us"],
        end_index=facts["end_index"],
        skew_us=facts["skew_us"],
        pauses=set(facts["pauses"]),
    )


def faults_of(folder: Path) -> list[dict[str, Any]]:
    """What was done to the nodes, in order."""
    return _read(folder / FAULTS)


def findings_of(folder: Path) -> list[Finding]:
    """What was found while it ran."""
    return [Finding(**row) for row in facts_of(folder)["findings"]]


def _write(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    with file.open("w") as kept:
        kept.writelines(f"{json.dumps(row)}\n" for row in rows)


def _read(file: Path) -> list[dict[str, Any]]:
    with file.open() as kept:
        return [json.loads(line) for line in kept]
