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
from pathlib import Path
from typing import Final

import msgspec
import pyarrow.compute as pc

from analytics.models.runs import Runs
from analytics.watch import RUNS_MAX, watch
from engine.core.ids import Instant, JobId
from engine.history.reader import SegmentReader
from engine.model.finding import Finding

NICE: Final = 19
JOBS_A_READ: Final = 50
_LOG: Final = logging.getLogger(__name__)


class Round(msgspec.Struct):
    """What to do: the time, and the zones of the jobs that are not in UTC."""

    now_us: Instant
    zones: dict[JobId, str]


def main() -> None:
    """Answer rounds until standard input ends."""
    os.nice(NICE)
    reader, seen = SegmentReader(Path(sys.argv[1])), 0
    decode, encode = msgspec.json.Decoder(Round).decode, msgspec.json.encode
    for line in sys.stdin.buffer:
        asked = decode(line)
        jobs, seen = reader.jobs_with_runs_after(seen)
        for finding in look_at(reader, jobs, asked.zones, asked.now_us):
            sys.stdout.buffer.write(encode(finding) + b"\n")
        sys.stdout.buffer.write(b"{}\n")
        sys.stdout.buffer.flush()


def look_at(
    reader: SegmentReader, jobs: Sequence[JobId], zones: Mapping[JobId, str], now_us: Instant
) -> Iterator[Finding]:
    """The findings of these jobs; one whose runs cannot be judged does not stop the others."""
    for start in range(0, len(jobs), JOBS_A_READ):
        some = jobs[start : start + JOBS_A_READ]
        table = reader.runs(some, RUNS_MAX)
        for job in some:
            rows = table.filter(pc.equal(table.column("job_id"), job))
            try:
                yield from watch(job, Runs.of_table(rows, zones.get(job, "UTC")), now_us)
            except Exception:
                _LOG.exception("the runs of %s could not be judged", job)


if __name__ == "__main__":
    main()
