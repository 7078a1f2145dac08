"""Two executions side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.client.errors import ApiError
from app.console.replay.looking import word
from app.console.session import Console, show_error
from app.console.widgets.format import plain
from app.console.widgets.layout import card

OTHERS_MAX: Final = 50


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
        f"{one['field']}: {word(one['left'])} → {word(one['right'])}" for one in row["differences"]
    ]
    around = [f"({one['field']})" for one in row["circumstances"]]
    return "; ".join(told + around)
