"""Executions: what ran, newest first, by status, namespace and job."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.console.page import Page
from app.console.session import Console
from app.console.widgets.format import counted, duration, stretch
from app.console.widgets.layout import empty_state, header

PAGE = Page("Executions", ":material/history:", 20, "Operate")
STATUSES = ["running", "pending", "success", "failed", "skipped", "cancelled", "unknown"]
PAGE_SIZE = 50


def render(console: Console) -> None:
    with header("Executions", f"newest first · {console.times}"):
        if st.button("Refresh", icon=":material/refresh:"):
            st.rerun()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        status = st.pills("Status", STATUSES, key="executions_status", bind="query-params")
        namespace = st.text_input(
            "Namespace", key="executions_namespace", bind="query-params", width=200
        )
    since, until = (st.query_params.get(f"executions_{end}") for end in ("since", "until"))
    if since and until:
        _stretch(console, since, until)
    filters = f"{status}|{namespace}|{since}|{until}"
    if st.session_state.get("executions_filters") != filters:
        st.session_state["executions_filters"] = filters
        st.session_state["executions_cursors"] = [None]
    cursors = st.session_state["executions_cursors"]
    page = console.client.executions(
        status=status,
        namespace=namespace or None,
        since=since,
        until=until,
        limit=PAGE_SIZE,
        cursor=cursors[-1],
    )
    rows = page["executions"]
    if not rows:
        empty_state("No executions here", "Nothing that matches has run yet.", key="executions")
        return
    table = pd.DataFrame(
        {
            "job": [row["job_name"] for row in rows],
            "status": [[row["status"]] for row in rows],
            "scheduled": [console.time_of(row, row["scheduled_time"]) for row in rows],
            "started": [console.time_of(row, row["started_at"]) for row in rows],
            "duration": [
                duration(row["duration"] if row["completed_at"] else None) for row in rows
            ],
            "attempts": [row["attempts"] for row in rows],
            "trigger": [row["trigger"] for row in rows],
            "reason": [row["reason"] or row["error"] for row in rows],
        }
    )
    chosen = st.dataframe(
        table,
        key=f"executions_table_{filters}_{cursors[-1]}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        row_height=36,
        alt=f"{counted(len(rows), 'execution')} of {page['total']:,}",
        column_config={
            "status": st.column_config.MultiselectColumn(
                options=STATUSES,
                color=["blue", "gray", "green", "red", "violet", "gray", "orange"],
            )
        },
    )
    if chosen["selection"]["rows"]:
        console.go("execution", id=rows[chosen["selection"]["rows"][0]]["id"])
    _paging(page, cursors)


def _stretch(console: Console, since: str, until: str) -> None:
    """The stretch of time that a link chose, and the way back to all."""
    try:
        words = stretch(since, until, console.zone)
    except ValueError:
        return  # the node says what is wrong with it
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/date_range: {words}")
        if st.button("All times", icon=":material/close:", type="tertiary"):
            del st.query_params["executions_since"], st.query_params["executions_until"]
            st.rerun()


def _paging(page: dict[str, object], cursors: list[object]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Newer", disabled=len(cursors) == 1, icon=":material/chevron_left:"):
            cursors.pop()
            st.rerun()
        if st.button("Older", disabled=not page["next_cursor"], icon=":material/chevron_right:"):
            cursors.append(page["next_cursor"])
            st.rerun()
        st.caption(f"page {len(cursors)} · {page['total']} in all")
