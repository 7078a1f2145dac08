"""Where a walk stands, kept in step between this tab, its URL and its fields.

The browser tells URL and fields with each rerun, and one that was on its way while the walk moved
still brings those from before. Believed, they would lead the walk back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

import streamlit as st

STEP: Final = "step"
"""What the URL calls the cursor."""

URL_SETTLES_S: Final = 2.0
"""So long may a URL from before still arrive; later it is somebody's wish, such as Back."""

FIELDS_SETTLE_S: Final = 0.6
"""The same for the number of the step and the timeline."""

_KEY: Final = "replay_standing"


@dataclass
class Standing:
    """Where a walk stands.

    Attributes:
        name: of the walk.
        cursor: how many steps were taken. While it plays it runs ahead of the URL, which is told
            at the end: browsers stop listening to an address that changes several times a second.
        told: the step in the URL, as it was read or written last.
        total: how many steps there are, as far as known.
        playing: whether it goes on by itself.
    """

    name: str
    cursor: int
    told: str
    total: int = 0
    playing: bool = False
    _left_s: dict[str, float] = field(default_factory=dict)

    def put(self, cursor: int) -> None:
        """Stand somewhere, at rest; the URL is told."""
        self._leave(self.told)
        self.go_on(cursor)
        self.told, self.playing = str(cursor), False
        st.query_params[STEP] = self.told

    def go_on(self, cursor: int) -> None:
        """Stand somewhere, and play on."""
        self._leave(str(self.cursor))
        self.cursor = cursor

    def wish(self, cursor: int) -> None:
        """Stand where a field says, unless it only repeats where the walk just was."""
        if not self._was_left(str(cursor), FIELDS_SETTLE_S):
            self.put(cursor)

    def explains(self, text: str) -> bool:
        """Whether a step in the URL comes from here, now or a moment ago."""
        return text == self.told or self._was_left(text, URL_SETTLES_S)

    def _leave(self, text: str) -> None:
        now_s = time.monotonic()
        self._left_s = {
            one: left_s for one, left_s in self._left_s.items() if now_s - left_s < URL_SETTLES_S
        }
        self._left_s[text] = now_s

    def _was_left(self, text: str, within_s: float) -> bool:
        return text in self._left_s and time.monotonic() - self._left_s[text] < within_s


def standing_of(name: str) -> Standing:
    """Where a walk stands: as the URL says, when somebody else changed it."""
    text = st.query_params.get(STEP, "")
    kept: Standing | None = st.session_state.get(_KEY)
    if kept is not None and kept.name == name and kept.explains(text):
        return kept
    cursor = int(text) if text.isdecimal() and len(text) < 10 else 0
    fresh = st.session_state[_KEY] = Standing(name, cursor, text)
    return fresh
