"""The current jobs as one Parquet file: a snapshot, replaced whole when a job changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

import orjson
import pyarrow.parquet as pq

from engine.core.clock import from_datetime
from engine.core.ids import Instant
from engine.history import transfer
from engine.history.schema import JOBS
from engine.model.job import Document

ROWS_AT_ONCE: Final = 2_000
INSTANTS_KEPT: Final = 4_096
"""Moments that are read once: jobs of one request were made at the same one."""


class JobsSource(Protocol):
    """The public documents of the current jobs, made anew each time that they are asked for."""

    @property
    def changes(self) -> int:
        """A number that is another one whenever a document may be."""
        ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Document]: ...


def write_jobs(export_dir: Path, documents: JobsSource) -> None:
    """Replace `export/jobs/jobs.parquet` by these public job documents.

    They are never all in memory: a document takes ten times the room of its job.
    """
    folder = export_dir / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    spare = folder / "jobs.tmp"
    rows = map(_row, documents)
    with pq.ParquetWriter(spare, JOBS.arrow, compression="zstd") as writer:
        while part := list(islice(rows, ROWS_AT_ONCE)):
            writer.write_table(transfer.batch(JOBS, part))
    spare.replace(folder / "jobs.parquet")


def _row(document: Document) -> tuple[Any, ...]:
    target = document.get("webhook") or {}
    order = (document.get("dispatch") or {}).get("report")
    if order:
        target = {"url": f"report:{order['kind']}", "method": "WRITE"}
    return (
        document["id"],
        document["name"],
        document["namespace"],
        document.get("description", ""),
        document["schedule"],
        document["timezone"],
        document["enabled"],
        document["version"],
        target.get("url", ""),
        target.get("method", ""),
        document.get("concurrency", ""),
        document.get("missed_run_policy", ""),
        orjson.dumps(document.get("tags") or {}).decode(),
        _instant(document.get("created_at")),
        _instant(document.get("updated_at")),
        document.get("updated_by", ""),
        orjson.dumps(document).decode(),
    )


@lru_cache(maxsize=INSTANTS_KEPT)
def _instant(text: str | None) -> Instant | None:
    return from_datetime(datetime.fromisoformat(text)) if text else None
