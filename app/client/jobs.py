"""Jobs, their versions and their fire times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.client.transport import Json, Transport


class JobCalls(Transport):
    """Jobs, their versions and their fire times."""

    def jobs(self, **filters: Any) -> Json:
        """A page of jobs: `{jobs, total, next_cursor}`; filters as in the contract."""
        return self._get("/api/v1/jobs", filters)

    def job(self, ref: str) -> Json:
        """A job by id or namespace/name."""
        return self._get(f"/api/v1/jobs/{ref}")

    def create_job(
        self, document: Json, *, dry_run: bool = False, idempotency_key: str | None = None
    ) -> Json:
        """Create a job, or with `dry_run` only check it and see what it would be."""
        params = {"dry_run": "true"} if dry_run else {}
        return self._write("POST", "/api/v1/jobs", document, params, key=idempotency_key)

    def create_jobs(self, documents: list[Json], *, idempotency_key: str | None = None) -> Json:
        """Create all of these jobs or none: `{created, ids}`."""
        body = {"jobs": documents}
        return self._write("POST", "/api/v1/jobs/batch", body, key=idempotency_key)

    def update_job(
        self,
        ref: str,
        document: Json,
        *,
        if_match: str | None = None,
        comment: str = "",
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Json:
        """Replace a job by a new version; refused when `if_match` is not the current one.

        A dry run answers with the present version if nothing would change.
        """
        headers = {"If-Match": if_match} if if_match else {}
        params = {"comment": comment} if comment else {}
        if dry_run:
            params["dry_run"] = "true"
        path = f"/api/v1/jobs/{ref}"
        return self._write("PUT", path, document, params, key=idempotency_key, headers=headers)

    def delete_job(self, ref: str, *, idempotency_key: str | None = None) -> Json:
        """Delete a job; its history stays."""
        return self._write("DELETE", f"/api/v1/jobs/{ref}", key=idempotency_key)

    def enable_job(self, ref: str, *, idempotency_key: str | None = None) -> Json:
        """Let a job fire."""
        return self._write("POST", f"/api/v1/jobs/{ref}/enable", key=idempotency_key)

    def disable_job(self, ref: str, *, idempotency_key: str | None = None) -> Json:
        """Stop a job from firing."""
        return self._write("POST", f"/api/v1/jobs/{ref}/disable", key=idempotency_key)

    def trigger_job(
        self, ref: str, *, wait: str | None = None, idempotency_key: str | None = None
    ) -> Json:
        """Run a job now; with `wait` ("30s") answer when it ended."""
        params = {"wait": wait} if wait else {}
        path = f"/api/v1/jobs/{ref}/trigger"
        return self._write("POST", path, None, params, key=idempotency_key)

    def job_executions(self, ref: str, limit: int = 20, cursor: str | None = None) -> Json:
        """A job's executions, newest first: `{executions, total, next_cursor}`."""
        return self._get(f"/api/v1/jobs/{ref}/executions", {"limit": limit, "cursor": cursor})

    def job_versions(self, ref: str) -> Json:
        """A job's versions, newest first: `{versions, total}`."""
        return self._get(f"/api/v1/jobs/{ref}/versions")

    def job_version(self, ref: str, number: int) -> Json:
        """One version of a job."""
        return self._get(f"/api/v1/jobs/{ref}/versions/{number}")

    def rollback_job(self, ref: str, number: int, *, idempotency_key: str | None = None) -> Json:
        """Make an earlier version the newest."""
        return self._write("POST", f"/api/v1/jobs/{ref}/rollback/{number}", key=idempotency_key)

    def job_next(self, ref: str, count: int = 10) -> Json:
        """A job's coming fire times."""
        return self._get(f"/api/v1/jobs/{ref}/next", {"count": count})

    def job_why(self, ref: str, at: str = "") -> Json:
        """Why a job ran at a moment (RFC 3339; else its latest fire time), or did not."""
        return self._get(f"/api/v1/jobs/{ref}/why", {"at": at} if at else {})

    def pauses(self, *, past: bool = False) -> Json:
        """The pauses that hold or are planned; with `past` those that are over, too."""
        return self._get("/api/v1/pauses", {"past": "true"} if past else {})

    def pause_jobs(self, pause: Json, *, idempotency_key: str | None = None) -> Json:
        """Hold back jobs: `scope`, and perhaps `from`, `until` or `for`, and `note`."""
        return self._write("POST", "/api/v1/pauses", pause, key=idempotency_key)

    def resume_jobs(self, identity: str, *, idempotency_key: str | None = None) -> Json:
        """End a pause."""
        return self._write("DELETE", f"/api/v1/pauses/{identity}", key=idempotency_key)

    def start_backfill(
        self,
        ref: str,
        request: Json,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Json:
        """Run past fire times: `from`, `until`, `which`, `parallel`, `note`."""
        params = {"dry_run": "true"} if dry_run else {}
        path = f"/api/v1/jobs/{ref}/backfill"
        return self._write("POST", path, request, params, key=idempotency_key)

    def backfills(self, job: str = "") -> Json:
        """Backfills, the newest first."""
        return self._get("/api/v1/backfills", {"job": job} if job else {})

    def backfill(self, identity: str) -> Json:
        """How far a backfill is."""
        return self._get(f"/api/v1/backfills/{identity}")

    def cancel_backfill(self, identity: str, *, idempotency_key: str | None = None) -> Json:
        """Begin no more of a backfill."""
        return self._write("DELETE", f"/api/v1/backfills/{identity}", key=idempotency_key)

    def missed(self, since: str = "", job: str = "") -> Json:
        """Fire times that nobody could decide in time, as stretches, the newest first."""
        params = {"since": since, "job": job}
        return self._get("/api/v1/missed", {name: text for name, text in params.items() if text})

    def job_stats(self, ref: str, window: str = "24h") -> Json:
        """A job's counts, quantiles and latest durations within `window`."""
        return self._get(f"/api/v1/jobs/{ref}/stats", {"window": window})

    def job_statistics(self, ref: str) -> Json:
        """What all scheduled runs of a job came to, by hour of its week, and its trend."""
        return self._get(f"/api/v1/jobs/{ref}/statistics")

    def preview_schedule(
        self, timing: Mapping[str, str | None], count: int = 10, job: str = ""
    ) -> Json:
        """A timing in words, with its next fire times.

        Args:
            timing: fields of a job's document, from `schedule` to `window_start`.
            count: how many fire times.
            job: whose timing it would be; then the answer tells what the edit changes.
        """
        written = {name: text for name, text in timing.items() if text}
        params = {"schedule": "", **written, "count": count, "job": job}
        return self._get("/api/v1/schedules/preview", params)

    def load_demo(self, history: str | None = None) -> Json:
        """Create the labelled demo jobs; with `history`, such as "90d", a synthetic past too."""
        params = {"history": history} if history else {}
        return self._write("POST", "/api/v1/demo", params=params)

    def clear_demo(self, *, idempotency_key: str | None = None) -> Json:
        """Delete the demo jobs: `{deleted}`."""
        return self._write("DELETE", "/api/v1/demo", key=idempotency_key)
