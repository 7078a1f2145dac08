"""The detectors of durations on real repeated jobs, with faults of known size planted into them.

The trace is Azure's `vmnoise_Redis` (CC-BY-4.0): the same benchmark job on three machines for
a year. It has no labels, so every hundredth run is made longer and looked for.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from analytics.models.detector import detectors
from analytics.models.runs import Runs
from tests.bench.nab import DATA
from tests.bench.table import Row

FILE = DATA / "traces" / "azure_vmnoise_Redis.csv.gz"
SCORED = ("duration_outlier", "duration_seasonal", "surprise", "duration_spike")
FACTORS = (1.5, 2.0, 3.0)
LEARN = 100
EVERY = 100
SEED = 1


def traces() -> Iterator[Row]:
    """Share of planted faults found, and of untouched runs flagged, for each detector."""
    if not FILE.exists():
        sys.stderr.write(
            f"traces: {FILE} is not there. Put azure_vmnoise_Redis.csv.gz (Azure Public Dataset) "
            "into the folder traces/ of what CHRONOS_TEST_DATA names.\n"
        )
        return
    machines = _machines()
    for name in SCORED:
        label = f"{name}{' (plain z-score)' if name == 'duration_spike' else ''}"
        judge = detectors.get(name)().judge
        clean = np.concatenate([judge(runs).flagged[LEARN:] for runs in machines])
        found = [_found(name, machines, factor) for factor in FACTORS]
        shares = " / ".join(f"{share:.0%}" for share in found)
        what = " / ".join(f"{factor:g}" for factor in FACTORS)
        yield Row(
            f"{label}: planted runs {what} times as long found; untouched runs flagged",
            f"{shares}; {clean.mean():.2%}",
        )


def _found(name: str, machines: list[Runs], factor: float) -> float:
    chance, hits = np.random.default_rng(SEED), []
    for runs in machines:
        places = np.arange(LEARN, len(runs), EVERY) + chance.integers(0, EVERY // 2)
        places = places[places < len(runs)]
        spoiled = runs.duration_ms.copy()
        spoiled[places] *= factor
        hits.append(
            detectors.get(name)().judge(Runs.of_values(runs.at_us, spoiled)).flagged[places]
        )
    return float(np.concatenate(hits).mean())


def _machines() -> list[Runs]:
    """The runs of each machine, oldest first; `runtime` is in seconds."""
    rows: dict[str, list[tuple[int, float]]] = defaultdict(list)
    with gzip.open(FILE, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            at = int(np.datetime64(row["starttime"], "us").astype(np.int64))
            rows[row["VM_id"]].append((at, 1000 * float(row["runtime"])))
    machines = []
    for _, runs in sorted(rows.items()):
        runs.sort()
        at, values = zip(*runs, strict=True)
        machines.append(Runs.of_values(np.array(at), np.array(values)))
    return machines
