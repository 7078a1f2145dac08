"""The marketplace."""

from __future__ import annotations

from typing import Any

from app.client.transport import Json, Transport


class TemplateCalls(Transport):
    """The marketplace."""

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
