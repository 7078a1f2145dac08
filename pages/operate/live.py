"""Live: events as they happen, newest first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.client.errors import Unreachable
from app.console.page import Page
from app.console.session import Console
from app.console.widgets.changes import redraw_on_changes
from app.console.widgets.format import clock, counted
from app.console.widgets.layout import empty_state, header, unreachable

PAGE = Page("Live", ":material/bolt:", 26, "Operate")
SHOWN: Final = 200
PACE_S: Final = 1.0
HEARTBEAT: Final = "15s"
KINDS: Final = {
    "claimed": "claimed",
    "queued": "queued",
    "started": "started",
    "retrying": "retrying",
    "ended": "ended",
    "skipped": "skipped",
    "pauses": "paused,resumed",
    "backfills": "backfill",
    "calendars": "calendar",
    "findings": "finding",
    "models": "model",
    "templates": "template",
    "queries": "query",
    "imports": "imported",
    "jobs": "job_created,job_updated,job_enabled,job_disabled,job_deleted",
    "cluster": "leader,node",
}
"""What a person chooses among, and the kinds of event that it means."""
STATUSES: Final = ["success", "failed", "running", "pending", "skipped", "cancelled", "unknown"]
COLORS: Final = ["green", "red", "blue", "gray", "violet", "gray", "orange"]
FEED, TABLE = "live_feed", "live_table"


@dataclass(slots=True)
class Feed:
    """What this tab has heard: the newest events first, and the place that it has read to."""

    filters: dict[str, Any]
    newest: str | None = None
    missed: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, page: dict[str, Any]) -> None:
        """Take the events that followed."""
        self.missed = self.missed or page["missed"]
        self.newest = page["newest"]
        self.events = (page["events"] + self.events)[:SHOWN]


def render(console: Console) -> None:
    with header("Live", f"events as they happen, newest first · times in {console.zone}"):
        clear = st.button("Clear", icon=":material/mop:")
        paused = st.toggle("Pause", key="live_pause", bind="query-params")
    filters = _filters()
    feed: Feed | None = st.session_state.get(FEED)
    if feed is None or feed.filters != filters:
        feed = st.session_state[FEED] = Feed(filters)
    if clear:
        feed.events = []
        feed.missed = False
    st.fragment(run_every=None if paused else HEARTBEAT, key="live")(_feed)(console, feed, paused)


def _filters() -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kinds = st.pills(
            "Kind", list(KINDS), selection_mode="multi", key="live_kind", bind="query-params"
        )
        st.space("stretch")
        namespace = st.text_input("Namespace", key="live_namespace", bind="query-params", width=150)
        search = st.text_input(
            "Search",
            key="live_q",
            bind="query-params",
            placeholder="job, error or node",
            width=200,
        )
    return {
        "kind": ",".join(KINDS[kind] for kind in kinds) or None,
        "namespace": namespace or None,
        "q": search or None,
    }


def _feed(console: Console, feed: Feed, paused: bool) -> None:
    _open(console, feed)
    if not paused:
        redraw_on_changes("live_changes", pace_s=PACE_S, filters=feed.filters)
    if feed.newest is None or not paused:
        try:
            feed.hear(console.client.recent_events(feed.newest, limit=SHOWN, **feed.filters))
        except Unreachable as error:
            unreachable(error)
            return
    if feed.missed:
        st.warning(
            "Some events were too many to be shown here. The history has all of them.",
            icon=":material/more_horiz:",
        )
    if not feed.events:
        empty_state("Nothing yet", "What happens is shown here as it happens.", key="live")
        return
    _table(console, feed)
    state = "paused" if paused else "as they happen"
    st.caption(f"the newest {len(feed.events)} · {state} · choose a row to open it")


def _open(console: Console, feed: Feed) -> None:
    """Go to what was chosen, among the rows that were on the page when it was."""
    chosen = st.session_state.get(TABLE)
    rows = chosen["selection"]["rows"] if chosen else []
    if not rows or rows[0] >= len(feed.events):
        return
    event = feed.events[rows[0]]
    if event["execution_id"]:
        console.go("execution", id=event["execution_id"])
    elif event["job_id"] and event["kind"] != "job_deleted":
        console.go("job", id=event["job_id"])
    elif event["node_id"]:
        console.go("cluster")


def _table(console: Console, feed: Feed) -> None:
    events = feed.events
    table = pd.DataFrame(
        {
            "time": [clock(event["at"], console.zone)[11:] for event in events],
            "event": [event["kind"].replace("_", " ") for event in events],
            "job": [event["job_name"] or event["job_id"] or "–" for event in events],
            "namespace": [event["namespace"] or "–" for event in events],
            "status": [[event["status"]] if event["status"] else [] for event in events],
            "attempt": [str(event["attempt"] or "") for event in events],
            "what": [event["text"] for event in events],
            "by": [event["actor"] or event["node_id"] for event in events],
        }
    )
    st.dataframe(
        table,
        key=TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        row_height=34,
        height=640,
        alt=f"{counted(len(events), 'event')}, the newest first",
        column_config={
            "time": st.column_config.TextColumn(width=80),
            "event": st.column_config.TextColumn(width=110),
            "job": st.column_config.TextColumn(width=150),
            "namespace": st.column_config.TextColumn(width=100),
            "status": st.column_config.MultiselectColumn(options=STATUSES, color=COLORS, width=100),
            "attempt": st.column_config.TextColumn(width=70),
            "what": st.column_config.TextColumn(width="large"),
        },
    )
