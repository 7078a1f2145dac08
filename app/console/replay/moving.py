"""The controls of a walk and its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app.console.replay.walk import Walk
from app.console.widgets.format import plain
from app.console.widgets.layout import card

BADGES: Final = {
    "initialized": "gray",
    "running": "blue",
    "paused": "blue",
    "at_breakpoint": "orange",
    "completed": "green",
}


def controls(walk: Walk, place: Mapping[str, Any]) -> None:
    """The buttons, the number of the step, and where the walk stands."""
    at_start, at_end = place["cursor"] == 0, place["cursor"] == place["total"]
    with st.container(horizontal=True, vertical_alignment="center", key="replay_controls"):
        for label, icon, move, shortcut, over in (
            ("Restart", "first_page", "restart", "Home", at_start),
            ("Back", "chevron_left", "back", "Left", at_start),
            ("Forward", "chevron_right", "forward", "Right", at_end),
            ("Continue", "last_page", "continue", "End", at_end),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                type="primary" if move == "forward" else "secondary",
                shortcut=shortcut,
                disabled=over,
                on_click=walk.move,
                args=(move,),
                key=f"replay_{move}",
            )
        st.session_state["replay_goto"] = place["cursor"]
        st.number_input(
            "Step",
            0,
            place["total"],
            key="replay_goto",
            label_visibility="collapsed",
            width=140,
            on_change=lambda: walk.stand(st.session_state["replay_goto"]),
        )
        status = place["status"]
        words = status.replace("_", " ")
        st.markdown(f"of {place['total']:,} :{BADGES.get(status, 'gray')}-badge[{words}]")
        for stop in place["stopped_by"]:
            st.markdown(f":gray[stopped by] :orange[{plain(stop['breakpoint'])}]")
            if stop["error"]:
                st.caption(plain(f"cannot be computed: {stop['error']['reason']}"))


def strip(walk: Walk, place: Mapping[str, Any]) -> None:
    """The steps around the cursor, a line for each attempt; choosing one goes there."""
    near, cursor, total = place["around"], place["cursor"], place["total"]
    attempts: dict[int, list[dict[str, Any]]] = {}
    for step in near:
        attempts.setdefault(step["attempt"], []).append(step)
    with card("Timeline", "milliseconds since the attempt's start", key="replay_strip"):
        for number, steps in attempts.items():
            _attempt_line(walk, number, {step["number"]: step for step in steps}, cursor)
        if len(near) < total:
            first, last = near[0]["number"], near[-1]["number"]
            st.caption(f"steps {first:,} to {last:,} of {total:,}")


def _attempt_line(walk: Walk, attempt: int, steps: dict[int, dict[str, Any]], cursor: int) -> None:
    key = f"replay_attempt_{attempt}"
    st.session_state[key] = cursor if cursor in steps else None

    def chosen() -> None:
        if st.session_state[key] is not None:
            walk.stand(st.session_state[key])

    st.segmented_control(
        f"Attempt {attempt}",
        list(steps),
        format_func=lambda number: _label(steps[number], taken=number <= cursor),
        key=key,
        on_change=chosen,
    )


def _label(step: Mapping[str, Any], *, taken: bool) -> str:
    # The number also keeps labels apart: Streamlit knows its options by them.
    text = f"{step['number']} {step['kind']} {step['offset_ms']:+.1f}"
    if step["failed"]:
        return f":red[{plain(text)}]"
    return plain(text) if taken else f":gray[{plain(text)}]"
