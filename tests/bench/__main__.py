"""`python -m tests.bench [name ...] [--quick]`: a Markdown table of what Chronos costs here.

Each benchmark is bounded, on loopback, and cleans up. Figures of different machines do not
compare; ratios within one run do.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import chain

from tests.bench.add import adding
from tests.bench.anomalies import anomalies
from tests.bench.burst import burst
from tests.bench.claims import claims
from tests.bench.cron import next_fires
from tests.bench.demo import demo
from tests.bench.dispatch import dispatch
from tests.bench.failover import failover
from tests.bench.forecasts import forecasts
from tests.bench.growth import growth
from tests.bench.history import history
from tests.bench.memory import memory, peer
from tests.bench.peers import beside_peers, harness
from tests.bench.reads import reads
from tests.bench.replay import replay
from tests.bench.scale import scale
from tests.bench.start import start
from tests.bench.table import Row
from tests.bench.traces import traces

BENCHES: dict[str, Callable[[bool], Iterator[Row]]] = {
    "cron": lambda _quick: next_fires(),
    "claims": lambda quick: claims(1.5 if quick else 4.0),
    "history": lambda quick: history(20 if quick else 100),
    "dispatch": lambda quick: dispatch(2_000 if quick else 10_000),
    "burst-1000": lambda _quick: burst(1_000),
    "burst-10000": lambda _quick: burst(10_000),
    "anomalies": lambda _quick: anomalies(),
    "demo": lambda _quick: demo(),
    "forecasts": lambda _quick: forecasts(),
    "traces": lambda _quick: traces(),
    "replay": lambda quick: replay(200, 10) if quick else replay(),
    "start": lambda _quick: start(),
    "failover": lambda _quick: failover(),
    "add": lambda quick: adding(1) if quick else adding(1, 3),
    "reads": lambda _quick: reads(),
    "memory": lambda quick: memory(10_000) if quick else chain(memory(10_000, 100_000), peer()),
    "million": lambda _quick: memory(1_000_000),
    "growth": lambda _quick: growth((100, 1_000, 10_000, 100_000, 1_000_000)),
    "scale": lambda _quick: scale(),
    "peers": lambda quick: beside_peers(1 if quick else 3),
}
SLOW = {
    "anomalies",
    "burst-10000",
    "demo",
    "failover",
    "forecasts",
    "growth",
    "memory",
    "million",
    "reads",
    "peers",
    "replay",
    "scale",
    "traces",
}
"""Left out of --quick unless named."""


def main(arguments: list[str]) -> int:
    """Print the table as it grows; 2 for a name that is not known."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--quick", action="store_true", help="smaller, under a minute")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHES]:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(BENCHES)}")
    able = [name for name in BENCHES if name != "peers" or harness() is not None]
    names = options.names or [n for n in able if not (options.quick and n in SLOW)]
    sys.stdout.write("| what | figure | command |\n| --- | ---: | --- |\n")
    for name in names:
        for row in BENCHES[name](options.quick):
            command = f"`python -m tests.bench {name}{' --quick' * options.quick}`"
            sys.stdout.write(f"| {row.what} | {row.figure} | {command} |\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
