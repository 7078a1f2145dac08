"""The process that looks for anomalies: `python -m app.operate.analyst_worker EXPORT_DIR`.

One line of JSON asks for a round; each finding of it is a line of the answer, and an empty object
ends it. It runs beside the node at the lowest priority and reads exported segments only, so that
statistics never delay a fire. Its parent is `analyst.py`.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final

import msgspec
import pyarrow.compute as pc

from analytics.models.detector import Signal
from analytics.models.runs import Runs
from analytics.shared import BIN_US, LOOKED_BACK_US, Failure, shared_failures
from analytics.watch import RUNS_MAX, look_back, watch
from app.operate.tasks import Round
from engine.core.clock import Clock, SystemClock
from engine.core.ids import Instant, JobId
from engine.history.reader import SegmentReader
from engine.model.finding import Finding

NICE: Final = 19
JOBS_A_READ: Final = 50
ROUND_US: Final = 30_000_000
"""A round looks at no further jobs after so long: thousands of busy jobs are looked at in turn."""

_LOG: Final = logging.getLogger(__name__)


def main() -> None:
    """Answer rounds until standard input ends."""
    os.nice(NICE)
    reader, seen, clock = SegmentReader(Path(sys.argv[1])), 0, SystemClock()
    waiting: dict[JobId, None] = {}
    decode, encode = msgspec.json.Decoder(Round).decode, msgspec.json.encode
    for line in sys.stdin.buffer:
        asked = decode(line)
        news, seen = reader.jobs_with_runs_after(seen)
        waiting |= dict.fromkeys(news)  # who waits already keeps the place
        shared = list(failed_together(reader, asked)) if waiting else []
        told = [one for one, _ in shared]
        alone = (
            finding
            for jobs in in_turn(waiting, clock)
            for finding in look_at(reader, jobs, asked.zones, asked.now_us)
            if not explained(finding, shared)
        )
        for finding in chain(told, alone):
            sys.stdout.buffer.write(encode(finding) + b"\n")
        sys.stdout.buffer.write(b"{}\n")
        sys.stdout.buffer.flush()


def in_turn(waiting: dict[JobId, None], clock: Clock) -> Iterator[list[JobId]]:
    """Take jobs from the front of the queue until a round is long enough; the others stay."""
    begun_us = clock.monotonic_us()
    while waiting and clock.monotonic_us() - begun_us < ROUND_US:
        jobs = list(islice(waiting, JOBS_A_READ))
        for job in jobs:
            del waiting[job]
        yield jobs


def failed_together(
    reader: SegmentReader, asked: Round
) -> Iterator[tuple[Finding, frozenset[JobId]]]:
    """What several jobs of the cluster have in common when they fail, with those jobs."""
    rows, rates = reader.failures(asked.now_us - LOOKED_BACK_US)
    failures = [Failure(*row, asked.hosts.get(row.job_id, "")) for row in rows]
    return shared_failures(failures, rates, asked.names, asked.now_us)


def explained(finding: Finding, shared: Sequence[tuple[Finding, frozenset[JobId]]]) -> bool:
    """Whether a job's failures are told already, as those of what it shares with others."""
    return finding.signal == Signal.FAILURES and any(
        finding.job_id in jobs
        and finding.first_us <= one.last_us + BIN_US
        and one.first_us <= finding.last_us
        for one, jobs in shared
    )


def look_at(
    reader: SegmentReader, jobs: Sequence[JobId], zones: Mapping[JobId, str], now_us: Instant
) -> Iterator[Finding]:
    """The findings of these jobs; one whose runs cannot be judged does not stop the others."""
    table = reader.runs(jobs, RUNS_MAX)
    imported = reader.imported(jobs)
    for job in jobs:
        rows = table.filter(pc.equal(table.column("job_id"), job))
        try:
            runs = Runs.of_table(rows, zones.get(job, "UTC"))
            name = imported.get(job)
            yield from look_back(name, runs) if name else watch(job, runs, now_us)
        except Exception:
            _LOG.exception("the runs of %s could not be judged", job)


if __name__ == "__main__":
    main()
