"""The answer of a query: rows, a chart of them, and downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from app.console.session import Console
from app.console.widgets import descriptions
from app.console.widgets.format import clock, counted
from app.console.widgets.layout import card

DOWNLOAD_ROWS_MAX: Final = 100_000
INDIGO: Final = "#6366F1"
KINDS: Final = ["bar", "line", "area", "point"]
DRAW: Final = {
    "bar": st.bar_chart,
    "line": st.line_chart,
    "area": st.area_chart,
    "point": st.scatter_chart,
}


def answer_card(console: Console, asked: dict[str, Any]) -> None:
    """Draw `answer` of what was asked; `sql` and `parameters` are asked again for a download."""
    answer = asked["answer"]
    table = pd.DataFrame(answer["rows"], columns=[column["name"] for column in answer["columns"]])
    rows = counted(answer["row_count"], "row")
    cut = ", cut; download for all" if answer["truncated"] else ""
    with card("Result", f"{rows}{cut} in {answer['elapsed_ms']:.0f} ms", key="r"):
        if table.empty:
            st.caption("No rows match.")
        else:
            names = ", ".join(map(str, table.columns))
            st.dataframe(
                table, key="sql_table", hide_index=True, alt=f"The answer, {rows}: {names}"
            )
        st.caption(_freshness(answer["as_of"], console.zone))
        _chart(table, answer["columns"], asked.get("chart") or {})
        _downloads(console, asked)


def _freshness(as_of: str | None, zone: str) -> str:
    if as_of is None:
        return "The node has not exported any history yet. Run it again in a few seconds."
    return f"The history as of {clock(as_of, zone)} {zone}. What ended later shows up in seconds."


def default_kind(type_of_x: str) -> str:
    """A line over time, bars over anything else.

    >>> default_kind("TIMESTAMP"), default_kind("VARCHAR")
    ('line', 'bar')
    """
    return "line" if type_of_x.startswith(("TIMESTAMP", "DATE")) else "bar"


def _chart(table: pd.DataFrame, columns: list[dict[str, str]], saved: Mapping[str, Any]) -> None:
    """A chart of two columns: those of the saved query, where it names some that are there."""
    numbers = [str(name) for name in table.select_dtypes("number").columns]
    if not numbers or table.shape[1] < 2 or table.empty:
        return
    names = [str(name) for name in table.columns]
    types = {column["name"]: column["type"] for column in columns}
    with st.expander("Chart", icon=":material/bar_chart:", expanded=True):
        row = st.columns(4)
        across = row[0].selectbox("Across", names, _place(names, saved.get("x")), key="sql_x")
        heights = [name for name in numbers if name != across] or numbers
        up = row[1].selectbox("Up", heights, _place(heights, saved.get("y")), key="sql_y")
        usual = saved.get("kind") or default_kind(types.get(across, ""))
        kind = row[2].selectbox("Kind", KINDS, _place(KINDS, usual), key=f"sql_kind_{across}")
        others = [name for name in names if name not in (across, up)]
        color = row[3].selectbox("Colour", others, index=None, key="sql_color")
        pairs = zip(table[across], table[up], strict=True)
        known = [(place, value) for place, value in pairs if pd.notna(value)]
        told = descriptions.answer(known, across, up, kind)
        DRAW[kind](table, x=across, y=up, color=color or INDIGO, height=280, alt=told)
        if types.get(across, "").startswith("TIMESTAMP"):
            st.caption("Times are the query's own, and those of the history are in UTC.")


def _place(names: Sequence[str], wanted: str | None) -> int:
    return names.index(wanted) if wanted in names else 0


def _downloads(console: Console, asked: dict[str, Any]) -> None:
    def fetch(form: str) -> Any:
        given = {"parameters": asked["parameters"]}
        return lambda: console.client.sql_bytes(asked["sql"], DOWNLOAD_ROWS_MAX, form, **given).data

    with st.container(horizontal=True):
        for form, label in (("csv", "CSV"), ("arrow", "Arrow"), ("parquet", "Parquet")):
            st.download_button(
                label, fetch(form), f"chronos.{form}", icon=":material/download:", key=f"d_{form}"
            )
