"""Jobs: find them, see how they do, act on several at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from app.console.page import Page
from app.console.session import Console
from app.console.widgets.format import clock
from app.console.widgets.layout import empty_state, first_job, header

PAGE = Page("Jobs", ":material/list_alt:", 10, "Operate")
PAGE_SIZE = 50
STATUSES = ["success", "failed", "skipped", "cancelled", "unknown", "none"]
COLORS = ["green", "red", "violet", "gray", "orange", "gray"]


def render(console: Console) -> None:
    with header("Jobs", f"times in {console.zone}"):
        if st.button("New job", type="primary", icon=":material/add:", shortcut="N"):
            console.go("editor")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            key="jobs_q",
            bind="query-params",
            placeholder="Name, description or namespace",
            width=320,
        )
        namespace = st.text_input("Namespace", key="jobs_namespace", bind="query-params", width=180)
        state = st.pills("State", ["enabled", "disabled"], key="jobs_state", bind="query-params")
    filters = f"{search}|{namespace}|{state}"
    if st.session_state.get("jobs_filters") != filters:
        st.session_state["jobs_filters"] = filters
        st.session_state["jobs_cursors"] = [None]
    cursors: list[Any] = st.session_state["jobs_cursors"]
    page = console.client.jobs(
        q=search or None,
        namespace=namespace or None,
        enabled={"enabled": "true", "disabled": "false"}.get(state or ""),
        sort="name",
        limit=PAGE_SIZE,
        cursor=cursors[-1],
    )
    if not page["jobs"]:
        if filters == "||None":
            first_job(console)
        else:
            empty_state("No job matches", "Change the search or the filters.", key="jobs")
        return
    toolbar = st.container(horizontal=True, vertical_alignment="center", key="jobs_toolbar")
    chosen = _table(console, page["jobs"], f"jobs_table_{filters}_{cursors[-1]}")
    with toolbar:
        _actions(console, chosen)
    _paging(page, cursors)


def _table(console: Console, jobs: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """The chosen jobs. Selection is by position, so it is resolved against these very rows."""
    table = pd.DataFrame(
        {
            "job": [job["name"] for job in jobs],
            "namespace": [job["namespace"] for job in jobs],
            "on": [job["enabled"] for job in jobs],
            "last": [[job["last_status"] or "none"] for job in jobs],
            "schedule": [job["schedule"] for job in jobs],
            "zone": [job["timezone"] for job in jobs],
            "next run": [clock(job["next_run"], console.zone) for job in jobs],
            "last run": [clock(job["last_run"], console.zone) for job in jobs],
        }
    )
    event = st.dataframe(
        table,
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        row_height=36,
        column_config={
            "last": st.column_config.MultiselectColumn(options=STATUSES, color=COLORS),
            "on": st.column_config.CheckboxColumn(),
        },
    )
    return [jobs[position] for position in event["selection"]["rows"] if position < len(jobs)]


def _actions(console: Console, chosen: list[dict[str, Any]]) -> None:
    none = not chosen
    st.markdown(f"**{len(chosen)}** selected")
    if st.button("Open", icon=":material/open_in_new:", shortcut="O", disabled=len(chosen) != 1):
        console.go("job", id=chosen[0]["id"])
    if st.button("Run now", icon=":material/play_arrow:", disabled=none):
        _each(console, chosen, console.client.trigger_job, "started")
    if st.button("Enable", icon=":material/toggle_on:", disabled=none):
        _each(console, chosen, console.client.enable_job, "enabled")
    if st.button("Disable", icon=":material/toggle_off:", disabled=none):
        _each(console, chosen, console.client.disable_job, "disabled")
    if st.button("Delete", icon=":material/delete:", disabled=none):
        _confirm_delete(console, chosen)


def _each(
    console: Console, jobs: list[dict[str, Any]], act: Callable[[str], Any], done: str
) -> None:
    """Do it to each; one that is refused does not stop the others."""
    count = sum(console.attempt(lambda j=job: act(j["id"])) is not None for job in jobs)  # type: ignore[misc]  # the default binds each job
    if count:
        console.flash(f"{count} {done}")
    if count == len(jobs):
        st.rerun()


@st.dialog("Delete these jobs?")
def _confirm_delete(console: Console, jobs: list[dict[str, Any]]) -> None:
    st.markdown("\n".join(f"- **{job['name']}** :gray[{job['namespace']}]" for job in jobs))
    st.caption("They stop firing and what runs is cancelled. Their history stays.")
    if st.button("Delete", type="primary", icon=":material/delete:", key="really_delete"):
        _each(console, jobs, console.client.delete_job, "deleted")


def _paging(page: dict[str, Any], cursors: list[Any]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Back", disabled=len(cursors) == 1, icon=":material/chevron_left:"):
            cursors.pop()
            st.rerun()
        if st.button("More", disabled=not page["next_cursor"], icon=":material/chevron_right:"):
            cursors.append(page["next_cursor"])
            st.rerun()
        st.caption(f"{page['total']} jobs · page {len(cursors)}")
