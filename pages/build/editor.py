"""The editor of a job: every field, and what its schedule will do before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import ApiError, Unreachable
from app.console.page import Page
from app.console.session import SERVER_FAULT, Console
from app.console.widgets.format import fire_times, plain
from app.console.widgets.layout import card, header

PAGE = Page("Job editor", ":material/edit:", 0, "Build", hidden=True)
ZONES = ["UTC", "Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo"]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
NEW: dict[str, Any] = {
    "name": "",
    "namespace": "default",
    "description": "",
    "schedule": "*/5 * * * *",
    "timezone": "UTC",
    "webhook": {"url": "", "method": "POST", "headers": {}, "body": "", "auth": None},
    "retry_policy": {
        "max_attempts": 3,
        "initial_interval": "1s",
        "max_interval": "1m",
        "multiplier": 2.0,
    },
    "timeout": "5m",
    "concurrency": "forbid",
    "missed_run_policy": "execute_one",
    "tags": {},
    "enabled": True,
}
FAULTS = "editor_faults"
FIELDS = (
    "name",
    "namespace",
    "description",
    "schedule",
    "timezone",
    "webhook.url",
    "webhook.headers",
    "webhook.body",
    "webhook.success_codes",
    "webhook.auth",
    "timeout",
    "retry_policy",
    "tags",
)


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    stored = console.client.job(identity) if identity else NEW
    form = f"e_{identity}_{stored.get('version', 0)}"
    if st.session_state.get("editor_form") != form:
        st.session_state["editor_form"] = form
        st.session_state[FAULTS] = []
    with header(f"Edit {stored['name']}" if identity else "New job", "every field of the job"):
        save = st.button("Save", type="primary", icon=":material/check:", shortcut="Ctrl+Enter")
    _unplaced()
    left, right = st.columns([2, 1])
    with left:
        document = _what_and_when(stored, form)
        document["webhook"] = _target(stored["webhook"], form)
        document |= _behaviour(stored, form)
    with right:
        _preview(console, document["schedule"], document["timezone"])
    if save:
        _save(console, identity, document, stored.get("version"))


def _fault(field: str) -> None:
    """What the server said of a field, beside it."""
    for name, text in st.session_state.get(FAULTS, []):
        if _belongs(name, field):
            st.caption(f":red[:material/error: {plain(text)}]")


def _belongs(name: str, field: str) -> bool:
    return name == field or name.startswith((field + ".", field + "["))


def _unplaced() -> None:
    """What the server said of fields that this form does not show, and of the job as a whole."""
    for name, text in st.session_state.get(FAULTS, []):
        if not any(_belongs(name, field) for field in FIELDS):
            st.error(plain(f"{name} {text}".strip()), icon=":material/error:")


def _what_and_when(stored: Mapping[str, Any], form: str) -> dict[str, Any]:
    with card("What and when", key="what"):
        row = st.columns([2, 1, 1])
        with row[0]:
            name = st.text_input("Name", stored["name"], key=f"{form}_name")
            _fault("name")
        with row[1]:
            namespace = st.text_input("Namespace", stored["namespace"], key=f"{form}_namespace")
            _fault("namespace")
        with row[2]:
            enabled = st.toggle("Enabled", stored["enabled"], key=f"{form}_enabled")
        description = st.text_input("Description", stored["description"], key=f"{form}_about")
        _fault("description")
        row = st.columns([2, 1])
        with row[0]:
            schedule = st.text_input(
                "Schedule",
                stored["schedule"],
                key=f"{form}_schedule",
                help="Cron with 5 or 6 fields, @daily, @every 90s, or @at 2027-01-01T09:00:00Z",
            )
            _fault("schedule")
        with row[1]:
            zones = list(dict.fromkeys([stored["timezone"], *ZONES]))
            timezone = st.selectbox("Time zone", zones, key=f"{form}_zone", accept_new_options=True)
            _fault("timezone")
    return {
        "name": name,
        "namespace": namespace,
        "enabled": enabled,
        "description": description,
        "schedule": schedule,
        "timezone": timezone,
    }


def _target(webhook: Mapping[str, Any], form: str) -> dict[str, Any]:
    auth = webhook["auth"] or {}
    with card("Target", "an HTTP call", key="target"):
        row = st.columns([1, 4])
        method = row[0].selectbox(
            "Method", METHODS, METHODS.index(webhook["method"]), key=f"{form}_method"
        )
        with row[1]:
            url = st.text_input(
                "URL", webhook["url"], key=f"{form}_url", placeholder="https://example.org/run"
            )
            _fault("webhook.url")
        headers = st.text_area(
            "Headers",
            _lines(webhook["headers"]),
            key=f"{form}_headers",
            placeholder="Name: value",
            height=80,
        )
        _fault("webhook.headers")
        body = st.text_area("Body", webhook["body"], key=f"{form}_body", height=100)
        _fault("webhook.body")
        codes = st.text_input(
            "Success codes",
            ", ".join(map(str, webhook.get("success_codes", ["200-299"]))),
            key=f"{form}_codes",
        )
        _fault("webhook.success_codes")
        kinds = ["none", "basic", "bearer", "api_key"]
        kind = st.selectbox(
            "Authentication", kinds, kinds.index(auth.get("type", "none")), key=f"{form}_auth"
        )
        credentials = _credentials(kind, auth, form)
        _fault("webhook.auth")
    return {
        "url": url,
        "method": method,
        "headers": _pairs(headers),
        "body": body,
        "success_codes": [_code(part) for part in codes.split(",") if part.strip()],
        "auth": credentials,
    }


def _credentials(kind: str, auth: Mapping[str, Any], form: str) -> dict[str, Any] | None:
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
            key=f"{form}_{name}",
            type="password" if hidden else "default",
        )
    return given


def _behaviour(stored: Mapping[str, Any], form: str) -> dict[str, Any]:
    policy = stored["retry_policy"]
    overlap = ["forbid", "allow", "replace"]
    missed = ["execute_one", "execute_all", "ignore"]
    with card("Behaviour", "overlap, missed runs, retries", key="behaviour"):
        row = st.columns(3)
        concurrency = row[0].selectbox(
            "Overlap", overlap, overlap.index(stored["concurrency"]), key=f"{form}_overlap"
        )
        missed_run_policy = row[1].selectbox(
            "Missed runs", missed, missed.index(stored["missed_run_policy"]), key=f"{form}_missed"
        )
        with row[2]:
            timeout = st.text_input("Timeout", stored["timeout"], key=f"{form}_timeout")
            _fault("timeout")
        waits = st.columns(4)
        attempts = waits[0].number_input(
            "Attempts", 1, 100, int(policy["max_attempts"]), key=f"{form}_attempts"
        )
        initial = waits[1].text_input(
            "First wait", policy["initial_interval"], key=f"{form}_initial"
        )
        longest = waits[2].text_input("Longest wait", policy["max_interval"], key=f"{form}_longest")
        multiplier = waits[3].number_input(
            "Multiplier", 1.0, 10.0, float(policy["multiplier"]), key=f"{form}_multiplier"
        )
        _fault("retry_policy")
        tags = st.text_input(
            "Tags",
            ", ".join(f"{key}={value}" for key, value in stored["tags"].items()),
            key=f"{form}_tags",
            placeholder="team=data, tier=1",
        )
        _fault("tags")
    return {
        "concurrency": concurrency,
        "missed_run_policy": missed_run_policy,
        "timeout": timeout,
        "retry_policy": {
            "max_attempts": attempts,
            "initial_interval": initial,
            "max_interval": longest,
            "multiplier": multiplier,
        },
        "tags": _pairs(tags.replace(",", "\n"), "="),
    }


def _preview(console: Console, schedule: str, timezone: str) -> None:
    with card("Schedule", key="preview"):
        try:
            preview = console.client.preview_schedule(schedule, timezone)
        except ApiError as error:
            for detail in error.details:
                st.markdown(f":red[{plain(detail['reason'])}]")
                st.caption(plain(detail.get("hint", "")))
            return
        except Unreachable:
            st.caption("The node does not answer.")
            return
        st.markdown(f"**{preview['words']}**")
        table = pd.DataFrame(fire_times(preview["next"], timezone, console.zone))
        st.dataframe(table, hide_index=True, key="editor_next")


def _save(console: Console, identity: str, document: dict[str, Any], version: int | None) -> None:
    name = f"save_{identity}_{version}_{hash(str(document))}"
    key = console.intent(name)
    try:
        if identity:
            job = console.client.update_job(
                identity, document, if_match=f'"{version}"', idempotency_key=key
            )
        else:
            job = console.client.create_job(document, idempotency_key=key)
    except ApiError as error:
        if error.status < SERVER_FAULT:
            console.done(name)
        st.session_state[FAULTS] = [
            (detail["field"], " ".join(filter(None, (detail["reason"], _hinted(detail)))))
            for detail in error.details
        ] or [("", error.message)]
        console.flash("Not saved", ":material/error:")
        st.rerun()
    except Unreachable as error:
        st.session_state[FAULTS] = [("", f"Not saved: {error.reason}. Save again when it answers.")]
        st.rerun()
    console.done(name)
    st.session_state[FAULTS] = []
    console.flash("Job saved")
    console.go("job", id=job["id"])


def _hinted(detail: Mapping[str, Any]) -> str:
    hint = detail.get("hint")
    return f"({hint})" if hint else ""


def _lines(pairs: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in pairs.items())


def _pairs(text: str, mark: str = ":") -> dict[str, str]:
    pairs = {}
    for line in text.splitlines():
        if line.strip():
            name, _, value = line.partition(mark)
            pairs[name.strip()] = value.strip()
    return pairs


def _code(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.isdigit() else text
