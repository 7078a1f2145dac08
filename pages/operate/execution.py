"""One execution: its attempts, their steps, what was asked and what was answered."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from app.console.page import Page
from app.console.session import Console
from app.console.widgets.format import clock, duration, status_badge
from app.console.widgets.layout import card, empty_state, header

PAGE = Page("Execution", ":material/receipt_long:", 21, "Operate", hidden=True)


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    if not identity:
        empty_state("No execution chosen", "Open one from the Executions page.", key="execution")
        return
    execution = console.client.execution(identity)
    with header(execution["job_name"] or execution["job_id"], f"execution {identity}"):
        _actions(console, execution)
    _facts(console, execution)
    for attempt in execution.get("attempts_detail", []):
        _attempt(console, attempt)
    if execution.get("request"):
        with card("Request", "secrets are hidden", key="request"):
            st.code(json.dumps(execution["request"], indent=2), language="json")


def _actions(console: Console, execution: dict[str, Any]) -> None:
    identity = execution["id"]
    if st.button("Job", icon=":material/work:", key="open_job"):
        console.go("job", id=execution["job_id"])
    if execution["status"] in ("running", "pending"):
        if st.button("Cancel", icon=":material/stop_circle:", key="cancel"):
            key = console.intent(f"cancel_{identity}")
            console.attempt(
                lambda: console.client.cancel_execution(identity, idempotency_key=key),
                "Execution cancelled",
            )
            st.rerun()
        return
    if st.button("Run again", type="primary", icon=":material/replay:", shortcut="R", key="again"):
        name = f"replay_{identity}"
        key = console.intent(name)
        replay = console.attempt(
            lambda: console.client.replay_execution(
                execution["job_id"], identity, idempotency_key=key
            ),
            "Running again",
        )
        if replay:
            console.done(name)
            console.go("execution", id=replay["replay_execution_id"])


def _facts(console: Console, execution: dict[str, Any]) -> None:
    with card("Outcome", key="outcome"):
        facts = {
            "Status": status_badge(execution["status"]),
            "Why": execution["reason"] or execution["error"] or "–",
            "Scheduled": clock(execution["scheduled_time"], console.zone),
            "Started": clock(execution["started_at"], console.zone),
            "Ended": clock(execution["completed_at"], console.zone),
            "Duration": duration(execution["duration"]),
            "Trigger": execution["trigger"],
            "Node": execution["node_id"] or "–",
        }
        if execution["replay_of"]:
            facts["Replay of"] = f"`{execution['replay_of']}`"
        st.table(facts, border="horizontal")


def _attempt(console: Console, attempt: dict[str, Any]) -> None:
    number = attempt["attempt"]
    with card(
        f"Attempt {number}",
        f"{attempt['outcome']} · {clock(attempt['started_at'], console.zone)}",
        key=f"attempt_{number}",
    ):
        if attempt["error"]:
            st.markdown(f":red[{attempt['error']}]")
        steps = attempt["steps"]
        if steps:
            table = pd.DataFrame(
                {
                    "step": [step["kind"] for step in steps],
                    "after ms": [step["offset_ms"] for step in steps],
                    "detail": [json.dumps(step["detail"]) for step in steps],
                }
            )
            st.dataframe(table, hide_index=True, key=f"steps_{number}")
        if attempt["response"]:
            st.caption("Response")
            st.code(attempt["response"], language=None, wrap_lines=True)
