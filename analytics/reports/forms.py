"""The forms of a report: media type, file name, and the renderer of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from analytics.reports.document import Report
from analytics.reports.renderers.html import html
from analytics.reports.renderers.tables import csv, parquet, zipped
from engine.core.errors import InvalidDocument, Problem


class Rendered(NamedTuple):
    """The bytes of a report, with what a browser wants to know of them."""

    data: bytes
    media: str
    suffix: str


class Form(NamedTuple):
    """A form that is a whole report."""

    media: str
    render: Callable[[Report], bytes]


def _pdf(report: Report) -> bytes:
    from analytics.reports.renderers.pdf import pdf  # most of what a report imports

    return pdf(report)


def _xlsx(report: Report) -> bytes:
    from analytics.reports.renderers.sheets import xlsx  # as above

    return xlsx(report)


ZIP: Final = "application/zip"
WHOLE: Final = {
    "json": Form("application/json", msgspec.json.encode),
    "html": Form("text/html", html),
    "pdf": Form("application/pdf", _pdf),
    "xlsx": Form("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
}
TABLES: Final = {
    "csv": ("text/csv", csv),
    "parquet": ("application/vnd.apache.parquet", parquet),
}


def render(report: Report, form: str, table: str | None = None) -> Rendered:
    """A report in one of the forms; CSV and Parquet are one table, or a zip of all of them.

    Raises:
        InvalidDocument: there is no such table in the report.
    """
    if form in WHOLE:
        whole = WHOLE[form]
        return Rendered(whole.render(report), whole.media, form)
    media, write = TABLES[form]
    tables = {one.name: one for one in report.tables()}
    if table is None:
        return Rendered(zipped(report, form, write), ZIP, f"{form}.zip")
    if table not in tables:
        reason = f"{table[:60]!r} is no table of this report"
        raise InvalidDocument([Problem("table", reason, "one of " + ", ".join(tables))])
    return Rendered(write(tables[table]), media, form)
