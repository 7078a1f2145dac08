"""The editor of a job: every field, and what its schedule will do before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import ApiError, Unreachable
from app.console.drafts import Draft, draft_of
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
    "window": "0s",
    "enabled": True,
}
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
    "window",
    "retry_policy",
    "tags",
)


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    stored = console.client.job(identity) if identity else NEW
    draft = draft_of(f"job_{identity}", stored)
    base = draft.base
    with header(f"Edit {base['name']}" if identity else "New job", "every field of the job"):
        save = st.button(
            "Save",
            type="primary",
            icon=":material/check:",
            shortcut="Ctrl+Enter",
            key=draft.here,
        )
    _kept_note(draft, stored)
    _unplaced(draft)
    left, right = st.columns([2, 1])
    with left:
        document = _what_and_when(draft)
        document["webhook"] = _target(draft)
        document |= _behaviour(draft)
    with right:
        _preview(console, document["schedule"], document["timezone"])
    draft.drawn()
    if save:
        _save(console, identity, document, draft)


def _kept_note(draft: Draft, stored: Mapping[str, Any]) -> None:
    """Where what is shown comes from, if not from the job as it is stored."""
    newest = stored.get("version")
    if not draft.changed or not (draft.returned or draft.version != newest):
        return
    note = "Unsaved draft from before" if draft.returned else "Unsaved draft"
    if draft.version != newest:
        note += f" of version {draft.version}; version {newest} was saved meanwhile"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="draft"):
        st.markdown(f":orange-badge[:material/edit_note: {note}]", width="content")
        if st.button("Discard", type="tertiary", key="draft_discard"):
            draft.discard()
            st.rerun()


def _fault(draft: Draft, field: str) -> None:
    """What the server said of a field, beside it."""
    for name, text in draft.faults:
        if _belongs(name, field):
            st.caption(f":red[:material/error: {plain(text)}]")


def _belongs(name: str, field: str) -> bool:
    return name == field or name.startswith((field + ".", field + "["))


def _unplaced(draft: Draft) -> None:
    """What the server said of fields that this form does not show, and of the job as a whole."""
    for name, text in draft.faults:
        if not any(_belongs(name, field) for field in FIELDS):
            st.error(plain(f"{name} {text}".strip()), icon=":material/error:")


def _what_and_when(draft: Draft) -> dict[str, Any]:
    stored = draft.base
    with card("What and when", key="what"):
        row = st.columns([2, 1, 1])
        with row[0]:
            name = st.text_input("Name", stored["name"], **draft.field("name"))
            _fault(draft, "name")
        with row[1]:
            namespace = st.text_input("Namespace", stored["namespace"], **draft.field("namespace"))
            _fault(draft, "namespace")
        with row[2]:
            enabled = st.toggle("Enabled", stored["enabled"], **draft.field("enabled"))
        description = st.text_input("Description", stored["description"], **draft.field("about"))
        _fault(draft, "description")
        row = st.columns([2, 1])
        with row[0]:
            schedule = st.text_input(
                "Schedule",
                stored["schedule"],
                **draft.field("schedule"),
                help="Cron with 5 or 6 fields, @daily, @every 90s, or @at 2027-01-01T09:00:00Z",
            )
            _fault(draft, "schedule")
        with row[1]:
            zones = list(dict.fromkeys([stored["timezone"], *ZONES]))
            timezone = st.selectbox(
                "Time zone", zones, **draft.field("zone"), accept_new_options=True
            )
            _fault(draft, "timezone")
    return {
        "name": name,
        "namespace": namespace,
        "enabled": enabled,
        "description": description,
        "schedule": schedule,
        "timezone": timezone,
    }


def _target(draft: Draft) -> dict[str, Any]:
    webhook = draft.base["webhook"]
    auth = webhook["auth"] or {}
    with card("Target", "an HTTP call", key="target"):
        row = st.columns([1, 4])
        method = row[0].selectbox(
            "Method", METHODS, METHODS.index(webhook["method"]), **draft.field("method")
        )
        with row[1]:
            url = st.text_input(
                "URL", webhook["url"], **draft.field("url"), placeholder="https://example.org/run"
            )
            _fault(draft, "webhook.url")
        headers = st.text_area(
            "Headers",
            _lines(webhook["headers"]),
            **draft.field("headers"),
            placeholder="Name: value",
            height=80,
        )
        _fault(draft, "webhook.headers")
        body = st.text_area("Body", webhook["body"], **draft.field("body"), height=100)
        _fault(draft, "webhook.body")
        codes = st.text_input(
            "Success codes",
            ", ".join(map(str, webhook.get("success_codes", ["200-299"]))),
            **draft.field("codes"),
        )
        _fault(draft, "webhook.success_codes")
        kinds = ["none", "basic", "bearer", "api_key"]
        kind = st.selectbox(
            "Authentication", kinds, kinds.index(auth.get("type", "none")), **draft.field("auth")
        )
        credentials = _credentials(kind, auth, draft)
        _fault(draft, "webhook.auth")
    return {
        "url": url,
        "method": method,
        "headers": _pairs(headers),
        "body": body,
        "success_codes": [_code(part) for part in codes.split(",") if part.strip()],
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


def _behaviour(draft: Draft) -> dict[str, Any]:
    stored = draft.base
    policy = stored["retry_policy"]
    overlap = ["forbid", "allow", "replace"]
    missed = ["execute_one", "execute_all", "ignore"]
    with card("Behaviour", "overlap, missed runs, retries", key="behaviour"):
        row = st.columns(4)
        concurrency = row[0].selectbox(
            "Overlap", overlap, overlap.index(stored["concurrency"]), **draft.field("overlap")
        )
        missed_run_policy = row[1].selectbox(
            "Missed runs",
            missed,
            missed.index(stored["missed_run_policy"]),
            **draft.field("missed"),
        )
        with row[2]:
            timeout = st.text_input("Timeout", stored["timeout"], **draft.field("timeout"))
            _fault(draft, "timeout")
        with row[3]:
            window = st.text_input(
                "Window",
                stored.get("window", "0s"),
                **draft.field("window"),
                help="The job may start up to so long after its fire time; load is balanced "
                "within it. 0s: it keeps its minute.",
            )
            _fault(draft, "window")
        waits = st.columns(4)
        attempts = waits[0].number_input(
            "Attempts", 1, 100, int(policy["max_attempts"]), **draft.field("attempts")
        )
        initial = waits[1].text_input(
            "First wait", policy["initial_interval"], **draft.field("initial")
        )
        longest = waits[2].text_input(
            "Longest wait", policy["max_interval"], **draft.field("longest")
        )
        multiplier = waits[3].number_input(
            "Multiplier", 1.0, 10.0, float(policy["multiplier"]), **draft.field("multiplier")
        )
        _fault(draft, "retry_policy")
        tags = st.text_input(
            "Tags",
            ", ".join(f"{key}={value}" for key, value in stored["tags"].items()),
            **draft.field("tags"),
            placeholder="team=data, tier=1",
        )
        _fault(draft, "tags")
    return {
        "concurrency": concurrency,
        "missed_run_policy": missed_run_policy,
        "timeout": timeout,
        "window": window,
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


def _save(console: Console, identity: str, document: dict[str, Any], draft: Draft) -> None:
    name = f"save_{identity}_{draft.version}_{hash(str(document))}"
    key = console.intent(name)
    try:
        if identity:
            job = console.client.update_job(
                identity, document, if_match=f'"{draft.version}"', idempotency_key=key
            )
        else:
            job = console.client.create_job(document, idempotency_key=key)
    except ApiError as error:
        if error.status < SERVER_FAULT:
            console.done(name)
        draft.faults = [
            (detail["field"], " ".join(filter(None, (detail["reason"], _hinted(detail)))))
            for detail in error.details
        ] or [("", error.message)]
        console.flash("Not saved", ":material/error:")
        st.rerun()
    except Unreachable as error:
        draft.faults = [("", f"Not saved: {error.reason}. Save again when it answers.")]
        st.rerun()
    console.done(name)
    draft.discard()
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
