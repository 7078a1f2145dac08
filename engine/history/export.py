"""Writes what became durable as Parquet segments, every few seconds, and keeps them few.

A segment appears whole (written aside, then renamed). `progress.json` says up to which entry the
segments go, and of what moment they are; after a crash, what lies beyond it is thrown away and
written again, so nothing is there twice. The layout is a promise to outside readers: see
`docs/reference/schema.md`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import orjson

from engine.core.clock import SECOND_US, Clock, to_datetime
from engine.core.ids import Instant
from engine.history.jobs import write_jobs
from engine.history.rounds import pause_s
from engine.history.schema import STORED, Table
from engine.history.segments import Segment, days, read_day, segment_path

if TYPE_CHECKING:
    from engine.history.store import History  # it starts the exporter

INTERVAL_S: Final = 2.0
JOBS_EVERY_US: Final = 30 * SECOND_US  # last runs change without a change of the job
JOBS_EARLY_US: Final = 60 * SECOND_US  # after a start the state is still being restored
JOBS_EARLY_EVERY_US: Final = 4 * SECOND_US
JOBS_REST: Final = 9  # times as long as it takes: many jobs cost no more than a tenth of a core
MERGE_AT: Final = 16  # small segments of one day, before they become one
SMALL_BYTES: Final = 16 * 1024 * 1024
CLOSED_BYTES_MAX: Final = 512 * 1024 * 1024  # of a closed day, to become one file
PROGRESS: Final = "progress.json"
_log = logging.getLogger(__name__)


class Exporter:
    """The thread that exports one node's history.

    Args:
        history: started before this, stopped after it.
        clock: says of what moment the segments are.
        interval_s: seconds between two looks for something new.
    """

    def __init__(self, history: History, *, clock: Clock, interval_s: float = INTERVAL_S) -> None:
        self._history = history
        self._clock = clock
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._index = 0
        self._job_changes = -1
        self._jobs_seen = self._jobs_count = -1
        self._jobs_at = self._jobs_took_us = 0
        self._gave_way = False
        self._begun_at = clock.monotonic_us()

    def start(self) -> None:
        """Tidy what a crash left, then export in the background."""
        self._index = self._recover()
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="history-export", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after one last export."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def run_once(self) -> int:
        """Export what is new; return the index up to which the segments now go."""
        as_of = self._clock.now_us()
        upto = self._history.watermark
        today = to_datetime(as_of).date().isoformat()
        if upto > self._index:
            with self._history.cursor() as cursor:
                for table in STORED:
                    self._export(cursor, table, self._index, upto)
            self._index = upto
        if self._index >= upto:
            self._note_progress(as_of)
        self._export_jobs()
        with self._history.cursor() as cursor:
            for table in STORED:
                for folder in days(self._history.export_dir, table.name):
                    self._compact(cursor, table, folder, closed=folder.name[2:] < today)
        return self._index

    def _run(self) -> None:
        last = False
        while not last:
            last = self._stop.wait(pause_s(self._clock.now_us(), self._interval_s))
            try:
                self.run_once()
            except Exception:  # also of the jobs' source; the next round tries again
                _log.exception("the export of the history failed; trying again")

    def _export(
        self, cursor: duckdb.DuckDBPyConnection, table: Table, after: int, upto: int
    ) -> None:
        condition = f"raft_index > {int(after)} AND raft_index <= {int(upto)}"
        found = cursor.execute(
            f"SELECT DISTINCT recorded_at::DATE::VARCHAR FROM {table.name} WHERE {condition}"  # noqa: S608  # our own names
        ).fetchall()
        for (day,) in sorted(found):
            source = (
                f"SELECT {', '.join(table.names)} FROM {table.name} "  # noqa: S608  # our own names
                f"WHERE {condition} AND recorded_at::DATE = DATE '{day}' "
                "ORDER BY raft_index, raft_pos"
            )
            path = segment_path(self._history.export_dir, table.name, day, after + 1, upto)
            _copy(cursor, source, path)

    def _compact(
        self, cursor: duckdb.DuckDBPyConnection, table: Table, folder: Path, *, closed: bool
    ) -> None:
        live, superseded = read_day(folder)
        for segment in superseded:
            segment.path.unlink(missing_ok=True)
        if len(live) < (2 if closed else MERGE_AT):
            return
        sizes = [segment.path.stat().st_size for segment in live]
        if closed and sum(sizes) <= CLOSED_BYTES_MAX:
            chosen = live
        else:
            small = 0
            while small < len(live) and sizes[-1 - small] < SMALL_BYTES:
                small += 1
            if small < MERGE_AT:
                return
            chosen = live[-small:]
        self._merge(cursor, table, folder, chosen)

    def _merge(
        self,
        cursor: duckdb.DuckDBPyConnection,
        table: Table,
        folder: Path,
        chosen: list[Segment],
    ) -> None:
        files = ", ".join(_quoted(str(segment.path)) for segment in chosen)
        source = (
            f"SELECT {', '.join(table.names)} FROM read_parquet([{files}]) "  # noqa: S608  # our own names
            "ORDER BY raft_index, raft_pos"
        )
        path = segment_path(
            self._history.export_dir, table.name, folder.name[2:], chosen[0].first, chosen[-1].last
        )
        _copy(cursor, source, path)
        for segment in chosen:  # at once: an outside reader must not see a row twice
            segment.path.unlink(missing_ok=True)

    def _export_jobs(self) -> None:
        """Write the jobs when one changed, and look now and then whether they differ anyway.

        Where only runs changed them and some are under way, the next round does it.
        """
        source = self._history.jobs_source
        if source is None or source.changes == self._jobs_seen:
            return
        now = self._clock.monotonic_us()
        changes, seen = self._history.job_changes, source.changes
        early = now - self._begun_at < JOBS_EARLY_US and len(source) != self._jobs_count
        wait_us = JOBS_EARLY_EVERY_US if early else JOBS_EVERY_US
        if changes != self._job_changes:
            wait_us = 0
        if now - self._jobs_at < max(wait_us, JOBS_REST * self._jobs_took_us):
            return
        if changes == self._job_changes and not self._gave_way and self._history.has_news:
            self._gave_way = True  # to runs that are under way: they change these rows anyway
            return
        self._gave_way = False
        count = len(source)
        write_jobs(self._history.export_dir, source)
        self._jobs_took_us = self._clock.monotonic_us() - now
        self._jobs_seen, self._jobs_at, self._job_changes = seen, now, changes
        self._jobs_count = count

    def _note_progress(self, as_of: Instant) -> None:
        path = self._history.export_dir / PROGRESS
        spare = path.with_suffix(".tmp")
        spare.write_bytes(orjson.dumps({"index": self._index, "as_of_us": as_of}))
        spare.replace(path)

    def _recover(self) -> int:
        root = self._history.export_dir
        index = progress(root)[0]
        for left in root.glob("**/*.tmp"):
            left.unlink(missing_ok=True)
        for table in STORED:
            for folder in days(root, table.name):
                live, superseded = read_day(folder)
                for segment in (*live, *superseded):
                    if segment.first > index or segment in superseded:
                        segment.path.unlink(missing_ok=True)
        return index


def progress(export_dir: Path) -> tuple[int, Instant]:
    """The entry up to which the segments go and the moment that they show; zeros if none."""
    with contextlib.suppress(OSError, orjson.JSONDecodeError, KeyError):
        noted = orjson.loads((export_dir / PROGRESS).read_bytes())
        return int(noted["index"]), int(noted["as_of_us"])
    return 0, 0


def _copy(cursor: duckdb.DuckDBPyConnection, source: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    spare = path.with_suffix(".tmp")
    cursor.execute(f"COPY ({source}) TO {_quoted(str(spare))} (FORMAT parquet, COMPRESSION zstd)")
    file = os.open(spare, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
    spare.replace(path)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
