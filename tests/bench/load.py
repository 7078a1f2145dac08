"""Jobs by the batch, and what a node's process costs: its memory and its processor time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import orjson
import psutil

from tests.kit.cluster import Node

BATCH: Final = 10_000
FAR: Final = "{} {} 1 1 *"
"""Schedules of New Year's Day, one for each minute of it: jobs share some and not others."""

Document = dict[str, Any]


def dormant(number: int) -> Document:
    """A job that is not due while a benchmark runs."""
    return {
        "name": f"m{number}",
        "schedule": FAR.format(number % 60, number // 60 % 24),
        "webhook": {"url": f"http://127.0.0.1:9/j/{number}"},
        "enabled": True,
    }


def each_second(number: int, url: str) -> Document:
    """A job that fires every second, at a path of its own below `url`."""
    return {
        "name": f"every-second-{number}",
        "schedule": "* * * * * *",
        "webhook": {"url": f"{url}/{number}", "method": "POST", "body": "{}"},
        "enabled": True,
    }


def add(node: Node, first: int, count: int, job: Callable[[int], Document] = dormant) -> float:
    """Add jobs `first` to `first + count`, a batch at a time; the seconds that the node took."""
    took = 0.0
    for start in range(first, first + count, BATCH):
        end = min(start + BATCH, first + count)
        body = orjson.dumps({"jobs": [job(number) for number in range(start, end)]})
        begun = time.monotonic()
        headers = {"Content-Type": "application/json"}
        node.request("POST", "/api/v1/jobs/batch", content=body, headers=headers)
        took += time.monotonic() - begun
    return took


def _process(node: Node) -> psutil.Process:
    assert node.process is not None
    return psutil.Process(node.process.pid)


def rss(node: Node) -> int:
    """Resident bytes of a node's own process."""
    return int(_process(node).memory_info().rss)


def cpu_s(node: Node) -> float:
    """Processor seconds that a node's own process has used."""
    times = _process(node).cpu_times()
    return float(times.user + times.system)


def quiet(node: Node, *, under: float = 0.05, span_s: float = 5.0, most_s: float = 240.0) -> None:
    """Wait until a node has done what follows from what it was told: exports, a snapshot."""
    end = time.monotonic() + most_s
    while time.monotonic() < end:
        before = cpu_s(node)
        time.sleep(span_s)
        if cpu_s(node) - before < under * span_s:
            return
