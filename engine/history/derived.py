"""Tables derived from the rows, kept up to date in the background.

A thread looks at what became durable since its last look and puts sums of it beside those before;
sums and progress commit together, so nothing is counted twice. A reader joins them with what has
come since (`part` with `after` as `progress` says), so an answer is as of now, and equal to one
counted anew from all rows.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import duckdb

from engine.core.clock import Clock
from engine.history.rounds import pause_s
from engine.history.sqlfiles import sql

if TYPE_CHECKING:
    from engine.history.store import History  # it starts the thread

INTERVAL_S: Final = 10.0
ENTRIES_MAX: Final = (
    20_000  # in one look, so that a long catching up leaves the processor to others
)
UNITE_EVERY: Final = 300  # additions, before rows of one key become one again
Values = Callable[[duckdb.DuckDBPyConnection, int, int], dict[str, Any]]
_log = logging.getLogger(__name__)


def entries(_: duckdb.DuckDBPyConnection, after: int, upto: int) -> dict[str, Any]:
    """The values of a `part` that asks for no more than its entries."""
    return {"after": after, "upto": upto}


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One derived table.

    Attributes:
        table: its name; `sql/derived_<table>.sql` gives the rows of the entries above `$after` up
            to `$upto`.
        values: what that is asked with.
        united: SQL that gives one row a key, from the table; empty where no two rows share one.
        build: what the rows depend on besides the entries; when it changes, they are made anew.
    """

    table: str
    values: Values = entries
    united: str = ""
    build: str = ""

    @property
    def name(self) -> str:
        """The name under which progress is noted."""
        return f"{self.table} {self.build}".strip()

    @property
    def part(self) -> str:
        """The query that gives the rows of some entries."""
        return sql(f"derived_{self.table}")


def progress(db: duckdb.DuckDBPyConnection, derived: Derived) -> int:
    """The entry up to which a derived table goes."""
    row = db.execute(
        "SELECT coalesce(max(idx), 0) FROM derived WHERE name = ?", [derived.name]
    ).fetchone()
    return int(row[0]) if row else 0


def up_to_date(derived: Derived, where: str = "true") -> str:
    """The head of a query: `parts` are rows of the table, and of `part` since its progress."""
    return (
        f"WITH parts AS (SELECT * FROM {derived.table} WHERE {where} "  # noqa: S608  # our own text
        f"UNION ALL BY NAME ({derived.part}))"
    )


@contextlib.contextmanager
def one_moment(db: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Several statements that see, and leave, one state of the tables."""
    db.execute("BEGIN")
    try:
        yield
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


class Deriving:
    """The thread that keeps the derived tables of one node's history.

    Args:
        history: started before this, stopped after it.
        tables: what is derived.
        clock: says where in a second a look begins.
        interval_s: seconds between two looks for something new.
    """

    def __init__(
        self,
        history: History,
        tables: tuple[Derived, ...],
        *,
        clock: Clock,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._history = history
        self._clock = clock
        self._tables = tables
        self._interval_s = interval_s
        self._additions = 0
        self._working = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Keep the tables in the background."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="history-derived", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what it had not seen is taken up after the next start."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def run_once(self) -> int:
        """Take up what is new; return the entry up to which every table then goes."""
        upto = self._history.watermark
        with self._working, self._history.cursor() as db:
            done = [self._catch_up(db, derived, upto) for derived in self._tables]
            if self._additions >= UNITE_EVERY:
                self._additions = 0
                for derived in self._tables:
                    _unite(db, derived)
        return min(done, default=upto)

    def _catch_up(self, db: duckdb.DuckDBPyConnection, derived: Derived, upto: int) -> int:
        done = progress(db, derived)
        if not done:
            db.execute(f"DELETE FROM {derived.table}")  # noqa: S608  # our own names
        while done < upto and not self._stop.is_set():
            following = min(upto, done + ENTRIES_MAX)
            with one_moment(db):
                db.execute(
                    f"INSERT INTO {derived.table} BY NAME {derived.part}",  # our own text
                    derived.values(db, done, following),
                )
                db.execute("INSERT INTO derived VALUES (?, ?)", [derived.name, following])
            self._additions += 1
            done = following
        return done

    def _run(self) -> None:
        while not self._stop.wait(pause_s(self._clock.now_us(), self._interval_s)):
            try:
                self.run_once()
            except Exception:  # the next round goes on from its progress
                _log.exception("what is derived from the history is not up to date; trying again")


def _unite(db: duckdb.DuckDBPyConnection, derived: Derived) -> None:
    """Make one row of each key again, and drop old progress."""
    with one_moment(db):
        if derived.united:
            db.execute(f"CREATE TEMP TABLE united AS {derived.united}")
            db.execute(f"DELETE FROM {derived.table}")  # noqa: S608  # our own names
            db.execute(f"INSERT INTO {derived.table} BY NAME SELECT * FROM temp.united")  # noqa: S608  # our own names
            db.execute("DROP TABLE temp.united")
        db.execute(
            "DELETE FROM derived WHERE name = ? AND idx < ?",
            [derived.name, progress(db, derived)],
        )
