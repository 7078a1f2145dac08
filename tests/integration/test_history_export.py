from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.core.clock import SystemClock
from engine.history import reader
from engine.history.export import MERGE_AT, Exporter, progress
from engine.history.reader import SegmentReader
from engine.history.schema import STORED
from engine.history.segments import days, live_paths
from engine.history.store import History
from tests.unit.engine.history.events import NOON, CurrentJobs, begun, committed, ended, story

DAY = 86_400


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path, node="n", clock=SystemClock(), export_every_s=0)
    history.start()
    yield history
    history.stop()


class Still:
    """A clock that stands at noon of the day of the tests' entries, until it is put on."""

    gone_us = 0

    def now_us(self) -> int:
        return NOON

    def monotonic_us(self) -> int:
        return NOON + self.gone_us


def read(history: History, table: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as outside:
        return outside.execute(
            f"SELECT raft_index, raft_pos FROM "
            f"read_parquet('{history.export_dir}/{table}/**/*.parquet') ORDER BY ALL"
        ).fetchall()


def stored(history: History, table: str) -> list[tuple[Any, ...]]:
    with history.cursor() as cursor:
        return cursor.execute(f"SELECT raft_index, raft_pos FROM {table} ORDER BY ALL").fetchall()


def test_outside_readers_find_every_row_once_whatever_was_merged(history: History) -> None:
    exporter = Exporter(history, clock=Still())
    for entry in story():
        history.project(entry)
        assert history.wait_for(entry.index, 120)
        assert exporter.run_once() == entry.index
    for index in range(13, 13 + 2 * MERGE_AT):
        history.project(committed(index, "RecordExecutions", *ended(index)))
        assert history.wait_for(index, 120)
        exporter.run_once()
        assert len(live_paths(history.export_dir, "executions")) < MERGE_AT
    for table in STORED:
        assert read(history, table.name) == stored(history, table.name)
    assert not list(history.export_dir.glob("**/*.tmp"))


def test_a_reader_asks_again_when_a_merge_took_its_files_away(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.project(committed(1, "RecordExecutions", *ended(1)))
    assert history.wait_for(1, 120)
    Exporter(history, clock=Still()).run_once()
    gone = (
        history.export_dir / "executions" / "d=2026-11-25" / "seg-000000000000-000000000000.parquet"
    )
    listed = iter([[gone], live_paths(history.export_dir, "executions")])
    monkeypatch.setattr(reader, "live_paths", lambda *_: next(listed))
    assert SegmentReader(history.export_dir).jobs_with_runs_after(0) == (["job_1"], 1)
    monkeypatch.setattr(reader, "live_paths", lambda *_: [gone])
    with pytest.raises(duckdb.IOException):
        SegmentReader(history.export_dir).jobs_with_runs_after(0)


def test_rows_lie_in_the_folder_of_their_day(history: History) -> None:
    for index in (1, 2, DAY, DAY + 1):
        history.project(committed(index, "RecordExecutions", *ended(index)))
    assert history.wait_for(DAY + 1, 120)
    Exporter(history, clock=Still()).run_once()
    folders = days(history.export_dir, "executions")
    assert [folder.name for folder in folders] == ["d=2026-11-25", "d=2026-11-26"]
    assert read(history, "executions") == stored(history, "executions")


def test_a_day_that_is_over_becomes_one_file(history: History) -> None:
    class Tomorrow(Still):
        def now_us(self) -> int:
            return NOON + DAY * 1_000_000

    today = Exporter(history, clock=Still())
    for index in (1, 2, 3):
        history.project(committed(index, "RecordExecutions", *ended(index)))
        assert history.wait_for(index, 120)
        today.run_once()
    assert len(live_paths(history.export_dir, "executions")) == 3
    exporter = Exporter(history, clock=Tomorrow())
    exporter.start()
    exporter.stop()
    assert len(live_paths(history.export_dir, "executions")) == 1
    assert read(history, "executions") == stored(history, "executions")


def test_what_a_crash_left_beyond_the_progress_is_written_again(history: History) -> None:
    exporter = Exporter(history, clock=Still())
    for entry in story():
        history.project(entry)
    assert history.wait_for(12, 120)
    exporter.run_once()
    progress_file = history.export_dir / "progress.json"
    known = progress_file.read_bytes()
    history.project(committed(20, "RecordExecutions", *ended(20)))
    assert history.wait_for(20, 120)
    exporter.run_once()
    progress_file.write_bytes(known)  # as if killed between the segments and the progress
    (history.export_dir / "executions" / "left.tmp").touch()
    history.project(committed(21, "RecordExecutions", *ended(21)))
    assert history.wait_for(21, 120)
    again = Exporter(history, clock=Still())
    again.start()
    again.stop()
    assert progress(history.export_dir)[0] == 21
    for table in STORED:
        assert read(history, table.name) == stored(history, table.name)
    assert not list(history.export_dir.glob("**/*.tmp"))


def exported_once(history: History) -> tuple[CurrentJobs, Still, Exporter]:
    jobs, clock = CurrentJobs(1), Still()
    exporter = Exporter(history, clock=clock)
    history.set_jobs_source(jobs)
    exporter.run_once()
    return jobs, clock, exporter


def test_the_jobs_are_exported_when_one_changed(history: History) -> None:
    jobs, clock, exporter = exported_once(history)
    exporter.run_once()
    clock.gone_us = 3_600_000_000
    exporter.run_once()
    assert jobs.asked == 1  # nothing changed, however long ago that was
    jobs.changes = 2
    history.project(story()[1])
    history.project(story()[2])
    assert history.wait_for(3, 120)
    exporter.run_once()
    assert jobs.asked == 2
    with duckdb.connect() as outside:
        rows = outside.execute(
            f"SELECT name, tags->>'team' FROM '{history.export_dir}/jobs/jobs.parquet'"
        ).fetchall()
    assert rows == [("backup-0", "blue"), ("backup-1", "blue")]


def test_the_export_of_jobs_gives_way_to_runs_once(history: History) -> None:
    jobs, clock, exporter = exported_once(history)
    jobs.changes = 2
    clock.gone_us = 60_000_000
    with history._writing:  # what comes now waits to be written
        history.project(begun(1))
        exporter.run_once()
        assert jobs.asked == 1
        exporter.run_once()
        assert jobs.asked == 2


def test_a_history_exports_by_itself(tmp_path: Path) -> None:
    history = History(tmp_path, node="n", clock=SystemClock(), export_every_s=60)
    history.set_jobs_source(CurrentJobs())
    history.start()
    for entry in story():
        history.project(entry)
    history.stop()  # writes and exports what is left
    assert progress(history.export_dir)[0] == 12
    assert len(read(history, "executions")) == 5
    assert (history.export_dir / "jobs" / "jobs.parquet").exists()


def test_nothing_but_the_export_folder_can_be_written(history: History, tmp_path: Path) -> None:
    with history.cursor() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(f"COPY (SELECT 1) TO '{tmp_path}/out.parquet'")
    with history.cursor() as cursor, pytest.raises(duckdb.Error):
        cursor.execute("SET GLOBAL enable_external_access=true")
