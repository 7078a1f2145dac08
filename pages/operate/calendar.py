"""Calendar: which days and which hours of the week are busy, fail, or are slow."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from app.console.page import Page
from app.console.session import Console
from app.console.widgets.format import plain
from app.console.widgets.heatmaps import MEASURES, picked_day, strongest, week_map, year_map
from app.console.widgets.layout import card, empty_state, header

PAGE = Page("Calendar", ":material/calendar_month:", 24, "Operate")
YEARS: Final = 5
DAY: Final = "calendar_day"


def render(console: Console) -> None:
    today = datetime.now(UTC).astimezone(ZoneInfo(console.zone)).date()  # noqa: TID251  # the viewer's clock, for which year to show first
    with header("Calendar", "when things run, fail, and are slow"):
        shown = st.segmented_control(
            "Show",
            list(MEASURES),
            default="Load",
            key="calendar_show",
            bind="query-params",
            label_visibility="collapsed",
            required=True,
        )
    filters = _filters(console, today)
    if not _is_zone(filters["zone"]):
        st.warning(
            f"**{plain(filters['zone'])}** is no time zone. Write an IANA name: Europe/Berlin.",
            icon=":material/schedule:",
        )
        return
    year = console.client.calendar(**filters)
    if not year["days"]:
        empty_state(
            f"Nothing ran in {year['year']}",
            "No run matches. Take another year, or fewer filters.",
            key="calendar",
        )
        return
    _year(console, year, shown or "Load")
    _week(year, shown or "Load")


def _filters(console: Console, today: date) -> dict[str, Any]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        year = st.selectbox(
            "Year",
            [today.year - back for back in range(YEARS)],
            key="calendar_year",
            bind="query-params",
            width=110,
        )
        zone = st.text_input(
            "Zone",
            key="calendar_zone",
            bind="query-params",
            placeholder=console.zone,
            help="On whose clock days and hours are; an IANA name",
            width=190,
        )
        job = st.text_input(
            "Job",
            key="calendar_job",
            bind="query-params",
            placeholder="namespace/name",
            help="Its id, or namespace/name",
            width=220,
        )
        namespace = st.text_input(
            "Namespace", key="calendar_namespace", bind="query-params", width=160
        )
    return {
        "year": year,
        "zone": zone or console.zone,
        "job_id": job or None,
        "namespace": namespace or None,
    }


def _name(shown: str) -> str:
    return f"{shown}, 95th percentile," if MEASURES[shown].endswith("_ms") else shown


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _year(console: Console, year: dict[str, Any], shown: str) -> None:
    measure, title = MEASURES[shown], f"{_name(shown)} by day"
    counts = f"{year['runs']:,} runs · {year['failed']:,} failed in {year['year']}, {year['zone']}"
    most = strongest(year["days"], measure)
    with card(title, f"{counts} · at most {most} a day · click a day to look", key="year"):
        event = st.echarts_chart(
            year_map(year, measure),
            key=f"calendar_chart_{year['year']}_{measure}",
            height=152,
            on_select="rerun",
            alt=f"{title} of {year['year']}: {counts}",
        )
        clicked = picked_day(year, measure, event["selection"])
        if clicked and st.session_state.get("calendar_clicked") != clicked:
            st.session_state[DAY] = date.fromisoformat(clicked)
        st.session_state["calendar_clicked"] = clicked
        _day(console, year)


def _day(console: Console, year: dict[str, Any]) -> None:
    """The chosen day, by click or by hand, and the ways into it."""
    first, last = date(year["year"], 1, 1), date(year["year"], 12, 31)
    if (held := st.session_state.get(DAY)) and not first <= held <= last:
        del st.session_state[DAY]
    with st.container(horizontal=True, vertical_alignment="center"):
        day = st.date_input(
            "Day",
            None,
            first,
            last,
            key=DAY,
            bind="query-params",
            format="YYYY-MM-DD",
            label_visibility="collapsed",
            width=150,
        )
        if day is None:
            st.caption("Choose a day here or in the map.")
            return
        found = next((row for row in year["days"] if row["date"] == day.isoformat()), None)
        said = f"{found['runs']:,} runs, {found['failed']:,} failed" if found else "nothing ran"
        st.markdown(f"**{day:%A, %-d %B}** · {said}")
        since, until = _bounds(day, year["zone"])
        console.link("Timeline of that day", "timeline", timeline_from=since, timeline_to=until)
        console.link(
            "Executions that ended", "executions", executions_since=since, executions_until=until
        )


def _bounds(day: date, zone: str) -> tuple[str, str]:
    """Where a day of a zone begins and ends, as RFC 3339 in UTC."""
    midnights = (
        datetime.combine(one, time(), ZoneInfo(zone)) for one in (day, day + timedelta(days=1))
    )
    since, until = (at.astimezone(UTC).isoformat() for at in midnights)
    return since, until


def _week(year: dict[str, Any], shown: str) -> None:
    measure, title = MEASURES[shown], f"{_name(shown)} by hour of the week"
    most = strongest(year["hours"], measure)
    caption = f"all weeks of {year['year']} together, {year['zone']} · at most {most} an hour"
    with card(title, caption, key="week"):
        st.echarts_chart(
            week_map(year, measure),
            key=f"calendar_week_{year['year']}",
            height=268,
            alt=f"{title}, {caption}",
        )
