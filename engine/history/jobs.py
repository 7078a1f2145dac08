"""The current jobs as one Parquet file: a snapshot, replaced whole when a job changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from engine.core.clock import from_datetime
from engine.core.ids import Instant
from engine.history import transfer
from engine.history.schema import JOBS
from engine.model.job import Document


def write_jobs(export_dir: Path, documents: list[Document]) -> None:
    """Replace `export/jobs/jobs.parquet` by these public job documents."""
    folder = export_dir / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_row(document) for document in documents]
    table = transfer.batch(JOBS, rows) if rows else JOBS.arrow.empty_table()
    spare = folder / "jobs.tmp"
    pq.write_table(table, spare, compression="zstd")
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


def _instant(text: str | None) -> Instant | None:
    return from_datetime(datetime.fromisoformat(text)) if text else None
