"""A walk that goes on by itself: a tick of the page after the other, each some steps on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import streamlit as st

from app.console.replay.walk import Walk

SPEED: Final = "replay_speed"


class Pace(NamedTuple):
    """How a speed is kept: `stride` steps each `every_s` seconds.

    A page is not drawn more often than it can be looked at, so that a faster walk takes several
    steps at once rather than fall behind.
    """

    every_s: float
    stride: int


SPEEDS: Final = {
    "1×": Pace(1.0, 1),
    "2×": Pace(0.5, 1),
    "5×": Pace(0.4, 2),
    "10×": Pace(0.4, 4),
}
"""By their names: steps a second."""


@dataclass(frozen=True, slots=True)
class Player:
    """Plays a walk; any other move ends it."""

    walk: Walk

    @property
    def pace(self) -> Pace | None:
        """How it goes on by itself; None while it does not."""
        return _speed() if self.walk.standing.playing else None

    def toggle(self) -> None:
        """Play, or pause where it is."""
        standing = self.walk.standing
        if standing.playing:
            standing.put(standing.cursor)
        else:
            standing.playing = True

    def tick(self) -> None:
        """Take the steps of one tick; it ends at a breakpoint, at the end, and at a refusal."""
        standing, pace = self.walk.standing, self.pace
        if pace is None:
            return
        to = min(standing.cursor + pace.stride, standing.total)
        place = self.walk.attempt(lambda: self.walk.ask(move="continue", to=to))
        if place is not None:
            standing.go_on(place["cursor"])
        if place is None or place["status"] in ("at_breakpoint", "completed"):
            standing.put(standing.cursor)

    def look(self) -> dict[str, Any]:
        """What is to be seen where it stands."""
        place = self.walk.look()
        return place | {"status": "running"} if self.walk.standing.playing else place


def _speed() -> Pace:
    return SPEEDS.get(st.session_state.get(SPEED, ""), SPEEDS["2×"])


def speed_choice() -> None:
    """Let the viewer choose how fast it plays."""
    st.segmented_control(
        "Steps a second",
        list(SPEEDS),
        default="2×",
        required=True,
        key=SPEED,
        bind="query-params",
        label_visibility="collapsed",
        help="Steps a second while it plays",
    )
