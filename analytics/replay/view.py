"""What can be asked at a cursor, by the names that conditions and watches use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from analytics.replay.recording import FACTS, Recording
from analytics.replay.state import State, Step, evolve

Reader = Callable[["View"], Any]


@dataclass(frozen=True, slots=True)
class View:
    """A place in a recording: the latest step, None before the first, and the state after it."""

    recording: Recording
    step: Step | None
    state: State

    @classmethod
    def at(cls, recording: Recording, cursor: int) -> View:
        """The view after `cursor` steps."""
        step = recording.steps[cursor - 1] if cursor else None
        return cls(recording, step, recording.state_at(cursor))

    @property
    def outcome(self) -> str:
        """How the current attempt stands: running, or as it ended; empty before the first."""
        if not self.state.attempt:
            return ""
        if not self.state.ended:
            return "running"
        failed = self.state.error is not None or self.state.phase == "error"
        return self.recording.attempt(self.state.attempt).outcome or (
            "failed" if failed else "success"
        )

    @property
    def request(self) -> Mapping[str, Any] | None:
        """What the current attempt asked, once it did."""
        return self._detail(self.state.request)

    @property
    def response(self) -> Mapping[str, Any] | None:
        """What the current attempt was answered, with the body, once it was."""
        detail = self._detail(self.state.response)
        if detail is None:
            return None
        return {**detail, "body": self.recording.attempt(self.state.attempt).response}

    def _detail(self, number: int | None) -> Mapping[str, Any] | None:
        return self.recording.steps[number - 1].detail if number else None

    def summary(self) -> dict[str, Any]:
        """The state as a document; request and response are the numbers of their steps."""
        state = self.state
        return {name: getattr(state, name) for name in _PLAIN} | {
            "outcome": self.outcome,
            "request": state.request,
            "response": state.response,
        }

    def document(self) -> dict[str, Any]:
        """The state as a document, with request and response in full."""
        return self.summary() | {"request": self.request, "response": self.response}


def views(recording: Recording, first: int = 0, last: int | None = None) -> Iterator[View]:
    """The view at each cursor from `first` to `last`, or to the end; 0 is before the first step."""
    view = View.at(recording, first)
    yield view
    state = view.state
    for step in recording.steps[first:last]:
        state = evolve(state, step)
        yield View(recording, step, state)


_PLAIN: Final = tuple(
    name for name in State._fields if name not in ("request", "response", "ended")
)


def _of_step(name: str) -> Reader:
    return lambda view: getattr(view.step, name) if view.step is not None else None


def _of_state(name: str) -> Reader:
    return lambda view: getattr(view.state, name)


def _of_execution(name: str) -> Reader:
    return lambda view: view.recording.execution.get(name)


OBJECTS: Final[Mapping[str, Mapping[str, Reader]]] = {
    "step": {
        name: _of_step(name)
        for name in ("number", "attempt", "kind", "at", "offset_ms", "elapsed_ms")
    },
    "state": {name: _of_state(name) for name in _PLAIN}
    | {
        "outcome": lambda view: view.outcome,
        "request": lambda view: view.request,
        "response": lambda view: view.response,
    },
    "execution": {name: _of_execution(name) for name in FACTS},
}
"""Names with fields that are known beforehand."""

VALUES: Final[Mapping[str, Reader]] = {
    "detail": lambda view: view.step.detail if view.step is not None else None,
    "attempt": lambda view: view.step.attempt if view.step is not None else None,
    "error": lambda view: view.step.error if view.step is not None else None,
}
"""Names that are values themselves; what is in `detail` depends on the step's kind."""
