"""One job: what it did, how long it took, when it comes next, and what it was before."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.console.page import Page
from app.console.session import Console
from app.console.widgets import charts, descriptions
from app.console.widgets.format import (
    clock,
    counted,
    duration,
    fire_times,
    milliseconds,
    percent,
    plain,
)
from app.console.widgets.heatmaps import WEEK_MEASURES, profile_map, strongest
from app.console.widgets.layout import card, empty_state, header
from app.console.widgets.pauses import pause_banner, pause_button
from app.console.widgets.why import why

PAGE = Page("Job", ":material/work:", 11, "Operate", hidden=True)
STATUSES = ["success", "failed", "running", "pending", "skipped", "cancelled", "unknown"]
COLORS = ["green", "red", "blue", "gray", "violet", "gray", "orange"]
UNTOLD = ("version", "updated_at", "updated_by", "next_run", "last_run", "last_status")


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    if not identity:
        empty_state("No job chosen", "Open one from the Jobs page.", key="job")
        return
    job = console.client.job(identity)
    state = "enabled" if job["enabled"] else "disabled"
    dialect = "" if job["dialect"] == "debian" else f" ({job['dialect']})"
    caption = f"{job['namespace']} · {job['schedule']}{dialect} · {job['timezone']} · {state}"
    with header(job["name"], caption):
        _actions(console, job)
    if job["description"]:
        st.caption(plain(job["description"]))
    pause_banner(console, job)
    _numbers(console, job)
    tabs = st.tabs(list(TABS), key="job_tab", bind="query-params")
    for tab, draw in zip(tabs, TABS.values(), strict=True):
        if tab.open:  # what nobody looks at is neither asked for nor drawn
            with tab:
                draw(console, job)


def _actions(console: Console, job: dict[str, Any]) -> None:
    ref = job["id"]
    if st.button("Edit", icon=":material/edit:", shortcut="E"):
        console.go("editor", id=ref)
    if job["enabled"]:
        if st.button("Disable", icon=":material/toggle_off:"):
            _switch(console, "disable", ref, console.client.disable_job)
    elif st.button("Enable", icon=":material/toggle_on:"):
        _switch(console, "enable", ref, console.client.enable_job)
    if not job.get("paused"):
        pause_button(console, job)
    if st.button("Delete", icon=":material/delete:"):
        _confirm_delete(console, job)
    if st.button("Run now", type="primary", icon=":material/play_arrow:", shortcut="X"):
        started = console.carry_out(
            f"run_{ref}",
            lambda key: console.client.trigger_job(ref, idempotency_key=key),
            "Started",
        )
        if started is not None:
            console.go("execution", id=started["id"])


def _switch(console: Console, verb: str, ref: str, act: Callable[..., Any]) -> None:
    """Enable or disable; a refusal stays on the page."""
    done = console.carry_out(
        f"{verb}_{ref}", lambda key: act(ref, idempotency_key=key), f"Job {verb}d"
    )
    if done is not None:
        st.rerun()


@st.dialog("Delete this job?")
def _confirm_delete(console: Console, job: dict[str, Any]) -> None:
    st.markdown(f"**{job['name']}** in {job['namespace']}")
    st.caption("It stops firing and what runs is cancelled. Its history stays.")
    if st.button("Delete", type="primary", key="really_delete"):
        deleted = console.carry_out(
            f"delete_{job['id']}",
            lambda key: console.client.delete_job(job["id"], idempotency_key=key),
            "Job deleted",
        )
        if deleted is not None:
            console.go("jobs")


def _numbers(console: Console, job: dict[str, Any]) -> None:
    stats = console.client.job_stats(job["id"], "24h")
    row = st.columns(4)
    row[0].metric("Runs, 24 h", stats["runs"], border=True)
    row[1].metric("Success rate", percent(stats["success_rate"]), border=True)
    row[2].metric("Duration p95", milliseconds(stats["duration_ms"]["p95"]), border=True)
    row[3].metric("Lateness p95", milliseconds(stats["lateness_ms"]["p95"]), border=True)


def _history(console: Console, job: dict[str, Any]) -> None:
    rows = console.client.job_executions(job["id"], limit=50)["executions"]
    if not rows:
        st.caption("It has not run yet.")
        return
    table = pd.DataFrame(
        {
            "scheduled": [clock(row["scheduled_time"], console.zone_of(job)) for row in rows],
            "status": [[row["status"]] for row in rows],
            "duration": [
                duration(row["duration"] if row["completed_at"] else None) for row in rows
            ],
            "attempts": [row["attempts"] for row in rows],
            "trigger": [row["trigger"] for row in rows],
            "reason": [row["reason"] or row["error"] for row in rows],
        }
    )
    event = st.dataframe(
        table,
        key=f"job_history_{job['id']}_{rows[0]['id']}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        row_height=36,
        alt=f"The latest {counted(len(rows), 'execution')} of {job['name']}",
        column_config={
            "status": st.column_config.MultiselectColumn(options=STATUSES, color=COLORS)
        },
    )
    if event["selection"]["rows"]:
        console.go("execution", id=rows[event["selection"]["rows"][0]]["id"])


def _statistics(console: Console, job: dict[str, Any]) -> None:
    """What all its scheduled runs came to; the latest of them, and the hours of its week."""
    found = console.client.job_statistics(job["id"])
    if not found["runs"]:
        st.caption("No scheduled run has ended yet.")
        return
    st.markdown(_in_words(found))
    zone, times = console.zone_of(job), console.times_of(job)
    with card("Latest runs", f"{found['drift_words']} · {times}", key="job_latest"):
        series = console.client.job_stats(job["id"], "31d")["series"]
        if timed := [run for run in series if run["duration_ms"] is not None]:
            st.vega_lite_chart(
                charts.durations(timed, zone),
                key="job_durations",
                width="stretch",
                alt=descriptions.durations(timed, zone),
            )
        else:
            st.caption("None ended in the last 31 days.")
    with card(
        "Hours of its week",
        f"all scheduled runs, on the clock of {job['timezone']}",
        key="job_week",
    ):
        shown = st.segmented_control(
            "Show",
            list(WEEK_MEASURES),
            default="Duration",
            key="job_week_show",
            bind="query-params",
            label_visibility="collapsed",
            required=True,
        )
        measure = WEEK_MEASURES[shown or "Duration"]
        st.caption(f"The strongest colour is {strongest(found['week'], measure)}.")
        st.echarts_chart(
            profile_map(found["week"], measure),
            key=f"job_week_{job['id']}",
            height=230,
            alt=f"{shown} by hour of the week of {job['name']}, on the clock of "
            f"{job['timezone']}: at most {strongest(found['week'], measure)}",
        )
    if len(found["failure_rates"]) > 1:
        said = f"of the twenty runs up to each · {times}"
        with card("Failure rate", said, key="job_failure_rate"):
            st.vega_lite_chart(
                charts.failure_rates(found["failure_rates"], zone),
                key="job_rates",
                width="stretch",
                alt=descriptions.failure_rates(found["failure_rates"], zone),
            )


def _in_words(found: dict[str, Any]) -> str:
    took = found["duration_ms"]
    said = [f"**{found['runs']:,}** scheduled runs, **{percent(found['failure_rate'])}** failed"]
    if took["count"]:
        said.append(
            f"mean **{milliseconds(took['mean'])}**, half within {milliseconds(took['p50'])}, "
            f"99 % within {milliseconds(took['p99'])}, longest {milliseconds(took['max'])}"
        )
    return " · ".join(said)


def _coming(console: Console, job: dict[str, Any]) -> None:
    coming = console.client.job_next(job["id"])
    st.markdown(f"**{coming['words']}**")
    if not job["enabled"]:
        st.caption("The job is disabled: it would run at these times.")
    table = pd.DataFrame(fire_times(coming["next"], job["timezone"], console.zone))
    told = f"The next {counted(len(table), 'fire time')} of {job['name']}"
    st.dataframe(table, hide_index=True, key="job_next", alt=told)
    if coming["clock_change"]:
        st.caption(f":material/schedule: {coming['clock_change']['words']}")


def _versions(console: Console, job: dict[str, Any]) -> None:
    versions = console.client.job_versions(job["id"])["versions"]
    numbers = [version["version"] for version in versions]
    if len(numbers) < 2:
        st.caption("One version so far; each edit adds one, and each can be restored.")
        return
    chosen = st.selectbox("Compare with version", numbers[1:], key="job_version")
    earlier = next(version for version in versions if version["version"] == chosen)
    with card(
        f"Version {chosen}",
        f"{clock(earlier['created_at'], console.zone_of(job))} by {earlier['created_by']} "
        f"{plain(earlier['comment'])}",
        key="version",
    ):
        shown = st.segmented_control(
            "View",
            ["Differences", "Side by side"],
            default="Differences",
            key="job_diff",
            bind="query-params",
            label_visibility="collapsed",
            required=True,
        )
        names = (f"version {chosen}", f"version {numbers[0]}")
        texts = (_told(earlier["config"]), _told(versions[0]["config"]))
        if shown == "Side by side":
            for column, name, text in zip(st.columns(2), names, texts, strict=True):
                column.caption(name)
                column.code("\n".join(text), language="json")
        else:
            diff = difflib.unified_diff(*texts, *names, lineterm="")
            st.code("\n".join(diff) or "no difference", language="diff")
        if st.button(f"Roll back to version {chosen}", icon=":material/undo:", key="rollback"):
            rolled = console.carry_out(
                f"rollback_{job['id']}_{job['version']}_{chosen}",
                lambda key: console.client.rollback_job(
                    job["id"], int(chosen), idempotency_key=key
                ),
                f"Rolled back to version {chosen}",
            )
            if rolled is not None:
                st.rerun()


def _told(config: dict[str, Any]) -> list[str]:
    """A version's document without what every version changes."""
    kept = {key: value for key, value in config.items() if key not in UNTOLD}
    return json.dumps(kept, indent=2).splitlines()


def _definition(_: Console, job: dict[str, Any]) -> None:
    st.code(json.dumps(job, indent=2), language="json")


TABS: Final[dict[str, Callable[[Console, dict[str, Any]], None]]] = {
    "History": _history,
    "Statistics": _statistics,
    "Next runs": _coming,
    "Why": why,
    "Versions": _versions,
    "Definition": _definition,
}
