"""The chosen row of a table as part of the address: a reload keeps it, and a link leads to it.

The address is the truth, and the tick in the table follows it. It is written only when a person
chooses, so that the browser's way back works, and in terms of the rows that this person saw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, TypedDict

import streamlit as st


class Choosing(TypedDict):
    """Arguments of a table of which a row can be chosen."""

    key: str
    on_select: Callable[[], None]
    selection_mode: Literal["single-row"]


def choosing(name: str, rows: Sequence[str], key: str, *forgotten: str) -> Choosing:
    """A table of which one row is chosen: `st.dataframe(table, **choosing("risk", ids, "risks"))`.

    Args:
        name: of the parameter in the address.
        rows: what the parameter says of each row.
        key: of the table.
        forgotten: other parameters, which mean nothing once another row is chosen.
    """
    chosen = st.query_params.get(name)
    ticked = [rows.index(chosen)] if chosen in rows else []
    if ticked != _ticked(key):
        st.session_state[key] = {"selection": {"rows": ticked}}
    remember = partial(_remember, name, tuple(rows), key, forgotten)
    return {"key": key, "on_select": remember, "selection_mode": "single-row"}


def _ticked(key: str) -> list[int]:
    held = st.session_state.get(key)
    return list(held["selection"]["rows"]) if held else []


def _remember(name: str, rows: Sequence[str], key: str, forgotten: Sequence[str]) -> None:
    """Each change of the address is a step of the browser's way back: no more than are needed."""
    ticked = _ticked(key)
    for parameter in forgotten if ticked else (name, *forgotten):
        st.query_params.pop(parameter, None)
    for place in ticked:
        st.query_params[name] = rows[place]
