"""What is to be seen where a walk stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import streamlit as st

from app.console.replay.walk import Walk
from app.console.widgets.format import plain
from app.console.widgets.layout import card

CHANGES_PX: Final = 150
STATE_SHOWN: Final = (
    *("attempt", "outcome", "status", "error", "failures", "retries", "elapsed_ms", "late_ms"),
    *("trigger", "node", "job_version", "auth"),
)


def panes(walk: Walk, place: Mapping[str, Any]) -> None:
    """Step, request and response; state, watches and breakpoints."""
    left, right = st.columns([3, 2])
    with left:
        _step(walk, place)
    with right:
        _changes(place)
        _state(place)
        _watches(walk, place)
        _breakpoints(walk)


def _step(walk: Walk, place: Mapping[str, Any]) -> None:
    step, state = place["step"], place["state"]
    if step is None:
        with card("Before the first step", key="replay_step"):
            st.caption("Forward takes the first step, Continue goes on to a breakpoint or the end.")
    else:
        when = walk.console.time_of(place["execution"], step["at"])
        caption = f"attempt {step['attempt']} · {plain(when)} · {step['elapsed_ms']:+.1f} ms"
        with card(plain(step["kind"].capitalize()), caption, key="replay_step"):
            _json(step["detail"])
    with card("Request", "of this attempt, secrets hidden", key="replay_request"):
        if state["request"]:
            _json(state["request"])
        else:
            st.caption("Nothing was asked yet.")
    with card("Response", "to this attempt, secrets hidden", key="replay_response"):
        if state["response"]:
            body = state["response"].get("body")
            _json({key: value for key, value in state["response"].items() if key != "body"})
            if body:
                st.code(body, language=None, wrap_lines=True)
        else:
            st.caption("Nothing was answered yet.")


def _json(value: Any) -> None:
    st.code(json.dumps(value, indent=2, ensure_ascii=False), language="json", wrap_lines=True)


def _changes(place: Mapping[str, Any]) -> None:
    """The difference that the latest step made; as high for each, so that State stays in place."""
    with card("Difference", "what this step changed of the state", key="replay_changes"):
        lines = [line for change in place["changes"] for line in _before_and_after(change)]
        text = "\n".join(lines) or ("nothing but the time" if place["cursor"] else "nothing yet")
        st.code(text, language="diff", height=CHANGES_PX, wrap_lines=True)


def _before_and_after(change: Mapping[str, Any]) -> Iterator[str]:
    name = change["name"].replace("_", " ")
    of_step = "step " if name in ("request", "response") else ""
    for sign, value in (("-", change["before"]), ("+", change["after"])):
        if value not in (None, ""):
            # A line break in an error would begin a line that looks like another change.
            yield f"{sign} {name}: {of_step}{' '.join(str(value).split())}"


def _state(place: Mapping[str, Any]) -> None:
    changed = {change["name"] for change in place["changes"]}
    with card("State", f"after step {place['cursor']}", key="replay_state"):
        shown = {name: plain(word(place["state"].get(name))) for name in STATE_SHOWN}
        st.table(
            {
                name.replace("_", " "): f":blue[**{said}**]" if name in changed else said
                for name, said in shown.items()
            },
            border="horizontal",
            alt=f"The state after step {place['cursor']}",
        )


def word(value: Any) -> str:
    """A value as a cell shows it."""
    return "–" if value is None or value == "" else str(value)


def _watches(walk: Walk, place: Mapping[str, Any]) -> None:
    with card("Watches", "expressions, computed here", key="replay_watches"):
        for number, one in enumerate(place["watches"]):
            fault = one["error"]
            said = (
                f":red[at character {fault['position']}: {plain(fault['reason'])} "
                f"({plain(fault['hint'])})]"
                if fault
                else plain(json.dumps(one["value"], ensure_ascii=False))
            )
            _kept_line(walk, "watches", number, f"{plain(one['expression'])} = {said}")
        _add(walk, "watches", "Add a watch", "state.failures")


def _breakpoints(walk: Walk) -> None:
    with card("Breakpoints", "where Continue stops", key="replay_breakpoints"):
        for number, text in enumerate(walk.kept("breakpoints")):
            _kept_line(walk, "breakpoints", number, plain(text))
        _add(walk, "breakpoints", "Add a breakpoint", "5, response, error, detail.status >= 500")


def _kept_line(walk: Walk, what: str, number: int, said: str) -> None:
    """One that was set, and the way to be rid of it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            st.markdown(said)
        st.button(
            "Remove",
            icon=":material/close:",
            type="tertiary",
            key=f"replay_remove_{what}_{number}",
            on_click=walk.remove,
            args=(what, number),
        )


def _add(walk: Walk, what: str, label: str, example: str) -> None:
    field = f"replay_add_{what}"

    def add() -> None:
        text = st.session_state[field].strip()
        if text and text not in walk.kept(what):
            wanted = [*walk.kept(what), text]
            # Only what the node can read is kept; why it cannot is said beside the field.
            if walk.attempt(lambda: walk.ask(**{what: wanted}), what) is None:
                return
            walk.keep(what, wanted)
        st.session_state[field] = ""

    walk.show_refusal(what)
    st.text_input(
        label,
        key=field,
        placeholder=f"{label}: {example}",
        on_change=add,
        label_visibility="collapsed",
    )
