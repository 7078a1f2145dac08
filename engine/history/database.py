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

from engine.core.clock import Clock
from engine.core.errors import Incompatible
from engine.history.sqlfiles import migrations

ROW_GROUP_SIZE: Final = 40_960  # a checkpoint rewrites the growing row group: keep it small
CHECKPOINT_THRESHOLD: Final = "32MB"
MEMORY_LIMIT: Final = "2GB"
_BROKEN: Final = ("corrupt", "checksum", "not a valid duckdb", "deserializ", "serialization error")
_log = logging.getLogger(__name__)


def open_database(data_dir: Path, clock: Clock) -> duckdb.DuckDBPyConnection:
    """Open `data_dir/history.duckdb`, made and migrated if need be.

    A file that DuckDB cannot read is moved aside, with a loud log, and a new one begun: rows come
    back from peers and from the log.

    Raises:
        Incompatible: a newer build wrote the file; start that build.
        duckdb.Error: the file is in use by another process, or the disk refuses.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    (data_dir / "export").mkdir(exist_ok=True)
    file = data_dir / "history.duckdb"
    try:
        return _open(file, data_dir)
    except duckdb.Error as error:
        if not _is_broken(error):
            raise
        _move_aside(file, clock.now_us(), str(error))
        return _open(file, data_dir)


def _open(file: Path, data_dir: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_LIMIT,
            "threads": "2",
            "temp_directory": str(data_dir / "tmp"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            "python_enable_replacements": "false",
        },
    )
    try:
        for extension in ("parquet", "json", "icu"):
            connection.execute(f"LOAD {extension}")
        connection.execute(f"ATTACH {_quoted(str(file))} AS h (ROW_GROUP_SIZE {ROW_GROUP_SIZE})")
        connection.execute("USE h")
        connection.execute(f"SET GLOBAL checkpoint_threshold='{CHECKPOINT_THRESHOLD}'")
        connection.execute("SET GLOBAL TimeZone='UTC'")
        _migrate(connection)
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


def _is_broken(error: duckdb.Error) -> bool:
    if isinstance(error, duckdb.InternalException | duckdb.SerializationException):
        return True
    text = str(error).lower()
    return any(sign in text for sign in _BROKEN)


def _move_aside(file: Path, now_us: int, reason: str) -> None:
    kept = []
    for path in sorted(file.parent.glob(f"{file.name}*")):
        if ".corrupt-" not in path.name:
            target = path.with_name(f"{path.name}.corrupt-{now_us}")
            path.rename(target)
            kept.append(str(target))
    _log.error(
        "the history cannot be read and starts empty; rows come back from peers and the log. "
        "Kept for inspection: %s. Reason: %s",
        ", ".join(kept),
        reason,
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
