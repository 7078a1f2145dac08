"""Reports: operations, reliability, failures and capacity of a span, to read and to take away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets import charts, descriptions
from app.console.widgets.choice import choosing
from app.console.widgets.format import clock, counted, milliseconds, plain
from app.console.widgets.layout import card, header
from engine.core.clock import SystemClock, to_datetime

PAGE = Page("Reports", ":material/summarize:", 5, "Understand")
FORMS = {
    "html": ("HTML", "html", "text/html"),
    "pdf": ("PDF", "pdf", "application/pdf"),
    "xlsx": ("Excel", "xlsx", None),
    "csv": ("CSV", "csv.zip", "application/zip"),
    "parquet": ("Parquet", "parquet.zip", "application/zip"),
}
SPANS = {"Last 7 days": 7, "Last 30 days": 30, "Last 90 days": 90, "Chosen days": 0}


NOW, WRITTEN = "Write now", "Written by jobs"
CHOSEN = "report_written"


def render(console: Console) -> None:
    with header("Reports", "each on the clock that it names"):
        view = st.segmented_control(
            "View",
            [NOW, WRITTEN],
            default=NOW,
            required=True,
            label_visibility="collapsed",
            key="reports_view",
            bind="query-params",
        )
    if view == WRITTEN:
        _written(console)
    else:
        _now(console)


def _now(console: Console) -> None:
    kinds = {one["kind"]: one for one in console.client.reports()["reports"]}
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        kind = st.segmented_control(
            "Report",
            list(kinds),
            format_func=lambda name: kinds[name]["title"],
            default="weekly",
            required=True,
            label_visibility="collapsed",
            key="report",
            bind="query-params",
        )
        if st.button("Have it written on schedule", icon=":material/schedule:", type="tertiary"):
            console.go("editor", writes=kind)
    st.caption(plain(kinds[kind]["explanation"]))
    params = _parameters(console, kind)
    try:
        document = _document(console, kind, params)
    except ApiError as error:
        show_error(error)
        return
    _downloads(f"chronos-{kind}", lambda form: console.client.report_bytes(kind, params, form))
    _preview(document)


def _written(console: Console) -> None:
    """What report jobs wrote, newest first; one of them to read and to take away."""
    found = console.client.written_reports(limit=100)["reports"]
    if not found:
        st.info(
            "No job has written a report yet. Open Write now and have one written on schedule.",
            icon=":material/summarize:",
        )
        return
    frame = pd.DataFrame(
        {
            "Report": [one["title"] for one in found],
            "Job": [one["job"] for one in found],
            "Until": [clock(one["until"], console.zone) for one in found],
            "Summary": [one["summary"] for one in found],
        }
    )
    identities = [one["execution_id"] for one in found]
    st.dataframe(
        frame,
        **choosing(CHOSEN, identities, f"reports_{hash(''.join(identities))}"),
        hide_index=True,
        alt=f"{counted(len(found), 'report')} that jobs wrote, the newest first",
    )
    chosen = st.query_params.get(CHOSEN, "")
    one = found[identities.index(chosen) if chosen in identities else 0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(one['title'])}** of {plain(one['job'])}", width="content")
        if st.button("Its execution", icon=":material/open_in_new:", type="tertiary"):
            console.go("execution", id=one["execution_id"])
    client, identity = console.client, one["execution_id"]
    try:
        document = _kept(
            (client.url, identity),
            lambda: orjson.loads(client.written_report(identity, "json"))["data"],
        )
    except ApiError as error:
        show_error(error)
        return
    _downloads(f"chronos-{one['kind']}", lambda form: client.written_report(identity, form))
    _preview(document)


def _document(console: Console, kind: str, params: dict[str, Any]) -> dict[str, Any]:
    asked = (console.client.url, kind, params)
    return _kept(asked, lambda: console.client.report(kind, params))


def _kept(asked: object, write: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The report, kept while the same is asked: each one costs the node a process."""
    kept = st.session_state.get("report_kept")
    if kept is None or kept[0] != asked:
        with st.spinner("Writing the report"):
            kept = (asked, write())
        st.session_state["report_kept"] = kept
    document: dict[str, Any] = kept[1]
    return document


def _parameters(console: Console, kind: str) -> dict[str, Any]:
    now = to_datetime(SystemClock().now_us()).replace(second=0, microsecond=0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        span = st.selectbox("Span", list(SPANS), key="report_span", bind="query-params", width=180)
        since, until = now - timedelta(days=SPANS[span]), now
        if not SPANS[span]:
            since, until = _days(console.zone, now)
        namespace = st.text_input(
            "Namespace", key="report_namespace", bind="query-params", width=180
        )
        job = st.text_input(
            "Job", key="report_job", bind="query-params", placeholder="namespace/name", width=220
        )
        tag = st.text_input(
            "Tag", key="report_tag", bind="query-params", placeholder="team:payments", width=180
        )
        params: dict[str, Any] = {
            "from": since.isoformat(),
            "to": until.isoformat(),
            "zone": console.zone,
            "namespace": namespace.strip(),
            "job": job.strip(),
            "tag": tag.strip(),
        }
        if kind == "reliability":
            goal = st.number_input(
                *("SLO, %", 50.0, 99.999, 99.0, 0.1),
                key="report_slo",
                bind="query-params",
                width=140,
            )
            params["slo"] = goal / 100
    return params


def _days(zone: str, now: datetime) -> tuple[datetime, datetime]:
    """The chosen days, both included, as moments; a week until one end is chosen."""
    today = now.astimezone(ZoneInfo(zone)).date()
    # Nothing is chosen at first: a default is not in the address, and this one moves with the day.
    chosen = st.date_input("Days", [], key="report_days", bind="query-params", width=240)
    week = (today - timedelta(days=6), today)
    first, last = chosen if isinstance(chosen, tuple) and len(chosen) == 2 else week
    return _midnight(first, zone), _midnight(last + timedelta(days=1), zone)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _downloads(name: str, fetch: Callable[[str], bytes]) -> None:
    with st.container(horizontal=True):
        for form, (label, suffix, media) in FORMS.items():
            st.download_button(
                label,
                partial(fetch, form),
                f"{name}.{suffix}",
                mime=media,
                icon=":material/download:",
                key=f"report_{form}",
            )


def _preview(document: dict[str, Any]) -> None:
    zone = document["zone"]
    with card(document["title"], "", key="report"):
        since, until = (clock(document[name], zone) for name in ("since", "until"))
        st.caption(plain(f"{since} to {until}, days and hours of {zone}"))
        st.markdown(plain(document["summary"]))
        for place, figure in zip(
            st.columns(len(document["figures"])), document["figures"], strict=True
        ):
            with place:
                st.metric(
                    figure["title"], _words(figure["value"], figure["unit"]), help=figure["note"]
                )
                st.caption(plain(figure["note"]))
    for number, section in enumerate(document["sections"]):
        with card(section["title"], "", key=f"report_section_{number}"):
            for text in section["prose"]:
                st.markdown(plain(text))
            for chart in section["charts"]:
                if chart["labels"]:
                    st.caption(plain(chart["title"]))
                    told = descriptions.reported(chart)
                    st.vega_lite_chart(charts.reported(chart), width="stretch", alt=told)
            for table in section["tables"]:
                _table(table)


def _words(value: Any, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "share":
        return f"{value * 100:.2f} %"
    if unit == "ms":
        return milliseconds(value)
    return f"{value:,.2f}" if unit == "number" else f"{value:,}"


def _table(table: dict[str, Any]) -> None:
    st.caption(plain(table["title"]))
    if not table["rows"]:
        st.caption("None in this span.")
        return
    looks: dict[str, Any] = {}
    for column in table["columns"]:
        title, unit = column["title"], column["unit"]
        if unit == "share":
            looks[column["name"]] = st.column_config.NumberColumn(title, format="percent")
        elif unit in ("number", "ms"):
            named = f"{title}, ms" if unit == "ms" else title
            looks[column["name"]] = st.column_config.NumberColumn(named, format="%.1f")
        else:
            looks[column["name"]] = st.column_config.Column(title)
    frame = pd.DataFrame(table["rows"], columns=[column["name"] for column in table["columns"]])
    st.dataframe(
        frame,
        key=f"report_{table['name']}",
        hide_index=True,
        column_config=looks,
        alt=f"{table['title']}, {counted(len(frame), 'row')}",
    )
