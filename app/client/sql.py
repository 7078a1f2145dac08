"""Ad hoc SQL."""

from __future__ import annotations

from typing import Final

from app.client.transport import Json, Transport

MEDIA: Final = {
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


class SqlCalls(Transport):
    """Ad hoc SQL."""

    def sql(self, sql: str, limit: int = 1000) -> Json:
        """Read-only SQL over the history: columns, rows, truncated, elapsed_ms, as_of."""
        return self._write("POST", "/api/v1/sql", {"sql": sql, "limit": limit})

    def sql_bytes(self, sql: str, limit: int, form: str) -> bytes:
        """The answer of a query as csv, arrow or parquet."""
        headers = {"Accept": MEDIA[form]}
        body = {"sql": sql, "limit": limit}
        return self._call("POST", "/api/v1/sql", json=body, headers=headers).content

    def sql_schema(self) -> Json:
        """Tables and columns that SQL may ask for."""
        return self._get("/api/v1/sql/schema")
