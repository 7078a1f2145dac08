"""A report as an Excel workbook: a summary, then a sheet for each table, numbers as numbers."""

from __future__ import annotations

import io
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from analytics.reports.document import Report, Table, Unit
from analytics.reports.wording import shown

FORMATS: Final[dict[Unit, str]] = {
    "text": "@",
    "count": "#,##0",
    "share": "0.00%",
    "ms": "#,##0",
    "number": "#,##0.00",
}
WIDTH_MAX: Final = 60
NAME_MAX: Final = 31
"""Excel allows a sheet's name so many characters."""
SAFE: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def xlsx(report: Report) -> bytes:
    """The workbook; text stays text, whatever it begins with."""
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, SAFE) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        _summary(book, report, bold)
        formats = {unit: book.add_format({"num_format": look}) for unit, look in FORMATS.items()}
        for table in report.tables():
            _sheet(book, table, bold, formats)
    return sink.getvalue()


def _summary(book: Workbook, report: Report, bold: Format) -> None:
    sheet = book.add_worksheet("summary")
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 2, WIDTH_MAX)
    sheet.write_string(0, 0, report.title, bold)
    span = f"{report.since} to {report.until}"
    head = {"Summary": report.summary, "Span (UTC)": span, "Clock": report.zone, **report.filters}
    for place, (name, value) in enumerate(head.items(), 1):
        sheet.write_string(place, 0, name)
        sheet.write_string(place, 1, value)
    for place, figure in enumerate(report.figures, len(head) + 2):
        sheet.write_string(place, 0, figure.title)
        sheet.write_string(place, 1, shown(figure.value, figure.unit))
        sheet.write_string(place, 2, figure.note)


def _sheet(book: Workbook, table: Table, bold: Format, formats: dict[Unit, Format]) -> None:
    sheet = book.add_worksheet(table.name[:NAME_MAX])
    sheet.freeze_panes(1, 0)
    for across, column in enumerate(table.columns):
        title = f"{column.title} (ms)" if column.unit == "ms" else column.title
        sheet.write_string(0, across, title, bold)
        look, longest = formats[column.unit], len(title)
        for down, row in enumerate(table.rows, 1):
            cell = row[across]
            longest = max(longest, len(str(cell)) if isinstance(cell, str) else 10)
            if isinstance(cell, str):
                sheet.write_string(down, across, cell, look)
            elif cell is not None:
                sheet.write_number(down, across, cell, look)
        sheet.set_column(across, across, min(WIDTH_MAX, longest + 2))
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)
