"""What a node costs that holds many jobs: memory, a start, doing nothing, and firing a few.

APScheduler 3 is measured beside it where pip can fetch it into a folder that is thrown away.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.bench.load import add, cpu_s, each_second, quiet, rss
from tests.bench.sink import Sink
from tests.bench.table import Row
from tests.kit.cluster import Node, cluster, wait_for

IDLE_S: Final = 20.0
START_S_MAX: Final = 600.0
FIRING: Final = 100
EXPORT_S_MAX: Final = 600.0
PEER_JOBS: Final = 100_000
_PEER: Final = """
import resource, sys
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
def run(): pass
def rss(): return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
scheduler = BackgroundScheduler(timezone="UTC")
scheduler.start()
before = rss()
for k in range(int(sys.argv[1])):
    trigger = CronTrigger(month=1, day=1, hour=k // 60 % 24, minute=k % 60, timezone="UTC")
    scheduler.add_job(run, trigger, id=str(k), name=f"m{k}")
print(rss() - before, flush=True)
scheduler.shutdown(wait=False)
"""


def memory(*counts: int) -> Iterator[Row]:
    """Ascending `counts`, multiples of a batch, on the same node, which then starts again."""
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), 1) as nodes:
        (node,) = nodes.nodes
        quiet(node)
        empty = rss(node)
        yield Row("node without jobs: resident memory", f"{empty >> 20} MiB")
        held, highest = 0, empty
        for count in counts:
            took = add(node, held, count - held)
            highest = max(highest, rss(node))
            quiet(node)
            now = rss(node)
            name = f"node with {count:,} jobs"
            yield Row(f"{name}: {count - held:,} of them added, in batches", f"{took:.1f} s")
            yield Row(f"{name}: resident memory, growth a job", _figure(now, empty, count))
            begun = cpu_s(node)
            time.sleep(IDLE_S)
            used = (cpu_s(node) - begun) / IDLE_S
            yield Row(f"{name}: of a core while none is due", f"{used:.1%}")
            held = count
        yield Row(f"{name}: largest right after a batch", f"{highest >> 20} MiB")
        node.stop()
        begun = time.monotonic()
        node.start()
        wait_for(node.healthy, START_S_MAX)
        wait_for(lambda: node.status()["jobs_total"] == held, START_S_MAX)
        yield Row(f"{name}: start until all are there", f"{time.monotonic() - begun:.1f} s")
        quiet(node)
        yield Row(f"{name}: memory after that start", _figure(rss(node), empty, held))
        yield Row(f"{name}: largest while {FIRING} more fire", f"{_firing(node) >> 20} MiB")


def _firing(node: Node) -> int:
    """The most resident bytes of a node while some jobs fire every second, and all are exported."""
    jobs = node.data_dir / "export" / "jobs" / "jobs.parquet"
    exported, sizes = jobs.stat().st_mtime_ns, []

    def is_exported() -> bool:
        sizes.append(rss(node))
        return jobs.stat().st_mtime_ns != exported

    with Sink() as sink:
        add(node, 0, FIRING, lambda number: each_second(number, sink.url))
        wait_for(is_exported, EXPORT_S_MAX, "an export of the jobs")
    return max(sizes)


def _figure(now: int, empty: int, count: int) -> str:
    return f"{now >> 20} MiB, {(now - empty) / count / 1024:.2f} KiB"


def peer() -> Iterator[Row]:
    """Growth a job of APScheduler 3, which keeps its jobs in memory only."""
    with tempfile.TemporaryDirectory() as folder:
        get = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder]
        if subprocess.run([*get, "apscheduler<4"], check=False).returncode:
            yield Row("APScheduler 3: growth a job", "could not be fetched")
            return
        grown = subprocess.run(
            [sys.executable, "-c", _PEER, str(PEER_JOBS)],
            env={"PYTHONPATH": folder},
            capture_output=True,
            check=True,
        )
        figure = f"{int(grown.stdout) / PEER_JOBS / 1024:.2f} KiB"
        yield Row(f"APScheduler 3 with {PEER_JOBS:,} jobs: growth a job", figure)
