"""Why a job ran at a moment, or did not: the question and its answer."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from app.console.session import Console
from app.console.widgets.format import clock, plain

BADGES: Final = {
    "ran": ("green", "ran"),
    "open": ("blue", "under way"),
    "skipped": ("violet", "skipped"),
    "planned": ("blue", "planned"),
    "paused": ("orange", "paused"),
    "disabled": ("gray", "disabled"),
    "no_fire_time": ("gray", "no fire time"),
    "closed": ("orange", "closed"),
    "not_created": ("gray", "not there yet"),
    "deleted": ("gray", "deleted"),
    "superseded": ("gray", "superseded"),
    "undecided": ("orange", "not decided"),
    "unrecorded": ("red", "not recorded"),
}


def why(console: Console, job: dict[str, Any]) -> None:
    """Ask about a moment; the latest fire time at first."""
    asked = st.text_input(
        "Moment",
        key="why_at",
        bind="query-params",
        placeholder="the latest fire time, or 2026-11-27T02:30:00Z",
        help="Date and time with its offset from UTC. The answer comes from recorded facts.",
    )
    found = console.client.job_why(job["id"], asked.strip())
    zone = console.zone_of(job)
    color, label = BADGES[found["verdict"]]
    st.markdown(f"**{clock(found['at'], zone)}** :{color}-badge[{label}]")
    st.markdown(plain(found["words"]))
    if found["execution_id"] and found["verdict"] in ("ran", "open"):
        console.link("Its execution", "execution", id=found["execution_id"])
    for fact in found["facts"]:
        st.caption(f"{clock(fact['at'], zone)} · {plain(fact['words'])}")
    with st.container(horizontal=True):
        for label, side in (("Before", "before"), ("After", "after")):
            if found[side]:
                console.link(
                    f"{label}: {clock(found[side], zone)}",
                    "job",
                    id=job["id"],
                    job_tab="Why",
                    why_at=found[side],
                )
