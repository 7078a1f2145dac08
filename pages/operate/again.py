"""Run again with a change: what was sent as a form, and what differs before it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets.differences import differences_table
from app.console.widgets.format import plain
from app.console.widgets.layout import card, empty_state, header
from app.console.widgets.target import METHODS, calls_a_url

PAGE = Page("Run again", ":material/replay:", 23, "Operate", hidden=True)
EXAMPLE: Final = "Content-Type: application/json"


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    if not identity:
        empty_state("No execution chosen", "Open one and press With a change.", key="again")
        return
    original = console.client.execution(identity)
    if not calls_a_url(original):
        empty_state(
            "A report is not changed", "Edit its job, or run it again as it is.", key="again"
        )
        return
    job = console.client.job(original["job_id"])
    with header(f"Run {job['name']} again", f"execution {identity}, with a change for one run"):
        if st.button("Execution", icon=":material/receipt_long:", key="open_execution"):
            console.go("execution", id=identity)
    left, right = st.columns([3, 2])
    with left, card("What is sent", "the job itself stays as it is", key="again_form"):
        wanted = _form(identity, original, job)
    usual = console.client.replay_execution(job["id"], identity, dry_run=True)["request"]
    change = _change(wanted, {**usual, "timeout": job["timeout"]})
    with right, card("What differs", "from what was sent then", key="again_differences"):
        if change is None:
            return
        _preview_and_run(console, job["id"], identity, change)


def _form(identity: str, original: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, filled with what the execution sent; headers as the lines that were typed."""
    sent = original["request"] or {}
    before = (original["change"] or {}).get("timeout", job["timeout"])
    method = sent.get("method") or "GET"
    lines = "\n".join(f"{name}: {value}" for name, value in (sent.get("headers") or {}).items())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Method", METHODS, METHODS.index(method), key=f"again_method_{identity}", width=120
        )
        url = st.text_input("URL", sent.get("url", ""), key=f"again_url_{identity}")
        timeout = st.text_input("Timeout", before, key=f"again_timeout_{identity}", width=110)
    headers = st.text_area(
        "Headers, one a line",
        lines,
        key=f"again_headers_{identity}",
        placeholder=EXAMPLE,
        height=110,
    )
    body = st.text_area("Body", sent.get("body", ""), key=f"again_body_{identity}", height=220)
    st.caption("`***` stands for a stored secret and keeps it.")
    return {
        "url": url.strip(),
        "method": chosen,
        "headers": headers,
        "body": body,
        "timeout": timeout.strip(),
    }


def _change(wanted: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is wanted otherwise than the job does; None, and why, where a header is no line."""
    headers = {}
    for line in filter(str.strip, str(wanted["headers"]).splitlines()):
        name, colon, value = line.partition(":")
        if not colon:
            st.error(f"**{plain(line)}** has no colon. Write `{EXAMPLE}`.", icon=":material/error:")
            return None
        headers[name.strip()] = value.strip()
    asked = {**wanted, "headers": headers}
    return {name: value for name, value in asked.items() if value != usual[name]}


def _preview_and_run(console: Console, job_id: str, identity: str, change: dict[str, Any]) -> None:
    wanted = change or None
    try:
        preview = console.client.replay_execution(job_id, identity, change=wanted, dry_run=True)
    except ApiError as error:
        show_error(error)
        return
    if preview["differences"]:
        differences_table(preview["differences"])
    else:
        st.caption("Nothing: the same request is sent again.")
    label = "Run with this change" if preview["differences"] else "Run again"
    if st.button(label, type="primary", icon=":material/play_arrow:", key="again_run"):
        intention = f"again_{identity}_{json.dumps(change, sort_keys=True)}"
        replay = console.carry_out(
            intention,
            lambda key: console.client.replay_execution(
                job_id, identity, change=wanted, idempotency_key=key
            ),
            "Running again",
        )
        if replay is not None:
            console.go("execution", id=replay["replay_execution_id"])
