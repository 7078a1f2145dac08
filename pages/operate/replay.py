"""Step through what was recorded of an execution, forth and back, or beside another one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.page import Page
from app.console.session import Console, show_error
from app.console.widgets.format import counted, plain
from app.console.widgets.layout import card, empty_state, header

PAGE = Page("Replay", ":material/slow_motion_video:", 22, "Operate", hidden=True)

STRIP_MAX: Final = 60
"""So many steps are drawn around the cursor."""

OTHERS_MAX: Final = 50
HTTP_FAULT: Final = 400
BADGES: Final = {
    "initialized": "gray",
    "running": "blue",
    "paused": "blue",
    "at_breakpoint": "orange",
    "completed": "green",
}
STATE_SHOWN: Final = (
    *("attempt", "outcome", "status", "error", "failures", "retries", "elapsed_ms", "late_ms"),
    *("trigger", "node", "job_version", "auth"),
)


@dataclass(frozen=True, slots=True)
class Walk:
    """What is walked through, and what this tab keeps of it.

    Attributes:
        console: of this run.
        name: under which breakpoints and watches are kept.
        source: how the node is told of it: `execution_id`, or the `session` of a file.
        recording: its execution and steps.
    """

    console: Console
    name: str
    source: Mapping[str, Any]
    recording: Mapping[str, Any]

    @property
    def total(self) -> int:
        """How many steps there are."""
        return len(self.recording["steps"])

    @property
    def cursor(self) -> int:
        """How many steps were taken, as the URL says."""
        text = st.query_params.get("step", "0")
        return min(int(text), self.total) if text.isdecimal() and len(text) < 10 else 0

    def kept(self, what: str) -> list[str]:
        """The breakpoints or the watches that were set."""
        kept: list[str] = st.session_state.setdefault(f"replay_{what}_{self.name}", [])
        return kept

    def remove(self, what: str, number: int) -> None:
        """Forget a breakpoint or a watch."""
        del self.kept(what)[number]

    def ask(self, **how: Any) -> dict[str, Any]:
        """Where it stands, after a move if one is given."""
        question = {
            "cursor": self.cursor,
            "breakpoints": self.kept("breakpoints"),
            "watches": self.kept("watches"),
            **how,
        }
        return self.console.client.evaluate_replay(**self.source, **question)

    def move(self, move: str) -> None:
        """Go on by a move; the URL remembers where."""
        place = self.console.attempt(lambda: self.ask(move=move))
        if place is not None:
            self.stand(place["cursor"])

    def stand(self, cursor: int) -> None:
        """Put the cursor somewhere."""
        st.query_params["step"] = str(cursor)


def render(console: Console) -> None:
    identity = st.query_params.get("id", "")
    walk = _of_execution(console, identity) if identity else _of_file(console)
    if walk is None:
        return
    facts = walk.recording["execution"]
    origin = f"execution {facts['id']}" if identity else f"from a file · execution {facts['id']}"
    with header(f"Replay of {facts['job_name'] or facts['job_id'] or 'an execution'}", origin):
        if identity:
            _leave_and_take(console, walk)
    if walk.total:
        place = walk.ask()
        _controls(walk, place)
        _strip(walk)
        _panes(walk, place)
    else:
        empty_state(
            "No steps were recorded",
            "It was skipped, ended before its first attempt, or its attempt was lost.",
            key="steps",
        )
    if identity:
        _compare(console, identity, facts)


def _of_execution(console: Console, identity: str) -> Walk:
    return Walk(console, identity, {"execution_id": identity}, console.client.replay(identity))


def _of_file(console: Console) -> Walk | None:
    """A session that was exported, here or elsewhere."""
    with header("Replay", "step through what was recorded of an execution"):
        console.link("Executions", "executions")
    with card("Open an exported session", "or open an execution and press Replay", key="file"):
        file = st.file_uploader(
            "Session", type="json", key="replay_file", label_visibility="collapsed"
        )
    if file is None:
        return None
    try:
        session = json.loads(file.getvalue())
    except (ValueError, RecursionError) as error:
        st.error(
            f"**{plain(file.name)} is not JSON.** {plain(str(error))}", icon=":material/error:"
        )
        return None
    try:
        # The node judges what was read; only then is it looked into here.
        console.client.evaluate_replay(session=session)
    except ApiError as error:
        show_error(error)
        return None
    for what in ("breakpoints", "watches"):
        st.session_state.setdefault(f"replay_{what}_{file.file_id}", list(session.get(what, [])))
    steps = [{**step, "number": number} for number, step in enumerate(session["steps"], start=1)]
    return Walk(console, file.file_id, {"session": session}, {**session, "steps": steps})


def _leave_and_take(console: Console, walk: Walk) -> None:
    """Back to the execution, and the session as a file."""
    if st.button("Execution", icon=":material/receipt_long:", key="open_execution"):
        console.go("execution", id=walk.name)
    if walk.recording["execution"].get("completed_at") and st.button(
        "With a change", icon=":material/edit:", key="again_changed", help="Run it again otherwise."
    ):
        console.go("again", id=walk.name)
    for form, mime, icon in (
        ("html", "text/html", ":material/html:"),
        ("json", "application/json", ":material/data_object:"),
    ):
        st.download_button(
            form.upper(),
            _exported(walk, form, walk.cursor),
            file_name=f"replay-{walk.name}.{form}",
            mime=mime,
            icon=icon,
            on_click="ignore",
            key=f"export_{form}",
            help=f"The session as one {form.upper()} file, secrets hidden.",
        )


def _exported(walk: Walk, form: str, cursor: int) -> Callable[[], bytes]:
    """Asks for the file when it is wanted, not before."""
    breakpoints, watches = list(walk.kept("breakpoints")), list(walk.kept("watches"))
    return lambda: walk.console.client.export_replay(
        walk.name, form, cursor=cursor, breakpoints=breakpoints, watches=watches
    )


# ---- moving -------------------------------------------------------------------------------------


def _controls(walk: Walk, place: Mapping[str, Any]) -> None:
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
            width=120,
            on_change=lambda: walk.stand(st.session_state["replay_goto"]),
        )
        status = place["status"]
        words = status.replace("_", " ")
        st.markdown(f"of {place['total']} :{BADGES.get(status, 'gray')}-badge[{words}]")
        for stop in place["stopped_by"]:
            st.markdown(f":gray[stopped by] :orange[{plain(stop['breakpoint'])}]")
            if stop["error"]:
                st.caption(plain(f"cannot be computed: {stop['error']['reason']}"))


def _strip(walk: Walk) -> None:
    """The steps around the cursor, a line for each attempt; choosing one goes there."""
    cursor = walk.cursor
    first = max(0, min(cursor - STRIP_MAX // 2, walk.total - STRIP_MAX))
    near = walk.recording["steps"][first : first + STRIP_MAX]
    attempts: dict[int, list[dict[str, Any]]] = {}
    for step in near:
        attempts.setdefault(step["attempt"], []).append(step)
    with card("Timeline", "milliseconds since the attempt's start", key="replay_strip"):
        for number, steps in attempts.items():
            _attempt_line(walk, number, {step["number"]: step for step in steps}, cursor)
        if len(near) < walk.total:
            st.caption(f"steps {first + 1} to {first + len(near)} of {walk.total}")


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
    status = step["detail"].get("status")
    if step["kind"] == "error" or (isinstance(status, int) and status >= HTTP_FAULT):
        return f":red[{plain(text)}]"
    return plain(text) if taken else f":gray[{plain(text)}]"


# ---- looking ------------------------------------------------------------------------------------


def _panes(walk: Walk, place: Mapping[str, Any]) -> None:
    left, right = st.columns([3, 2])
    with left:
        _step(walk, place)
    with right:
        _state(walk, place)
        _watches(walk, place)
        _breakpoints(walk)


def _step(walk: Walk, place: Mapping[str, Any]) -> None:
    step, state = place["step"], place["state"]
    if step is None:
        with card("Before the first step", key="replay_step"):
            st.caption("Forward takes the first step, Continue goes on to a breakpoint or the end.")
    else:
        when = walk.console.time_of(walk.recording["execution"], step["at"])
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


def _state(walk: Walk, place: Mapping[str, Any]) -> None:
    with card("State", f"after step {place['cursor']}", key="replay_state"):
        shown = {name.replace("_", " "): place["state"].get(name) for name in STATE_SHOWN}
        words = {name: plain(_word(value)) for name, value in shown.items()}
        st.table(words, border="horizontal", alt=f"The state after step {place['cursor']}")


def _word(value: Any) -> str:
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
            # Only what the node can read is kept; why it cannot stands above the page.
            if walk.console.attempt(lambda: walk.ask(**{what: wanted})) is None:
                return
            walk.kept(what).append(text)
        st.session_state[field] = ""

    st.text_input(
        label,
        key=field,
        placeholder=f"{label}: {example}",
        on_change=add,
        label_visibility="collapsed",
    )


# ---- comparing ----------------------------------------------------------------------------------


def _compare(console: Console, identity: str, facts: Mapping[str, Any]) -> None:
    others = _others(console, identity, facts)
    with card("Compare", "this execution on the left, another on the right", key="replay_compare"):
        wanted = st.query_params.get("other", "")
        if wanted and wanted not in others:
            others = {wanted: wanted, **others}
        if not others:
            st.caption("This job has no other execution yet.")
            return
        names = list(others)
        chosen = st.selectbox(
            "Other execution",
            names,
            index=names.index(wanted) if wanted else None,
            format_func=lambda one: others[one],
            placeholder="Choose an execution of this job",
            label_visibility="collapsed",
        )
        if not chosen:
            return
        st.query_params["other"] = chosen
        try:
            compared = console.client.compare_executions(identity, chosen)
        except ApiError as error:
            show_error(error)
            return
        _comparison(console, compared)


def _others(console: Console, identity: str, facts: Mapping[str, Any]) -> dict[str, str]:
    """Other executions of the job, newest first, in words."""
    page = console.client.executions(job_id=facts["job_id"], limit=OTHERS_MAX)
    return {
        row["id"]: " · ".join(
            [row["status"], console.time_of(row, row["scheduled_time"]), row["trigger"], row["id"]]
        )
        for row in page["executions"]
        if row["id"] != identity
    }


def _comparison(console: Console, compared: Mapping[str, Any]) -> None:
    first = compared["first_difference"]
    if first is None:
        st.markdown(":green[Both did the same], apart from how long it took.")
    else:
        st.markdown(f"**First difference** &nbsp; :orange[{plain(first['words'])}]")
    rows = compared["rows"]
    table = pd.DataFrame(
        {
            "first": ["▶" if first and place == first["row"] else "" for place in range(len(rows))],
            "attempt": [row["attempt"] for row in rows],
            "step": [row["kind"] for row in rows],
            "left": [row["left_offset_ms"] for row in rows],
            "right": [row["right_offset_ms"] for row in rows],
            "slower": [row["slower_ms"] for row in rows],
            "difference": [_told(row) for row in rows],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key="replay_compared",
        alt=f"{counted(len(rows), 'step')} of both executions, side by side",
        placeholder="",
        column_config={
            "first": st.column_config.TextColumn("", width=30),
            "attempt": st.column_config.NumberColumn(width=70),
            "step": st.column_config.TextColumn(width=90),
            "left": st.column_config.NumberColumn("left, ms", width=90, format="%.1f"),
            "right": st.column_config.NumberColumn("right, ms", width=90, format="%.1f"),
            "slower": st.column_config.NumberColumn("slower by ms", width=100, format="%+.1f"),
            "difference": st.column_config.TextColumn(width="large"),
        },
    )
    if st.button("Step through the other", icon=":material/swap_horiz:", key="swap"):
        left, right = compared["left"]["id"], compared["right"]["id"]
        console.go("replay", id=right, other=left)


def _told(row: Mapping[str, Any]) -> str:
    if row["kind"] == "attempt" or (row["left"] is None) != (row["right"] is None):
        side = row["differences"][0]
        return "left only" if side["right"] is None else "right only"
    told = [
        f"{one['field']}: {_word(one['left'])} → {_word(one['right'])}"
        for one in row["differences"]
    ]
    around = [f"({one['field']})" for one in row["circumstances"]]
    return "; ".join(told + around)
