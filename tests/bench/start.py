"""How long a node takes from its start to its first healthy answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.table import Row
from tests.kit.cluster import Cluster, wait_for


def start() -> Iterator[Row]:
    """The first start makes the data directory; the others open one with history in it."""
    with tempfile.TemporaryDirectory() as folder:
        node = Cluster(Path(folder), 1).nodes[0]
        times = []
        for _ in range(4):
            begun = time.monotonic()
            node.start()
            try:
                wait_for(node.healthy, 60)
                times.append(time.monotonic() - begun)
            finally:
                node.stop()
    later = ", ".join(f"{one:.1f}" for one in times[1:])
    yield Row("one node, to health: first start / later ones", f"{times[0]:.1f} / {later} s")
