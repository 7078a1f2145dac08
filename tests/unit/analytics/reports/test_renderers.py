"""Every form of a report holds the same, and text of others stays text."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import openpyxl
import pyarrow.parquet as pq
import pypdf
import pytest

from analytics.reports.asked import FORMS
from analytics.reports.document import Chart, Column, Figure, Report, Section, table
from analytics.reports.forms import TABLES, WHOLE, render
from engine.core.errors import InvalidDocument

HOSTILE = '=cmd|"/c calc"!A1<script>alert(1)</script>'
COLUMNS = (Column("job", "Job", "text"), Column("runs", "Runs"), Column("share", "Share", "share"))


@pytest.fixture
def report() -> Report:
    rows = [(HOSTILE, 12_345, 0.9912), ("data/nächtlich", 7, None)]
    chart = Chart(
        title="Runs by day",
        shape="bars",
        unit="count",
        labels=("2026-11-01", "2026-11-02"),
        series={"succeeded": (10.0, 0.0), "failed": (1.0, None)},
        tones=("calm", "bad"),
    )
    return Report(
        kind="weekly",
        title="Weekly operations",
        summary=f"12,345 runs; {HOSTILE}",
        since="2026-11-01T00:00:00Z",
        until="2026-11-08T00:00:00Z",
        zone="Europe/Berlin",
        upto=42,
        filters={"namespace": HOSTILE},
        figures=(Figure(title="Runs", value=12_345, unit="count", note="more than before"),),
        sections=(
            Section(
                title="Jobs",
                prose=("All listed.",),
                charts=(chart,),
                tables=(table("jobs", "Jobs", COLUMNS, rows), table("none", "None", COLUMNS, [])),
            ),
        ),
    )


def test_every_form_that_is_named_can_be_rendered(report: Report) -> None:
    assert set(FORMS) == {*WHOLE, *TABLES}
    assert all(render(report, form).data for form in FORMS)


def test_html_loads_nothing_and_runs_nothing(report: Report) -> None:
    text = render(report, "html").data.decode()
    assert "default-src 'none'" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r'(?:src|href)="', text)
    assert "12,345" in text
    assert "99.12 %" in text


def test_pdf_holds_the_words_and_the_numbers(report: Report) -> None:
    pages = pypdf.PdfReader(io.BytesIO(render(report, "pdf").data)).pages
    text = "\n".join(page.extract_text() for page in pages)
    assert "Weekly operations" in text
    assert "12,345" in text
    assert "nächtlich" in text


def test_a_workbook_holds_numbers_as_numbers_and_text_as_text(report: Report) -> None:
    book = openpyxl.load_workbook(io.BytesIO(render(report, "xlsx").data))
    assert book.sheetnames == ["summary", "jobs", "none"]
    cells = [[cell.value for cell in row] for row in book["jobs"].iter_rows()]
    assert cells == [
        ["Job", "Runs", "Share"],
        [HOSTILE, 12_345, 0.9912],
        ["data/nächtlich", 7, None],
    ]
    assert book["jobs"]["A2"].data_type == "s"


def test_csv_is_a_file_a_table_that_no_spreadsheet_runs(report: Report) -> None:
    archive = zipfile.ZipFile(io.BytesIO(render(report, "csv").data))
    assert archive.namelist() == ["jobs.csv", "none.csv"]
    rows = list(csv.reader(io.StringIO(archive.read("jobs.csv").decode())))
    assert rows[0] == ["job", "runs", "share"]
    assert rows[1] == ["'" + HOSTILE, "12345", "0.9912"]
    assert render(report, "csv", "none").data.decode().strip() == "job,runs,share"


def test_parquet_keeps_types(report: Report) -> None:
    found = pq.read_table(io.BytesIO(render(report, "parquet", "jobs").data))
    assert found.to_pylist()[1] == {"job": "data/nächtlich", "runs": 7, "share": None}


def test_a_table_that_is_none_is_refused_by_name(report: Report) -> None:
    with pytest.raises(InvalidDocument, match=r"table.*one of jobs, none"):
        render(report, "csv", "job")


@pytest.mark.parametrize("form", [form for form in FORMS if form != "xlsx"])
def test_equal_reports_give_equal_bytes(report: Report, form: str) -> None:
    assert render(report, form).data == render(report, form).data
