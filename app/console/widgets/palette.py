"""The command palette: Ctrl+K finds a job, a run, a page or an action and goes there.

The component only asks and shows; the node ranks, and nothing is done from here: an action leads to
the page where it is confirmed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import streamlit as st

from app.client.errors import ApiError, Unreachable
from app.console.session import Console

RESULTS: Final = 12
_VIEW: Final = Path(__file__).parent / "palette_view"
_ASKED: Final = "_palette_question"
_ANSWER: Final = "_palette_answer"
NOTHING: Final[dict[str, Any]] = {"question": None, "results": [], "error": ""}
_KEY: Final = "palette"

_palette = st.components.v2.component(
    "chronos_palette",
    html=(_VIEW / "palette.html").read_text(encoding="utf-8"),
    css=(_VIEW / "palette.css").read_text(encoding="utf-8"),
    js=(_VIEW / "palette.js").read_text(encoding="utf-8"),
)


@st.fragment(key="palette_fragment")
def palette(console: Console) -> None:
    """Draw the button and the palette; only this is drawn again while words are typed."""
    if _ASKED in st.session_state:  # not on every draw of a page
        st.session_state[_ANSWER] = _answer(console, st.session_state.pop(_ASKED))
    chosen = _palette(
        data=st.session_state.get(_ANSWER, NOTHING),
        key=_KEY,
        on_question_change=_asked,
        on_go_change=lambda: None,
    )
    if chosen.go:
        console.go(chosen.go["page"], **chosen.go["params"])


def _asked() -> None:
    st.session_state[_ASKED] = st.session_state[_KEY].question or ""


def _answer(console: Console, question: str) -> dict[str, Any]:
    try:
        found = console.client.search(question, RESULTS)["results"]
    except ApiError as error:
        return {"question": question, "results": [], "error": error.message}
    except Unreachable as error:
        return {"question": question, "results": [], "error": f"No answer: {error.reason}"}
    return {"question": question, "results": found, "error": ""}
