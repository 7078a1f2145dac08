"""Answers of the API while 10,000 jobs fire: asked on a beat, whether or not the last one came."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles
from typing import Final

from tests.bench.load import Document, add, quiet
from tests.bench.sink import Sink
from tests.bench.table import Row
from tests.kit.cluster import Node, cluster

JOBS: Final = 10_000
READERS: Final = 5
BEAT_S: Final = 0.1
CALM_S: Final = 5.0
LOOKED_S: Final = 6.0
PATHS: Final = (
    "/api/v1/jobs/{}",
    "/api/v1/jobs?limit=50",
    "/api/v1/executions?limit=50",
    "/api/v1/cluster/status",
    "/health",
)

Answer = tuple[float, float]
"""When it was due to be asked for, Unix seconds, and the seconds until it was whole."""


def reads() -> Iterator[Row]:
    """Calm: before the jobs are due. Firing: from the due second until the last one arrived."""
    with tempfile.TemporaryDirectory() as folder, Sink() as sink, cluster(Path(folder), 1) as nodes:
        (node,) = nodes.nodes
        due = int(time.time()) + 60
        at = datetime.fromtimestamp(due, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

        def job(number: int) -> Document:
            return {
                "name": f"r{number}",
                "schedule": f"@at {at}",
                "webhook": {"url": f"{sink.url}/{number}", "method": "POST", "body": "{}"},
                "enabled": True,
            }

        add(node, 0, JOBS, job)
        known = str(node.request("GET", "/api/v1/jobs?limit=1")["jobs"][0]["id"])
        quiet(node, most_s=max(1.0, due - time.time() - 2 * CALM_S))
        time.sleep(max(0.0, due - CALM_S - time.time()))
        answers = _ask(node, known, due + LOOKED_S)
        arrivals = [moment for moment, _path in sink.arrivals()]
    assert len(arrivals) == JOBS, f"{len(arrivals)} arrived"
    calm = [took for asked, took in answers if asked < due - 0.5]
    firing = [took for asked, took in answers if due <= asked <= max(arrivals)]
    name = f"API reads while {JOBS:,} jobs fire"
    yield Row(f"{name}: p50 / p99 before", _figure(calm))
    yield Row(f"{name}: p50 / p99 / max of {len(firing)}", f"{_figure(firing, most=True)}")
    yield Row(f"{name}: last arrival", f"{max(arrivals) - due:.2f} s after the due second")


def _ask(node: Node, job: str, end: float) -> list[Answer]:
    """Several readers, each with a connection of its own, on beats between those of the others."""
    answers: list[Answer] = []

    def read(number: int) -> None:
        connection = HTTPConnection(node.http, timeout=60)
        asked = time.time() + number * BEAT_S / READERS
        turn = number
        while asked < end:
            time.sleep(max(0.0, asked - time.time()))
            connection.request("GET", PATHS[turn % len(PATHS)].format(job))
            reply = connection.getresponse()
            reply.read()
            assert reply.status == 200
            answers.append((asked, time.time() - asked))
            asked, turn = asked + BEAT_S, turn + 1
        connection.close()

    readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return answers


def _figure(times: list[float], *, most: bool = False) -> str:
    cuts = quantiles(times, n=100)
    shown = [cuts[49], cuts[98], *([max(times)] if most else [])]
    return " / ".join(f"{one * 1000:.0f}" for one in shown) + " ms"
