"""The process that trains: `python -m app.operate.trainer_worker EXPORT_DIR`.

One line of JSON says what to train; each model card is a line of the answer, an empty object ends
it, and the process with it, so that its memory is there for a training only. It runs beside the
node at the lowest priority, on one core, and reads exported segments. Its parent is `trainer.py`.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.models.failure_risk import RUNS_MAX
from analytics.models.forecast.load import HOURS_MAX, Hours, hours_of
from analytics.models.runs import Runs
from analytics.models.training import cluster_cards, job_cards
from app.operate.tasks import Training, since_known_us
from engine.core.ids import Instant, JobId
from engine.history.reader import SegmentReader
from engine.model.model_card import ModelCard

NICE: Final = 19
JOBS_A_READ: Final = 5
JOBS_MAX: Final = 200
"""Of all jobs, those that run most are trained."""
HOUR_US: Final = 3_600_000_000
_LOG: Final = logging.getLogger(__name__)


def main() -> None:
    """Answer one training."""
    os.nice(NICE)
    reader = SegmentReader(Path(sys.argv[1]))
    asked = msgspec.json.decode(sys.stdin.buffer.readline(), type=Training)
    for card in train(reader, asked):
        sys.stdout.buffer.write(msgspec.json.encode(card) + b"\n")
        sys.stdout.buffer.flush()
    sys.stdout.buffer.write(b"{}\n")
    sys.stdout.buffer.flush()


def train(reader: SegmentReader, asked: Training) -> Iterator[ModelCard]:
    """The cards of what was asked for; a job that cannot be trained does not stop the others."""
    since_us = asked.now_us - HOURS_MAX * HOUR_US
    if not asked.only:
        table = reader.load_hours(None, since_us, asked.now_us, since_known_us(asked.now_us))
        runs, busy = (_hours(table, column, asked.now_us) for column in ("runs", "busy_s"))
        yield from cluster_cards(runs, busy, asked.now_us)
    wanted = asked.only or _busiest(reader, asked, since_us)
    for start in range(0, len(wanted), JOBS_A_READ):
        some = wanted[start : start + JOBS_A_READ]
        hours = reader.load_hours(some, since_us, asked.now_us, asked.now_us)
        runs_of = reader.runs(some, RUNS_MAX)
        for job in some:
            busy = _hours(_of(hours, job), "busy_s", asked.now_us)
            runs_of_job = Runs.of_table(_of(runs_of, job), asked.zones.get(job, "UTC"))
            try:
                yield from job_cards(job, busy, runs_of_job, asked.now_us)
            except Exception:
                _LOG.exception("the models of %s could not be trained", job)


def _busiest(reader: SegmentReader, asked: Training, since_us: Instant) -> Sequence[JobId]:
    alive = frozenset(asked.jobs)
    return [job for job in reader.busiest(since_us, asked.now_us) if job in alive][:JOBS_MAX]


def _of(table: pa.Table, job: JobId) -> pa.Table:
    return table.filter(pc.equal(table.column("job_id"), job))


def _hours(table: pa.Table, column: str, now_us: Instant) -> Hours:
    hours = table.column("hour").to_numpy().astype(np.int64)
    return hours_of(hours, table.column(column).to_numpy().astype(np.float64), now_us)


if __name__ == "__main__":
    main()
