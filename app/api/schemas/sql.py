"""Ad hoc SQL."""

from __future__ import annotations

from typing import Any

from app.api.schemas.envelope import Shape


class SqlQuestion(Shape):
    """Read-only SQL; `limit` rows at most."""

    sql: str
    limit: int = 1000


class SqlRows(Shape):
    """The rows of an answer, as of `as_of`."""

    columns: list[dict[str, str]]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    elapsed_ms: float
    as_of: str | None


class SqlSchema(Shape):
    """The tables that SQL can rely on."""

    tables: list[dict[str, Any]]
