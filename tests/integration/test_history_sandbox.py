from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.core.clock import SystemClock
from engine.core.errors import InvalidDocument
from engine.history.export import Exporter
from engine.history.sandbox import SqlSandbox
from engine.history.store import History
from tests.unit.engine.history.events import CurrentJobs, committed, ended, story


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[History, Exporter]]:
    history = History(
        tmp_path_factory.mktemp("node"), node="n", clock=SystemClock(), export_every_s=0
    )
    history.start()
    exporter = Exporter(history, clock=SystemClock())
    history.set_jobs_source(CurrentJobs())
    for entry in story():
        history.project(entry)
    assert history.wait_for(12, 120)
    exporter.run_once()
    yield history, exporter
    history.stop()


@pytest.fixture(scope="module")
def sandbox(exported: tuple[History, Exporter]) -> Iterator[SqlSandbox]:
    sandbox = SqlSandbox(exported[0].export_dir, rows_max=5_000, seconds_max=60.0)
    sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="module")
def hasty(exported: tuple[History, Exporter]) -> Iterator[SqlSandbox]:
    """One whose limit of time is the matter."""
    sandbox = SqlSandbox(exported[0].export_dir, seconds_max=1.0)
    sandbox.start()
    yield sandbox
    sandbox.stop()


def test_every_published_table_answers_with_the_columns_of_its_schema(sandbox: SqlSandbox) -> None:
    for table in sandbox.schema():
        answer = sandbox.query(f"SELECT * FROM {table['name']}", 1000)
        expected = [{"name": c["name"], "type": c["type"]} for c in table["columns"]]
        assert answer.columns == expected
        assert answer.row_count > 0
        assert all(column["description"] for column in table["columns"])


def test_tables_without_any_segment_are_empty_tables(tmp_path: Path) -> None:
    sandbox = SqlSandbox(tmp_path, seconds_max=60.0)
    sandbox.start()
    try:
        for table in sandbox.schema():
            answer = sandbox.query(f"SELECT * FROM {table['name']}", 10)
            assert [c["name"] for c in answer.columns] == [c["name"] for c in table["columns"]]
            assert answer.rows == []
            assert answer.as_of_us == 0
    finally:
        sandbox.stop()


def test_steps_are_unfolded_from_traces(sandbox: SqlSandbox) -> None:
    answer = sandbox.query(
        "SELECT step, kind, happened_at, offset_ms, detail->>'status' FROM steps "
        "WHERE execution_id = 'exe_12_0' ORDER BY step",
        10,
    )
    assert answer.rows == [
        [1, "prepare", "2026-11-25T12:00:12.020000Z", 0.0, None],
        [2, "response", "2026-11-25T12:00:12.120000Z", 100.0, "200"],
    ]


def test_new_segments_are_seen_by_the_next_query(
    exported: tuple[History, Exporter], sandbox: SqlSandbox
) -> None:
    history, exporter = exported
    before = sandbox.query("SELECT count(*) FROM executions", 1)
    assert before.rows is not None
    for index in range(100, 140):  # enough to be merged in between
        history.project(committed(index, "RecordExecutions", *ended(index)))
        assert history.wait_for(index, 120)
        exporter.run_once()
    after = sandbox.query("SELECT count(*), count(DISTINCT id) FROM executions", 1)
    assert after.rows == [[before.rows[0][0] + 40] * 2]
    assert after.as_of_us > before.as_of_us


@pytest.mark.parametrize("kind", ["csv", "arrow", "parquet"])
def test_answers_come_in_other_formats(sandbox: SqlSandbox, kind: str) -> None:
    answer = sandbox.query("SELECT range AS n, [1, 2] AS l FROM range(3)", 10, kind)  # type: ignore[arg-type]  # one of the formats
    assert answer.rows is None
    assert answer.data is not None
    if kind == "csv":
        assert answer.data.decode() == '"n","l"\n0,"[1,2]"\n1,"[1,2]"\n2,"[1,2]"\n'
    elif kind == "arrow":
        with pa.ipc.open_stream(answer.data) as reader:
            assert reader.read_all().column("n").to_pylist() == [0, 1, 2]
    else:
        assert pq.read_table(io.BytesIO(answer.data)).column("n").to_pylist() == [0, 1, 2]


def test_odd_values_become_plain_json(sandbox: SqlSandbox) -> None:
    answer = sandbox.query(
        "SELECT 'nan'::DOUBLE, 1.5::DECIMAL(5, 2),"
        " 170141183460469231731687303715884105727::HUGEINT, 'x'::BLOB,"
        " {'a': [1]}, DATE '2026-11-25', TIME '12:00:00', INTERVAL 90 SECOND, NULL,"
        " TIMESTAMPTZ '2026-11-25 12:00:00+01', MAP {'k': 1}",
        1,
    )
    assert answer.rows == [
        [
            None,
            1.5,
            "170141183460469231731687303715884105727",
            "eA==",
            {"a": [1]},
            "2026-11-25",
            "12:00:00",
            90.0,
            None,
            "2026-11-25T11:00:00Z",
            [["k", 1]],
        ]
    ]


def test_more_rows_than_wanted_or_allowed_are_cut_and_said_so(sandbox: SqlSandbox) -> None:
    some = sandbox.query("SELECT * FROM range(1000000000)", 10)
    assert (some.row_count, some.truncated) == (10, True)
    most = sandbox.query("SELECT * FROM range(1000000000)", 1_000_000_000)
    assert (most.row_count, most.truncated) == (5_000, True)
    exact = sandbox.query("SELECT * FROM range(10)", 10)
    assert (exact.row_count, exact.truncated) == (10, False)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT nope FROM executions", "nope"),
        ("SELECT 1 / 'x'", "Conversion"),
        ("SELECT error('mine')", "mine"),
        ("DELETE FROM executions", "not a SELECT"),
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv"),
        ("WITH c AS (COPY executions TO 'x') SELECT 1", "copy query"),
    ],
)
def test_a_query_that_fails_ends_with_a_reason(sandbox: SqlSandbox, sql: str, reason: str) -> None:
    with pytest.raises(InvalidDocument, match=reason):
        sandbox.query(sql, 10)
    assert sandbox.query("SELECT 42", 1).rows == [[42]]  # the next one is not hurt


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT count(*) FROM range(1000000) a, range(1000000) b", "longer than 1 s"),
        (
            "WITH RECURSIVE t AS (SELECT 1 a UNION ALL SELECT a + 1 FROM t) SELECT count(*) FROM t",
            "longer|memory",
        ),
        ("SELECT sum(a.range) OVER () FROM range(100000) a, range(100000) b", "longer|memory"),
        ("SELECT list(range) FROM range(1000000000)", "longer|memory"),
        ("SELECT length(repeat('x', 2000000000)) FROM range(9)", "memory"),
        ("SELECT string_agg(repeat('x', 1000000), '') FROM range(100000)", "longer|memory"),
        ("SELECT regexp_extract_all(repeat('a', 30000000), 'a')", "longer|memory"),
        ("SELECT lpad('x', 2000000000, 'y') FROM range(5)", "longer|memory"),
    ],
)
def test_a_query_that_takes_too_much_ends_with_a_reason(
    hasty: SqlSandbox, sql: str, reason: str
) -> None:
    with pytest.raises(InvalidDocument, match=reason):
        hasty.query(sql, 10)


def test_a_worker_that_died_is_replaced(exported: tuple[History, Exporter]) -> None:
    sandbox = SqlSandbox(exported[0].export_dir)
    sandbox.start()
    try:
        (worker,) = sandbox._alive
        os.kill(worker.pid, 9)
        worker.wait()
        assert sandbox.query("SELECT 42", 1).rows == [[42]]
    finally:
        sandbox.stop()


def test_queries_may_come_from_many_threads(sandbox: SqlSandbox) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda n: sandbox.query(f"SELECT {n}", 1).rows, range(30))
    assert list(answers) == [[[n]] for n in range(30)]


def test_a_worker_may_not_write_even_where_it_may_read(
    exported: tuple[History, Exporter], tmp_path: Path
) -> None:
    """The wall behind the gate: the limits that a worker gives itself, tried in a process."""
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from engine.history.sandbox_worker import Worker, limit_process\n"
        "worker = Worker(Path(sys.argv[1]), 60.0, 256)\nlimit_process(256)\n"
        "import duckdb\n"
        "for sql in sys.argv[2:]:\n"
        "    try:\n        worker._db.execute(sql)\n        print('done')\n"
        "    except duckdb.Error as error:\n        print('refused')\n"
    )
    root = exported[0].export_dir
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
            str(root),
            f"COPY (SELECT 1) TO '{root}/x.parquet'",
            f"COPY (SELECT 1) TO '{tmp_path}/x.parquet'",
            "SELECT * FROM read_text('/etc/passwd')",
            f"ATTACH '{root.parent}/history.duckdb'",
            f"ATTACH '{root}/y.duckdb'; CREATE TABLE y.t AS SELECT 1; CHECKPOINT y",
            "SET GLOBAL enable_external_access=true",
            "RESET lock_configuration",
        ],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["refused"] * 7
