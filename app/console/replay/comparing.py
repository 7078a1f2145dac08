"""Two executions side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.replay.looking import word
from app.console.session import Console, show_error
from app.console.widgets.format import counted, plain
from app.console.widgets.layout import card

OTHERS_MAX: Final = 50
ROWS_MAX: Final = 200
LINES_MAX: Final = 400
TABLE_PX: Final = 430
MARKED: Final = "background-color: rgba(199, 126, 5, 0.18)"
SIDES: Final = ("left", "right")
SAME: Final = "\N{NO-BREAK SPACE}"
"""Before a line that both have: after a plain space it would be paler than can be read well."""


@st.fragment(key="replay_compare")
def compare(console: Console, identity: str, facts: Mapping[str, Any]) -> None:
    """Another execution of the job beside this one."""
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
    row = _chosen_row(compared)
    if row is not None:
        _both_sides(console, compared, row)
    if st.button("Step through the other", icon=":material/swap_horiz:", key="swap"):
        left, right = compared["left"]["id"], compared["right"]["id"]
        console.go("replay", id=right, other=left)


def _chosen_row(compared: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The row that was chosen in the table of all; by itself the first that differs."""
    rows, first = compared["rows"], compared["first_difference"]
    marked = first["row"] if first else None
    start = max(0, min((marked or 0) - ROWS_MAX // 2, len(rows) - ROWS_MAX))
    near = rows[start : start + ROWS_MAX]
    picked = st.dataframe(
        _table(near, None if marked is None else marked - start),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        # Choices are kept by place: of another pair they would mean other rows.
        key=f"replay_compared_{compared['left']['id']}_{compared['right']['id']}",
        height=min(TABLE_PX, 36 * (len(near) + 1)),
        placeholder="",
        alt=f"{counted(len(rows), 'step')} of both executions, side by side",
        column_config=_COLUMNS,
    )
    if len(near) < len(rows):
        st.caption(f"rows {start + 1:,} to {start + len(near):,} of {len(rows):,}")
    chosen = picked["selection"]["rows"]
    if chosen and chosen[0] < len(near):
        row: Mapping[str, Any] = near[chosen[0]]
        return row
    return rows[marked] if marked is not None else None


def _table(rows: Sequence[Mapping[str, Any]], marked: int | None) -> Any:
    table = pd.DataFrame(
        {
            "first": ["▶" if place == marked else "" for place in range(len(rows))],
            "attempt": [row["attempt"] for row in rows],
            "left": [_side(row, "left") for row in rows],
            "left_ms": [row["left_offset_ms"] for row in rows],
            "right": [_side(row, "right") for row in rows],
            "right_ms": [row["right_offset_ms"] for row in rows],
            "slower": [row["slower_ms"] for row in rows],
            "difference": [_told(row) for row in rows],
        }
    )
    return table.style.apply(
        lambda row: [MARKED if row.name == marked else ""] * len(row), axis="columns"
    )


_COLUMNS: Final = {
    "first": st.column_config.TextColumn("", width=30),
    "attempt": st.column_config.NumberColumn(width=70),
    "left": st.column_config.TextColumn(width=110),
    "left_ms": st.column_config.NumberColumn("ms", width=80, format="%.1f"),
    "right": st.column_config.TextColumn(width=110),
    "right_ms": st.column_config.NumberColumn("ms", width=80, format="%.1f"),
    "slower": st.column_config.NumberColumn("slower by ms", width=100, format="%+.1f"),
    "difference": st.column_config.TextColumn(width="large"),
}


def _side(row: Mapping[str, Any], side: str) -> str:
    if row["kind"] == "outcome" or (row["kind"] == "attempt" and row["differences"][0][side]):
        return str(row["kind"])
    return f"{row[side]} {row['kind']}" if row[side] is not None else "–"


def _both_sides(console: Console, compared: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    """What each execution recorded there, line beside line, what differs marked."""
    try:
        sides = {side: _recorded(console, compared[side]["id"], row, side) for side in SIDES}
    except ApiError as error:
        show_error(error)
        return
    left, right = side_by_side(sides["left"], sides["right"])
    for column, side, lines in zip(st.columns(2), SIDES, (left, right), strict=True):
        with column:
            facts = compared[side]
            st.markdown(
                f"**{side.capitalize()}** &nbsp; attempt {row['attempt']}, "
                f"{plain(_side(row, side))} &nbsp; "
                f":gray[{plain(facts['status'])} · {plain(facts['id'])}]"
            )
            st.code("\n".join(lines), language="diff", wrap_lines=True)


def _recorded(console: Console, identity: str, row: Mapping[str, Any], side: str) -> Any:
    """The step of a side; of the end of an attempt, what is said of it."""
    if row[side] is None:
        told = {one["field"]: one[side] for one in row["differences"] if one[side] is not None}
        return told if row["kind"] in ("outcome", "attempt") else None
    place = console.client.evaluate_replay(execution_id=identity, cursor=row[side])
    return place["state"]["response"] if row["kind"] == "response" else place["step"]["detail"]


def side_by_side(left: Any, right: Any) -> tuple[list[str], list[str]]:
    """The lines of two values, each with "-" or "+" before it where the other has none like it."""
    ours, theirs = (_lines(value) for value in (left, right))
    same = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    kept = [{block.a + k for block in same for k in range(block.size)}]
    kept.append({block.b + k for block in same for k in range(block.size)})
    return (
        [f"{SAME if place in kept[0] else '-'} {line}" for place, line in enumerate(ours)],
        [f"{SAME if place in kept[1] else '+'} {line}" for place, line in enumerate(theirs)],
    )


def _lines(value: Any) -> list[str]:
    if value is None:
        return ["nothing on this side"]
    lines = json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    return lines if len(lines) <= LINES_MAX else [*lines[:LINES_MAX], "…"]


def _told(row: Mapping[str, Any]) -> str:
    if row["kind"] == "attempt" or (row["left"] is None) != (row["right"] is None):
        side = row["differences"][0]
        return "left only" if side["right"] is None else "right only"
    told = [
        f"{one['field']}: {word(one['left'])} → {word(one['right'])}" for one in row["differences"]
    ]
    around = [f"({one['field']})" for one in row["circumstances"]]
    return "; ".join(told + around)
