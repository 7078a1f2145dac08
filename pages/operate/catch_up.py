"""Catch-up: what was missed while nobody led, and past fire times that are run now."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_failure
from app.console.widgets.format import clock, counted, milliseconds, plain
from app.console.widgets.layout import card, confirmed, empty_state, header

PAGE = Page(
    "Catch-up", ":material/event_repeat:", 14, "Operate", keywords="backfill missed rerun past"
)
WHICH: Final = {
    "undone": "skipped or failed",
    "skipped": "skipped",
    "failed": "failed",
    "all": "every one",
}
STATES: Final = {"running": "blue", "done": "green", "cancelled": "gray"}


def render(console: Console) -> None:
    with header("Catch-up", f"what was missed, and past fire times run now · {console.times}"):
        pass
    left, right = st.columns([2, 1])
    with left:
        _missed(console)
        _backfills(console)
    with right:
        _form(console)


def _missed(console: Console) -> None:
    found = console.client.missed()
    rows = found["missed"]
    told = "nobody could decide these in time, and they were not made up for"
    with card("Missed in the last 7 days", told, key="missed"):
        if not rows:
            st.caption("None: every fire time was decided in time or made up for.")
            return
        more = " and more" if found["more"] else ""
        st.markdown(f"**{counted(found['fires'], 'fire time')}**{more}")
        table = pd.DataFrame(
            {
                "job": [f"{row['namespace']}/{row['job_name']}" for row in rows],
                "fires": [row["fires"] for row in rows],
                "first": [clock(row["first"], console.zone) for row in rows],
                "last": [clock(row["last"], console.zone) for row in rows],
                "why": [row["reason"].removeprefix("missed: ") for row in rows],
            }
        )
        event = st.dataframe(
            table,
            hide_index=True,
            key="missed_table",
            on_select="rerun",
            selection_mode="single-row",
            row_height=36,
            alt=f"{counted(len(rows), 'row')} of missed fire times, the newest first",
        )
        if chosen := event["selection"]["rows"]:
            _fill_in(rows[chosen[0]])


def _fill_in(row: dict[str, Any]) -> None:
    """What was clicked stands in the form, until something else is typed there."""
    if st.session_state.get("missed_chosen") != row["execution_id"]:
        st.session_state["missed_chosen"] = row["execution_id"]
        st.session_state["backfill_job"] = f"{row['namespace']}/{row['job_name']}"
        st.session_state["backfill_from"] = row["first"]


def _backfills(console: Console) -> None:
    rows = console.client.backfills()["backfills"]
    with card("Backfills", key="backfills"):
        if not rows:
            empty_state(
                "No backfill yet",
                "Run past fire times of a job: what was skipped, what failed, or all of a stretch.",
                key="backfills",
            )
            return
        states = list(STATES)
        table = pd.DataFrame(
            {
                "state": [[row["state"]] for row in rows],
                "job": [row["job_name"] for row in rows],
                "begun": [row["begun"] / max(1, row["total"]) for row in rows],
                "of": [row["total"] for row in rows],
                "failed": [row["failed"] for row in rows],
                "from": [clock(row["from"], console.zone) for row in rows],
                "until": [clock(row["until"], console.zone) for row in rows],
                "by": [row["by"] for row in rows],
                "note": [row["note"] or row["reason"] for row in rows],
            }
        )
        st.dataframe(
            table,
            hide_index=True,
            key="backfills_table",
            row_height=36,
            alt=f"{counted(len(rows), 'backfill')}, the newest first",
            column_config={
                "state": st.column_config.MultiselectColumn(
                    options=states, color=[STATES[state] for state in states]
                ),
                "begun": st.column_config.ProgressColumn(format="percent"),
            },
        )
        for row in rows:
            if row["state"] == "running":
                _cancelling(console, row)


def _cancelling(console: Console, row: dict[str, Any]) -> None:
    def cancel() -> None:
        done = console.carry_out(
            f"cancel_{row['id']}",
            lambda key: console.client.cancel_backfill(row["id"], idempotency_key=key),
            "Cancelled",
        )
        if done is not None:
            st.rerun()

    left = row["total"] - row["begun"]
    effect = f"{counted(left, 'fire time')} of **{plain(row['job_name'])}** will not be begun."
    label = f"Cancel {plain(row['job_name'])}"
    confirmed(label, f"cancel_{row['id']}", effect, cancel, ":material/close:")


def _form(console: Console) -> None:
    with card("Run past fire times", key="backfill_form"):
        ref = st.text_input("Job", placeholder="default/nightly-backup", key="backfill_job")
        which = st.selectbox(
            "Which", list(WHICH), format_func=WHICH.__getitem__, key="backfill_which"
        )
        since = st.text_input("From", placeholder="2026-11-01T00:00:00Z", key="backfill_from")
        until = st.text_input("Until", placeholder="now", key="backfill_until")
        parallel = st.number_input("At once", 1, 100, 1, key="backfill_parallel")
        note = st.text_input("Note", key="backfill_note", max_chars=200)
        if not ref or not since:
            st.caption("Name a job and a moment to see what would run.")
            return
        request = {"from": since, "which": which, "parallel": parallel, "note": note}
        request |= {"until": until} if until else {}
        try:
            preview = console.client.start_backfill(ref, request, dry_run=True)
        except ApiError as error:
            show_failure(error)
            return
        _preview(console, preview)
        if st.button("Start", type="primary", icon=":material/play_arrow:"):
            started = console.carry_out(
                f"backfill_{sorted(request.items())}_{ref}",
                lambda key: console.client.start_backfill(ref, request, idempotency_key=key),
                "Started",
            )
            if started is not None:
                st.rerun()


def _preview(console: Console, preview: dict[str, Any]) -> None:
    usual = f", {milliseconds(preview['usual_ms'])} each" if preview["usual_ms"] else ""
    lasts = f", about **{preview['lasts']}** in all" if preview["lasts"] else ""
    st.markdown(f"**{counted(preview['total'], 'run')}**{usual}{lasts}")
    first = [clock(fire, console.zone) for fire in preview["first"][:5]]
    more = " ..." if preview["total"] > len(first) else ""
    st.caption(f"{', '.join(first)}{more}")
