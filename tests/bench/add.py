"""10,000 jobs through the API in one request, until the answer is whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.load import BATCH, add, quiet
from tests.bench.table import Row
from tests.kit.cluster import cluster

ROUNDS: Final = 3


def adding(*sizes: int) -> Iterator[Row]:
    """On clusters of these sizes, through the leader, several times each."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), size) as nodes:
            node = nodes.leader()
            took = []
            for number in range(ROUNDS):
                quiet(node)
                took.append(add(node, number * BATCH, BATCH))
        shown = f"{median(took):.2f} s; {', '.join(f'{one:.2f}' for one in took)}"
        yield Row(f"{BATCH:,} jobs added by one request, {size} nodes: median; each", shown)
