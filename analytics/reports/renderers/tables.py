"""Tables as CSV and Parquet: values as they are, for programs."""

from __future__ import annotations

import csv as csv_module
import io
import zipfile
from collections.abc import Callable
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from analytics.reports.document import Cell, Report, Table, Unit

FORMULA_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes text that begins so for a formula."""
_TYPES: Final[dict[Unit, pa.DataType]] = {"text": pa.string(), "count": pa.int64()}


def csv(table: Table) -> bytes:
    """RFC 4180 with a header, UTF-8; text that a spreadsheet would run begins with an apostrophe.

    Shares are parts of one, durations milliseconds.
    """
    text = io.StringIO(newline="")
    writer = csv_module.writer(text)
    writer.writerow([column.name for column in table.columns])
    writer.writerows([[harmless(cell) for cell in row] for row in table.rows])
    return text.getvalue().encode()


def harmless(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless(-3), harmless("job")
    ("'=1+1", -3, 'job')
    """
    if isinstance(cell, str) and cell.startswith(FORMULA_BEGINS):
        return "'" + cell
    return cell


def parquet(table: Table) -> bytes:
    """One Parquet file: text, int64 counts, and doubles for all else."""
    arrays = [
        pa.array([row[place] for row in table.rows], _TYPES.get(column.unit, pa.float64()))
        for place, column in enumerate(table.columns)
    ]
    sink = io.BytesIO()
    names = [column.name for column in table.columns]
    pq.write_table(pa.Table.from_arrays(arrays, names), sink)
    return sink.getvalue()


def zipped(report: Report, suffix: str, write: Callable[[Table], bytes]) -> bytes:
    """All tables of a report, a file each; equal reports give equal bytes."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in report.tables():
            entry = zipfile.ZipInfo(f"{table.name}.{suffix}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, write(table))
    return sink.getvalue()
