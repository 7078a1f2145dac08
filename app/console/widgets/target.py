"""What a job's fires do, as a part of its editor: call a URL, or write a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app.console.drafts import Draft
from app.console.session import Console
from app.console.widgets.format import plain
from app.console.widgets.layout import card

METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
EMPTY_WEBHOOK: Final[dict[str, Any]] = {
    "url": "",
    "method": "POST",
    "headers": {},
    "body": "",
    "auth": None,
}
ACTS: Final = {"http": "Call a URL", "report": "Write a report"}


def calls_a_url(execution: Mapping[str, Any]) -> bool:
    """Whether an execution sends a request; one that writes a report sends none."""
    return (execution["request"] or {}).get("method") in METHODS


def target(console: Console, draft: Draft) -> dict[str, Any]:
    """The card; returns `webhook` or `dispatch` of the job's document."""
    ordered = (draft.base.get("dispatch") or {}).get("report")
    with card("Target", "what each fire does", key="target"):
        act = st.segmented_control(
            "Each fire",
            list(ACTS),
            default="report" if ordered else "http",
            format_func=ACTS.__getitem__,
            required=True,
            **draft.field("act"),
        )
        if act == "report":
            return {
                "dispatch": {"type": "report", "report": _report(console, draft, ordered or {})}
            }
        return {"webhook": _webhook(draft, draft.base.get("webhook") or EMPTY_WEBHOOK)}


def _report(console: Console, draft: Draft, ordered: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {one["kind"]: one for one in console.client.reports()["reports"]}
    names = list(dict.fromkeys([ordered.get("kind", "weekly"), *kinds]))
    row = st.columns([2, 1, 1])
    with row[0]:
        kind = st.selectbox(
            "Report",
            names,
            format_func=lambda name: kinds[name]["title"] if name in kinds else name,
            **draft.field("report_kind"),
        )
        fault(draft, "dispatch.report.kind")
    with row[1]:
        span = st.text_input(
            "Span",
            ordered.get("span", "7d"),
            **draft.field("report_span"),
            help="How far back from its fire time the report looks, such as 7d or 24h.",
        )
        fault(draft, "dispatch.report.span")
    with row[2]:
        slo = st.number_input(
            "Objective (SLO), %",
            50.0,
            99.999,
            float(ordered.get("slo", 0.99)) * 100,
            0.1,
            format="%.3f",
            **draft.field("report_slo"),
        )
        fault(draft, "dispatch.report.slo")
    filters = st.columns(3)
    with filters[0]:
        namespace = st.text_input(
            "Only namespace", ordered.get("namespace", ""), **draft.field("report_namespace")
        )
        fault(draft, "dispatch.report.namespace")
    with filters[1]:
        job = st.text_input(
            "Only job",
            ordered.get("job", ""),
            **draft.field("report_job"),
            placeholder="namespace/name",
        )
        fault(draft, "dispatch.report.job")
    with filters[2]:
        tags = st.text_input(
            "Only tags",
            ", ".join(f"{key}={value}" for key, value in ordered.get("tags", {}).items()),
            **draft.field("report_tags"),
            placeholder="team=data",
        )
        fault(draft, "dispatch.report.tags")
    st.caption("Its reports are listed and can be downloaded under Reports, in every format.")
    given = {"namespace": namespace.strip(), "job": job.strip(), "tags": tags_of(tags)}
    return {
        "kind": kind,
        "span": span,
        "slo": round(slo / 100, 7),
        **{name: value for name, value in given.items() if value},
    }


def _webhook(draft: Draft, webhook: Mapping[str, Any]) -> dict[str, Any]:
    auth = webhook["auth"] or {}
    row = st.columns([1, 4])
    method = row[0].selectbox(
        "Method", METHODS, METHODS.index(webhook["method"]), **draft.field("method")
    )
    with row[1]:
        url = st.text_input(
            "URL", webhook["url"], **draft.field("url"), placeholder="https://example.org/run"
        )
        fault(draft, "webhook.url")
    headers = st.text_area(
        "Headers",
        _lines(webhook["headers"]),
        **draft.field("headers"),
        placeholder="Name: value",
        height=80,
    )
    fault(draft, "webhook.headers")
    body = st.text_area("Body", webhook["body"], **draft.field("body"), height=100)
    fault(draft, "webhook.body")
    judging = st.columns(2)
    with judging[0]:
        codes = st.text_input(
            "Success codes",
            ", ".join(map(str, webhook.get("success_codes", ["200-299"]))),
            **draft.field("codes"),
        )
        fault(draft, "webhook.success_codes")
    with judging[1]:
        status_url = st.text_input(
            "Status URL",
            webhook.get("status_url", ""),
            **draft.field("status_url"),
            placeholder="/runs/{execution_id}",
            help="Answers 2xx if the target has seen the execution, 404 if not. Asked before "
            "anything is sent again, where the guarantee is effect_once.",
        )
        fault(draft, "webhook.status_url")
    kinds = ["none", "basic", "bearer", "api_key"]
    kind = st.selectbox(
        "Authentication", kinds, kinds.index(auth.get("type", "none")), **draft.field("auth")
    )
    credentials = _credentials(kind, auth, draft)
    fault(draft, "webhook.auth")
    return {
        "url": url,
        "method": method,
        "headers": pairs_of(headers),
        "body": body,
        "success_codes": [_code(part) for part in codes.split(",") if part.strip()],
        "status_url": status_url.strip(),
        "auth": credentials,
    }


def _credentials(kind: str, auth: Mapping[str, Any], draft: Draft) -> dict[str, Any] | None:
    """The fields that the type of authentication needs; `***` keeps what is stored."""
    if kind == "none":
        return None
    fields = {
        "basic": (("username", False), ("password", True)),
        "bearer": (("token", True),),
        "api_key": (("header", False), ("api_key", True)),
    }[kind]
    given: dict[str, Any] = {"type": kind}
    for column, (name, hidden) in zip(st.columns(len(fields)), fields, strict=True):
        default = "X-API-Key" if name == "header" else ""
        given[name] = column.text_input(
            name.replace("_", " ").capitalize(),
            auth.get(name, default),
            **draft.field(name),
            type="password" if hidden else "default",
        )
    return given


def fault(draft: Draft, field: str) -> None:
    """What the server said of a field, beside it."""
    for name, text in draft.faults:
        if belongs(name, field):
            st.caption(f":red[:material/error: {plain(text)}]")


def belongs(name: str, field: str) -> bool:
    """Whether a problem of that name is one of this field, or of a part of it."""
    return name == field or name.startswith((field + ".", field + "["))


def _lines(pairs: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in pairs.items())


def pairs_of(text: str, mark: str = ":") -> dict[str, str]:
    """A name and a text a line, parted by `mark`."""
    pairs = {}
    for line in text.splitlines():
        if line.strip():
            name, _, value = line.partition(mark)
            pairs[name.strip()] = value.strip()
    return pairs


def tags_of(text: str) -> dict[str, str]:
    """Tags as people write them on one line: `team=data, tier=1`."""
    return pairs_of(text.replace(",", "\n"), "=")


def _code(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.isdigit() else text
