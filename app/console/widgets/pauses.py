"""The pause of one job: the banner that tells it, and the button that makes one."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app.console.session import Console
from app.console.widgets.format import clock, plain

LENGTHS: Final = ("30m", "1h", "4h", "1d", "7d")
OPEN_END: Final = "until resumed"


def pause_banner(console: Console, job: dict[str, Any]) -> None:
    """Who holds the job back, until when and why; with the way to end it."""
    pause = job.get("paused")
    if not pause:
        return
    zone = console.zone_of(job)
    until = f"until {clock(pause['until'], zone)}" if pause["until"] else OPEN_END
    scope = "" if pause["scope"].startswith("job:") else f" with all of `{pause['scope']}`"
    note = f": {plain(pause['note'])}" if pause["note"] else ""
    with st.container(horizontal=True, vertical_alignment="center", key="card_paused"):
        words = f"Paused by {plain(pause['by'])}{scope}, {until}{note}"
        st.markdown(f":orange-badge[:material/pause_circle: paused] {words}", width="stretch")
        if st.button("Resume", icon=":material/play_arrow:", key="job_resume"):
            carry_out_end(console, pause)


def carry_out_end(console: Console, pause: dict[str, Any]) -> None:
    """End a pause, or take back a planned one; a refusal stays on the page."""
    done = console.carry_out(
        f"resume_{pause['id']}",
        lambda key: console.client.resume_jobs(pause["id"], idempotency_key=key),
        "It runs again" if pause["state"] == "active" else "Taken back",
    )
    if done is not None:
        st.rerun()


def pause_jobs(console: Console, document: dict[str, str]) -> None:
    """Pause, and say so; a refusal stays on the page."""
    made = console.carry_out(
        f"pause_{sorted(document.items())}",
        lambda key: console.client.pause_jobs(document, idempotency_key=key),
        "Paused",
    )
    if made is not None:
        st.rerun()


def length_and_note(name: str) -> dict[str, str]:
    """The fields that every pause has, as they stand in its document."""
    length = st.pills("For", [*LENGTHS, OPEN_END], default="1h", key=f"{name}_for")
    note = st.text_input(
        "Note", placeholder="why; everybody reads it", key=f"{name}_note", max_chars=200
    )
    document = {"note": note} if note else {}
    return document | ({"for": length} if length in LENGTHS else {})


def pause_button(console: Console, job: dict[str, Any]) -> None:
    """Hold the job back for a while."""
    with st.popover("Pause", icon=":material/pause:", key="job_pause"):
        document = length_and_note("job_pause")
        if st.button("Pause now", type="primary", key="job_pause_now"):
            pause_jobs(console, {"scope": f"job:{job['id']}", **document})
