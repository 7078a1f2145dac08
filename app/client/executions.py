"""Executions: what ran, cancelling, running again, imports."""

from __future__ import annotations

from typing import Any

from app.client.transport import Json, Transport


class ExecutionCalls(Transport):
    """Executions: what ran, cancelling, running again, imports."""

    def executions(self, **filters: Any) -> Json:
        """A page of executions, newest first: `{executions, total, next_cursor}`."""
        return self._get("/api/v1/executions", filters)

    def execution(self, execution_id: str) -> Json:
        """An execution with its attempts and steps."""
        return self._get(f"/api/v1/executions/{execution_id}")

    def replay_execution(
        self,
        job_ref: str,
        execution_id: str,
        *,
        change: Json | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Json:
        """Run an execution's job again, noted as its replay; `change` is only for this run."""
        path = f"/api/v1/jobs/{job_ref}/executions/{execution_id}/replay"
        body = None if change is None else {"change": change}
        params = {"dry_run": "true"} if dry_run else {}
        return self._write("POST", path, body, params, key=idempotency_key)

    def cancel_execution(self, execution_id: str, *, idempotency_key: str | None = None) -> Json:
        """End an open execution."""
        path = f"/api/v1/executions/{execution_id}/cancel"
        return self._write("POST", path, key=idempotency_key)

    def import_history(
        self,
        label: str,
        executions: list[Json],
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Json:
        """Take executions that ended elsewhere into the history: counts and refused rows."""
        body = {"label": label, "executions": executions, "dry_run": dry_run}
        return self._write("POST", "/api/v1/history/import", body, key=idempotency_key)
