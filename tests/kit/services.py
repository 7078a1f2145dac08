"""What the services behind the templates accept: one row each, after the documentation of its API.

The rows are written from the services' side and know nothing of the templates. `Peer` is an HTTP
server that answers a request as the service would: its own success code, or 400 and what is wrong.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TEXT = "text/plain"


@dataclass(frozen=True)
class Service:
    """One call that a service accepts.

    `path` is a pattern over the path as sent; `query` and `body` are shapes: a type, a pattern, a
    literal, or an object or list of shapes with exactly these keys.
    """

    method: str
    host: str
    path: str
    status: int = 200
    auth: str = ""
    content: str = ""
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def faults(self, method: str, target: str, headers: Any, body: bytes) -> list[str]:
        """What the service would find wrong with a request."""
        parts = urlsplit(target)
        found = []
        if method != self.method:
            found.append(f"405 {method}, wanted {self.method}")
        if not re.fullmatch(self.path, parts.path):
            found.append(f"404 {parts.path}, wanted {self.path}")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        found += unlike(query, dict(self.query), "query")
        found += self._auth_faults(headers)
        for name, pattern in self.headers.items():
            if not re.fullmatch(pattern, headers.get(name) or ""):
                found.append(f"header {name} is {headers.get(name)!r}, wanted {pattern}")
        kind = (headers.get("Content-Type") or "").split(";")[0].strip()
        if self.content and kind != self.content:
            found.append(f"415 {kind!r}, wanted {self.content}")
        return found + self._body_faults(body.decode())

    def _auth_faults(self, headers: Any) -> list[str]:
        scheme, _, rest = self.auth.partition(":")
        given = headers.get("Authorization") or ""
        if scheme == "basic":
            name, _, secret = given.partition(" ")
            user, colon, password = base64.b64decode(secret or "").decode().partition(":")
            fine = name == "Basic" and user and colon and password
        elif scheme == "authorization":
            fine = re.fullmatch(rf"{rest} \S+", given)
        elif scheme == "header":
            fine = headers.get(rest)
        else:
            fine = not given
        return [] if fine else [f"401, wanted {self.auth or 'no credentials'}"]

    def _body_faults(self, text: str) -> list[str]:
        if self.content == FORM:
            return unlike(dict(parse_qsl(text, keep_blank_values=True)), self.body, "body")
        if self.content and self.content.endswith("json"):
            try:
                return unlike(json.loads(text), self.body, "body")
            except ValueError as error:
                return [f"body is not JSON: {error}"]
        return unlike(text, "" if self.body is None else self.body, "body")


def unlike(value: Any, shape: Any, path: str) -> list[str]:
    """Where a value is not of a shape."""
    if isinstance(shape, type):
        fine = type(value) is shape
    elif isinstance(shape, re.Pattern):
        fine = isinstance(value, str) and shape.fullmatch(value) is not None
    elif isinstance(shape, dict) and isinstance(value, dict):
        keys = sorted(set(value) ^ set(shape))
        return [f"{path}: {key} is missing or not known" for key in keys] + [
            fault
            for key in shape
            if key in value
            for fault in unlike(value[key], shape[key], f"{path}.{key}")
        ]
    elif isinstance(shape, list) and isinstance(value, list) and len(shape) == len(value):
        return [
            fault
            for place, (one, wanted) in enumerate(zip(value, shape, strict=True))
            for fault in unlike(one, wanted, f"{path}[{place}]")
        ]
    else:
        fine = type(value) is type(shape) and value == shape
    return [] if fine else [f"{path}: {value!r} is not {shape!r}"]


def one_of(*words: str) -> re.Pattern[str]:
    """The shape of an enumeration."""
    return re.compile("|".join(map(re.escape, words)))


SNAPSHOT = r"/_snapshot/[a-z0-9._-]+/%3C[a-z0-9-]+-%7Bnow%2Fd%7D%3E"
GITHUB = {
    "Accept": r"application/vnd\.github\+json",
    "X-GitHub-Api-Version": r"2022-11-28",
    "User-Agent": ".+",
}
NAMED = re.compile(r"[^@\s]+@[^@\s]+")

SERVICES: dict[str, Service] = {
    "backup/elasticsearch-snapshot": Service(
        "PUT",
        "es.example.org:9200",
        SNAPSHOT,
        200,
        "authorization:ApiKey",
        JSON,
        {
            "indices": str,
            "ignore_unavailable": bool,
            "include_global_state": bool,
            "metadata": {"taken_by": str},
        },
        {"wait_for_completion": one_of("true", "false")},
    ),
    "backup/opensearch-snapshot": Service(
        "PUT",
        "search.example.org:9200",
        SNAPSHOT,
        200,
        "basic",
        JSON,
        {"indices": str, "ignore_unavailable": bool, "include_global_state": bool},
    ),
    "backup/prometheus-tsdb-snapshot": Service(
        "POST",
        "prometheus.example.org:9090",
        "/api/v1/admin/tsdb/snapshot",
        query={"skip_head": one_of("true", "false")},
    ),
    "backup/clickhouse-backup": Service(
        # Each line of the body is one command: JSON on one line.
        "POST",
        "clickhouse.example.org:7171",
        "/backup/actions",
        200,
        "basic",
        JSON,
        {"command": re.compile(r"create_remote --tables=\S+")},
    ),
    "backup/qdrant-snapshot": Service(
        "POST",
        "qdrant.example.org:6333",
        r"/collections/[\w-]+/snapshots",
        200,
        "header:api-key",
        query={"wait": "true"},
    ),
    "backup/digitalocean-droplet-snapshot": Service(
        "POST",
        "api.digitalocean.com",
        r"/v2/droplets/\d+/actions",
        201,
        "authorization:Bearer",
        JSON,
        {"type": "snapshot", "name": str},
    ),
    "backup/hetzner-server-image": Service(
        "POST",
        "api.hetzner.cloud",
        r"/v1/servers/\d+/actions/create_image",
        201,
        "authorization:Bearer",
        JSON,
        {"type": one_of("snapshot", "backup"), "description": str, "labels": {"made-by": str}},
    ),
    "backup/s3-copy-by-webhook-runner": Service(
        "POST",
        "backup.example.org:9000",
        r"/hooks/[\w-]+",
        200,
        "header:X-Hook-Token",
        JSON,
        {"source": str, "endpoint": re.compile("https?://.+"), "bucket": str, "prefix": str},
    ),
    "monitoring/healthchecks-ping": Service("POST", "hc-ping.com", f"/{UUID}", 200, "", TEXT, str),
    "monitoring/uptime-kuma-push": Service(
        "GET",
        "status.example.org",
        r"/api/push/\w+",
        query={"status": one_of("up", "down"), "msg": str},
    ),
    "monitoring/http-health-check": Service("GET", "www.example.org", "/healthz", 204),
    "monitoring/elasticsearch-cluster-health": Service(
        "GET",
        "es.example.org:9200",
        "/_cluster/health",
        200,
        "authorization:ApiKey",
        query={"wait_for_status": one_of("green", "yellow"), "timeout": re.compile(r"\d+s")},
    ),
    "monitoring/grafana-annotation": Service(
        "POST",
        "grafana.example.org",
        "/api/annotations",
        200,
        "authorization:Bearer",
        JSON,
        {"text": str, "tags": [str, str]},
    ),
    "monitoring/alertmanager-heartbeat": Service(
        "POST",
        "alertmanager.example.org:9093",
        "/api/v2/alerts",
        200,
        "",
        JSON,
        [
            {
                "labels": {"alertname": str, "severity": str, "source": str},
                "annotations": {"summary": str},
            }
        ],
    ),
    "monitoring/pushgateway-heartbeat": Service(
        "POST",
        "pushgateway.example.org:9091",
        r"/metrics/job/[\w.-]+/instance/[\w.-]+",
        202,
        "",
        TEXT,
        re.compile(r"# TYPE (\w+) gauge\n\1 1\n"),
    ),
    "monitoring/opsgenie-heartbeat": Service(
        "GET", "api.opsgenie.com", r"/v2/heartbeats/[\w.-]+/ping", 202, "authorization:GenieKey"
    ),
    "notification/slack-message": Service(
        "POST",
        "hooks.slack.com",
        r"/services/T\w+/B\w+/\w+",
        200,
        "",
        JSON,
        {
            "text": str,
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": str}},
                {"type": "section", "text": {"type": "mrkdwn", "text": str}},
            ],
        },
    ),
    "notification/discord-message": Service(
        "POST",
        "discord.com",
        r"/api/webhooks/\d+/[\w-]+",
        204,
        "",
        JSON,
        {"content": str, "username": str, "allowed_mentions": {"parse": []}},
    ),
    "notification/teams-message": Service(
        "POST",
        r"prod-01.westeurope.logic.azure.com",
        r"/workflows/\w+/triggers/manual/paths/invoke",
        202,
        "",
        JSON,
        {
            "type": "message",
            "attachments": [
                {
                    "contentType": "application/vnd.microsoft.card.adaptive",
                    "content": {
                        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                        "type": "AdaptiveCard",
                        "version": re.compile(r"1\.\d"),
                        "body": [
                            {"type": "TextBlock", "size": str, "weight": str, "text": str},
                            {"type": "TextBlock", "wrap": True, "text": str},
                        ],
                    },
                }
            ],
        },
        {"api-version": str, "sig": str},
    ),
    "notification/telegram-message": Service(
        "POST",
        "api.telegram.org",
        r"/bot\d+(?::|%3A)[\w-]+/sendMessage",
        200,
        "",
        JSON,
        {"chat_id": str, "text": str, "disable_notification": bool},
    ),
    "notification/pagerduty-event": Service(
        "POST",
        "events.pagerduty.com",
        "/v2/enqueue",
        202,
        "",
        JSON,
        {
            "routing_key": re.compile(r"\w{32}"),
            "event_action": one_of("trigger", "acknowledge", "resolve"),
            "dedup_key": str,
            "payload": {
                "summary": str,
                "source": str,
                "severity": one_of("critical", "error", "warning", "info"),
            },
        },
    ),
    "notification/ntfy-message": Service(
        "POST",
        "ntfy.sh",
        r"/[\w-]{1,64}",
        200,
        "",
        TEXT,
        str,
        headers={"Title": ".+", "Priority": "min|low|default|high|urgent", "Tags": r"[\w,]+"},
    ),
    "notification/mattermost-message": Service(
        "POST",
        "chat.example.org",
        r"/hooks/\w{26}",
        200,
        "",
        JSON,
        {"text": str, "username": str},
    ),
    "notification/twilio-sms": Service(
        "POST",
        "api.twilio.com",
        r"/2010-04-01/Accounts/AC\w{32}/Messages\.json",
        201,
        "basic",
        FORM,
        {"To": re.compile(r"\+\d+"), "From": re.compile(r"\+\d+"), "Body": str},
    ),
    "notification/sendgrid-email": Service(
        "POST",
        "api.sendgrid.com",
        "/v3/mail/send",
        202,
        "authorization:Bearer",
        JSON,
        {
            "personalizations": [{"to": [{"email": NAMED}]}],
            "from": {"email": NAMED},
            "subject": str,
            "content": [{"type": "text/plain", "value": str}],
        },
    ),
    "data-pipeline/airbyte-sync": Service(
        "POST",
        "api.airbyte.com",
        "/v1/jobs",
        200,
        "authorization:Bearer",
        JSON,
        {"connectionId": re.compile(UUID), "jobType": one_of("sync", "reset")},
    ),
    "data-pipeline/dbt-cloud-job": Service(
        "POST",
        "cloud.getdbt.com",
        r"/api/v2/accounts/\d+/jobs/\d+/run/",
        200,
        "authorization:Token",
        JSON,
        {"cause": str},
    ),
    "data-pipeline/airflow-dag-run": Service(
        "POST",
        "airflow.example.org",
        r"/api/v1/dags/[\w.-]+/dagRuns",
        200,
        "basic",
        JSON,
        {"conf": {"triggered_by": str}},
    ),
    "data-pipeline/prefect-flow-run": Service(
        "POST",
        "prefect.example.org:4200",
        f"/api/deployments/{UUID}/create_flow_run",
        201,
        "authorization:Bearer",
        JSON,
        {"parameters": {}, "tags": [str]},
    ),
    "data-pipeline/fivetran-sync": Service(
        "POST",
        "api.fivetran.com",
        r"/v1/connections/\w+/sync",
        200,
        "basic",
        JSON,
        {"force": bool},
    ),
    "data-pipeline/databricks-job-run": Service(
        "POST",
        r"dbc-a1b2345c-d6e7.cloud.databricks.com",
        "/api/2.1/jobs/run-now",
        200,
        "authorization:Bearer",
        JSON,
        {"job_id": int, "job_parameters": {"environment": str}},
    ),
    "data-pipeline/postgrest-function": Service(
        "POST",
        "db-api.example.org",
        r"/rpc/\w+",
        204,
        "authorization:Bearer",
        JSON,
        {"batch": int},
        headers={"Content-Profile": r"\w+", "Prefer": "return=minimal"},
    ),
    "data-pipeline/clickhouse-insert-select": Service(
        "POST",
        "clickhouse.example.org:8443",
        "/",
        200,
        "header:X-ClickHouse-Key",
        TEXT,
        re.compile(r"INSERT INTO \w+\n(?:SELECT|WITH)\b.+", re.DOTALL),
        {"database": str},
        {"X-ClickHouse-User": r"[\w.@-]+"},
    ),
    "maintenance/cloudflare-purge-cache": Service(
        "POST",
        "api.cloudflare.com",
        r"/client/v4/zones/[0-9a-f]{32}/purge_cache",
        200,
        "authorization:Bearer",
        JSON,
        {"purge_everything": True},
    ),
    "maintenance/elasticsearch-forcemerge": Service(
        "POST",
        "es.example.org:9200",
        r"/[a-z0-9*,._%A-F-]+/_forcemerge",
        200,
        "authorization:ApiKey",
        query={"max_num_segments": re.compile(r"\d+"), "wait_for_completion": "false"},
    ),
    "maintenance/clickhouse-optimize": Service(
        "POST",
        "clickhouse.example.org:8443",
        "/",
        200,
        "header:X-ClickHouse-Key",
        TEXT,
        re.compile(r"OPTIMIZE TABLE \w+ FINAL(?: DEDUPLICATE)?"),
        {"database": str},
        {"X-ClickHouse-User": r"[\w.@-]+"},
    ),
    "maintenance/gitlab-housekeeping": Service(
        "POST",
        "gitlab.com",
        r"/api/v4/projects/\d+/housekeeping",
        201,
        "header:PRIVATE-TOKEN",
        query={"task": one_of("eager", "prune")},
    ),
    "maintenance/harbor-garbage-collection": Service(
        "POST",
        "registry.example.org",
        r"/api/v2\.0/system/gc/schedule",
        201,
        "basic",
        JSON,
        {
            "schedule": {"type": "Manual"},
            "parameters": {"delete_untagged": bool, "workers": int, "dry_run": bool},
        },
    ),
    "maintenance/prometheus-clean-tombstones": Service(
        "POST", "prometheus.example.org:9090", "/api/v1/admin/tsdb/clean_tombstones", 204
    ),
    "maintenance/rabbitmq-purge-queue": Service(
        "DELETE", "rabbitmq.example.org:15672", r"/api/queues/%2F/[\w.:-]+/contents", 204, "basic"
    ),
    "maintenance/kubernetes-scale-deployment": Service(
        "PATCH",
        "k8s.example.org:6443",
        r"/apis/apps/v1/namespaces/[\w-]+/deployments/[\w.-]+/scale",
        200,
        "authorization:Bearer",
        "application/merge-patch+json",
        {"spec": {"replicas": int}},
    ),
    "security/tls-probe": Service(
        "GET",
        "blackbox.example.org:9115",
        "/probe",
        query={"module": re.compile(r"[\w-]+"), "target": re.compile(r"[\w.-]+:\d+")},
    ),
    "security/vault-renew-token": Service(
        "POST",
        "vault.example.org:8200",
        "/v1/auth/token/renew-self",
        200,
        "header:X-Vault-Token",
        JSON,
        {"increment": re.compile(r"(\d+[hms])+")},
    ),
    "security/vault-tidy-pki": Service(
        "POST",
        "vault.example.org:8200",
        r"/v1/[\w/-]+/tidy",
        202,
        "header:X-Vault-Token",
        JSON,
        {
            "tidy_cert_store": True,
            "tidy_revoked_certs": True,
            "safety_buffer": re.compile(r"(\d+[hms])+"),
        },
    ),
    "security/vault-rotate-database-root": Service(
        "POST",
        "vault.example.org:8200",
        r"/v1/[\w/-]+/rotate-root/[\w-]+",
        204,
        "header:X-Vault-Token",
    ),
    "security/harbor-scan-all": Service(
        "POST",
        "registry.example.org",
        r"/api/v2\.0/system/scanAll/schedule",
        201,
        "basic",
        JSON,
        {"schedule": {"type": "Manual"}},
    ),
    "security/dependency-track-analysis": Service(
        "POST",
        "dtrack-api.example.org",
        f"/api/v1/finding/project/{UUID}/analyze",
        200,
        "header:X-Api-Key",
    ),
    "security/breached-domain-check": Service(
        "GET",
        "haveibeenpwned.com",
        r"/api/v3/breacheddomain/[\w.-]+",
        404,
        "header:hibp-api-key",
        headers={"User-Agent": ".+"},
    ),
    "integration/github-workflow-dispatch": Service(
        "POST",
        "api.github.com",
        r"/repos/[\w.-]+/[\w.-]+/actions/workflows/[\w.-]+/dispatches",
        204,
        "authorization:Bearer",
        JSON,
        {"ref": str},
        headers=GITHUB,
    ),
    "integration/github-repository-dispatch": Service(
        "POST",
        "api.github.com",
        r"/repos/[\w.-]+/[\w.-]+/dispatches",
        204,
        "authorization:Bearer",
        JSON,
        {"event_type": str, "client_payload": {"source": str}},
        headers=GITHUB,
    ),
    "integration/gitlab-pipeline": Service(
        "POST",
        "gitlab.com",
        r"/api/v4/projects/\d+/trigger/pipeline",
        201,
        "",
        FORM,
        {"token": str, "ref": str, "variables[TRIGGERED_BY]": str},
    ),
    "integration/jenkins-build": Service(
        "POST",
        "ci.example.org",
        r"(?:/job/[^/]+)+/buildWithParameters",
        201,
        "basic",
        FORM,
        {"CAUSE": str},
    ),
    "integration/circleci-pipeline": Service(
        "POST",
        "circleci.com",
        r"/api/v2/project/[a-z]+/[\w.-]+/[\w.-]+/pipeline",
        201,
        "header:Circle-Token",
        JSON,
        {"branch": str},
    ),
    "integration/bitbucket-pipeline": Service(
        "POST",
        "api.bitbucket.org",
        r"/2\.0/repositories/[\w-]+/[\w.-]+/pipelines/",
        201,
        "authorization:Bearer",
        JSON,
        {"target": {"type": "pipeline_ref_target", "ref_type": "branch", "ref_name": str}},
    ),
    "integration/rabbitmq-publish": Service(
        "POST",
        "rabbitmq.example.org:15672",
        r"/api/exchanges/%2F/[\w.:-]+/publish",
        200,
        "basic",
        JSON,
        {
            "properties": {"delivery_mode": int, "content_type": str},
            "routing_key": str,
            "payload": str,
            "payload_encoding": one_of("string", "base64"),
        },
    ),
    "integration/home-assistant-service": Service(
        "POST",
        "homeassistant.local:8123",
        r"/api/services/[a-z_]+/[a-z_]+",
        200,
        "authorization:Bearer",
        JSON,
        {"entity_id": re.compile(r"[a-z_]+\.[a-z0-9_]+")},
    ),
    "integration/netlify-build-hook": Service(
        "POST",
        "api.netlify.com",
        r"/build_hooks/[0-9a-f]{24}",
        200,
        "",
        JSON,
        {},
        {"trigger_branch": str, "trigger_title": str},
    ),
    "reporting/grafana-report": Service(
        "POST",
        "grafana.example.org",
        "/api/reports/email",
        200,
        "authorization:Bearer",
        JSON,
        {"id": re.compile(r"\d+"), "emails": str, "useEmailsFromReport": bool},
    ),
    "reporting/kibana-report": Service(
        "POST",
        "kibana.example.org:5601",
        "/api/reporting/generate/(?:printablePdfV2|pngV2|csv_searchsource)",
        200,
        "authorization:ApiKey",
        query={"jobParams": re.compile(r"\(.+objectType:\w+.+\)")},
        headers={"kbn-xsrf": ".+"},
    ),
    "reporting/redash-query-refresh": Service(
        "POST",
        "redash.example.org",
        r"/api/queries/\d+/results",
        200,
        "authorization:Key",
        JSON,
        {"max_age": 0, "parameters": {}},
    ),
    "reporting/power-bi-refresh": Service(
        "POST",
        "api.powerbi.com",
        f"/v1.0/myorg/groups/{UUID}/datasets/{UUID}/refreshes",
        202,
        "authorization:Bearer",
        JSON,
        {"notifyOption": one_of("NoNotification", "MailOnFailure", "MailOnCompletion")},
    ),
    "reporting/jira-issue": Service(
        "POST",
        "acme.atlassian.net",
        "/rest/api/3/issue",
        201,
        "basic",
        JSON,
        {
            "fields": {
                "project": {"key": re.compile("[A-Z][A-Z0-9_]+")},
                "issuetype": {"name": str},
                "summary": str,
                "labels": ["chronos"],
                "description": {
                    "type": "doc",
                    "version": 1,
                    "content": [{"type": "paragraph", "content": [{"type": "text", "text": str}]}],
                },
            },
        },
    ),
    "reporting/github-issue": Service(
        "POST",
        "api.github.com",
        r"/repos/[\w.-]+/[\w.-]+/issues",
        201,
        "authorization:Bearer",
        JSON,
        {"title": str, "body": str, "labels": [str]},
        headers=GITHUB,
    ),
    "reporting/notion-page": Service(
        "POST",
        "api.notion.com",
        "/v1/pages",
        200,
        "authorization:Bearer",
        JSON,
        {
            "parent": {"database_id": re.compile("[0-9a-f-]{32,36}")},
            "properties": {"title": {"title": [{"text": {"content": str}}]}},
            "children": [
                {
                    "object": "block",
                    "type": "paragraph",
                    "paragraph": {"rich_text": [{"type": "text", "text": {"content": str}}]},
                }
            ],
        },
        headers={"Notion-Version": r"\d{4}-\d\d-\d\d"},
    ),
}


class Peer:
    """Stands for one service at a time: `expect` says which."""

    def __init__(self) -> None:
        self.service: Service | None = None
        self.faults: list[str] = []
        self.calls = 0
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                peer.calls += 1
                assert peer.service is not None
                peer.faults = peer.service.faults(self.command, self.path, self.headers, body)
                text = json.dumps(peer.faults).encode() if peer.faults else b""
                self.send_response(400 if peer.faults else peer.service.status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def expect(self, service: Service) -> None:
        self.service, self.faults, self.calls = service, [], 0

    def instead_of(self, url: str) -> tuple[str, str]:
        """The URL at this peer that stands for another one, and the host that it replaces."""
        parts = urlsplit(url)
        return url.replace(f"{parts.scheme}://{parts.netloc}", self.url, 1), unquote(parts.netloc)


@contextmanager
def peer() -> Iterator[Peer]:
    """A peer that is closed at the end."""
    made = Peer()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
