"""What every report becomes: one typed document that renderers draw and programs read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

Cell: TypeAlias = str | int | float | None
Unit: TypeAlias = Literal["text", "count", "share", "ms", "number"]
"""`share` is a part of one; `ms` milliseconds; `number` any other quantity."""


class Column(msgspec.Struct, frozen=True):
    """A column of a table: its key for programs, its title for people."""

    name: str
    title: str
    unit: Unit = "count"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under columns; every row has as many cells as there are columns."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Series over labels; bars stand on one another, lines do not."""

    title: str
    shape: Literal["bars", "line"]
    unit: Unit
    labels: tuple[str, ...]
    series: dict[str, tuple[float | None, ...]]
    tones: tuple[Literal["calm", "bad", "good"], ...]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number that leads the report; `note` compares it or explains it."""

    title: str
    value: Cell
    unit: Unit
    note: str = ""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A heading with prose, charts and tables."""

    title: str
    prose: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A whole report; times are on the clock of `zone`, `since` and `until` RFC 3339 in UTC.

    `upto` is the newest entry of the log that is in it: asked for it again, it is the same report.
    """

    kind: str
    title: str
    summary: str
    since: str
    until: str
    zone: str
    upto: int | None
    filters: dict[str, str]
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]

    def tables(self) -> tuple[Table, ...]:
        """All tables, in their order."""
        return tuple(table for section in self.sections for table in section.tables)


def table(
    name: str,
    title: str,
    columns: tuple[Column, ...],
    rows: Sequence[tuple[Cell, ...]],
) -> Table:
    """A table of rows that may be tuples of a database."""
    return Table(name=name, title=title, columns=columns, rows=tuple(tuple(row) for row in rows))
