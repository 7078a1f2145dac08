"""Walks over recorded steps, and executions compared."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.envelope import Shape
from app.api.schemas.executions import Step


class ReplayStep(Step):
    """A step in the line of all attempts; `state` is what the steps up to it add up to."""

    number: int
    attempt: int
    elapsed_ms: float
    state: dict[str, Any] = Field(description="`request`, `response` are numbers of steps.")


class ReplayRecording(Shape):
    """An execution as one line of steps, secrets hidden."""

    execution: dict[str, Any]
    attempts: list[dict[str, Any]]
    steps: list[ReplayStep]
    total: int


class ReplayStepShort(Shape):
    """A step as a timeline shows it."""

    number: int
    attempt: int
    kind: str
    offset_ms: float
    failed: bool = Field(description="It tells of an error, or of an answer from 400 on.")


class ReplayChange(Shape):
    """A field of the state that the latest step changed; time and kind of step are left out."""

    name: str
    before: Any
    after: Any


class ReplayQuestion(Shape):
    """Where a walk stands and how it goes on; one of the first three says in what."""

    execution_id: str | None = None
    session: dict[str, Any] | None = Field(None, description="An exported session.")
    recording: str | None = Field(
        None, description="The name that the answer gave to a session that was sent before."
    )
    cursor: int = Field(0, description="How many steps were taken; 0 is before the first.")
    breakpoints: list[str] = Field([], description="`5`, `kind response`, `error`, or a condition.")
    watches: list[str] = Field([])
    move: Literal["forward", "back", "goto", "continue", "restart"] | None = None
    to: int | None = Field(
        None, description="Where `goto` goes, and how far `continue` does at most."
    )
    around: int = Field(0, description="How many steps around the place to list, at most 200.")


class ReplayPlace(Shape):
    """All that is to be seen at the cursor of a walk."""

    execution: dict[str, Any]
    recording: str | None = Field(description="Ask by it next, rather than send a session again.")
    cursor: int
    total: int
    status: Literal["initialized", "running", "paused", "at_breakpoint", "completed"]
    step: dict[str, Any] | None
    state: dict[str, Any]
    changes: list[ReplayChange]
    stopped_by: list[dict[str, Any]]
    breakpoints: list[str]
    watches: list[dict[str, Any]]
    around: list[ReplayStepShort]


class ExecutionsCompared(Shape):
    """Two executions side by side; `first_difference` is null where they did the same."""

    left: dict[str, Any]
    right: dict[str, Any]
    rows: list[dict[str, Any]]
    first_difference: dict[str, Any] | None
    differing: int
