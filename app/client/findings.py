"""What is unusual about runs."""

from __future__ import annotations

from typing import Any

from app.client.transport import Json, Transport


class FindingCalls(Transport):
    """What is unusual about runs."""

    def findings(self, **filters: Any) -> Json:
        """Findings, the latest first; filters `state`, `job_id`, `limit`."""
        return self._get("/api/v1/findings", filters)

    def finding(self, identity: str) -> Json:
        """One finding."""
        return self._get(f"/api/v1/findings/{identity}")

    def judge_finding(
        self, identity: str, action: str, note: str = "", *, idempotency_key: str | None = None
    ) -> Json:
        """Acknowledge, mute, resolve or reopen a finding."""
        path = f"/api/v1/findings/{identity}/{action}"
        return self._write("POST", path, params={"note": note}, key=idempotency_key)

    def anomalies(self, ref: str, detector: str | None = None, runs: int | None = None) -> Json:
        """A job's latest runs as a detector judges them."""
        params = {"detector": detector, "runs": runs}
        return self._get(f"/api/v1/jobs/{ref}/anomalies", params)
