"""How lateness, memory and processor time grow with the jobs that a node holds.

At each size 100 of the jobs fire every second; the others are of another day. Beside the rows it
writes the plot of the documentation.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Final

from tests.bench.load import add, cpu_s, dormant, each_second, quiet, rss
from tests.bench.plot import Panel, plotted
from tests.bench.sink import Sink
from tests.bench.table import Row
from tests.kit.cluster import ROOT, cluster

FIRING: Final = 100
SPAN_S: Final = 15
PLOT: Final = ROOT / "docs" / "images" / "growth.svg"


def growth(sizes: Sequence[int]) -> Iterator[Row]:
    """Ascending sizes on one node."""
    late50, late99, memory, cpu = [], [], [], []
    with tempfile.TemporaryDirectory() as folder, Sink() as sink, cluster(Path(folder), 1) as nodes:
        (node,) = nodes.nodes

        def job(number: int) -> dict[str, object]:
            return each_second(number, sink.url) if number < FIRING else dormant(number)

        held = 0
        for size in sizes:
            add(node, held, size - held, job)
            held = size
            quiet(node, under=0.25)
            begun, used = time.time(), cpu_s(node)
            time.sleep(SPAN_S)
            used = cpu_s(node) - used
            late = [at % 1.0 for at, _ in sink.arrivals() if begun <= at < begun + SPAN_S]
            cuts = quantiles(late, n=100)
            late50.append(cuts[49] * 1000)
            late99.append(cuts[98] * 1000)
            memory.append(rss(node) / 2**20)
            cpu.append(used / len(late) * 1000)
            yield Row(
                f"{size:,} jobs, {FIRING} fires a second: lateness p50 / p99, memory, CPU a 1,000",
                f"{late50[-1]:.0f} / {late99[-1]:.0f} ms, {memory[-1]:,.0f} MiB, {cpu[-1]:.2f} s",
            )
            if len(cpu) > 1:  # after each size: the last one takes longest
                panels = [
                    Panel("Lateness, p50 and p99", "ms", [late50, late99]),
                    Panel("Resident memory", "MiB", [memory]),
                    Panel("Processor time per 1,000 fires", "s", [cpu]),
                ]
                PLOT.write_text(plotted("jobs held", sizes[: len(cpu)], panels))
