"""Timeline: what ran when, what overlapped, what came late, and what is planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.client.errors import Unreachable
from app.console.page import Page
from app.console.session import Console
from app.console.widgets import descriptions
from app.console.widgets.format import clock, counted, milliseconds, moment, stretch
from app.console.widgets.gantt import frame_of, gantt
from app.console.widgets.layout import card, empty_state, header, unreachable

PAGE = Page("Timeline", ":material/view_timeline:", 22, "Operate")
WINDOWS: Final = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
STATUSES: Final = ["failed", "unknown", "running", "pending", "skipped", "success", "planned"]
AHEAD: Final = 6
"""A window that follows now shows a sixth of its length of what is to come."""
SPAN_MIN: Final = timedelta(seconds=5)
SPAN_MAX: Final = timedelta(days=366)
FROM, TO = "timeline_from", "timeline_to"
COLORS: Final = ["red", "orange", "blue", "gray", "violet", "green", "gray"]

Window = tuple[datetime, datetime]


def render(console: Console) -> None:
    chosen = _chosen()
    with header("Timeline", console.times_on_one_line()):
        name = st.segmented_control(
            "Window",
            list(WINDOWS),
            default="1h",
            key="timeline_window",
            bind="query-params",
            label_visibility="collapsed",
            required=True,
            on_change=_follow_now,
        )
    filters = _filters()
    follow = chosen is None
    draw = st.fragment(run_every="10s" if follow else None, key="timeline_live")(_board)
    draw(console, chosen, WINDOWS[name or "1h"], filters)


def _chosen() -> Window | None:
    """The window that the URL names; None follows now."""
    try:
        since, until = (moment(st.query_params.get(name)) for name in (FROM, TO))
    except ValueError:
        return None
    if since is None or until is None or since.tzinfo is None or until.tzinfo is None:
        return None
    return (since, until) if since < until else None


def _follow_now() -> None:
    for name in (FROM, TO):
        if name in st.query_params:
            del st.query_params[name]


def _look_at(since: datetime, until: datetime) -> None:
    """Show another window; what is too short or too long is brought within bounds."""
    middle, span = since + (until - since) / 2, min(max(until - since, SPAN_MIN), SPAN_MAX)
    for name, at in ((FROM, middle - span / 2), (TO, middle + span / 2)):
        st.query_params[name] = at.astimezone(UTC).isoformat(timespec="seconds")
    st.rerun()


def _filters() -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Job", key="timeline_q", bind="query-params", placeholder="namespace/name", width=200
        )
        namespace = st.text_input(
            "Namespace", key="timeline_namespace", bind="query-params", width=150
        )
        tag = st.text_input(
            "Tag", key="timeline_tag", bind="query-params", placeholder="team:data", width=150
        )
        by = st.text_input(
            "Lanes by",
            "job",
            key="timeline_by",
            bind="query-params",
            help="job, namespace, or tag:team for the values of a tag",
            width=130,
        )
        status = st.pills(
            "Status",
            STATUSES,
            selection_mode="multi",
            key="timeline_status",
            bind="query-params",
        )
    return {
        "q": search or None,
        "namespace": namespace or None,
        "tag": [part.strip() for part in tag.split(",") if part.strip()] or None,
        "by": by or None,
        "status": ",".join(status) or None,
    }


def _board(
    console: Console, chosen: Window | None, length: timedelta, filters: dict[str, Any]
) -> None:
    now = datetime.now(UTC)  # noqa: TID251  # the viewer's clock, to place a window; nothing is decided by it
    since, until = chosen or (now - length, now + length / AHEAD)
    _moves(since, until, follow=chosen is None)
    try:
        board = console.client.timeline(since=since.isoformat(), until=until.isoformat(), **filters)
    except Unreachable as error:
        unreachable(error)
        return
    if not board["lanes"]:
        empty_state(
            "Nothing in this window",
            "No run and no coming fire matches. Take a longer window, or fewer filters.",
            key="timeline",
        )
        return
    lanes, total = len(board["lanes"]), board["lanes_total"]
    shown = f"{lanes} of {total} lanes, those with failures first" if total > lanes else ""
    span = stretch(board["since"], board["until"], console.zone)
    with card(
        span,
        " · ".join(filter(None, [shown, "click a bar to open it, drag to zoom in"])),
        key="timeline",
    ):
        event = st.vega_lite_chart(
            gantt(board, console.zone),
            key=f"timeline_chart_{st.query_params.get(FROM)}_{st.query_params.get(TO)}_{length}",
            width="stretch",
            on_select="rerun",
            alt=descriptions.board(board, span),
        )
        st.caption(
            "A thin line leads from the fire time to a late start; a ring is a planned fire. "
            "A bar with several colours stands for many runs: a click looks closer."
        )
    _follow(console, board, event["selection"])
    _table(console, board)


def _moves(since: datetime, until: datetime, *, follow: bool) -> None:
    """Pan and zoom by button and key."""
    span = until - since
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if st.button("Earlier", icon=":material/chevron_left:", shortcut="Left"):
            _look_at(since - span / 2, until - span / 2)
        if st.button("Later", icon=":material/chevron_right:", shortcut="Right"):
            _look_at(since + span / 2, until + span / 2)
        if st.button("Closer", icon=":material/zoom_in:", shortcut="Up"):
            _look_at(since + span / 4, until - span / 4)
        if st.button("Wider", icon=":material/zoom_out:", shortcut="Down"):
            _look_at(since - span / 2, until + span / 2)
        if st.button("Now", icon=":material/my_location:", shortcut="T", disabled=follow):
            _follow_now()
            st.rerun()  # the whole page: only then does it follow again
        if follow:
            st.caption("follows now")


def _follow(console: Console, board: dict[str, Any], selection: Any) -> None:
    """Go where a click or a drag points."""
    frame = frame_of(board, console.zone)
    if stretch := (selection.get("zoom") or {}).get("begin"):
        _look_at(frame.at(stretch[0]), frame.at(stretch[-1]))
    picked = selection.get("chosen") or selection.get("coming")
    if not picked:
        return
    kind, _, target = picked[0]["go"].partition(":")
    if kind == "run":
        console.go("execution", id=target)
    elif kind == "job":
        console.go("job", id=target)
    else:
        begin, end = map(float, target.split(":"))
        margin = max(1000.0, (end - begin) / 10)
        _look_at(frame.at(begin - margin), frame.at(end + margin))


def _table(console: Console, board: dict[str, Any]) -> None:
    """The same as rows, for whoever cannot point."""
    rows = [
        (lane["label"], mark)
        for lane in board["lanes"]
        for mark in lane["marks"]
        if mark["kind"] != "planned"
    ]
    with st.expander(f"As a table · {len(rows)} bars", icon=":material/table_rows:"):
        if not rows:
            st.caption("Only planned fires are in this window.")
            return
        _rows(console, rows)


def _rows(console: Console, rows: list[tuple[str, dict[str, Any]]]) -> None:
    table = pd.DataFrame(
        {
            "lane": [label for label, _ in rows],
            "job": [mark["job_name"] for _, mark in rows],
            "status": [[mark["status"]] for _, mark in rows],
            "runs": [mark["runs"] for _, mark in rows],
            "from": [clock(mark["from"], console.zone) for _, mark in rows],
            "to": [clock(mark["to"], console.zone) for _, mark in rows],
            "late by": [milliseconds(mark["lateness_ms"]) for _, mark in rows],
        }
    )
    event = st.dataframe(
        table,
        key=f"timeline_table_{hash(tuple(mark['execution_id'] for _, mark in rows))}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        row_height=36,
        alt=f"{counted(len(rows), 'bar')} of the timeline as rows",
        column_config={
            "status": st.column_config.MultiselectColumn(options=STATUSES, color=COLORS)
        },
    )
    if picked := event["selection"]["rows"]:
        console.go("execution", id=rows[picked[0]][1]["execution_id"])
