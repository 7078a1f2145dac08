"""Reports over the history."""

from __future__ import annotations

from typing import Any, Final

from app.client.transport import Json, Transport

PATIENCE_S: Final = 70.0
"""A node gives a report a minute."""


class ReportCalls(Transport):
    """Reports over the history.

    Parameters are those of the contract: `from`, `to`, `zone`, `namespace`, `tag`, `job`, `slo`,
    and for CSV and Parquet `table`.
    """

    def reports(self) -> Json:
        """The kinds, the formats and the parameters."""
        return self._get("/api/v1/reports")

    def written_reports(self, job: str | None = None, limit: int = 20) -> Json:
        """The reports that jobs wrote, newest first."""
        return self._get("/api/v1/reports/written", {"job": job, "limit": limit})

    def report(self, kind: str, params: Json) -> Json:
        """One report as its document."""
        data: Json = self._written(f"/api/v1/reports/{kind}", params, "json").json()["data"]
        return data

    def report_bytes(self, kind: str, params: Json, form: str) -> bytes:
        """One report as html, pdf or xlsx, or its tables as a zip of csv or parquet."""
        content: bytes = self._written(f"/api/v1/reports/{kind}", params, form).content
        return content

    def written_report(self, execution_id: str, form: str, table: str | None = None) -> bytes:
        """The report that an execution wrote, in a form; JSON is the answer's whole body."""
        path = f"/api/v1/executions/{execution_id}/report"
        content: bytes = self._written(path, {"table": table}, form).content
        return content

    def _written(self, path: str, params: Json, form: str) -> Any:
        given = {name: value for name, value in params.items() if value not in (None, "")}
        return self._call("GET", path, params={**given, "format": form}, timeout=PATIENCE_S)
