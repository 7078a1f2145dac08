"""Runs people's SQL in disposable processes over the exported segments, never in the engine's own.

DuckDB's limits are soft; a process's are not. A worker that does not answer in time is killed, and
a new one takes its place. What to read next: `sandbox_worker.py`, `gate.py`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import orjson

import engine
from engine.core.clock import SystemClock
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant, new_query_id
from engine.history.export import progress
from engine.history.sandbox_worker import ASK_LESS, read_frame, write_frame
from engine.history.schema import DAY, JOBS, STEPS, STORED, Column
from engine.model.job import Document

Format = Literal["json", "csv", "arrow", "parquet"]
Explain = Literal["", "plan", "analyze"]
WORKERS_MAX: Final = 2
KILL_EXTRA_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlAnswer:
    """What a query gave: `rows` for JSON, `data` (bytes of the asked format) otherwise.

    `columns` are `{name, type}` with DuckDB's types; `truncated` says that there were more rows;
    `as_of_us` is the moment that the tables show, 0 when nothing was exported yet.
    """

    columns: list[dict[str, str]]
    rows: list[list[Any]] | None
    data: bytes | None
    row_count: int
    truncated: bool
    elapsed_ms: float
    as_of_us: Instant
    plan: dict[str, Any] | None = None
    """Of a question that asked for it: the tree, the tree as text, and the time in all."""


@dataclass(slots=True)
class Running:
    """A question that is being answered, or waits for a worker."""

    id: str
    sql: str
    started_us: Instant
    process: subprocess.Popen[bytes] | None = None
    cancelled: bool = False


class SqlSandbox:
    """A few warm workers, and the timer that ends them.

    Args:
        export_dir: the folder of the segments; the workers may read nothing else.
        rows_max: rows of an answer, at most.
        seconds_max: of one query; a worker that ignores it is killed 3 s later.
        memory_mb: of DuckDB in a worker, MiB; the process has 2 GiB of address space beside it.
    """

    def __init__(
        self,
        export_dir: Path,
        *,
        rows_max: int = 100_000,
        seconds_max: float = 5.0,
        memory_mb: int = 512,
    ) -> None:
        self._export_dir = export_dir.resolve()
        self._rows_max = rows_max
        self._seconds_max = seconds_max
        self._memory_mb = memory_mb
        self._slots = threading.BoundedSemaphore(WORKERS_MAX)
        self._lock = threading.Lock()
        self._idle: list[subprocess.Popen[bytes]] = []
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._running: dict[str, Running] = {}
        self._open = False

    def start(self) -> None:
        """Warm one worker up."""
        self._open = True
        self._idle.append(self._spawn())

    def stop(self) -> None:
        """End all workers, also busy ones."""
        self._open = False
        with self._lock:
            alive, self._idle = list(self._alive), []
        for process in alive:
            self._end(process)

    def query(
        self,
        sql: str,
        limit: int,
        format: Format = "json",  # the API's word
        *,
        parameters: Document | None = None,
        explain: Explain = "",
        query_id: str = "",
    ) -> SqlAnswer:
        """Run one SELECT over the published tables; blocks, so call it from a thread.

        Args:
            sql: what a person wrote.
            limit: rows wanted, at least 1; bounded by `rows_max`.
            format: json gives `rows`; csv, arrow (IPC stream) and parquet give `data`.
            parameters: a value for each `$name`, or `{"type": ..., "value": ...}`.
            explain: `plan` gives the plan and runs nothing; `analyze` runs it, and gives the plan.
            query_id: the name by which `cancel` finds it; a fresh one if empty.

        Raises:
            InvalidDocument: the SQL is refused, failed, took too long or was cancelled; the reason
                says which.
        """
        running = self._enter(query_id or new_query_id(), sql)
        request: Document = {
            "sql": sql,
            "limit": max(1, min(limit, self._rows_max)),
            "format": "json" if explain else format,
            "parameters": parameters or {},
            "explain": explain,
        }
        try:
            if not self._slots.acquire(timeout=self._seconds_max + KILL_EXTRA_S):
                raise _problem("was not run: other queries are running", "try again in a moment")
            try:
                return self._ask(running, request)
            finally:
                self._slots.release()
        finally:
            with self._lock:
                del self._running[running.id]

    def running(self) -> list[Running]:
        """The questions that are being answered now, or wait for it; the oldest first."""
        with self._lock:
            return list(self._running.values())

    def cancel(self, query_id: str) -> bool:
        """Kill the process of a query at once; False if no such query is running."""
        with self._lock:
            running = self._running.get(query_id)
            if running is None:
                return False
            running.cancelled = True
            if running.process is not None:
                running.process.kill()
        return True

    def _enter(self, query_id: str, sql: str) -> Running:
        running = Running(query_id, sql, SystemClock().now_us())
        with self._lock:
            if query_id in self._running:
                reason = f"{query_id!r} names a query that is running"
                raise InvalidDocument([Problem("id", reason, "take a fresh one, or leave it out")])
            self._running[query_id] = running
        return running

    def schema(self) -> list[Document]:
        """The published tables: name, description, and columns with name, type, description."""
        stored = [(table, (*table.columns, DAY)) for table in STORED]
        tables = [*stored, (STEPS, STEPS.columns), (JOBS, JOBS.columns)]
        return [
            {
                "name": table.name,
                "description": table.description,
                "columns": [_column(column) for column in columns],
            }
            for table, columns in tables
        ]

    def _ask(self, running: Running, request: Document) -> SqlAnswer:
        as_of = progress(self._export_dir)[1]
        process = self._worker()
        with self._lock:
            running.process = process
            if running.cancelled:  # while it waited
                process.kill()
        late = threading.Event()

        def end_late() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds_max + KILL_EXTRA_S, end_late)
        timer.start()
        try:
            answer = _exchange(process, request)
        finally:
            timer.cancel()
            with self._lock:
                running.process = None  # from here on it is not this query's to be killed
        if running.cancelled:
            answer = None  # its process is dead, or about to be
        if answer is None or late.is_set():
            self._end(process)
            with self._lock:
                cold = self._open and not self._idle
            if cold:
                fresh = self._spawn()  # warms up while the person reads the reason
                with self._lock:
                    self._idle.append(fresh)
            if running.cancelled:
                raise _problem("was cancelled", "run it again")
            if late.is_set() or process.returncode == -14:  # SIGALRM, its own timer
                reason = f"took longer than {self._seconds_max:g} s"
            else:
                reason = "used more memory than a query may"
            raise _problem(reason, ASK_LESS)
        with self._lock:
            if self._open:
                self._idle.append(process)
        header, payload = answer
        if "problems" in header:
            raise InvalidDocument([Problem(*problem) for problem in header["problems"]])
        plain = request["format"] == "json"
        loaded = orjson.loads(payload) if plain else None
        return SqlAnswer(
            columns=header["columns"],
            rows=None if request["explain"] else loaded,
            data=None if plain else payload,
            plan=loaded if request["explain"] else None,
            row_count=header["row_count"],
            truncated=header["truncated"],
            elapsed_ms=header["elapsed_ms"],
            as_of_us=as_of,
        )

    def _worker(self) -> subprocess.Popen[bytes]:
        """A worker that waits for work, or a new one."""
        with self._lock:
            process = self._idle.pop() if self._idle else None
        if process is not None and process.poll() is not None:
            self._end(process)
            process = None
        return process or self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = {
            "export_dir": str(self._export_dir),
            "seconds_max": self._seconds_max,
            "memory_mb": self._memory_mb,
        }
        root = Path(engine.__path__[0]).parent
        process = subprocess.Popen(
            [sys.executable, "-m", "engine.history.sandbox_worker", json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=root,
            start_new_session=True,
        )
        with self._lock:
            self._alive.add(process)
        return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # what was buffered for a dead worker goes nowhere
        with self._lock:
            self._alive.discard(process)


def _exchange(
    process: subprocess.Popen[bytes], request: dict[str, Any]
) -> tuple[dict[str, Any], bytes] | None:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        write_frame(process.stdin, orjson.dumps(request))  # type: ignore[arg-type]  # a pipe is a BinaryIO
        process.stdin.flush()
        header = read_frame(process.stdout)  # type: ignore[arg-type]  # a pipe is a BinaryIO
        payload = read_frame(process.stdout)  # type: ignore[arg-type]  # a pipe is a BinaryIO
    except (OSError, ValueError):
        return None
    if header is None or payload is None:
        return None
    return orjson.loads(header), payload


def _column(column: Column) -> Document:
    return {"name": column.name, "type": column.type, "description": column.description}


def _problem(reason: str, hint: str) -> InvalidDocument:
    return InvalidDocument([Problem("sql", reason, hint)])
