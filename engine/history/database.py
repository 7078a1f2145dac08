"""Opens the one DuckDB file of a node: settings, migrations, and what to do with a broken file.

The engine process must never open the file by other means than DuckDB: its lock is a POSIX one,
and closing any other descriptor of the file drops it silently.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Final

import duckdb

from engine.core.aside import set_aside
from engine.core.clock import Clock
from engine.core.errors import CorruptData, Incompatible
from engine.history.sqlfiles import migrations

ROW_GROUP_SIZE: Final = 40_960  # a checkpoint rewrites the growing row group: keep it small
CHECKPOINT_THRESHOLD: Final = "32MB"
MEMORY_LIMIT: Final = "2GB"
FREED_KEPT: Final = "8MB"  # the rest goes back to the system
VERIFIED_BYTES_MAX: Final = 64 << 20
"""A smaller file is read whole when it is opened; of a larger one, each block when it is needed."""

_BROKEN: Final = (
    *("corrupt", "checksum", "not a valid duckdb", "deserializ", "serialization error"),
    "could not read enough bytes",  # the file is shorter than it was
)
_DAMAGED: Final = ".damaged"  # beside the file: what a reader found; the next start sets both aside
_log = logging.getLogger(__name__)


def open_database(
    data_dir: Path, clock: Clock, *, alone: bool = False
) -> tuple[duckdb.DuckDBPyConnection, list[str]]:
    """Open `data_dir/history.duckdb`, made and migrated if need be; and the files set aside for it.

    A file that DuckDB cannot read is set aside, with a loud log, and a new one begun: rows come
    back from peers and from the log.

    Args:
        data_dir: where the file lies; made if missing.
        clock: stamps the names of what is set aside.
        alone: whether there are no peers, so that a damaged file is refused.

    Raises:
        CorruptData: the file is damaged, and this node is alone.
        Incompatible: a newer build wrote the file; start that build.
        duckdb.Error: the file is in use by another process, or the disk refuses.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "export").mkdir(exist_ok=True)
    file = data_dir / "history.duckdb"
    found = file.with_name(file.name + _DAMAGED)
    damage = found.read_text(encoding="utf-8") if found.exists() else ""
    if not damage:
        try:
            return _open(file, data_dir), []
        except duckdb.Error as error:
            if not _is_broken(error):
                raise
            damage = str(error)
    if alone:
        raise CorruptData(
            f"{file} is damaged, and this node has no peers that could bring its rows back: "
            f"{damage}. Put a backup in its place (chronos restore), or take {file.name}* away: "
            "jobs and open executions are kept, and the past is what the log still holds"
        )
    kept = set_aside(data_dir, f"{file.name}*", clock.now_us())
    _log.critical(
        "the history cannot be read and starts empty; rows come back from peers and the log. "
        "Set aside: %s. Reason: %s",
        ", ".join(kept),
        damage,
    )
    return _open(file, data_dir), kept


def note_damage(data_dir: Path, reason: str) -> None:
    """Have the next start set the history aside: a reader met a block that is not as written."""
    (data_dir / f"history.duckdb{_DAMAGED}").write_text(reason, encoding="utf-8")


def is_damage(error: duckdb.Error) -> bool:
    """Whether an error of an open history says that its file is not as it was written."""
    kinds = (duckdb.IOException, duckdb.SerializationException, duckdb.FatalException)
    return isinstance(error, kinds) and any(sign in str(error).lower() for sign in _BROKEN)


def is_over(error: duckdb.Error) -> bool:
    """Whether the open history answers nothing any more, whatever the disk does from now on."""
    return isinstance(error, duckdb.FatalException | duckdb.InternalException) or (
        "invalidated" in str(error)
    )


def _open(file: Path, data_dir: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT,
            "threads": "2",
            "allocator_background_threads": "true",
            "allocator_flush_threshold": FREED_KEPT,
            "allocator_bulk_deallocation_flush_threshold": FREED_KEPT,
            "temp_directory": str(data_dir / "tmp"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            "python_enable_replacements": "false",
        },
    )
    log = file.with_name(file.name + ".wal")
    replayed = log.exists() and log.stat().st_size
    try:
        for extension in ("parquet", "json", "icu"):
            connection.execute(f"LOAD {extension}")
        connection.execute(f"ATTACH {_quoted(str(file))} AS h (ROW_GROUP_SIZE {ROW_GROUP_SIZE})")
        connection.execute("USE h")
        connection.execute(f"SET GLOBAL checkpoint_threshold='{CHECKPOINT_THRESHOLD}'")
        connection.execute("SET GLOBAL TimeZone='UTC'")
        if replayed:
            # A flush that failed leaves bytes that are read back and are not on the disk: rows of a
            # log that was replayed are written once more, before the watermark counts.
            connection.execute("CHECKPOINT h")
        _migrate(connection)
        _verify(connection, file)
        export = _quoted(f"{data_dir / 'export'}/")
        connection.execute(f"SET GLOBAL allowed_directories=[{export}]")
        connection.execute("SET GLOBAL enable_external_access=false")
        connection.execute("SET GLOBAL lock_configuration=true")
    except BaseException:
        with contextlib.suppress(duckdb.Error):
            connection.close()
        raise
    return connection


def _migrate(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER)")
    row = connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()
    done = int(row[0]) if row else 0
    known = migrations()
    if done > known[-1][0]:
        raise Incompatible(f"the history has schema {done}, this build knows {known[-1][0]}")
    for number, text in known:
        if number > done:
            connection.execute("BEGIN")
            connection.execute(text)
            connection.execute("INSERT INTO migrations VALUES (?)", [number])
            connection.execute("COMMIT")


def _verify(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Read every block of a small file, so that one that is not as written is found now."""
    if file.stat().st_size > VERIFIED_BYTES_MAX:
        return
    names = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'h'"
    ).fetchall()
    for schema, name in names:
        connection.execute(f'SELECT max(hash(row_)) FROM h."{schema}"."{name}" row_')  # noqa: S608  # our own names


def _is_broken(error: duckdb.Error) -> bool:
    if isinstance(error, duckdb.InternalException | duckdb.SerializationException):
        return True
    text = str(error).lower()
    return any(sign in text for sign in _BROKEN)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
