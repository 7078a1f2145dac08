"""Jobs that are known by their imported executions alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import duckdb

from engine.core.ids import JobId, imported_job_id
from engine.history.sqlfiles import sql


class ImportedName(NamedTuple):
    """What the executions of an import call their job; the cluster has none of this id."""

    id: JobId
    namespace: str
    name: str


def imported_names(
    db: duckdb.DuckDBPyConnection, jobs: Sequence[JobId], name: str = ""
) -> Iterator[ImportedName]:
    """Those of `jobs`, and those called `name` (namespace/name), the one imported last first.

    Executions that were imported into a job of the cluster carry that job's id: they name none.
    """
    rows = db.execute(sql("imported_jobs"), {"jobs": list(jobs), "name": name}).fetchall()
    for job_id, namespace, job_name, label in rows:
        if job_id == imported_job_id(label, namespace, job_name):
            yield ImportedName(job_id, namespace, job_name)
