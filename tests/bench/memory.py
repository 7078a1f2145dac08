"""Resident memory of one node by the jobs that it holds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.bench.table import Row
from tests.kit.cluster import Cluster, Node

BATCH = 10_000
SETTLE_S = 3.0  # the history and the export of the jobs come after the answer


def _rss(node: Node) -> int:
    assert node.process is not None
    return int(psutil.Process(node.process.pid).memory_info().rss)


def _add(node: Node, first: int) -> None:
    documents = [
        {
            "name": f"m{k}",
            "schedule": "0 0 1 1 *",
            "webhook": {"url": f"http://127.0.0.1:9/j/{k}"},
            "enabled": True,
        }
        for k in range(first, first + BATCH)
    ]
    node.request("POST", "/api/v1/jobs/batch", json={"jobs": documents})


def memory(*counts: int) -> Iterator[Row]:
    """Ascending `counts`, multiples of a batch, on the same node."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder), 1)
        node = cluster.nodes[0]
        try:
            cluster.start()
            empty = _rss(node)
            yield Row("node without jobs: resident memory", f"{empty / 2**20:.0f} MiB")
            held = 0
            for count in counts:
                while held < count:
                    _add(node, held)
                    held += BATCH
                time.sleep(SETTLE_S)
                now = _rss(node)
                grown = (now - empty) / count / 1024
                yield Row(
                    f"node with {count:,} jobs: resident memory, growth a job",
                    f"{now / 2**20:.0f} MiB, {grown:.1f} KiB",
                )
        finally:
            node.stop()
