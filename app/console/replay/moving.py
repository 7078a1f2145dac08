"""The controls of a walk and its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app.console.replay.playing import Player, speed_choice
from app.console.replay.walk import Walk
from app.console.widgets.format import plain
from app.console.widgets.layout import card

ATTEMPTS_DRAWN: Final = 3
PLAY_PX: Final = 104
BADGES: Final = {
    "initialized": "gray",
    "running": "blue",
    "paused": "blue",
    "at_breakpoint": "orange",
    "completed": "green",
}


def controls(player: Player, place: Mapping[str, Any]) -> None:
    """The buttons, the number of the step, and where the walk stands."""
    with st.container(horizontal=True, vertical_alignment="center", key="replay_controls"):
        _buttons(player, place)
        speed_choice()
        _number(player.walk, place)
        status = place["status"]
        words = status.replace("_", " ")
        st.markdown(f"of {place['total']:,} :{BADGES.get(status, 'gray')}-badge[{words}]")


def _buttons(player: Player, place: Mapping[str, Any]) -> None:
    at_start, at_end = place["cursor"] == 0, place["cursor"] == place["total"]
    plays = player.pace is not None
    for key, label, icon, shortcut, over in (
        ("restart", "Restart", "first_page", "Home", at_start),
        ("back", "Back", "chevron_left", "Left", at_start),
        ("play", *(("Pause", "pause") if plays else ("Play", "play_arrow")), "P", at_end),
        ("forward", "Forward", "chevron_right", "Right", at_end),
        ("continue", "Continue", "last_page", "End", at_end),
    ):
        st.button(
            label,
            icon=f":material/{icon}:",
            type="primary" if key == "forward" else "secondary",
            shortcut=shortcut,
            disabled=over,
            on_click=player.toggle if key == "play" else player.walk.move,
            args=() if key == "play" else (key,),
            key=f"replay_{key}",
            # Play and Pause are as wide, so that the next button stays under the pointer.
            width=PLAY_PX if key == "play" else "content",
        )


def _number(walk: Walk, place: Mapping[str, Any]) -> None:
    st.session_state["replay_goto"] = place["cursor"]
    st.number_input(
        "Step",
        0,
        place["total"],
        key="replay_goto",
        label_visibility="collapsed",
        width=140,
        on_change=lambda: walk.standing.wish(st.session_state["replay_goto"]),
    )


def strip(walk: Walk, place: Mapping[str, Any]) -> None:
    """The attempts around the cursor, a line for each; choosing a step goes there."""
    near = _near_attempts(place)
    attempts: dict[int, dict[int, dict[str, Any]]] = {}
    for step in near:
        attempts.setdefault(step["attempt"], {})[step["number"]] = step
    with card("Timeline", _caption(place), key="replay_strip"):
        for number, steps in attempts.items():
            _attempt_line(walk, number, steps, place["cursor"])
        if len(near) < (total := place["total"]):
            first, last = near[0]["number"], near[-1]["number"]
            st.caption(f"steps {first:,} to {last:,} of {total:,}")


def _near_attempts(place: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps of the current attempt, of the one before and of the one after.

    Always so many, so that what stands below stays where it is while it plays.
    """
    around: list[dict[str, Any]] = place["around"]
    numbers = list(dict.fromkeys(step["attempt"] for step in around))
    current = place["step"]["attempt"] if place["step"] else numbers[0]
    first = max(0, min(numbers.index(current) - 1, len(numbers) - ATTEMPTS_DRAWN))
    drawn = numbers[first : first + ATTEMPTS_DRAWN]
    return [step for step in around if step["attempt"] in drawn]


def _caption(place: Mapping[str, Any]) -> str:
    """What stopped the walk, in the place where it moves nothing."""
    stops = [
        plain(stop["breakpoint"])
        + (f", which cannot be computed: {plain(stop['error']['reason'])}" if stop["error"] else "")
        for stop in place["stopped_by"]
    ]
    if not stops:
        return "milliseconds since the attempt's start"
    return f"stopped by :orange[{'; '.join(stops)}]"


def _attempt_line(walk: Walk, attempt: int, steps: dict[int, dict[str, Any]], cursor: int) -> None:
    key = f"replay_attempt_{attempt}"
    st.session_state[key] = cursor if cursor in steps else None

    def chosen() -> None:
        if st.session_state[key] is not None:
            walk.standing.wish(st.session_state[key])

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
