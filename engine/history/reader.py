"""Reads the exported segments, for processes beside the node: finished runs as Arrow tables."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import duckdb
import pyarrow as pa

from engine.core.ids import ExecutionId, Instant, JobId
from engine.history.export import progress
from engine.history.imported import ImportedName, imported_names
from engine.history.segments import live_paths
from engine.history.sqlfiles import sql

MEMORY_MB: Final = 512
FAILURES_MAX: Final = 20_000
TABLES: Final = ("executions",)
TRIES: Final = 3
T = TypeVar("T")


class FailureRow(NamedTuple):
    """A run that failed; `at_us` is its fire time."""

    job_id: JobId
    execution_id: ExecutionId
    at_us: Instant
    error: str


Rows: TypeAlias = list[tuple[Any, ...]]
Ask: TypeAlias = Callable[[str], Rows]
"""A named query over the chosen runs, as rows."""


class SegmentReader:
    """Questions over `export/`, at most some seconds behind the node; holds no file open.

    Args:
        export_dir: the node's `export/`.
    """

    def __init__(self, export_dir: Path):
        self._export_dir = export_dir

    def jobs_with_runs_after(self, raft_index: int) -> tuple[list[JobId], int]:
        """The jobs of which runs ended in entries after that one, and the newest entry there is."""
        values = {"after": raft_index}
        rows = self._ask(lambda db: db.execute(sql("jobs_after"), values).fetchall())
        newest = max((int(row[1]) for row in rows), default=raft_index)
        return [str(row[0]) for row in rows], newest

    def runs(self, job_ids: Sequence[JobId], most: int) -> pa.Table:
        """The latest `most` finished runs of each of the jobs, oldest first, as `job_runs` says."""
        values = {"jobs": list(job_ids), "most": most}
        return self._ask(lambda db: db.sql(sql("job_runs"), params=values).to_arrow_table())

    def load_hours(
        self, job_ids: Sequence[JobId] | None, since: Instant, until: Instant, known_by: Instant
    ) -> pa.Table:
        """Runs and busy seconds by hour, of jobs or of the cluster; see `sql/load_hours.sql`."""
        values = {
            "jobs": None if job_ids is None else list(job_ids),
            "since": since,
            "until": until,
            "known_by": known_by,
        }
        return self._ask(lambda db: db.sql(sql("load_hours"), params=values).to_arrow_table())

    def busiest(self, since: Instant, until: Instant) -> list[JobId]:
        """The jobs that ran, those with the most runs first."""
        values = {"since": since, "until": until}
        rows = self._ask(lambda db: db.execute(sql("busiest"), values).fetchall())
        return [str(row[0]) for row in rows]

    def failures(self, since_us: Instant) -> tuple[list[FailureRow], dict[JobId, float]]:
        """Scheduled runs due since then that failed, oldest first, and each job's failure rate."""
        since = {"since": since_us}
        values = {**since, "most": FAILURES_MAX}
        rows = self._ask(lambda db: db.execute(sql("failures"), values).fetchall())
        rates = self._ask(lambda db: db.execute(sql("failure_rates"), since).fetchall())
        return [FailureRow(*row) for row in rows], {str(job): float(rate) for job, rate in rates}

    def imported(self, job_ids: Sequence[JobId]) -> dict[JobId, ImportedName]:
        """Those of the jobs that only their imported executions know."""
        names = self._ask(lambda db: list(imported_names(db, job_ids)))
        return {one.id: one for one in names}

    def _ask(self, question: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """The answer of segments that are there: a merge may take files away while one asks."""
        for _ in range(TRIES - 1):
            with contextlib.suppress(duckdb.IOException), self._open() as db:
                return question(db)
        with self._open() as db:
            return question(db)

    def choose(self, selection: Mapping[str, Any], tell: Callable[[Ask], T]) -> T:
        """Choose runs once and tell something of them: `report_runs.sql` names the keys."""

        def chosen(db: duckdb.DuckDBPyConnection) -> T:
            db.execute(sql("report_runs"), dict(selection))
            return tell(lambda name: db.execute(sql(name)).fetchall())

        return self._ask(chosen)

    def reached(self) -> tuple[int, Instant]:
        """The newest entry that the segments hold, and the moment that they show, us UTC."""
        return progress(self._export_dir)

    @contextlib.contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(config={"threads": "1", "memory_limit": f"{MEMORY_MB}MB"}) as db:
            for table in TABLES:
                paths = [str(path) for path in live_paths(self._export_dir, table)]
                if paths:
                    db.read_parquet(paths, union_by_name=True).create_view(table)
                else:
                    db.execute(sql("no_executions"))
            yield db
