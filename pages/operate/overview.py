"""Overview: what is the health of my system? Failures and the near future at a glance."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

import streamlit as st

from app.client.errors import Unreachable
from app.console.page import Page
from app.console.session import Console
from app.console.widgets import charts, descriptions
from app.console.widgets.changes import redraw_on_changes
from app.console.widgets.format import (
    ago,
    clock,
    counted,
    milliseconds,
    percent,
    plain,
    status_badge,
)
from app.console.widgets.layout import card, first_job, header, unreachable

PAGE = Page("Overview", ":material/space_dashboard:", 0, "")
WINDOWS = ["15m", "1h", "6h", "24h"]
PACE_S = 5.0


def render(console: Console) -> None:
    status = console.client.cluster_status()
    with header("Overview", f"{status['node_id']} · {console.times_on_one_line()}"):
        window = st.segmented_control(
            "Window",
            WINDOWS,
            default="1h",
            key="overview_window",
            bind="query-params",
            label_visibility="collapsed",
            required=True,
        )
        if st.button("New job", type="primary", icon=":material/add:", shortcut="N"):
            console.go("editor")
    if not status["jobs_total"]:
        first_job(console)
        return
    _live(console, window or "1h")


@st.fragment(run_every="30s", key="overview_live")
def _live(console: Console, window: str) -> None:
    redraw_on_changes("overview_changes", pace_s=PACE_S)
    try:
        data = console.client.overview(window)
    except Unreachable as error:
        unreachable(error)
        return
    now = datetime.now(UTC)  # noqa: TID251  # the viewer's clock, for "2 min ago"; nothing is decided by it
    _cards(console, data, window)
    left, right = st.columns([2.2, 1])
    with left:
        with card(
            "Executions",
            f"the busiest jobs · last {window} · click a bar to open it",
            key="timeline",
        ):
            if data["timeline"]:
                spec = charts.timeline(data["timeline"], now.isoformat(), console.zone)
                event = st.vega_lite_chart(
                    spec,
                    key="overview_timeline",
                    width="stretch",
                    on_select="rerun",
                    alt=descriptions.timeline(data["timeline"]),
                )
                if picked := event["selection"].get("chosen"):
                    console.go("execution", id=picked[0]["id"])
            else:
                st.caption("Nothing ran in this window.")
        with card("Throughput", "runs by outcome", key="throughput"):
            options = charts.throughput(data["series"], console.zone)
            told = descriptions.throughput(data["series"], window)
            st.echarts_chart(options, key="overview_throughput", height=220, alt=told)
    with right:
        _attention(console, data, now)
        _up_next(data, now)
    st.caption(f"updated {clock(now.isoformat(), console.zone)[11:]}")


def _cards(console: Console, data: dict[str, Any], window: str) -> None:
    """The five numbers, each with the way to what is behind it."""
    series = charts.since_first(data["series"])
    counts, lateness = data["counts"], data["lateness_ms"]
    row = st.columns(5)
    with row[0], _number("success"):
        _metric(
            "Success rate",
            percent(data["success_rate"]),
            f"{counts['failed']} failed",
            color="red" if counts["failed"] else "gray",
            bars=[bucket["failed"] for bucket in series],
        )
        console.link("Failed executions", "executions", executions_status="failed")
    with row[1], _number("runs"):
        _metric(
            "Runs / min",
            f"{data['runs_per_minute']:.1f}",
            f"{sum(counts.values())} in {window}",
            bars=[bucket["success"] + bucket["failed"] for bucket in series],
        )
        console.link("Executions", "executions")
    with row[2], _number("running"):
        _metric("Running now", data["running"], f"{data['pending']} waiting")
        st.space("stretch")
        console.link("Running executions", "executions", executions_status="running")
    with row[3], _number("lateness"):
        _metric(
            "Lateness p95",
            milliseconds(lateness["p95"]),
            f"p99 {milliseconds(lateness['p99'])}",
            line=[bucket["lateness_p95_ms"] or 0 for bucket in series],
        )
        console.link("By minute", "sql", query="lateness-by-minute")
    with row[4], _number("jobs"):
        _metric("Jobs", data["jobs_total"], f"{data['jobs_enabled']} enabled")
        st.space("stretch")
        console.link("Jobs", "jobs")


def _number(key: str) -> Any:
    return st.container(border=True, height="stretch", gap="xsmall", key=f"number_{key}")


def _metric(
    label: str,
    value: float | str,
    beside: str,
    *,
    color: Literal["red", "gray"] = "gray",
    bars: list[float] | None = None,
    line: list[float] | None = None,
) -> None:
    st.metric(
        label,
        value,
        beside,
        delta_color=color,
        delta_arrow="off",
        chart_data=bars or line,
        chart_type="bar" if bars else "line",
    )


def _attention(console: Console, data: dict[str, Any], now: datetime) -> None:
    with card("Needs attention", key="attention"):
        if not data["attention"]:
            st.caption(":material/check: Nothing failed or is late in this window.")
        for row in data["attention"]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f"**{row['job_name']}** {status_badge(row['status'])} ×{row['count']}  \n"
                    f":gray[{ago(row['last_at'], now)} · {plain(row['reason'][:60])}]",
                    width="stretch",
                )
                if st.button(
                    "Open", key=f"attention_{row['job_id']}_{row['status']}", type="tertiary"
                ):
                    console.go("job", id=row["job_id"])


def _up_next(data: dict[str, Any], now: datetime) -> None:
    with card("Up next", key="up_next"):
        if not data["up_next"]:
            st.caption("No enabled job has a coming fire time.")
            return
        rows = {row["job_name"]: ago(row["next_run"], now) for row in data["up_next"]}
        told = f"The next {counted(len(rows), 'job')} to run, and in how long"
        st.table(rows, border="horizontal", alt=told)
