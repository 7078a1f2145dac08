"""Jobs: find them, see how they do, act on several at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets.format import counted, plain
from app.console.widgets.layout import card, empty_state, first_job, header

PAGE = Page("Jobs", ":material/list_alt:", 10, "Operate")
PAGE_SIZE = 50
DEMO_TAG = "chronos-demo:true"
STATUSES = ["success", "failed", "skipped", "cancelled", "unknown", "none"]
IMPORT = (
    "crontab -l | chronosctl import crontab - --dry-run "
    "--url-template 'http://10.0.0.5:9000/run?cmd={command}'"
)
SORTS = {
    "name": "Name",
    "next_run": "Next run",
    "-last_run": "Last run",
    "-created_at": "Newest",
}
COLORS = ["green", "red", "violet", "gray", "orange", "gray"]


@dataclass(frozen=True, slots=True)
class Bulk:
    """What can be done to several jobs at once; `method` is the client's."""

    label: str
    icon: str
    method: str
    past: str
    effect: str


BULK = (
    Bulk(
        "Run now",
        ":material/play_arrow:",
        "trigger_job",
        "started",
        "Each runs once, now; the schedules stay as they are.",
    ),
    Bulk(
        "Enable",
        ":material/toggle_on:",
        "enable_job",
        "enabled",
        "They fire from their next fire time on.",
    ),
    Bulk(
        "Disable",
        ":material/toggle_off:",
        "disable_job",
        "disabled",
        "They stop firing until they are enabled again.",
    ),
    Bulk(
        "Delete",
        ":material/delete:",
        "delete_job",
        "deleted",
        "They stop firing and what runs is cancelled. Their history stays.",
    ),
)


def render(console: Console) -> None:
    with header("Jobs", console.times):
        _offer_to_clear_demo(console)
        if st.button("New job", type="primary", icon=":material/add:", shortcut="N"):
            console.go("editor")
    if st.query_params.get("jobs_import") == "crontab":
        _how_to_import()
    filters, sort = _filters()
    asked = f"{filters}|{sort}"
    if st.session_state.get("jobs_asked") != asked:
        st.session_state["jobs_asked"] = asked
        st.session_state["jobs_cursors"] = [None]
    cursors: list[Any] = st.session_state["jobs_cursors"]
    try:
        page = console.client.jobs(**filters, sort=sort, limit=PAGE_SIZE, cursor=cursors[-1])
    except ApiError as error:
        show_error(error)
        return
    if not page["jobs"]:
        if any(filters.values()):
            empty_state("No job matches", "Change the search or the filters.", key="jobs")
        else:
            first_job(console)
        return
    toolbar = st.container(horizontal=True, vertical_alignment="center", key="jobs_toolbar")
    # The key holds the very rows: when others add or delete jobs meanwhile, a position that was
    # ticked would mean another job, so that the selection is dropped instead.
    rows = "".join(job["id"] for job in page["jobs"])
    chosen = _table(console, page["jobs"], f"jobs_table_{hash(rows)}")
    with toolbar:
        _actions(console, chosen)
    _paging(page, cursors)


def _how_to_import() -> None:
    """A crontab lies on another machine: the command that takes it over, not an upload."""
    with card("Import a crontab", "in a terminal, where the crontab is", key="jobs_import"):
        st.code(IMPORT, language="bash", wrap_lines=True)
        st.caption(
            "It creates nothing yet and says what would become of each line. Without `--dry-run` "
            "each line becomes a job that calls the URL; the jobs are disabled at first."
        )


def _offer_to_clear_demo(console: Console) -> None:
    """The way to be rid of the demo's jobs, while there are some."""
    count = console.client.jobs(tag=DEMO_TAG, limit=1)["total"]
    if count and st.button("Clear the demo", icon=":material/delete_sweep:"):
        st.dialog("Clear the demo workspace?")(clear_demo)(console, count)


def clear_demo(console: Console, count: int) -> None:
    """Delete the demo's jobs, after a second thought."""
    jobs = "job" if count == 1 else "jobs"
    st.markdown(f"**{count}** {jobs} with the tag `{DEMO_TAG}`, and no others.")
    st.caption("They stop firing and what runs is cancelled. Their history stays.")
    if not st.button("Delete the demo jobs", type="primary", icon=":material/delete_sweep:"):
        return
    cleared = console.carry_out(
        "clear_demo", lambda key: console.client.clear_demo(idempotency_key=key)
    )
    if cleared is not None:
        console.flash(f"{cleared['deleted']} deleted")
        st.rerun()


def _filters() -> tuple[dict[str, Any], str]:
    """What the list is asked for: the filters of `GET /api/v1/jobs`, and its order."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search",
            key="jobs_q",
            bind="query-params",
            placeholder="Name, description or namespace",
            width=280,
        )
        namespace = st.text_input("Namespace", key="jobs_namespace", bind="query-params", width=160)
        tag = st.text_input(
            "Tag", key="jobs_tag", bind="query-params", placeholder="team:data", width=180
        )
        state = st.pills("State", ["enabled", "disabled"], key="jobs_state", bind="query-params")
        st.space("stretch")
        sort = st.selectbox(
            "Sort by",
            list(SORTS),
            format_func=SORTS.__getitem__,
            key="jobs_sort",
            bind="query-params",
            width=140,
        )
    tags = [part.strip() for part in tag.split(",") if part.strip()]
    for part in tags:
        if ":" not in part:
            st.caption(
                f":material/info: **Tag:** {plain(part)} has no colon, so any value of it matches. "
                f"Write {plain(part)}:value for one value."
            )
    enabled = {"enabled": "true", "disabled": "false"}.get(state or "")
    filters = {
        "q": search or None,
        "namespace": namespace or None,
        "tag": tags or None,
        "enabled": enabled,
    }
    return filters, sort


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
            "next run": [console.time_of(job, job["next_run"]) for job in jobs],
            "last run": [console.time_of(job, job["last_run"]) for job in jobs],
            "tags": [[f"{key}:{value}" for key, value in job["tags"].items()] for job in jobs],
        }
    )
    moment = st.column_config.TextColumn(width=240 if console.by_job else 140)
    event = st.dataframe(
        table,
        key=key,
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        row_height=36,
        alt=f"{counted(len(jobs), 'job')} with their schedules and latest runs",
        column_config={
            "last": st.column_config.MultiselectColumn(options=STATUSES, color=COLORS),
            "on": st.column_config.CheckboxColumn(width=40),
            "next run": moment,
            "last run": moment,
            "tags": st.column_config.ListColumn(),
        },
    )
    return [jobs[position] for position in event["selection"]["rows"] if position < len(jobs)]


def _actions(console: Console, chosen: list[dict[str, Any]]) -> None:
    none = not chosen
    st.markdown(f"**{len(chosen)}** selected")
    if st.button("Open", icon=":material/open_in_new:", shortcut="O", disabled=len(chosen) != 1):
        console.go("job", id=chosen[0]["id"])
    for bulk in BULK:
        if st.button(bulk.label, icon=bulk.icon, disabled=none, key=f"bulk_{bulk.method}"):
            if none:  # the list changed between the choice and the click
                console.flash("The list has changed: choose again", ":material/info:")
                st.rerun()
            _confirm(console, bulk, chosen)


@st.dialog("Are these the jobs?")
def _confirm(console: Console, bulk: Bulk, jobs: list[dict[str, Any]]) -> None:
    """Names what is about to change; a job that is refused does not stop the others."""
    st.markdown(
        "\n".join(f"- **{plain(job['name'])}** :gray[{plain(job['namespace'])}]" for job in jobs)
    )
    st.caption(bulk.effect)
    if not st.button(bulk.label, type="primary", icon=bulk.icon, key="bulk_really"):
        return
    act: Callable[..., Any] = getattr(console.client, bulk.method)
    count = 0
    for job in jobs:
        done = console.carry_out(f"{bulk.method}_{job['id']}", partial(_keyed, act, job["id"]))
        count += done is not None
    if count:
        console.flash(f"{count} {bulk.past}")
    if count == len(jobs):
        st.rerun()


def _keyed(act: Callable[..., Any], identity: str, key: str) -> Any:
    return act(identity, idempotency_key=key)


def _paging(page: dict[str, Any], cursors: list[Any]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Back", disabled=len(cursors) == 1, icon=":material/chevron_left:"):
            cursors.pop()
            st.rerun()
        if st.button("More", disabled=not page["next_cursor"], icon=":material/chevron_right:"):
            cursors.append(page["next_cursor"])
            st.rerun()
        total = page["total"]
        st.caption(f"{total} {'job' if total == 1 else 'jobs'} · page {len(cursors)}")
