"""A window of the history as lanes of marks: a Gantt that stays small whatever the history holds.

A lane with few runs shows each of them. A lane with more than its share shows one mark for all the
runs that began in the same stretch of time, with their counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.core.clock import rfc3339
from engine.core.ids import Instant
from engine.history.sqlfiles import sql
from engine.history.store import History
from engine.model.job import Document

COUNTS: Final = ("success", "failed", "skipped", "cancelled", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which runs are looked at.

    Attributes:
        since_us: its beginning, microseconds UTC.
        until_us: its end; the first instant that is not in it.
        by: what a lane is: `job`, `namespace`, or `tag:<key>`.
        tags: key and value of tags that a run's job had; the value None stands for any.
        statuses: None for all.
    """

    since_us: Instant
    until_us: Instant
    by: str = "job"
    namespace: str | None = None
    tags: tuple[tuple[str, str | None], ...] = ()
    q: str = ""
    statuses: tuple[str, ...] | None = None


def lanes(
    history: History, window: Window, *, lanes_max: int, marks_max: int
) -> tuple[list[Document], int]:
    """The lanes of a window with their marks, and how many lanes there are in all."""
    values = _values(window)
    head = sql("lane_runs")
    with history.cursor() as db:
        totals = {**values, "most": lanes_max}
        found = db.execute(head + sql("lane_totals"), totals).fetchall()
        cells = cells_of([row[3] for row in found], marks_max, window.until_us - window.since_us)
        rows = db.execute(
            head + sql("lane_marks"),
            {**values, "lanes": [row[0] for row in found], "cells": cells},
        ).fetchall()
    documents = {
        row[0]: _lane(row, window.by, cell) for row, cell in zip(found, cells, strict=True)
    }
    for row in rows:
        documents[row[0]]["marks"].append(_mark(row))
    return list(documents.values()), int(found[0][5]) if found else 0


def cells_of(runs: Sequence[int], marks_max: int, window_us: int) -> list[int]:
    """For lanes of so many runs, how long a mark's stretch of time is; 0 where each run is a mark.

    What a lane with few runs leaves of its share goes to the busy ones, so that the marks together
    are no more than `marks_max`.

    >>> cells_of([2, 90, 3], 15, 1_000)
    [0, 100, 0]
    """
    cells = [0] * len(runs)
    left = marks_max
    quiet_first = sorted(range(len(runs)), key=lambda at: runs[at])
    for done, at in enumerate(quiet_first):
        share = max(1, left // (len(runs) - done))
        if runs[at] > share:
            cells[at] = max(1, -(-window_us // share))
        left -= min(runs[at], share)
    return cells


def _values(window: Window) -> dict[str, Any]:
    by, _, key = window.by.partition(":")
    pairs = {key: value for key, value in window.tags if value is not None}
    keys = [key for key, value in window.tags if value is None]
    return {
        "since": window.since_us,
        "until": window.until_us,
        "by": by,
        "pointer": "/" + key.replace("~", "~0").replace("/", "~1"),
        "namespace": window.namespace,
        "statuses": None if window.statuses is None else list(window.statuses),
        "q": window.q,
        "tags": orjson.dumps(pairs).decode(),
        "keys": keys or None,
    }


def _lane(row: tuple[Any, ...], by: str, cell: int) -> Document:
    return {
        "key": row[0],
        "label": f"{row[1]}/{row[2]}" if by == "job" else row[0],
        "runs": row[3],
        "failed": row[4],
        "cell_s": cell / 1e6,
        "marks": [],
    }


def _mark(row: tuple[Any, ...]) -> Document:
    return {
        "kind": "run",
        "runs": row[1],
        "from": rfc3339(row[2]),
        "to": rfc3339(row[3]),
        "status": row[4],
        "execution_id": row[5],
        "job_id": row[6],
        "job_name": row[7],
        "fire": rfc3339(row[8]) if row[1] == 1 else None,
        "lateness_ms": row[9],
        "counts": dict(zip(COUNTS, row[10:15], strict=True)),
    }
