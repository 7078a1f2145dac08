"""What stands in the published tables: rows, the time they span, samples of each column."""

from __future__ import annotations

from typing import Any, Final

from engine.core.errors import InvalidDocument
from engine.history.sandbox import SqlSandbox
from engine.model.job import Document

SAMPLED_ROWS: Final = 200
SAMPLES: Final = 3
SAMPLE_LENGTH_MAX: Final = 60
TIMES: Final = ("scheduled_time", "completed_at", "happened_at", "recorded_at", "created_at")
"""The column whose least and greatest value are a table's span: the first that it has."""

UNCOUNTED: Final = frozenset({"steps"})
"""A view that unfolds every trace: counting it would read them all."""


def facts_of(sandbox: SqlSandbox, tables: list[Document]) -> list[Document]:
    """The tables with `rows`, `first_at`, `last_at`, and `samples` of each column."""
    return [_with_facts(sandbox, table) for table in tables]


def _with_facts(sandbox: SqlSandbox, table: Document) -> Document:
    names = [column["name"] for column in table["columns"]]
    counted = _count(sandbox, table["name"], names)
    samples = _samples(sandbox, table["name"])
    columns = [
        {**column, "samples": samples.get(column["name"], [])} for column in table["columns"]
    ]
    return {**table, **counted, "columns": columns}


def _count(sandbox: SqlSandbox, table: str, names: list[str]) -> Document:
    if table in UNCOUNTED:
        return {"rows": None, "first_at": None, "last_at": None}
    time = next((name for name in TIMES if name in names), None)
    span = f"min({time}), max({time})" if time else "NULL, NULL"
    (row,) = _rows(sandbox, f"SELECT count(*), {span} FROM {table}", 1) or [[None, None, None]]  # noqa: S608  # our own names
    return dict(zip(("rows", "first_at", "last_at"), row, strict=True))


def _samples(sandbox: SqlSandbox, table: str) -> dict[str, list[str]]:
    try:
        found = sandbox.query(f"SELECT * FROM {table} LIMIT {SAMPLED_ROWS}", SAMPLED_ROWS)  # noqa: S608  # our own names
    except InvalidDocument:
        return {}
    columns: list[Any] = list(zip(*(found.rows or []), strict=True))
    return {
        column["name"]: _some(values)
        for column, values in zip(found.columns, columns, strict=False)
    }


def _some(values: tuple[Any, ...]) -> list[str]:
    texts = (str(value)[:SAMPLE_LENGTH_MAX] for value in values if value not in (None, ""))
    return list(dict.fromkeys(texts))[:SAMPLES]


def _rows(sandbox: SqlSandbox, sql: str, limit: int) -> list[list[Any]]:
    """The rows, or none where it took too long: the browser of tables is no reason to fail."""
    try:
        return sandbox.query(sql, limit).rows or []
    except InvalidDocument:
        return []
