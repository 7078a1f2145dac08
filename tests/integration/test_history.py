from __future__ import annotations

import logging
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from msgspec import structs

from engine.core.clock import SystemClock
from engine.core.errors import CorruptData
from engine.history.store import History
from engine.state.messages import AttemptEnded
from tests.integration import history_child
from tests.unit.engine.history.events import begun, committed, ended, story

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[[str], History]


@pytest.fixture
def open_history(tmp_path: Path) -> Iterator[Open]:
    opened: list[History] = []

    def start(name: str) -> History:
        history = History(tmp_path / name, node=name, clock=SystemClock())
        history.start()
        opened.append(history)
        return history

    yield start
    for history in opened:
        history.stop()


def test_one_reads_what_one_has_written(open_history: Open) -> None:
    history = open_history("a")
    for entry in story():
        history.project(entry)
    assert history.wait_for(12, 120)
    assert history.watermark == 12
    assert history.lag == 0
    assert history.rows == 22
    assert history.lag == 0
    assert not history.wait_for(13, 0.01)


def test_an_entry_at_or_below_the_watermark_is_skipped(open_history: Open) -> None:
    history = open_history("a")
    for _ in range(3):
        for entry in story():
            history.project(entry)
    assert history.wait_for(12, 120)
    before = history.content_hash(12)
    history.stop()
    history.start()
    assert history.watermark == 12
    for entry in story():
        history.project(entry)
    assert history.rows == 22
    assert history.content_hash(12) == before


def test_a_commit_that_fails_after_it_was_made_is_not_made_again(
    open_history: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a disk is full by the time of the checkpoint that follows a commit."""
    whole, failing = open_history("whole"), open_history("failing")
    failed = []

    class Failing:
        """A cursor that says no once, after the commit."""

        def __init__(self, cursor: duckdb.DuckDBPyConnection):
            self._cursor = cursor

        def __getattr__(self, name: str) -> Any:
            return getattr(self._cursor, name)

        def execute(self, sql: str, *given: Any) -> Any:
            answer = self._cursor.execute(sql, *given)
            if sql == "COMMIT" and not failed:
                failed.append(sql)
                raise duckdb.IOException("No space left on device")
            return answer

    real = failing.cursor

    @contextmanager
    def cursor() -> Iterator[Any]:
        with real() as own:
            yield Failing(own)

    monkeypatch.setattr(failing, "cursor", cursor)
    for history in (whole, failing):
        for entry in story():
            history.project(entry)
        assert history.wait_for(12, 120)
    assert failed
    assert failing.content_hash(12) == whole.content_hash(12)
    assert (failing.rows, failing.lag, failing.fault) == (whole.rows, 0, "")


def test_nodes_that_group_differently_hold_equal_rows(open_history: Open) -> None:
    at_once, one_by_one = open_history("a"), open_history("b")
    for entry in story():
        at_once.project(entry)
        one_by_one.project(entry)
        assert one_by_one.wait_for(entry.index, 120)
    assert at_once.wait_for(12, 120)
    for upto in (3, 6, 12):
        assert at_once.content_hash(upto) == one_by_one.content_hash(upto)
    assert at_once.content_hash(3) != at_once.content_hash(6)


def test_empty_entries_move_the_watermark(open_history: Open) -> None:
    history = open_history("a")
    for index in range(1, 400):
        history.project(begun(index))
    assert history.wait_for(399, 120)
    assert history.rows == 0


def test_empty_entries_become_durable_without_anyone_waiting(open_history: Open) -> None:
    history = open_history("a")
    history.project(begun(1))
    for _ in range(500):
        if history.watermark == 1:
            break
        time.sleep(0.01)
    assert history.watermark == 1


def test_a_range_goes_from_node_to_node_row_for_row(open_history: Open) -> None:
    source, target = open_history("a"), open_history("b")
    for entry in story():
        source.project(entry)
    assert source.wait_for(12, 120)
    target.import_range(source.export_range(0, 6))
    assert target.watermark == 6
    assert target.content_hash(6) == source.content_hash(6)
    target.import_range(source.export_range(3, 12))  # overlaps what is there
    target.import_range(source.export_range(3, 12))  # and comes twice
    assert target.content_hash(12) == source.content_hash(12)
    assert target.rows == source.rows
    target.stop()
    target.start()
    assert target.watermark == 12


def test_a_long_range_goes_in_pieces_that_never_cut_an_entry(open_history: Open) -> None:
    source, target = open_history("a"), open_history("b")
    for entry in story():
        source.project(entry)
    assert source.wait_for(12, 120)
    ends = []
    while target.watermark < 12:
        target.import_range(source.export_range(target.watermark, 12, rows_max=2))
        ends.append(target.watermark)
    assert len(ends) > 4
    assert ends == sorted(set(ends))
    assert target.content_hash(12) == source.content_hash(12)


def test_a_range_that_comes_while_its_entries_are_written_is_not_taken_twice(
    open_history: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = open_history("a"), open_history("b")
    for entry in story():
        source.project(entry)
    assert source.wait_for(12, 120)
    data = source.export_range(0, 12)
    changed = target._changed
    takers: list[threading.Thread] = []

    class Slow:
        """What the writer has committed it comes to know when a peer's rows are there, or late."""

        def __enter__(self) -> bool:
            if threading.current_thread().name == "history-writer" and in_file() and not takers:
                takers.append(threading.Thread(target=target.import_range, args=(data,)))
                takers[0].start()
                takers[0].join(0.5)
            return changed.__enter__()

        def __exit__(self, *how: Any) -> None:
            changed.__exit__(*how)

        def __getattr__(self, name: str) -> Any:
            return getattr(changed, name)

    def in_file() -> bool:
        with target.cursor() as cursor:
            return bool(cursor.execute("SELECT 1 FROM applied").fetchall())

    monkeypatch.setattr(target, "_changed", Slow())
    for entry in story()[:6]:
        target.project(entry)
    assert target.wait_for(12, 120)
    takers[0].join()
    assert target.rows == source.rows
    assert target.content_hash(12) == source.content_hash(12)


def test_a_damaged_or_gapped_range_is_refused_and_changes_nothing(open_history: Open) -> None:
    source, target = open_history("a"), open_history("b")
    for entry in story():
        source.project(entry)
    assert source.wait_for(12, 120)
    data = source.export_range(0, 12)
    broken = data[:-10] + bytes([data[-10] ^ 1]) + data[-9:]
    for bad in (broken, b"", b"nonsense"):
        with pytest.raises(CorruptData):
            target.import_range(bad)
    with pytest.raises(CorruptData):
        target.import_range(source.export_range(6, 12))
    with pytest.raises(CorruptData):
        source.export_range(0, 13)
    assert (target.watermark, target.rows) == (0, 0)


def test_many_threads_read_while_one_writes(open_history: Open) -> None:
    history = open_history("a")
    faults: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(20):
                history.content_hash(history.watermark)
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for index in range(1, 300):
        history.project(committed(index, "RecordExecutions", *ended(index)))
    for thread in threads:
        thread.join()
    assert history.wait_for(299, 120)
    assert faults == []


@pytest.mark.parametrize("what", ["wal", "file"])
def test_a_broken_file_is_moved_aside_and_the_history_starts_empty(
    open_history: Open, tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = tmp_path / "a"
    script = (
        "import sys, os\nfrom pathlib import Path\n"
        "from engine.core.clock import SystemClock\nfrom engine.history.store import History\n"
        "from tests.unit.engine.history.events import story\n"
        "h = History(Path(sys.argv[1]), node='c', clock=SystemClock())\nh.start()\n"
        "for entry in story(): h.project(entry)\n"
        "assert h.wait_for(12, 120)\nos._exit(0)\n"  # no checkpoint: the rows are in the WAL
    )
    subprocess.run([sys.executable, "-c", script, str(data)], check=True, cwd=ROOT)
    target = data / ("history.duckdb.wal" if what == "wal" else "history.duckdb")
    content = bytearray(target.read_bytes())
    if what == "wal":
        content[len(content) // 2] ^= 0xFF
    else:
        content[:64] = bytes(64)
    target.write_bytes(content)
    with caplog.at_level(logging.ERROR):
        history = open_history("a")
    assert "cannot be read" in caplog.text
    assert (history.watermark, history.rows) == (0, 0)
    assert list(data.glob("history.duckdb*.corrupt-*"))
    for entry in story():
        history.project(entry)
    assert history.wait_for(12, 120)
    assert history.rows == 22


def test_a_file_in_use_is_not_taken_for_a_broken_one(open_history: Open, tmp_path: Path) -> None:
    open_history("a")
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from engine.core.clock import SystemClock\nfrom engine.history.store import History\n"
        "History(Path(sys.argv[1]), node='c', clock=SystemClock()).start()\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a")],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert other.returncode != 0
    assert "lock" in other.stderr
    assert not list((tmp_path / "a").glob("*.corrupt-*"))


def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    acknowledged = 0
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.history_child", str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert child.stdout is not None
        for _ in range(chance.randint(1, 12)):
            acknowledged = int(child.stdout.readline())
        time.sleep(chance.random() * 0.05)
        child.kill()
        rest = child.communicate()[0].split()
        acknowledged = int(rest[-1]) if rest and rest[-1].isdigit() else acknowledged
        history = History(tmp_path, node="parent", clock=SystemClock())
        history.start()
        try:
            upto = history.watermark
            assert upto >= acknowledged
            for table in ("executions", "attempts"):
                with history.cursor() as cursor:
                    row = cursor.execute(
                        f"SELECT count(*), count(DISTINCT (raft_index, raft_pos)), "
                        f"coalesce(max(raft_index), 0) FROM {table}"
                    ).fetchone()
                assert row == (upto * history_child.PER_ENTRY,) * 2 + (upto,)
        finally:
            history.stop()


def test_changes_of_jobs_are_counted_for_the_export(open_history: Open) -> None:
    history = open_history("a")
    before = history.job_changes
    for entry in story():
        history.project(entry)
    assert history.wait_for(12, 120)
    assert history.job_changes == before + 5


def test_an_entry_that_cannot_be_written_is_kept_and_said_aloud(
    open_history: Open, caplog: pytest.LogCaptureFixture
) -> None:
    history = open_history("a")
    attempt, end = ended(1)
    assert isinstance(attempt, AttemptEnded)
    bad = structs.replace(attempt, result=structs.replace(attempt.result, status_code=2**40))
    entry = committed(1, "RecordExecutions", bad, end)
    history.project(entry)
    assert not history.wait_for(1, 1.0)
    assert history.fault
    assert history.lag == 1
    assert "not in the history yet" in caplog.text
    history.stop()


def test_reading_a_history_that_is_closed_says_so(open_history: Open) -> None:
    history = open_history("a")
    history.stop()
    with pytest.raises(duckdb.ConnectionException, match="not open"):
        history.content_hash(1)
