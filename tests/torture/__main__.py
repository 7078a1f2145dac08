"""`python -m tests.torture --minutes N --nodes 3 --seed S --keep DIR`: hurt a cluster and judge it.

Real nodes run some 40 jobs while faults come and go; a sink outside of all faults writes down what
arrives. At the end everything is healed, the histories of all nodes are read, and the checker says
which fire times were missed, claimed twice, delivered under two ids, or cannot be explained.
Exit code 1 where there is any finding.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.torture.torture import Options, judge, torture


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--nodes", type=int, default=3, choices=(3, 5))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for all records; default: a new one")
    parser.add_argument("--without", default="", help="faults to leave out, with commas")
    parser.add_argument("--judge", type=Path, help="only judge the records in a folder again")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # namespaces and nodes are taken down
    if options.judge:
        return 1 if judge(options.judge).findings else 0
    keep = options.keep or Path(tempfile.mkdtemp(prefix="torture-"))
    verdict = torture(
        Options(
            seconds=options.minutes * 60,
            nodes=options.nodes,
            seed=options.seed,
            keep=keep,
            without=frozenset(filter(None, options.without.split(","))),
        )
    )
    return 1 if verdict.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
