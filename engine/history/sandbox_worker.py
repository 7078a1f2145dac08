"""The disposable process that runs people's SQL: `python -m engine.history.sandbox_worker`.

It reads length-prefixed requests from standard input and answers on standard output. It holds no
database file, only views over the exported segments; it may write nothing, use bounded memory, and
an alarm ends it when a query does not. Its parent is `sandbox.py`.
"""

from __future__ import annotations

import json
import re
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO, Final

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as _parquet  # noqa: F401  # loaded before the limits are set

from engine.core.errors import InvalidDocument
from engine.history.answers import encode
from engine.history.gate import Checked, check, refuse
from engine.history.parameters import bound as bound_values
from engine.history.plan import plan_document
from engine.history.schema import DAY, JOBS, STEPS, STORED, Column, Table
from engine.history.segments import live_paths
from engine.history.sqlfiles import sql

ADDRESS_EXTRA_MB: Final = 2048  # code, Arrow's reservations and results, beside DuckDB's memory
FILES_MAX: Final = 256
BATCH_ROWS: Final = 2048
ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
ALARM_EXTRA_S: Final = 2
ATTEMPTS_AT_FILES: Final = 3
ASK_LESS: Final = (
    "ask for less: a shorter range of the day d, fewer columns or rows; explain shows what it reads"
)
OUT_OF_MEMORY: Final = (duckdb.OutOfMemoryException, MemoryError, pa.ArrowMemoryError)
_LINE: Final = re.compile(r"LINE (\d+):")
PUBLISHED: Final = frozenset({table.name for table in STORED} | {JOBS.name, STEPS.name})


def main() -> None:
    """Answer requests until standard input ends."""
    options = json.loads(sys.argv[1])
    worker = Worker(Path(options["export_dir"]), options["seconds_max"], options["memory_mb"])
    limit_process(options["memory_mb"])
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (request := read_frame(source)) is not None:
        header, payload = worker.answer(orjson.loads(request))
        write_frame(sink, orjson.dumps(header))
        write_frame(sink, payload)
        sink.flush()


def limit_process(memory_mb: int) -> None:
    """Give up, for good, what a query must not have: memory beyond a bound, and writing."""
    size = (memory_mb + ADDRESS_EXTRA_MB) * 1024 * 1024
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for what, bound in (
        (resource.RLIMIT_AS, size),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, FILES_MAX),
    ):
        resource.setrlimit(what, (bound, bound))


def read_frame(source: BinaryIO) -> bytes | None:
    """The next length-prefixed frame, or None at the end."""
    head = source.read(8)
    if len(head) < 8:  # the length of a length
        return None
    size = int.from_bytes(head, "big")
    body = source.read(size)
    return body if len(body) == size else None


def write_frame(sink: BinaryIO, body: bytes) -> None:
    """Write one length-prefixed frame."""
    sink.write(len(body).to_bytes(8, "big"))
    sink.write(body)


class Worker:
    """One locked in-memory database with a view for each published table."""

    def __init__(self, export_dir: Path, seconds_max: float, memory_mb: int) -> None:
        self._export_dir = export_dir
        self._seconds_max = seconds_max
        self._db = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": f"{memory_mb}MB",
                "threads": "1",
                "temp_directory": "",
                "max_temp_directory_size": "0B",
                "python_enable_replacements": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "allow_persistent_secrets": "false",
            },
        )
        for extension in ("parquet", "json", "icu"):
            self._db.execute(f"LOAD {extension}")
        self._db.execute("SET GLOBAL TimeZone='UTC'")
        self._db.execute(f"SET GLOBAL max_execution_time={int(seconds_max * 1000)}")
        self._db.execute(f"SET GLOBAL allowed_directories=[{_quoted(f'{export_dir}/')}]")
        self._db.execute("SET GLOBAL enable_external_access=false")
        self._db.execute("SET GLOBAL lock_configuration=true")
        self._seen: dict[str, list[Path]] = {}
        self._publish(PUBLISHED)

    def answer(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """The header and the body of one answer; a refusal is a header with `problems`."""
        begun = time.monotonic_ns()
        try:
            check_parser = self._db.cursor()
            try:
                checked = check(check_parser, request["sql"], PUBLISHED)
            finally:
                check_parser.close()
            header, payload = self._run(request, checked)
        except InvalidDocument as error:
            problems = [[p.field, p.reason, p.hint] for p in error.problems]
            return {"problems": problems}, b""
        header["elapsed_ms"] = (time.monotonic_ns() - begun) / 1e6
        return header, payload

    def _run(self, request: dict[str, Any], checked: Checked) -> tuple[dict[str, Any], bytes]:
        values = bound_values(checked.parameters, request["parameters"])
        for attempt in range(ATTEMPTS_AT_FILES):
            try:
                self._publish(checked.tables)
                signal.alarm(int(self._seconds_max) + ALARM_EXTRA_S)
                if request["explain"]:
                    return self._explain(request["sql"], values, request["explain"] == "analyze")
                return self._fetch(request["sql"], values, request["limit"], request["format"])
            except InvalidDocument:
                raise
            except Exception as error:  # whatever a query can provoke, the worker must answer
                if not _is_vanished(error) or attempt + 1 == ATTEMPTS_AT_FILES:
                    raise self._refusal(error, request["sql"], values) from error
                self._seen.clear()  # a segment was merged into another while we read
            finally:
                signal.alarm(0)
        raise refuse("could not be read", "try again")

    def _refusal(self, error: Exception, question: str, values: dict[str, Any]) -> InvalidDocument:
        """What went wrong, in a person's words; in a stream, Arrow wraps what DuckDB says."""
        text = _reason(error)
        if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
            text = self._marked(question, values) or text
        if isinstance(error, duckdb.InterruptException) or "INTERRUPT Error" in text:
            return refuse(f"took longer than {self._seconds_max:g} s", ASK_LESS)
        if isinstance(error, OUT_OF_MEMORY) or "Out of Memory Error" in text:
            return refuse("used more memory than a query may", ASK_LESS)
        return refuse(text or type(error).__name__, "see the tables and columns of the schema")

    def _marked(self, question: str, values: dict[str, Any]) -> str:
        """The same error with the line at fault: only execute() says it, and sql() does not."""
        cursor = self._db.cursor()
        try:
            cursor.execute(f"EXPLAIN\n{question}", values)
        except duckdb.Error as error:
            return _LINE.sub(lambda found: f"LINE {int(found[1]) - 1}:", _reason(error))
        finally:
            cursor.close()
        return ""

    def _explain(
        self, question: str, values: dict[str, Any], analyze: bool
    ) -> tuple[dict[str, Any], bytes]:
        """The plan of a checked statement; with `analyze` it is run, and the plan says how long."""
        how = "ANALYZE, FORMAT json" if analyze else "FORMAT json"
        cursor = self._db.cursor()
        try:
            row = cursor.execute(f"EXPLAIN ({how})\n{question}", values).fetchone()
        finally:
            cursor.close()
        plan = plan_document(orjson.loads(row[1] if row else "[]"))
        return {"columns": [], "row_count": 0, "truncated": False}, orjson.dumps(plan)

    def _fetch(
        self, question: str, values: dict[str, Any], limit: int, kind: str
    ) -> tuple[dict[str, Any], bytes]:
        cursor = self._db.cursor()
        try:
            # Unlike execute(), this streams into Arrow.
            result = cursor.sql(question, params=values or None)
            types = [
                {"name": name, "type": str(kind)}
                for name, kind in zip(result.columns, result.types, strict=True)
            ]
            reader: Any = result.to_arrow_reader(BATCH_ROWS)
            batches, rows, size, truncated = [], 0, 0, False
            for batch in reader:
                wanted = batch.slice(0, limit - rows)
                batches.append(wanted)
                rows += wanted.num_rows
                size += wanted.nbytes
                if wanted.num_rows < batch.num_rows or size > ANSWER_BYTES_MAX:
                    truncated = True
                    break
            table = pa.Table.from_batches(batches, reader.schema)
        finally:
            cursor.close()
        header = {"columns": types, "row_count": rows, "truncated": truncated}
        return header, encode(table, kind)

    def _publish(self, names: frozenset[str]) -> None:
        """Point the views of these tables at the segments that count now."""
        for table in STORED:
            if table.name in names or (table.name == "attempts" and STEPS.name in names):
                self._view(table, live_paths(self._export_dir, table.name))
        if JOBS.name in names:
            file = self._export_dir / JOBS.name / "jobs.parquet"
            self._view(JOBS, [file] if file.exists() else [])
        if STEPS.name in names:
            self._db.execute(f"CREATE OR REPLACE VIEW steps AS {sql(STEPS.name)}")

    def _view(self, table: Table, paths: list[Path]) -> None:
        if self._seen.get(table.name) == paths:
            return
        columns = table.columns if table is JOBS else (*table.columns, DAY)
        if paths:
            names = ", ".join(_selected(column, cast=table is JOBS) for column in columns)
            files = ", ".join(_quoted(str(path)) for path in paths)
            hive = "" if table is JOBS else ", hive_partitioning=true, hive_types={'d': DATE}"
            source = f"SELECT {names} FROM read_parquet([{files}]{hive})"  # noqa: S608  # our own names
        else:
            names = ", ".join(f'NULL::{column.type} AS "{column.name}"' for column in columns)
            source = f"SELECT {names} WHERE false"  # our own names
        self._db.execute(f"CREATE OR REPLACE VIEW {table.name} AS {source}")
        self._seen[table.name] = paths


def _selected(column: Column, *, cast: bool) -> str:
    """One column of a view; what Arrow wrote as text is told to be JSON."""
    if cast and column.type == "JSON":
        return f'"{column.name}"::JSON AS "{column.name}"'
    return f'"{column.name}"'


def _is_vanished(error: Exception) -> bool:
    text = str(error)
    return "IO Error" in text or isinstance(error, duckdb.IOException | FileNotFoundError)


def _reason(error: BaseException) -> str:
    return str(error).strip()[:1000]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
