"""Files of the past, good and bad, through `chronosctl` into a real history."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import Result

from tests.kit.door import Door

Run = Callable[..., Result]
HEAD = "job,start,end,status\n"
GOOD = "orders,2026-01-31T09:00:00Z,2026-01-31T09:00:05Z,success\n"
NEXT = "orders,2026-01-31T10:00:00Z,2026-01-31T10:00:09Z,failed\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], str]:
    def to(name: str, text: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    return to


Write = Callable[[str, str | bytes], str]


def reported(run: Run, *given: str) -> dict[str, Any]:
    result = run("import", "history", *given, "-o", "json")
    assert result.exit_code in (0, 1), result.output
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def rows(door: Door) -> list[tuple[Any, ...]]:
    assert door.history.wait_for(door.store.index, 120)
    with door.history.cursor() as db:
        return db.execute(
            "SELECT job_name, namespace, status, epoch_us(started_at), epoch_us(completed_at), "
            "node_id FROM executions ORDER BY completed_at"
        ).fetchall()


def test_a_csv_goes_into_the_history_and_again_adds_nothing(
    run: Run, door: Door, write: Write
) -> None:
    file = write("old cron.csv", HEAD + GOOD + NEXT)
    first = run("import", "history", file)
    assert first.exit_code == 0
    assert "end -> completed_at" in first.stderr
    assert "2 imported" in first.stderr
    assert [row[2] for row in rows(door)] == ["success", "failed"]
    assert rows(door)[0][5] == "import:old-cron"
    again = run("import", "history", file)
    assert again.exit_code == 0
    assert "0 imported, 2 there already" in again.stderr
    assert len(rows(door)) == 2


def test_a_file_that_grew_brings_only_what_is_new(run: Run, door: Door, write: Write) -> None:
    reported(run, write("a.csv", HEAD + GOOD))
    report = reported(run, write("a.csv", HEAD + NEXT + GOOD))
    assert (report["imported"], report["duplicates"]) == (1, 1)


def test_parquet_and_json_lines_say_the_same_as_csv(run: Run, door: Door, write: Write) -> None:
    start, end = datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 1, 31, 9, 0, 5, tzinfo=UTC)
    table = pa.table({"job": ["orders"], "start": [start], "end": [end], "status": ["success"]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    line = {"job": "orders", "start": 1769850000, "end": 1769850005000, "status": "ok"}
    for name, data in (
        ("a.csv", HEAD + GOOD),
        ("b.parquet", sink.getvalue()),
        ("c.jsonl", json.dumps(line) + "\n"),
    ):
        report = reported(run, write(name, data))
        assert (report["imported"], report["refused"]) == (1, 0), name
    assert len({row[:5] for row in rows(door)}) == 1
    assert {row[5] for row in rows(door)} == {"import:a", "import:b", "import:c"}


def test_columns_job_namespace_label_and_zone_can_be_said(
    run: Run, door: Door, write: Write
) -> None:
    file = write("x.csv", "von;bis;wie\n2026-07-01 09:00:00;2026-07-01 09:00:07;ok\n")
    options = ["--map", "von=started_at", "--map", "bis=completed_at", "--map", "wie=status"]
    options += ["--job", "abgleich", "-n", "shop", "--label", "alt", "--timezone", "Europe/Berlin"]
    assert reported(run, file, *options)["imported"] == 1
    ((name, namespace, _, started, _, node),) = rows(door)
    assert (name, namespace, node) == ("abgleich", "shop", "import:alt")
    assert started == 1_782_889_200_000_000  # 07:00 UTC


def test_a_dry_run_writes_nothing(run: Run, door: Door, write: Write) -> None:
    result = run("import", "history", write("a.csv", HEAD + GOOD + NEXT), "--dry-run")
    assert "2 would be imported" in result.stderr
    assert rows(door) == []


def test_more_rows_than_a_batch_holds_all_arrive(run: Run, door: Door, write: Write) -> None:
    lines = "".join(
        f"orders,{1769850000 + n * 60},{1769850000 + n * 60 + 5},ok\n" for n in range(4_500)
    )
    report = reported(run, write("many.csv", HEAD + lines + "orders,x,y,z\n"))
    assert (report["imported"], report["refused"], report["lines"]) == (4_500, 1, 4_501)
    assert {fault["line"] for fault in report["refusals"]} == {4_502}
    assert len(rows(door)) == 4_500


def test_standard_input_is_read_when_its_form_is_said(run: Run, door: Door) -> None:
    result = run("import", "history", "-", "--format", "csv", stdin=HEAD + GOOD)
    assert result.exit_code == 0, result.output
    assert len(rows(door)) == 1


@pytest.mark.parametrize(
    ("bad", "line", "word"),
    [
        ("orders,2026-01-31T10:00:00Z\n", 3, "2 cells"),
        ("orders,2026-01-31T10:00:00Z,2026-01-31T10:00:01Z,ok,more\n", 3, "5 cells"),
        ("orders,2026-01-31T10:00:00Z,tomorrow,ok\n", 3, "not a time"),
        ("orders,2026-01-31T10:00:00Z,2026-01-31T09:59:59Z,ok\n", 3, "after the end"),
        ("orders,2026-01-31T10:00:00Z,2199-01-31T10:00:00Z,ok\n", 3, "future"),
        ("orders,2026-01-31T10:00:00Z,2026-01-31T10:00:01Z,running\n", 3, "no status"),
        ("orders,2026-01-31T10:00:00Z,,ok\n", 3, "says no time"),
        (",2026-01-31T10:00:00Z,2026-01-31T10:00:01Z,ok\n", 3, "is missing"),
        ("a/b/c,2026-01-31T10:00:00Z,2026-01-31T10:00:01Z,ok\n", 3, "not a name"),
        (f"{'x' * 200},2026-01-31T10:00:00Z,2026-01-31T10:00:01Z,ok\n", 3, "not a name"),
        ("orders,12,2026-01-31T10:00:01Z,ok\n", 3, "since 1970"),
        ('"or\nders",2026-01-31T10:00:00Z,2026-01-31T10:00:01Z,ok\n', 3, "not a name"),
        (b"\xff\xfe,2026-01-31T10:00:00Z,2026-01-31T10:00:01Z,ok\n", 3, "UTF-8"),
        ("\n\norders,x,2026-01-31T10:00:01Z,ok\n", 5, "not a time"),
        ("orders,1899-01-01,1900-01-01,ok\n", 3, "1970"),
    ],
)
def test_a_bad_row_is_told_by_its_line_and_the_others_come_in(
    run: Run, door: Door, write: Write, bad: str | bytes, line: int, word: str
) -> None:
    middle = bad.encode() if isinstance(bad, str) else bad
    file = write("a.csv", (HEAD + GOOD).encode() + middle + NEXT.encode())
    result = run("import", "history", file)
    assert result.exit_code == 1
    assert result.stdout.split()[0] == str(line)
    assert word in result.stdout
    assert "2 imported, 0 there already, 1 refused, of 3 rows" in result.stderr
    assert len(rows(door)) == 2


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.csv", "", "no columns"),
        ("a.csv", "job,job,end,status\n", "twice"),
        ("a.csv", "job,status\nx,ok\n", "when it ended"),
        ("a.csv", "colour\nred\n", "names the job"),
        ("a.parquet", b"PAR1 not really", "not Parquet"),
        ("a.parquet", b"", "not Parquet"),
        ("a.jsonl", "", "no columns"),
        ("a.jsonl", "[1, 2]\n", "no columns"),
        ("a.xlsx", b"PK", "does not tell its form"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(
    run: Run, door: Door, write: Write, name: str, data: str | bytes, word: str
) -> None:
    result = run("import", "history", write(name, data))
    assert result.exit_code == 2
    assert word in result.stderr
    assert rows(door) == []


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--map", "end"], "COLUMN=FIELD"),
        (["--map", "nope=status"], "no column"),
        (["--map", "end=when"], "no field"),
        (["--timezone", "Mars"], "not a zone"),
        (["--format", "excel"], "no form"),
    ],
)
def test_wrong_options_are_wrong_usage(
    run: Run, door: Door, write: Write, options: list[str], word: str
) -> None:
    result = run("import", "history", write("a.csv", HEAD + GOOD), *options)
    assert result.exit_code == 2
    assert word in result.stderr


def test_a_file_that_is_not_there_and_a_bad_label(run: Run, write: Write) -> None:
    assert run("import", "history", "/nowhere/a.csv").exit_code == 2
    result = run("import", "history", write("a.csv", HEAD + GOOD), "--label", "a b")
    assert result.exit_code == 1
    assert "label" in result.stderr


@pytest.mark.parametrize(
    "bad", ["{", "7", '"x"', "[]", '{"job": {"a": 1}, "end": [], "status": 1}']
)
def test_a_bad_json_line_is_told_by_its_number(
    run: Run, door: Door, write: Write, bad: str
) -> None:
    good = json.dumps({"job": "a", "end": 1769850000, "status": "ok"})
    report = reported(run, write("a.jsonl", f"{good}\n{bad}\n\n"))
    assert (report["imported"], report["refused"]) == (1, 1)
    assert {fault["line"] for fault in report["refusals"]} == {2}


def test_a_damaged_parquet_file_brings_what_can_be_read(run: Run, door: Door, write: Write) -> None:
    sink = io.BytesIO()
    table = pa.table(
        {"job": ["a"] * 9, "end": list(range(1769850000, 1769850009)), "status": ["ok"] * 9}
    )
    pq.write_table(table, sink, compression="gzip")
    data = bytearray(sink.getvalue())
    data[10:60] = b"\x00" * 50
    report = reported(run, write("a.parquet", bytes(data)))
    assert report["imported"] == 0
    assert report["refused"] == 1
    assert "damaged" in report["refusals"][0]["reason"]
