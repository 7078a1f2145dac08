"""Many jobs due in the same second on one node, measured where they arrive."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from tests.bench.load import cpu_s
from tests.bench.sink import Sink
from tests.bench.table import Row
from tests.kit.cluster import Cluster, Node

ARRIVALS_S = 45.0
AGAIN_S = 0.5  # so long is listened for a second arrival of the same job


def _add(node: Node, url: str, count: int, due: int) -> float:
    """Seconds that the batch took; all are due at `due`, Unix seconds."""
    at = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    documents = [
        {
            "name": f"b{k}",
            "schedule": f"@at {at}",
            "webhook": {"url": f"{url}/j/{k}", "method": "POST", "body": "{}"},
            "enabled": True,
        }
        for k in range(count)
    ]
    begun = time.monotonic()
    node.request("POST", "/api/v1/jobs/batch", json={"jobs": documents})
    assert time.time() < due - 1, "the batch was not in ahead of the due second"
    return time.monotonic() - begun


def burst(count: int) -> Iterator[Row]:
    """Lateness is arrival at the sink less the due second."""
    name = f"{count:,} jobs due at once"
    with tempfile.TemporaryDirectory() as folder, Sink() as sink:
        cluster = Cluster(Path(folder), 1)
        node = cluster.nodes[0]
        try:
            cluster.start()
            due = int(time.time()) + 5 + count // 1500
            added = _add(node, sink.url, count, due)
            time.sleep(max(0.0, due - 0.5 - time.time()))
            cpu = cpu_s(node)
            end = due + ARRIVALS_S
            while sink.count() < count and time.time() < end:
                time.sleep(0.05)
            time.sleep(AGAIN_S)
            cpu = cpu_s(node) - cpu
            arrivals = sink.arrivals()
        finally:
            node.stop()
    assert len(arrivals) > 1, "nothing arrived"
    late = sorted(at - due for at, _path in arrivals)
    different = len({path for _at, path in arrivals})
    cuts = quantiles(late, n=100)
    yield Row(f"{name}: missed / double", f"{count - different} / {len(arrivals) - different}")
    yield Row(f"{name}: first / last arrival", f"{late[0]:.3f} / {late[-1]:.3f} s")
    yield Row(f"{name}: lateness p50 / p99", f"{cuts[49]:.3f} / {cuts[98]:.3f} s")
    yield Row(f"{name}: CPU of the node a POST", f"{cpu / len(arrivals) * 1e6:,.0f} us")
    yield Row(f"{name}: added by one batch", f"{added:.2f} s")
