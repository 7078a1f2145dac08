"""Where a walk stops by itself: at a step, at a kind of step, at an error, or on a condition.

A breakpoint is written as text, the same at every door: `5` or `step 5`, `kind response`, `error`,
or an expression, with or without `if` before it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from analytics.replay.expression import Expression, ExpressionError, parse
from analytics.replay.recording import KINDS, Recording, tells_error
from analytics.replay.state import evolve
from analytics.replay.view import View
from engine.core.errors import InvalidDocument, Problem

BREAKPOINTS_MAX: Final = 50
_STEP: Final = re.compile(r"(?:step\s+)?(\d{1,9})")
_KIND: Final = re.compile(r"kind\s+(\w+)")
_CONDITION: Final = re.compile(r"if\s+")


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """A place to stop at.

    Attributes:
        text: as a person wrote it.
        on: what it looks at.
        step: the number of the step, on step.
        kind: the kind of step, on kind.
        condition: what has to hold, on condition.
    """

    text: str
    on: Literal["step", "kind", "error", "condition"]
    step: int = 0
    kind: str = ""
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A breakpoint that stops here; `fault` where its condition could not be computed.

    A condition at fault stops: one that never stopped would be taken for one that never held.
    """

    breakpoint: Breakpoint
    fault: ExpressionError | None = None


def parse_breakpoint(text: str, field: str = "breakpoint") -> Breakpoint:
    """Read a breakpoint.

    Raises:
        InvalidDocument: with the fault under the name of `field`.
    """
    plain = text.strip()
    if found := _STEP.fullmatch(plain):
        number = int(found[1])
        if not number:
            raise InvalidDocument([Problem(field, "there is no step 0", "steps count from 1")])
        return Breakpoint(plain, "step", step=number)
    if found := _KIND.fullmatch(plain):
        if found[1] not in KINDS:
            hint = "one of " + ", ".join(KINDS)
            raise InvalidDocument([Problem(field, f"{found[1]!r} is no kind of step", hint)])
        return Breakpoint(plain, "kind", kind=found[1])
    if plain == "error":
        return Breakpoint(plain, "error")
    if plain in KINDS:
        return Breakpoint(plain, "kind", kind=plain)
    condition = plain[found.end() :] if (found := _CONDITION.match(plain)) else plain
    try:
        return Breakpoint(plain, "condition", condition=parse(condition))
    except ExpressionError as error:
        raise InvalidDocument([error.problem(field)]) from None


def hits(view: View, breakpoints: Iterable[Breakpoint]) -> tuple[Hit, ...]:
    """The breakpoints that stop here; none stops before the first step."""
    return tuple(hit for one in breakpoints if view.step and (hit := _hit(one, view)))


def next_stop(
    recording: Recording, breakpoints: Sequence[Breakpoint], cursor: int, last: int
) -> int:
    """The first cursor after this one at which a breakpoint stops; `last` when none does."""
    known = [_next_known(recording, one, cursor) for one in breakpoints]
    limit = min([max(cursor, last), *(number for number in known if number is not None)])
    conditions = [one for one in breakpoints if one.condition is not None]
    if not conditions:
        return limit
    adds_up = any(one.condition.adds_up for one in conditions if one.condition is not None)
    state = recording.state_at(cursor)
    for step in recording.steps[cursor:limit]:
        if adds_up:
            state = evolve(state, step)
        view = View(recording, step, state)
        if any(_hit(one, view) for one in conditions):
            return step.number
    return limit


def _next_known(recording: Recording, one: Breakpoint, cursor: int) -> int | None:
    """Where one stops next that needs no looking at each step."""
    if one.on == "step":
        return one.step if one.step > cursor else None
    if one.on == "condition":
        return None
    numbers = (
        recording.numbers_of_kind(one.kind) if one.on == "kind" else recording.numbers_of_errors
    )
    place = bisect_right(numbers, cursor)
    return numbers[place] if place < len(numbers) else None


def _hit(one: Breakpoint, view: View) -> Hit | None:
    step = view.step
    assert step is not None
    if one.condition is not None:
        try:
            return Hit(one) if one.condition.holds(view) else None
        except ExpressionError as error:
            return Hit(one, error)
    stops = {
        "step": step.number == one.step,
        "kind": step.kind == one.kind,
        "error": one.on == "error" and tells_error(step),
    }
    return Hit(one) if stops[one.on] else None
