"""`python -m tests.simulation [cluster|raft] --seeds 10000`: many worlds, and what they break.

Each failure prints the line that repeats it. Exit code 1 where a promise was broken.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.simulation.many import WORLDS, broken_in_parallel, repeat


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("world", nargs="?", choices=sorted(WORLDS), default="cluster")
    parser.add_argument("--seeds", type=int, default=1000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args(arguments)
    first, count = options.first, options.seeds
    if options.seed is not None:
        first, count = options.seed, 1
    began, faults = time.monotonic(), 0
    seeds = range(first, first + count)
    for seed, fault in broken_in_parallel(options.world, seeds, options.processes):
        faults += 1
        print(f"{fault}\nrepeat: {repeat(options.world, seed)}", flush=True)  # noqa: T201
    print(f"{count} seeds, {faults} findings, {time.monotonic() - began:.0f} s")  # noqa: T201
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
