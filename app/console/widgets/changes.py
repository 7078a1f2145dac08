"""A fragment that is drawn again when something happens, not when it is time to ask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from app.console.changes import PATH

_VIEW: Final = Path(__file__).parent / "changes_view"

_changes = st.components.v2.component(
    "chronos_changes",
    html="<span hidden></span>",
    js=(_VIEW / "changes.js").read_text(encoding="utf-8"),
)


def redraw_on_changes(key: str, *, pace_s: float, filters: Mapping[str, Any] | None = None) -> None:
    """Draw the fragment that calls this again after each event.

    Args:
        key: of the invisible element.
        pace_s: at most once in so many seconds; the first event after a rest at once.
        filters: which events, as `GET /api/v1/events` takes them; all without.
    """
    given = {name: value for name, value in (filters or {}).items() if value is not None}
    _changes(
        data={"url": f"{PATH}?{urlencode(given)}", "pace": pace_s * 1000},
        key=key,
        on_changed_change=lambda: None,
    )
