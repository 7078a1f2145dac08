"""One execution: its attempts, their steps, what was asked and what was answered."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import Unreachable
from app.console.page import Page
from app.console.session import Console
from app.console.widgets.differences import differences_table
from app.console.widgets.format import clock, counted, duration, plain, status_badge
from app.console.widgets.layout import card, confirmed, empty_state, header
from app.console.widgets.target import calls_a_url

PAGE = Page("Execution", ":material/receipt_long:", 21, "Operate", hidden=True)
OPEN = ("running", "pending")


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    if not identity:
        empty_state("No execution chosen", "Open one from the Executions page.", key="execution")
        return
    execution = console.client.execution(identity)
    with header(execution["job_name"] or execution["job_id"], f"execution {identity}"):
        _actions(console, execution)
    _facts(console, execution)
    _relatives(console, execution)
    for attempt in execution.get("attempts_detail", []):
        _attempt(attempt, console.zone_of(execution))
    if (label := imported_under(execution)) is not None:
        st.caption(
            f":material/upload_file: Imported under the label {plain(label)}: it ended elsewhere, "
            "so its attempts and its request are not known here."
        )
    elif execution.get("request"):
        with card("Request", "secrets hidden", key="request"):
            st.code(json.dumps(execution["request"], indent=2), language="json")
    if execution["status"] in OPEN:
        _watch(console, identity, execution["status"])


@st.fragment(run_every="1s")
def _watch(console: Console, identity: str, status: str) -> None:
    """Draw the page again once an open execution has moved on."""
    try:
        now = console.client.execution(identity)["status"]
    except Unreachable:  # the next tick asks again
        return
    if now != status:
        st.rerun()


def _actions(console: Console, execution: dict[str, Any]) -> None:
    identity = execution["id"]
    if st.button("Job", icon=":material/work:", key="open_job"):
        console.go("job", id=execution["job_id"])
    if st.button("Replay", icon=":material/slow_motion_video:", key="open_replay"):
        console.go("replay", id=identity)
    if execution["status"] in OPEN:
        confirmed(
            "Cancel",
            identity,
            "The run ends as cancelled. What its target has done by now stays done.",
            partial(_cancel, console, identity),
            ":material/stop_circle:",
        )
        return
    if calls_a_url(execution) and st.button(
        "With a change", icon=":material/edit:", key="again_changed"
    ):
        console.go("again", id=identity)
    if st.button("Run again", type="primary", icon=":material/replay:", shortcut="X", key="again"):
        replay = console.carry_out(
            f"replay_{identity}",
            lambda key: console.client.replay_execution(
                execution["job_id"], identity, idempotency_key=key
            ),
            "Running again",
        )
        if replay is not None:
            console.go("execution", id=replay["replay_execution_id"])


def _cancel(console: Console, identity: str) -> None:
    cancelled = console.carry_out(
        f"cancel_{identity}",
        lambda key: console.client.cancel_execution(identity, idempotency_key=key),
        "Execution cancelled",
    )
    if cancelled is not None:
        st.rerun()


def _facts(console: Console, execution: dict[str, Any]) -> None:
    with card("Outcome", key="outcome"):
        facts = {
            "Status": status_badge(execution["status"]),
            "Why": plain(execution["reason"] or execution["error"]) or "–",
            "Scheduled": console.time_of(execution, execution["scheduled_time"]),
            "Started": console.time_of(execution, execution["started_at"]),
            "Ended": console.time_of(execution, execution["completed_at"]),
            "Duration": duration(execution["duration"] if execution["completed_at"] else None),
            "Trigger": execution["trigger"],
            "Node": execution["node_id"] or "–",
        }
        st.table(facts, border="horizontal", alt="How the execution went")


def _relatives(console: Console, execution: dict[str, Any]) -> None:
    """What it replays and what replays it, and what it did otherwise than the original."""
    identity, original = execution["id"], execution["replay_of"]
    if original:
        with card("Replay", "of an earlier execution", key="replay_of"):
            if execution["differences"]:
                differences_table(execution["differences"])
            elif execution["change"] is None:
                st.caption("The job ran again as it was.")
            with st.container(horizontal=True):
                console.link("The original", "execution", id=original)
                console.link("Compare the two", "replay", id=original, other=identity)
    if execution["replays"]:
        with card("Ran again as", key="replays"), st.container(horizontal=True):
            for one in execution["replays"]:
                when = console.time_of(execution, one["scheduled_time"])
                console.link(f"{one['status']} · {when}", "execution", id=one["id"])


def imported_under(execution: dict[str, Any]) -> str | None:
    """The label of the import that brought an execution; None for one that ran here."""
    kind, colon, label = execution["node_id"].partition(":")
    return label if colon and kind == "import" else None


def _known(attempt: dict[str, Any], zone: str) -> list[str]:
    """An attempt in a line: outcome, HTTP status, node, when it began."""
    code = attempt["status_code"]
    parts = [attempt["outcome"] or "running", f"HTTP {code}" if code else "", attempt["node_id"]]
    return [plain(part) for part in parts if part] + [clock(attempt["started_at"], zone)]


def _attempt(attempt: dict[str, Any], zone: str) -> None:
    number = attempt["attempt"]
    with card(
        f"Attempt {number}",
        " · ".join(_known(attempt, zone)),
        key=f"attempt_{number}",
    ):
        if attempt["error"]:
            st.markdown(f":red[{plain(attempt['error'])}]")
        steps = attempt["steps"]
        if steps:
            table = pd.DataFrame(
                {
                    "step": [step["kind"] for step in steps],
                    "after ms": [step["offset_ms"] for step in steps],
                    "detail": [step["detail"] for step in steps],
                }
            )
            st.dataframe(
                table,
                hide_index=True,
                key=f"steps_{number}",
                alt=f"{counted(len(steps), 'step')} of attempt {number}",
                column_config={
                    "step": st.column_config.TextColumn(width=110),
                    "after ms": st.column_config.NumberColumn(width=110, format="%.1f"),
                    "detail": st.column_config.JsonColumn(width="large"),
                },
            )
        if attempt["response"]:
            st.caption("Response")
            st.code(attempt["response"], language=None, wrap_lines=True)
