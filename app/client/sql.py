"""Ad hoc SQL, and saved queries."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from app.client.transport import Json, Transport

MEDIA: Final = {
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}
QUERIES: Final = "/api/v1/queries"


class RowsAsBytes(NamedTuple):
    """An answer as a file, and whether there were more rows than it may hold."""

    data: bytes
    truncated: bool


class SqlCalls(Transport):
    """Ad hoc SQL, and saved queries."""

    def sql(self, sql: str, limit: int = 1000, **how: Any) -> Json:
        """Read-only SQL over the history: columns, rows, truncated, elapsed_ms, as_of, plan.

        Args:
            sql: one SELECT; `$name` in it is a parameter.
            limit: rows at most.
            how: `parameters`, `id` (to cancel it by), `explain`, `analyze`.
        """
        return self._write("POST", "/api/v1/sql", {"sql": sql, "limit": limit, **how})

    def sql_bytes(self, sql: str, limit: int, form: str, **how: Any) -> RowsAsBytes:
        """The answer of a query as csv, arrow or parquet; `how`: `parameters` and `id`."""
        headers = {"Accept": MEDIA[form]}
        body = {"sql": sql, "limit": limit, **how}
        answer = self._call("POST", "/api/v1/sql", json=body, headers=headers)
        return RowsAsBytes(answer.content, answer.headers.get("X-Chronos-Truncated") == "true")

    def sql_schema(self, *, facts: bool = False) -> Json:
        """Tables and columns that SQL may ask for; with `facts` also what stands in them."""
        return self._get("/api/v1/sql/schema", {"facts": "true"} if facts else None)

    def sql_running(self) -> Json:
        """The queries that the node is answering."""
        return self._get("/api/v1/sql/running")

    def cancel_sql(self, query_id: str) -> Json:
        """Kill a running query."""
        return self._write("DELETE", f"/api/v1/sql/{query_id}")

    def saved_queries(self, q: str | None = None) -> Json:
        """Saved queries: the cluster's own, then the built-in ones."""
        return self._get(QUERIES, {"q": q})

    def saved_query(self, name: str) -> Json:
        """One saved query."""
        return self._get(f"{QUERIES}/{name}")

    def create_query(self, document: Json, *, idempotency_key: str | None = None) -> Json:
        """Save a new query."""
        return self._write("POST", QUERIES, document, key=idempotency_key)

    def update_query(self, document: Json, *, idempotency_key: str | None = None) -> Json:
        """Edit a saved query; `version` in the document is the one that was read."""
        path = f"{QUERIES}/{document['name']}"
        return self._write("PUT", path, document, key=idempotency_key)

    def delete_query(self, name: str, *, idempotency_key: str | None = None) -> Json:
        """Delete a saved query."""
        return self._write("DELETE", f"{QUERIES}/{name}", key=idempotency_key)

    def run_query(self, name: str, limit: int = 1000, **how: Any) -> Json:
        """Run a saved query; `how` as in `sql`."""
        return self._write("POST", f"{QUERIES}/{name}/run", {"limit": limit, **how})
