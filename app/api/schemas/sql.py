"""Ad hoc SQL, and saved queries."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.envelope import Shape


class SqlQuestion(Shape):
    """Read-only SQL; `limit` rows at most. `parameters` gives each `$name` a value."""

    sql: str
    limit: int = 1000
    parameters: dict[str, Any] = Field({})
    id: str = ""
    explain: bool = False
    analyze: bool = False


class SqlRows(Shape):
    """The rows of an answer, as of `as_of`; or the plan, where that was asked."""

    id: str
    columns: list[dict[str, str]]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    elapsed_ms: float
    as_of: str | None
    plan: dict[str, Any] | None = None


class SqlSchema(Shape):
    """The tables that SQL can rely on; with `facts` also what stands in them."""

    tables: list[dict[str, Any]]


class SqlRunning(Shape):
    """The queries that a node is answering."""

    queries: list[dict[str, Any]]
    total: int


class SqlCancelled(Shape):
    """A query whose process was killed."""

    id: str
    cancelled: bool


class QueryParameter(Shape):
    """What may stand for a `$name`; without a default it must be given."""

    name: str
    type: Literal["text", "integer", "double", "boolean", "timestamp", "date"]
    default: Any = None
    description: str = ""


class QueryChart(Shape):
    """How an answer is drawn, columns by name."""

    kind: Literal["", "line", "bar", "point", "area"] = ""
    x: str = ""
    y: str = ""
    color: str = ""


class QueryRequest(Shape):
    """A query to keep."""

    name: str
    sql: str
    title: str = ""
    description: str = ""
    namespace: str = "default"
    parameters: list[QueryParameter] = Field([])
    chart: QueryChart | None = None


class Query(QueryRequest):
    """A saved query; `version` counts its edits from 1 and is 0 of a built-in one."""

    owner: str
    version: int
    updated_at: str | None
    updated_by: str
    built_in: bool


class Queries(Shape):
    """Saved queries: the cluster's own, then the built-in ones."""

    queries: list[Query]
    total: int


class QueryRun(Shape):
    """How to run a saved query."""

    limit: int = 1000
    parameters: dict[str, Any] = Field({})
    id: str = ""
    explain: bool = False
    analyze: bool = False


class QueryDeleted(Shape):
    """A saved query that is gone."""

    name: str
    deleted: bool
