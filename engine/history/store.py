"""The history of one node: the log, projected into DuckDB exactly once by one writer thread.

`project` only queues. The writer turns a group of entries into Arrow batches and commits rows and
watermark in one transaction, so that a kill at any moment loses and doubles nothing: whatever is
above the watermark is projected again, from the snapshot's `pending` and from the log. Reads go
through `queries.py`. Why it is so: `DESIGN.md`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import duckdb
import pyarrow as pa

from engine.core.clock import SECOND_US, Clock
from engine.history import rows as rowing
from engine.history import transfer
from engine.history.database import is_damage, is_over, note_damage, open_database
from engine.history.derived import Deriving
from engine.history.export import INTERVAL_S, Exporter
from engine.history.jobs import JobsSource
from engine.history.load import LOAD_HOURS, LOAD_QUARTERS
from engine.history.places import PLACES
from engine.history.profile import WEEK_PROFILES
from engine.history.schema import STORED
from engine.state.messages import Committed

GROUP_US: Final = 300_000
"""So long rows gather, unless somebody waits to read them: a group costs three flushes."""
GROUP_ROWS: Final = 10_000
GROUP_ROWS_MAX: Final = 20_000  # when behind, larger groups cost less a row
EMPTY_US: Final = SECOND_US
"""So long entries without rows, as claims are, wait for some that have any."""
RETRY_S: Final = 1.0
QUEUE_LOUD: Final = 100_000
PRUNE_EVERY: Final = 10_000  # groups, before old progress rows are dropped
DERIVED: Final = (PLACES, WEEK_PROFILES, LOAD_QUARTERS, LOAD_HOURS)
_log = logging.getLogger(__name__)


class _Queued(NamedTuple):
    """An entry that waits for the writer, and about how many rows it will make."""

    committed: Committed
    rows: int


class History:
    """The durable rows of one node and the thread that writes them.

    Attributes:
        deriving: keeps the tables that are derived from the rows.
        set_aside: files that were damaged when they were opened, by their new names.
        over: why nothing can be read or written until the node starts again; empty while it can.
        on_over: told when that comes, in the thread that saw it.

    Args:
        data_dir: holds `history.duckdb` and `export/`; made if missing.
        node: this node's id, for logs only: no row depends on it.
        clock: stamps the watermark and paces the groups.
        export_every_s: seconds between two exports of what is new; 0 for no export.
        alone: whether there are no peers who could bring rows back.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        node: str,
        clock: Clock,
        export_every_s: float = INTERVAL_S,
        alone: bool = False,
    ) -> None:
        self.data_dir = data_dir
        self.export_dir = data_dir / "export"
        self._node = node
        self._clock = clock
        self._alone = alone
        self.set_aside: list[str] = []
        self.over = ""
        self.on_over: Callable[[], None] = lambda: None
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._thread: threading.Thread | None = None
        self._queue: deque[_Queued] = deque()
        self._queued_rows = 0
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._stopping = False
        self._waiters = 0
        self._watermark = 0
        self._taken = 0
        self._rows = 0
        self._job_changes = 0
        self._in_doubt = False
        self._groups = 0
        self._fault = ""
        self._loud = False
        self._export_every_s = export_every_s
        self._exporter: Exporter | None = None
        self.deriving = Deriving(self, DERIVED, clock=clock)
        self.jobs_source: JobsSource | None = None

    # ---- life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the file, start writer and exporter; `watermark` then says what is durable.

        A file that cannot be read is set aside and the history starts at watermark 0.

        Raises:
            CorruptData: the file is damaged, and there are no peers.
            Incompatible: a newer build wrote the file.
            duckdb.Error: another process holds the file, or the disk refuses.
        """
        opened = open_database(self.data_dir, self._clock, alone=self._alone)
        self._connection, self.set_aside = opened
        with self.cursor() as cursor:
            self._count(cursor)
        self._taken = self._watermark
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="history-writer", daemon=True)
        self._thread.start()
        if self._export_every_s:
            interval_s = self._export_every_s
            self._exporter = Exporter(self, clock=self._clock, interval_s=interval_s)
            self._exporter.start()
        self.deriving.start()

    def stop(self) -> None:
        """Write and export what is queued, then close the file.

        Waits for at most one failing write.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.deriving.stop()
        if self._exporter is not None:
            self._exporter.stop()
            self._exporter = None
        if self._connection is not None:
            with contextlib.suppress(
                duckdb.Error
            ):  # a full disk; what is lacking is projected again
                self._connection.close()
            self._connection = None

    # ---- writing ---------------------------------------------------------------------------------

    def project(self, committed: Committed) -> None:
        """Queue one entry, in log order; one at or below the watermark is skipped."""
        with self._changed:
            if committed.index <= self._taken:
                return
            self._taken = committed.index
            rows, before = rowing.weight(committed), self._queued_rows
            self._queue.append(_Queued(committed, rows))
            self._queued_rows = after = before + rows
            first = len(self._queue) == 1 or before == 0 < after
            if first or before < GROUP_ROWS <= after:
                self._changed.notify_all()
        if len(self._queue) > QUEUE_LOUD and not self._loud:
            self._loud = True
            _log.error("%s: the history is %d entries behind", self._node, len(self._queue))

    def wait_for(self, index: int, timeout_s: float) -> bool:
        """Wait until the rows of entry `index` can be read; False when it took too long."""
        with self._changed:
            self._waiters += 1
            self._changed.notify_all()
            try:
                return self._changed.wait_for(
                    lambda: self._watermark >= index or self._connection is None, timeout_s
                )
            finally:
                self._waiters -= 1

    @property
    def watermark(self) -> int:
        """Index of the last entry whose rows are durable."""
        return self._watermark

    @property
    def rows(self) -> int:
        """Rows of all tables that are durable."""
        return self._rows

    @property
    def lag(self) -> int:
        """Entries taken beyond the watermark."""
        return max(0, self._taken - self._watermark)

    @property
    def has_news(self) -> bool:
        """Whether facts wait to be written, as while a burst goes out."""
        with self._changed:
            return any(queued.committed.events for queued in self._queue)

    @property
    def fault(self) -> str:
        """Why the last write failed; empty when it did not."""
        return self._fault

    @property
    def job_changes(self) -> int:
        """How many changes of jobs became durable since the start; a new number, a new export."""
        return self._job_changes

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stopping or bool(self._queue))
                self._changed.wait_for(
                    lambda: self._queued_rows > 0 or self._urgent(), EMPTY_US / SECOND_US
                )
                if self._queued_rows:
                    self._changed.wait_for(self._urgent, GROUP_US / SECOND_US)
                if self._stopping and not self._queue:
                    break
                group = self._group()
            if group and not self._write_safely(group):
                with self._changed:
                    if self._stopping:
                        break
                    self._changed.wait_for(lambda: self._stopping, None if self.over else RETRY_S)

    def _urgent(self) -> bool:
        return self._stopping or bool(self._waiters) or self._queued_rows >= GROUP_ROWS

    def _group(self) -> list[Committed]:
        group: list[Committed] = []
        rows = 0
        for queued in self._queue:
            if rows + len(group) >= GROUP_ROWS_MAX:
                break
            group.append(queued.committed)
            rows += queued.rows
        return group

    def _write_safely(self, group: list[Committed]) -> bool:
        """Write a group; a failure is logged and tried again, since nothing may be left out."""
        try:
            self._write(group)
        except Exception as error:  # nothing may end the writer: the lag would grow unseen
            self._fault = str(error) or type(error).__name__
            _log.exception(
                "%s: entries %d to %d are not in the history yet; trying again",
                self._node,
                group[0].index,
                group[-1].index,
            )
            return False
        self._fault = ""
        return True

    def _count(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Ask the file up to where it is written, and how much that is."""
        self._watermark = _number(cursor, "SELECT coalesce(max(idx), 0) FROM applied")
        self._rows = sum(
            _number(cursor, f"SELECT count(*) FROM {table.name}")  # noqa: S608  # our own names
            for table in STORED
        )

    def _write(self, group: list[Committed]) -> None:
        with self._writing:
            self._settle()
            fresh = [entry for entry in group if entry.index > self._watermark]
            if fresh:
                rows = rowing.empty()
                for entry in fresh:
                    rowing.project(entry, rows)
                batches = {
                    table.name: transfer.known_json(table, transfer.batch(table, rows[table.name]))
                    for table in STORED
                    if rows[table.name]
                }
                self._commit(batches, fresh[-1].index)
        with self._changed:
            last = group[-1].index
            while self._queue and self._queue[0].committed.index <= last:
                self._queued_rows -= self._queue.popleft().rows
            if len(self._queue) < QUEUE_LOUD // 2:
                self._loud = False
            self._changed.notify_all()

    def _settle(self) -> None:
        """A commit that failed, as in the checkpoint behind it, may stand all the same: look."""
        if self._in_doubt:
            with self.cursor() as cursor:
                self._count(cursor)
            self._job_changes += 1  # perhaps
            self._in_doubt = False

    def _commit(self, batches: dict[str, pa.Table], upto: int) -> None:
        """Make rows durable, and know it: who writes next must not write them again."""
        self._groups += 1
        now = self._clock.now_us()
        with self.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                for name, batch in batches.items():
                    cursor.register("batch", batch)
                    cursor.execute(f"INSERT INTO {name} BY NAME SELECT * FROM batch")  # noqa: S608  # our own names
                    cursor.unregister("batch")
                cursor.execute("INSERT INTO applied VALUES (?, make_timestamp(?))", [upto, now])
                if self._groups % PRUNE_EVERY == 0:
                    cursor.execute("DELETE FROM applied WHERE idx < ?", [self._watermark])
                self._in_doubt = True
                cursor.execute("COMMIT")
                self._in_doubt = False
            except BaseException:
                with contextlib.suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")
                raise
        with self._changed:
            self._watermark = max(self._watermark, upto)
            self._taken = max(self._taken, upto)
            self._rows += sum(batch.num_rows for batch in batches.values())
            if (changes := batches.get("job_versions")) is not None:
                self._job_changes += changes.num_rows
            self._changed.notify_all()

    # ---- reading ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own for one thread and one piece of work.

        Raises:
            duckdb.Error: the history is not started.
        """
        if self._connection is None:
            raise duckdb.ConnectionException("the history is not open")
        cursor = self._connection.cursor()
        try:
            cursor.execute("USE h")
            yield cursor
        except duckdb.Error as error:
            self._judge(error)
            raise
        finally:
            cursor.close()

    def _judge(self, error: duckdb.Error) -> None:
        """Remember what a fault says of the file; nothing of what it held is answered from."""
        if self.over or not (is_damage(error) or is_over(error)):
            return
        if is_damage(error) and not self._alone:
            note_damage(self.data_dir, str(error))
        self.over = str(error)
        _log.critical("%s: the history answers nothing any more: %s", self._node, error)
        self.on_over()

    def content_hash(self, upto: int) -> str:
        """A digest of every row up to entry `upto`: equal on nodes that projected the same log."""
        with self.cursor() as cursor:
            return transfer.content_hash(cursor, upto)

    # ---- current jobs ----------------------------------------------------------------------------

    def set_jobs_source(self, source: JobsSource) -> None:
        """Name what gives the public documents of the current jobs, for export."""
        self.jobs_source = source

    # ---- backfill --------------------------------------------------------------------------------

    def export_range(self, after: int, upto: int, rows_max: int = transfer.ROWS_MAX) -> bytes:
        """The rows of entries above `after`, up to `upto` or to so many rows, for a peer.

        Raises:
            CorruptData: `upto` lies above the watermark; ask for less.
        """
        with self.cursor() as cursor:
            return transfer.pack(cursor, after, upto, self._watermark, rows_max)

    def import_range(self, data: bytes) -> None:
        """Take a peer's rows and move the watermark to their end, in one transaction.

        Rows at or below the watermark are left out, so a range may be taken twice.

        Raises:
            CorruptData: the bytes are damaged, or begin above the watermark.
        """
        with self._writing:
            self._settle()
            upto, batches = transfer.unpack(data, self._watermark)
            if upto > self._watermark:
                self._commit(batches, upto)


def _number(cursor: duckdb.DuckDBPyConnection, sql: str, values: list[Any] | None = None) -> int:
    row = cursor.execute(sql, values or []).fetchone()
    return int(row[0]) if row else 0
