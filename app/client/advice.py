"""Recommendations for one job, and the balance of many."""

from __future__ import annotations

from typing import Any

from app.client.transport import Json, Transport


class AdviceCalls(Transport):
    """Recommendations for one job, and the balance of many."""

    def recommendations(self, ref: str) -> Json:
        """What a job's past advises."""
        return self._get(f"/api/v1/jobs/{ref}/recommendations")

    def preview_recommendations(self, ref: str) -> Json:
        """The last 30 days with the suggested schedule."""
        return self._get(f"/api/v1/jobs/{ref}/recommendations/preview")

    def apply_recommendations(
        self,
        ref: str,
        part: str = "all",
        note: str = "",
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Json:
        """Follow the advice in a new version; `part` is all, schedule or retry."""
        return self._write(
            "POST",
            f"/api/v1/jobs/{ref}/recommendations/apply",
            params={"part": part, "note": note},
            key=idempotency_key,
            headers={"If-Match": if_match} if if_match else None,
        )

    def balance(self, *, switched_off: bool = False, namespace: str | None = None) -> Json:
        """Herds of the coming week before and after the moves that windows allow."""
        params = {"switched_off": switched_off, "namespace": namespace}
        return self._get("/api/v1/balance", params)

    def apply_balance(
        self,
        jobs: list[Json] | None = None,
        *,
        switched_off: bool = False,
        namespace: str | None = None,
        idempotency_key: str | None = None,
    ) -> Json:
        """Move all jobs of the plan, or those given as `{"id", "version"}`."""
        body: dict[str, Any] = {
            "jobs": jobs,
            "switched_off": switched_off,
            "namespace": namespace,
        }
        return self._write("POST", "/api/v1/balance/apply", body, key=idempotency_key)

    def undo_balance(self, batch: str, *, idempotency_key: str | None = None) -> Json:
        """Take a batch of moves back."""
        return self._write("POST", "/api/v1/balance/undo", {"batch": batch}, key=idempotency_key)
