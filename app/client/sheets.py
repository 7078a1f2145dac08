"""Files of rows: CSV, Parquet and JSON lines, read line by line, each line with its number.

What a line says is not judged here; a line that cannot be read is told and does not end the file.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.errors import InvalidDocument, Problem

FORMS: Final = ("csv", "parquet", "jsonl")
SAMPLE_LINES: Final = 200
_ENDINGS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_DELIMITERS: Final = ",;\t|"
_CELL_MAX: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its values by column, or why it could not be read.

    `number` counts the lines of a text from 1, its heading included, and the rows of Parquet.
    """

    number: int
    values: dict[str, Any]
    fault: Problem | None = None


class Sheet:
    """An open file of rows; `lines` may be walked several times.

    Args:
        file: seekable, open for reading bytes.
        form: csv, parquet or jsonl.

    Raises:
        InvalidDocument: it is no such file, or has no columns.
    """

    def __init__(self, file: BinaryIO, form: str):
        self._file = file
        self.form = form
        self.columns = self._columns()
        if not self.columns:
            raise InvalidDocument([Problem("file", "has no columns", "a heading and rows")])

    def lines(self) -> Iterator[Line]:
        """Every row, from the first."""
        self._file.seek(0)
        if self.form == "parquet":
            yield from self._parquet_lines()
        elif self.form == "jsonl":
            yield from self._json_lines()
        else:
            yield from self._csv_lines()

    def _columns(self) -> list[str]:
        self._file.seek(0)
        if self.form == "parquet":
            return [str(name) for name in self._parquet().schema_arrow.names]
        if self.form == "jsonl":
            names: dict[str, None] = {}
            for count, line in enumerate(self._json_lines()):
                names.update(dict.fromkeys(line.values))
                if count >= SAMPLE_LINES:
                    break
            return list(names)
        heading: list[str] = next(self._csv(), [])
        names_seen = [name.strip() for name in heading]
        twice = sorted({name for name in names_seen if names_seen.count(name) > 1})
        if twice:
            reason = f"the column {twice[0]!r} stands there twice"
            raise InvalidDocument([Problem("file", reason, "give each column a name of its own")])
        return names_seen

    # ---- CSV -------------------------------------------------------------------------------------

    def _csv(self) -> Any:
        self._file.seek(0)
        delimiter = max(_DELIMITERS, key=next(self._texts(), "").count)
        self._file.seek(0)
        csv.field_size_limit(_CELL_MAX)
        return csv.reader(self._texts(), delimiter=delimiter)

    def _texts(self) -> Iterator[str]:
        for raw in self._file:
            yield raw.decode("utf-8", "surrogateescape").removeprefix("\ufeff")

    def _csv_lines(self) -> Iterator[Line]:
        reader = self._csv()
        next(reader, None)
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(number, {}, Problem("", f"is not CSV: {error}", "quote the cell"))
                continue
            if cells:
                yield self._csv_line(number, cells)

    def _csv_line(self, number: int, cells: list[str]) -> Line:
        if len(cells) != len(self.columns):
            reason = f"has {len(cells)} cells where the heading has {len(self.columns)}"
            return Line(number, {}, Problem("", reason, "quote cells that hold the delimiter"))
        if any(not _is_text(cell) for cell in cells):
            return Line(number, {}, Problem("", "is not UTF-8", "save the file as UTF-8"))
        return Line(number, dict(zip(self.columns, cells, strict=True)))

    # ---- JSON lines ------------------------------------------------------------------------------

    def _json_lines(self) -> Iterator[Line]:
        for number, raw in enumerate(self._file, 1):
            if not raw.strip():
                continue
            try:
                value = json.loads(raw)
            except (ValueError, RecursionError) as error:
                reason = f"is not JSON: {error}"
                yield Line(number, {}, Problem("", reason, "one object a line"))
                continue
            if isinstance(value, dict):
                yield Line(number, value)
            else:
                yield Line(number, {}, Problem("", "is not an object", "one object a line"))

    # ---- Parquet ---------------------------------------------------------------------------------

    def _parquet(self) -> Any:
        try:
            return pq.ParquetFile(self._file)
        except (pa.ArrowException, OSError) as error:
            reason = f"is not Parquet: {str(error).splitlines()[0]}"
            raise InvalidDocument([Problem("file", reason, "name its form by --format")]) from None

    def _parquet_lines(self) -> Iterator[Line]:
        number = 0
        try:
            for batch in self._parquet().iter_batches(batch_size=2_000):
                for values in batch.to_pylist():
                    number += 1
                    yield Line(number, values)
        except (pa.ArrowException, OSError) as error:
            reason = f"the file is damaged from here on: {str(error).splitlines()[0]}"
            yield Line(number + 1, {}, Problem("", reason, "write the file again"))


def form_named(form: str) -> str:
    """The form, if it is one.

    Raises:
        InvalidDocument: it is none.
    """
    if form not in FORMS:
        problem = Problem("format", f"{form!r} is no form", "one of " + ", ".join(FORMS))
        raise InvalidDocument([problem])
    return form


def form_of(name: str) -> str:
    """The form that a file's name tells.

    Raises:
        InvalidDocument: it tells none.

    >>> form_of("runs.ndjson")
    'jsonl'
    """
    form = _ENDINGS.get(PurePath(name).suffix.lower())
    if form is None:
        hint = "name it by --format csv, parquet or jsonl"
        raise InvalidDocument([Problem("file", f"the name {name!r} does not tell its form", hint)])
    return form


def _is_text(cell: str) -> bool:
    return cell.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in cell)
