"""Chronos beside its peers: ratios of one interleaved run of a harness that measures schedulers.

The harness is a folder that `CHRONOS_PEERS` names, with a program `bench` that starts each peer and
takes `CHRONOS_COMMAND` as one more; `tests/bench/runner.py` is what it starts. A peer that is not
installed there is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.table import Row
from tests.kit.cluster import ROOT

PEERS = ("ideal-raft", "gocron", "aps3-thread", "bullmq")
JOBS = 10_000
Results = dict[str, list[dict[str, Any]]]


def harness() -> Path | None:
    """Where the harness is; None where nobody says."""
    named = os.environ.get("CHRONOS_PEERS")
    return Path(named) if named else None


def beside_peers(rounds: int) -> Iterator[Row]:
    """A burst of three nodes and of each peer, in turn."""
    folder = harness()
    assert folder is not None, "set CHRONOS_PEERS to the folder of the harness"
    found = _run(folder, rounds)
    ours = found.pop("chronos")
    name = f"{JOBS:,} at once, 3 nodes"
    yield Row(f"{name}: POSTs a second", f"{_of(ours, 'posts_s'):,.0f}")
    yield Row(f"{name}: CPU of all nodes a POST", f"{_of(ours, 'cpu_ms_per_post') * 1000:,.0f} us")
    lost = sum(run["missed"] + run["double"] for run in ours)
    yield Row(f"{name}: missed and double", f"{lost}")
    for peer, runs in found.items():
        for what, key in (
            ("POSTs a second", "posts_s"),
            ("first POST", "first_s"),
            ("CPU a POST", "cpu_ms_per_post"),
        ):
            yield Row(f"{name}: {what}, ratio to {peer}", f"{_of(ours, key) / _of(runs, key):.2f}x")


def _run(folder: Path, rounds: int) -> Results:
    runner = f"env -C {ROOT} PYTHONPATH= {sys.executable} -m tests.bench.runner"
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "results.jsonl"
        command = [str(folder / "bench"), "burst", "--peers", ",".join(("chronos", *PEERS))]
        command += ["--n", str(JOBS), "--rounds", str(rounds), "--out", str(out)]
        environment = os.environ | {"CHRONOS_COMMAND": runner}
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        found: Results = defaultdict(list)
        for line in out.read_text().splitlines():
            result = json.loads(line)
            if "error" not in result:
                found[result["peer"]].append(result)
    return found


def _of(runs: list[dict[str, Any]], key: str) -> float:
    return float(median(run[key] for run in runs))
