"""A typed client of the REST API, for chronosctl, the console and people's own scripts.

Every method returns the `data` of the envelope as plain values. Reads are tried again once when the
connection breaks; writes are not, unless they carry an idempotency key.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import quote

import httpx

from app.client.errors import ApiError, Unreachable

Json = dict[str, Any]
TIMEOUT_S: Final = 30.0
TRIES: Final = 2
SILENCE_S: Final = 30.0
"""A stream of events that is silent for so long is broken: the node sends a sign of life."""
RECONNECT_S: Final = 1.0
RECONNECTS: Final = 30
MEDIA: Final = {
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.stream",
    "parquet": "application/vnd.apache.parquet",
}


class Client:
    """One node's REST API.

    Args:
        url: base URL, e.g. `http://127.0.0.1:8080`.
        api_key: sent as a bearer token where the node asks for one.
        timeout_s: seconds that one call may take.

    Every method raises `ApiError` when the node refuses and `Unreachable` when none answers.
    """

    def __init__(self, url: str, api_key: str | None = None, *, timeout_s: float = TIMEOUT_S):
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=timeout_s)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # ---- jobs -----------------------------------------------------------------------------------

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

    def job_stats(self, ref: str, window: str = "24h") -> Json:
        """A job's counts, quantiles and latest durations within `window`."""
        return self._get(f"/api/v1/jobs/{ref}/stats", {"window": window})

    def preview_schedule(self, schedule: str, timezone: str = "UTC", count: int = 10) -> Json:
        """A schedule in words, with its next fire times."""
        params = {"schedule": schedule, "timezone": timezone, "count": count}
        return self._get("/api/v1/schedules/preview", params)

    # ---- executions -----------------------------------------------------------------------------

    def executions(self, **filters: Any) -> Json:
        """A page of executions, newest first: `{executions, total, next_cursor}`."""
        return self._get("/api/v1/executions", filters)

    def execution(self, execution_id: str) -> Json:
        """An execution with its attempts and steps."""
        return self._get(f"/api/v1/executions/{execution_id}")

    def replay_execution(
        self, job_ref: str, execution_id: str, *, idempotency_key: str | None = None
    ) -> Json:
        """Run an execution's job again, noted as its replay."""
        path = f"/api/v1/jobs/{job_ref}/executions/{execution_id}/replay"
        return self._write("POST", path, key=idempotency_key)

    def cancel_execution(self, execution_id: str, *, idempotency_key: str | None = None) -> Json:
        """End an open execution."""
        path = f"/api/v1/executions/{execution_id}/cancel"
        return self._write("POST", path, key=idempotency_key)

    def replay(self, execution_id: str) -> Json:
        """An execution as one line of steps: `{execution, attempts, steps, total}`."""
        return self._get(f"/api/v1/executions/{execution_id}/replay")

    def evaluate_replay(self, **question: Any) -> Json:
        """Where a walk stands after a move; the session is `execution_id` or `session`."""
        return self._write("POST", "/api/v1/replay/evaluate", question)

    def compare_executions(self, execution_id: str, other: str) -> Json:
        """Two executions side by side: `{left, right, rows, first_difference, differing}`."""
        return self._get(f"/api/v1/executions/{execution_id}/compare/{other}")

    def export_replay(
        self,
        execution_id: str,
        form: str,
        *,
        cursor: int = 0,
        breakpoints: list[str] | None = None,
        watches: list[str] | None = None,
    ) -> bytes:
        """A session of an execution as a json or html file."""
        path = f"/api/v1/executions/{execution_id}/replay.{form}"
        params = {"cursor": cursor, "breakpoint": breakpoints or [], "watch": watches or []}
        return self._call("GET", path, params=params).content

    # ---- templates ------------------------------------------------------------------------------

    def templates(self, **filters: Any) -> Json:
        """Templates, best match first: `{templates, total, categories}`."""
        return self._get("/api/v1/templates", filters)

    def template(
        self, ref: str, *, namespace: str | None = None, version: str | None = None
    ) -> Json:
        """A template by category/name, with its variables and versions."""
        params = {"namespace": namespace, "version": version}
        return self._get(f"/api/v1/templates/{ref}", params)

    def template_yaml(
        self, ref: str, *, namespace: str | None = None, version: str | None = None
    ) -> str:
        """A template as YAML, fit to be published."""
        given = {"namespace": namespace, "version": version}
        params = {key: value for key, value in given.items() if value is not None}
        return self._call("GET", f"/api/v1/templates/{ref}/export", params=params).text

    def preview_template(self, ref: str, request: Json) -> Json:
        """The job that `{values, name, namespace}` would make: `{job, words, next, name_taken}`."""
        return self._write("POST", f"/api/v1/templates/{ref}/preview", request)

    def install_template(
        self, ref: str, request: Json, *, idempotency_key: str | None = None
    ) -> Json:
        """Create the job that `{values, name, namespace, enabled}` makes."""
        path = f"/api/v1/templates/{ref}/install"
        return self._write("POST", path, request, key=idempotency_key)

    def template_instances(
        self, *, template: str | None = None, namespace: str | None = None
    ) -> Json:
        """The jobs made from templates: `{instances, total, upgradable}`."""
        params = {"template": template, "namespace": namespace}
        return self._get("/api/v1/templates/instances", params)

    def upgrade_job(
        self,
        ref: str,
        values: Json | None = None,
        *,
        version: str = "",
        resolve: dict[str, str] | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Json:
        """Move a job to another version of its template, or say what that would change."""
        body = {
            "values": values or {},
            "version": version,
            "resolve": resolve or {},
            "dry_run": dry_run,
        }
        path = f"/api/v1/jobs/{ref}/template/upgrade"
        return self._write("POST", path, body, key=idempotency_key)

    def publish_template(
        self,
        text: str,
        *,
        namespace: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
    ) -> Json:
        """Publish a template's YAML as a namespace's own; with `dry_run` only check it."""
        params = {"namespace": namespace} if namespace else {}
        if dry_run:
            params["dry_run"] = "true"
        headers = {"Content-Type": "application/yaml"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        answer = self._call(
            "POST", "/api/v1/templates", content=text.encode(), params=params, headers=headers
        )
        data: Json = answer.json()["data"]
        return data

    def withdraw_template(
        self,
        ref: str,
        *,
        namespace: str = "default",
        version: str | None = None,
        idempotency_key: str | None = None,
    ) -> Json:
        """Withdraw an own template, or one version of it."""
        params = {"namespace": namespace, **({"version": version} if version else {})}
        path = f"/api/v1/templates/{ref}"
        return self._write("DELETE", path, params=params, key=idempotency_key)

    # ---- the whole ------------------------------------------------------------------------------

    def health(self) -> Json:
        """Whether the node can serve."""
        return self._get("/health")

    def cluster_status(self) -> Json:
        """Nodes, leader, log and history."""
        return self._get("/api/v1/cluster/status")

    def transfer(self, to: str | None = None) -> Json:
        """Ask another node to lead."""
        return self._write("POST", "/api/v1/cluster/transfer", {"to": to})

    def overview(self, window: str = "1h") -> Json:
        """What the landing page shows."""
        return self._get("/api/v1/overview", {"window": window})

    def timeline(self, **window: Any) -> Json:
        """A window as lanes of marks; `since`, `until`, `by` and filters as in the contract."""
        return self._get("/api/v1/timeline", window)

    def calendar(self, **year: Any) -> Json:
        """A year by day and by hour of the week; `year`, `zone`, `job_id`, `namespace`."""
        return self._get("/api/v1/calendar", year)

    def recent_events(self, after: str | None = None, **filters: Any) -> Json:
        """The newest events, newest first: `{events, newest, missed}`."""
        return self._get("/api/v1/events/recent", {"after": after, **filters})

    def follow_events(self, after: str | None = None, **filters: Any) -> Iterator[Json]:
        """Events as they happen, for ever; a broken connection goes on where it broke.

        Where some were lost on the way, `{"kind": "gap", "text": ...}` stands in their place.
        """
        params = {key: value for key, value in filters.items() if value is not None}
        failures = 0
        while True:
            headers = {"Last-Event-ID": after} if after else {}
            try:
                with self._http.stream(
                    "GET", "/api/v1/events", params=params, headers=headers, timeout=SILENCE_S
                ) as answer:
                    if not answer.is_success:
                        answer.read()
                        raise self._refusal(answer)
                    for place, event in events_of(answer.iter_lines()):
                        failures = 0
                        after = place or after
                        if event is not None:
                            yield event
            except httpx.HTTPError as error:
                failures += 1
                if failures > RECONNECTS:
                    raise Unreachable(self.url, str(error) or type(error).__name__) from error
            time.sleep(RECONNECT_S)

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

    def findings(self, **filters: Any) -> Json:
        """Findings, the latest first; filters `state`, `job_id`, `limit`."""
        return self._get("/api/v1/findings", filters)

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

    def load_demo(self, history: str | None = None) -> Json:
        """Create the labelled demo jobs; with `history`, such as "90d", a synthetic past too."""
        params = {"history": history} if history else {}
        return self._write("POST", "/api/v1/demo", params=params)

    def clear_demo(self, *, idempotency_key: str | None = None) -> Json:
        """Delete the demo jobs: `{deleted}`."""
        return self._write("DELETE", "/api/v1/demo", key=idempotency_key)

    # ---- inside ---------------------------------------------------------------------------------

    def _get(self, path: str, params: Json | None = None) -> Json:
        given = {key: value for key, value in (params or {}).items() if value is not None}
        data: Json = self._call("GET", path, params=given).json()["data"]
        return data

    def _write(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Json | None = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Json:
        own = dict(headers or {})
        if key:
            own["Idempotency-Key"] = key
        answer = self._call(method, path, json=body, params=params or {}, headers=own)
        data: Json = answer.json()["data"]
        return data

    def _call(self, method: str, path: str, **how: Any) -> httpx.Response:
        safe = method == "GET" or "Idempotency-Key" in how.get("headers", {})
        for left in reversed(range(TRIES if safe else 1)):
            try:
                answer = self._http.request(method, quote(path), **how)
                break
            except httpx.HTTPError as error:
                if not left:
                    raise Unreachable(self.url, str(error) or type(error).__name__) from error
        if answer.is_success:
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: httpx.Response) -> Exception:
        try:
            error = answer.json()["error"]
            return ApiError(
                error["code"], error["message"], error.get("details") or [], answer.status_code
            )
        except (ValueError, KeyError, TypeError):
            return Unreachable(self.url, f"HTTP {answer.status_code} is not an answer of Chronos")


def events_of(lines: Iterable[str]) -> Iterator[tuple[str, Json | None]]:
    """Server-sent events as (id, document); the document is None where only the id moved on.

    >>> list(events_of(["id: 7-0", 'data: {"kind": "ended"}', "", ": nothing new", "id: 9-0", ""]))
    [('7-0', {'kind': 'ended'}), ('9-0', None)]
    """
    name, place, data = "", "", ""
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            place = value
        elif field == "event":
            name = value
        elif field == "data":
            data += value
        elif not line and (place or data):
            document = json.loads(data) if data else None
            yield place, {"kind": name, **document} if document and name else document
            name, place, data = "", "", ""
