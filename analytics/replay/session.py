"""A walk through a recording, forth and back. A session never changes: each move is a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from analytics.replay.breakpoints import Breakpoint, Hit, hits, next_stop
from analytics.replay.recording import Recording, tells_error
from analytics.replay.state import State, Step
from analytics.replay.view import View
from analytics.replay.watches import Watched, fault_document, watched


class Status(StrEnum):
    """Where a session stands."""

    INITIALIZED = "initialized"
    RUNNING = "running"
    PAUSED = "paused"
    AT_BREAKPOINT = "at_breakpoint"
    COMPLETED = "completed"


class Move(StrEnum):
    """Ways to go."""

    FORWARD = "forward"
    BACK = "back"
    GOTO = "goto"
    CONTINUE = "continue"
    RESTART = "restart"


class Change(NamedTuple):
    """What a step changed: a field of the state, before and after it."""

    name: str
    before: Any
    after: Any


ALWAYS_CHANGING: Final = frozenset({"step", "phase", "elapsed_ms"})
"""What each step changes, so that to tell it says nothing."""


@dataclass(frozen=True, slots=True)
class Session:
    """A cursor in a recording, with breakpoints and watches.

    Attributes:
        recording: what is walked through.
        cursor: how many steps were taken: 0 before the first, `len(recording)` at the end.
        breakpoints: where it stops by itself.
        watches: expressions to compute at the cursor.
        playing: whether each step forward is followed by another until something stops it.
    """

    recording: Recording
    cursor: int = 0
    breakpoints: tuple[Breakpoint, ...] = ()
    watches: tuple[str, ...] = ()
    playing: bool = False

    def __post_init__(self) -> None:
        assert 0 <= self.cursor <= len(self.recording), "the cursor stands within the recording"

    # ---- looking --------------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        """Where it stands; the end is the end, with a breakpoint on it or not."""
        if self.playing:
            return Status.RUNNING
        if not self.cursor:
            return Status.INITIALIZED
        if self.cursor == len(self.recording):
            return Status.COMPLETED
        return Status.AT_BREAKPOINT if self.hits else Status.PAUSED

    @property
    def step(self) -> Step | None:
        """The latest step; None before the first."""
        return self.recording.steps[self.cursor - 1] if self.cursor else None

    @property
    def state(self) -> State:
        """What the steps up to the cursor add up to."""
        return self.recording.state_at(self.cursor)

    @property
    def view(self) -> View:
        """The step and the state together, as expressions see them."""
        return View.at(self.recording, self.cursor)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The breakpoints that stop here."""
        return hits(self.view, self.breakpoints) if self.breakpoints else ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the latest step changed of the state; none before the first."""
        if not self.cursor:
            return ()
        before = View.at(self.recording, self.cursor - 1).summary()
        return tuple(
            Change(name, before[name], value)
            for name, value in self.view.summary().items()
            if name not in ALWAYS_CHANGING and before[name] != value
        )

    def watched(self) -> tuple[Watched, ...]:
        """What the watches say here."""
        view = self.view
        return tuple(watched(expression, view) for expression in self.watches)

    # ---- moving ---------------------------------------------------------------------------------

    def forward(self) -> Session:
        """One step on; at the end it stays. A playing session stops at a breakpoint and the end."""
        if self.cursor == len(self.recording):
            return self.pause()
        moved = replace(self, cursor=self.cursor + 1)
        stops = moved.cursor == len(self.recording) or bool(moved.hits)
        return moved.pause() if stops else moved

    def back(self) -> Session:
        """One step back; before the first it stays."""
        return replace(self, cursor=max(0, self.cursor - 1), playing=False)

    def go_to(self, cursor: int) -> Session:
        """Right after a step, however far; 0 is before the first."""
        return replace(self, cursor=cursor, playing=False)

    def proceed(self, last: int | None = None) -> Session:
        """On to the next breakpoint, or to `last`, by itself the end: what playing comes to."""
        end = len(self.recording) if last is None else last
        return self.go_to(next_stop(self.recording, self.breakpoints, self.cursor, end))

    def restart(self) -> Session:
        """Back before the first step."""
        return self.go_to(0)

    def play(self) -> Session:
        """The session as one that goes on by itself."""
        return replace(self, playing=self.cursor < len(self.recording))

    def pause(self) -> Session:
        """The session where it is, at rest."""
        return replace(self, playing=False)

    def moved(self, move: Move, to: int | None = None) -> Session:
        """The session after a move by its name; `to` is where goto goes and continue ends."""
        match move:
            case Move.FORWARD:
                return self.forward()
            case Move.BACK:
                return self.back()
            case Move.GOTO:
                return self.go_to(to or 0)
            case Move.CONTINUE:
                return self.proceed(to)
            case Move.RESTART:
                return self.restart()

    def document(self, around: int = 0) -> dict[str, Any]:
        """All that is to be seen at the cursor, and in short at most so many steps around it."""
        step = self.step
        return {
            "execution": dict(self.recording.execution),
            "cursor": self.cursor,
            "total": len(self.recording),
            "status": self.status.value,
            "step": step.document() if step is not None else None,
            "state": self.view.document(),
            "changes": [change._asdict() for change in self.changes],
            "stopped_by": [
                {
                    "breakpoint": hit.breakpoint.text,
                    "error": fault_document(hit.fault) if hit.fault is not None else None,
                }
                for hit in self.hits
            ],
            "breakpoints": [one.text for one in self.breakpoints],
            "watches": [one.document() for one in self.watched()],
            "around": [_short(one) for one in self.recording.near(self.cursor, around)],
        }


def _short(step: Step) -> dict[str, Any]:
    """What a timeline shows of a step."""
    return {
        "number": step.number,
        "attempt": step.attempt,
        "kind": step.kind,
        "offset_ms": step.offset_ms,
        "failed": tells_error(step),
    }
