"""What was recorded of an execution: the steps of all its attempts in one line, secrets hidden.

A recording is meant to be looked at by others and handed on, so it hides more than the execution
itself: also what a target answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from analytics.replay.state import EMPTY, State, Step, evolve
from engine.model.redaction import (
    HIDDEN,
    is_sensitive,
    redacted_body,
    redacted_headers,
    redacted_url,
)

KINDS: Final = (
    *("schedule", "prepare", "auth", "request", "response"),
    *("retry", "complete", "error"),
)
"""The kinds of steps that are recorded, as they follow one another."""

FACTS: Final = (
    *("id", "job_id", "job_name", "namespace", "status", "reason", "trigger", "scheduled_time"),
    *("started_at", "completed_at", "duration", "node_id", "replay_of"),
)
"""What a recording says of its execution."""

CHECKPOINT_EVERY: Final = 256
"""A jump takes up at most so many steps after the checkpoint before it."""

HTTP_FAULT: Final = 400

_PAIR: Final = re.compile(r'("((?:[^"\\]|\\.){1,100})"\s*:\s*)("(?:[^"\\]|\\.)*"?|-?\d[\d.eE+-]*)')


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt went; what it did is in the steps."""

    number: int
    node_id: str = ""
    started_at: str | None = None
    completed_at: str | None = None
    outcome: str = ""
    status_code: int | None = None
    error: str = ""
    response: str = ""

    def document(self) -> dict[str, Any]:
        """Its public shape."""
        return {
            "attempt": self.number,
            "node_id": self.node_id,
            "started_at": self.started_at,
            "completed_at": self.completed_at,
            "outcome": self.outcome,
            "status_code": self.status_code,
            "error": self.error,
            "response": self.response,
        }


@dataclass(frozen=True, eq=False)
class Recording:
    """An execution as it can be walked through.

    Attributes:
        execution: the facts named in `FACTS`.
        attempts: by number, also those that left no steps.
        steps: of all attempts, numbered from 1.
    """

    execution: Mapping[str, Any]
    attempts: tuple[Attempt, ...]
    steps: tuple[Step, ...]

    def __len__(self) -> int:
        return len(self.steps)

    def attempt(self, number: int) -> Attempt:
        """An attempt; a blank one where nothing but its steps is known."""
        return self._by_number.get(number) or Attempt(number)

    def state_at(self, cursor: int) -> State:
        """What the first `cursor` steps add up to."""
        checkpoint = cursor // CHECKPOINT_EVERY
        state = self._checkpoints[checkpoint]
        for step in self.steps[checkpoint * CHECKPOINT_EVERY : cursor]:
            state = evolve(state, step)
        return state

    def prepared(self) -> Recording:
        """Itself, with all worked out that a jump asks for: the first is as quick as any then."""
        _ = self._checkpoints, self._numbers, self._by_number, self.numbers_of_errors
        return self

    def near(self, cursor: int, most: int) -> tuple[Step, ...]:
        """At most so many steps around a cursor."""
        first = max(0, min(cursor - most // 2, len(self) - most))
        return self.steps[first : first + most]

    def numbers_of_kind(self, kind: str) -> list[int]:
        """The numbers of the steps of a kind, ascending."""
        return self._numbers.get(kind, [])

    @cached_property
    def numbers_of_errors(self) -> list[int]:
        """The numbers of the steps that tell of an error, ascending."""
        return [step.number for step in self.steps if tells_error(step)]

    @cached_property
    def _checkpoints(self) -> list[State]:
        state, kept = EMPTY, [EMPTY]
        for step in self.steps:
            state = evolve(state, step)
            if step.number % CHECKPOINT_EVERY == 0:
                kept.append(state)
        return kept

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        numbers: dict[str, list[int]] = {}
        for step in self.steps:
            numbers.setdefault(step.kind, []).append(step.number)
        return numbers

    @cached_property
    def _by_number(self) -> dict[int, Attempt]:
        return {attempt.number: attempt for attempt in self.attempts}


def tells_error(step: Step) -> bool:
    """Whether something went wrong in this step: an error, or an answer from 400 on."""
    if step.kind == "error" or step.error:
        return True
    status = step.detail.get("status")
    return isinstance(status, int) and status >= HTTP_FAULT


def recording_of(execution: Mapping[str, Any]) -> Recording:
    """The recording of an execution in its public shape, with `attempts_detail`."""
    rows = execution.get("attempts_detail") or []
    return assemble(
        execution,
        [attempt_of(row) for row in rows],
        [{**step, "attempt": row["attempt"]} for row in rows for step in row["steps"]],
    )


def attempt_of(row: Mapping[str, Any]) -> Attempt:
    """An attempt from its public shape, its answer without what looks secret."""
    return Attempt(
        number=row["attempt"],
        node_id=row.get("node_id") or "",
        started_at=row.get("started_at"),
        completed_at=row.get("completed_at"),
        outcome=row.get("outcome") or "",
        status_code=row.get("status_code"),
        error=hidden_text(row.get("error") or ""),
        response=hidden_text(row.get("response") or ""),
    )


def assemble(
    facts: Mapping[str, Any], attempts: Iterable[Attempt], rows: Iterable[Mapping[str, Any]]
) -> Recording:
    """A recording of facts, attempts and the public shapes of steps, secrets hidden."""
    known = tuple(attempts)
    begun_ms = {one.number: _milliseconds(one.started_at) for one in known}
    first_ms = next((at for at in begun_ms.values() if at is not None), None)
    steps = []
    for number, row in enumerate(rows, 1):
        begun = begun_ms.get(row["attempt"])
        before = begun - first_ms if begun is not None and first_ms is not None else 0.0
        offset = float(row["offset_ms"])
        steps.append(
            Step(
                number=number,
                attempt=row["attempt"],
                kind=row["kind"],
                at=row.get("at"),
                offset_ms=offset,
                elapsed_ms=round(before + offset, 3),
                detail=hidden_detail(row.get("detail") or {}),
            )
        )
    return Recording({name: facts.get(name) for name in FACTS}, known, tuple(steps))


def hidden_detail(detail: Mapping[str, Any]) -> dict[str, Any]:
    """A step's detail without what looks secret, whatever stands in it.

    >>> hidden_detail({"url": "http://h/?token=a", "headers": {"Cookie": "b"}, "password": "c"})
    {'url': 'http://h/?token=***', 'headers': {'Cookie': '***'}, 'password': '***'}
    """
    return {key: _hidden(key, value) for key, value in detail.items()}


def _hidden(key: str, value: Any) -> Any:
    if isinstance(value, str):
        if key == "url":
            return redacted_url(value)
        return HIDDEN if value and is_sensitive(key) else hidden_text(value)
    if isinstance(value, dict):
        if key == "headers" and all(isinstance(inner, str) for inner in value.values()):
            return redacted_headers(value)
        return hidden_detail(value)
    if isinstance(value, list):
        return [_hidden(key, inner) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and is_sensitive(key):
        return HIDDEN
    return value


def hidden_text(text: str) -> str:
    r"""Text without the values of sensitive names, also JSON that was cut off in its middle.

    >>> hidden_text('{"user": "bob", "password": "s3cr')
    '{"user": "bob", "password": ***'
    """
    if len(text) < len("a=b"):
        return text
    hidden = redacted_body(text)
    return text_of_pairs(text) if hidden == text else hidden


def text_of_pairs(text: str) -> str:
    """Text with the values behind sensitive names in quotes hidden."""
    return _PAIR.sub(
        lambda found: f'{found[1]}"{HIDDEN}"' if is_sensitive(found[2]) else found[0], text
    )


def _milliseconds(at: str | None) -> float | None:
    return datetime.fromisoformat(at).timestamp() * 1000 if at else None
