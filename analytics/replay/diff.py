"""Two recordings side by side: aligned by attempt and kind of step, the first difference named.

Three things are told apart. What the run did (`differences`), what was around it and is never the
same twice, such as the trigger or the node (`circumstances`), and how long it took, which is a
number beside each row and no difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from analytics.replay.recording import Recording
from analytics.replay.state import Step

LOOK_AHEAD: Final = 16
"""How far a step of the same kind is looked for on the other side."""

DEPTH_MAX: Final = 20
TIMINGS: Final = frozenset({"dns_us", "connect_us", "tls_us", "first_byte_us", "wait_ms"})
CIRCUMSTANCES: Final = frozenset(
    {
        *("trigger", "node", "headers.date", "headers.age", "headers.etag"),
        *("headers.x-request-id", "headers.traceparent", "headers.server-timing"),
    }
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not the same on both sides; None where a side does not have it."""

    field: str
    left: Any
    right: Any

    def document(self) -> dict[str, Any]:
        """Its public shape."""
        return {"field": self.field, "left": self.left, "right": self.right}


@dataclass(frozen=True, slots=True)
class Row:
    """A step of each side, or of one alone; the row `outcome` closes an attempt.

    Attributes:
        attempt: of which attempt.
        kind: of step, or `outcome`.
        left: the step of the left recording.
        right: the step of the right one.
        differences: in what the run did.
        circumstances: in what was around it.
    """

    attempt: int
    kind: str
    left: Step | None
    right: Step | None
    differences: tuple[Difference, ...] = ()
    circumstances: tuple[Difference, ...] = ()

    @property
    def slower_ms(self) -> float | None:
        """How much later the right one came within its attempt; None for one alone."""
        if self.left is None or self.right is None:
            return None
        return round(self.right.offset_ms - self.left.offset_ms, 3)

    @property
    def is_same(self) -> bool:
        """Whether both did the same here."""
        return not self.differences

    def document(self) -> dict[str, Any]:
        """Its public shape; sides are numbers of steps."""
        return {
            "attempt": self.attempt,
            "kind": self.kind,
            "left": self.left.number if self.left is not None else None,
            "right": self.right.number if self.right is not None else None,
            "left_offset_ms": self.left.offset_ms if self.left is not None else None,
            "right_offset_ms": self.right.offset_ms if self.right is not None else None,
            "slower_ms": self.slower_ms,
            "same": self.is_same,
            "differences": [one.document() for one in self.differences],
            "circumstances": [one.document() for one in self.circumstances],
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The rows of both, and the place of the first that differs."""

    rows: tuple[Row, ...]
    first: int | None

    def document(self) -> dict[str, Any]:
        """Its public shape."""
        first = None
        if self.first is not None:
            row = self.rows[self.first]
            first = {
                "row": self.first,
                "attempt": row.attempt,
                "kind": row.kind,
                "field": row.differences[0].field,
                "left": row.differences[0].left,
                "right": row.differences[0].right,
                "words": words(row),
            }
        return {
            "rows": [row.document() for row in self.rows],
            "first_difference": first,
            "differing": sum(not row.is_same for row in self.rows),
        }


def compare(left: Recording, right: Recording) -> Comparison:
    """Align two recordings and name the first difference in what they did."""
    rows = tuple(_rows(left, right))
    first = next((place for place, row in enumerate(rows) if not row.is_same), None)
    return Comparison(rows, first)


def words(row: Row) -> str:
    """The first difference of a row, in a sentence."""
    first = row.differences[0]
    if row.left is None and row.right is None and first.field == "attempt":
        side = "left" if first.right is None else "right"
        return f"attempt {row.attempt} is on the {side} side only"
    if first.field == "step":
        side = "left" if row.right is None else "right"
        return f"attempt {row.attempt} has {_a(row.kind)} step on the {side} side only"
    shown = f"{_short(first.left)} on the left, {_short(first.right)} on the right"
    return f"attempt {row.attempt}, {row.kind}, {first.field}: {shown}"


def _rows(left: Recording, right: Recording) -> Iterator[Row]:
    ours, theirs = _by_attempt(left), _by_attempt(right)
    for number in sorted({*ours, *theirs}):
        if number not in ours or number not in theirs:
            sides = (number, None) if number in ours else (None, number)
            yield Row(number, "attempt", None, None, (Difference("attempt", *sides),))
        for one, other in _aligned(ours.get(number, ()), theirs.get(number, ())):
            yield _row(left, right, one, other)
        if number in ours and number in theirs:
            yield _ending(left, right, number)


def _by_attempt(recording: Recording) -> dict[int, list[Step]]:
    steps: dict[int, list[Step]] = {attempt.number: [] for attempt in recording.attempts}
    for step in recording.steps:
        steps.setdefault(step.attempt, []).append(step)
    return steps


def _aligned(
    left: Sequence[Step], right: Sequence[Step]
) -> Iterator[tuple[Step | None, Step | None]]:
    """Steps in pairs of one kind; what only one side has stands alone."""
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i].kind == right[j].kind:
            yield left[i], right[j]
            i, j = i + 1, j + 1
            continue
        skip_right = _distance(right, j, left[i].kind)
        skip_left = _distance(left, i, right[j].kind)
        if skip_left <= skip_right:
            yield left[i], None
            i += 1
        else:
            yield None, right[j]
            j += 1
    yield from ((step, None) for step in left[i:])
    yield from ((None, step) for step in right[j:])


def _distance(steps: Sequence[Step], place: int, kind: str) -> int:
    """How many steps lie before the next of a kind; `LOOK_AHEAD` when it is not near."""
    near = steps[place : place + LOOK_AHEAD]
    return next((far for far, step in enumerate(near) if step.kind == kind), LOOK_AHEAD)


def _row(left: Recording, right: Recording, one: Step | None, other: Step | None) -> Row:
    step = one or other
    assert step is not None
    if one is None or other is None:
        numbers = (one.number if one else None, other.number if other else None)
        return Row(step.attempt, step.kind, one, other, (Difference("step", *numbers),))
    found = list(_differing("", _told(left, one), _told(right, other), 0))
    around = tuple(one for one in found if one.field.lower() in CIRCUMSTANCES)
    return Row(
        step.attempt,
        step.kind,
        one,
        other,
        tuple(one for one in found if one not in around),
        around,
    )


def _told(recording: Recording, step: Step) -> Mapping[str, Any]:
    """A step's detail; an answer with its body, and bodies of JSON as what they say."""
    told = dict(step.detail)
    if step.kind == "response":
        told["body"] = recording.attempt(step.attempt).response
    if isinstance(body := told.get("body"), str):
        told["body"] = _said(body)
    return told


def _said(body: str) -> Any:
    if body[:1] != "{":
        return body
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _ending(left: Recording, right: Recording, number: int) -> Row:
    ours, theirs = left.attempt(number), right.attempt(number)
    found = []
    if ours.outcome != theirs.outcome:
        found.append(Difference("outcome", ours.outcome, theirs.outcome))
    if ours.error != theirs.error:
        found.append(Difference("error", ours.error, theirs.error))
    return Row(number, "outcome", None, None, tuple(found))


def _differing(path: str, left: Any, right: Any, depth: int) -> Iterator[Difference]:
    """Where two values differ, as deep inside as can be said; timings never do."""
    if isinstance(left, Mapping) and isinstance(right, Mapping) and depth < DEPTH_MAX:
        for key in dict.fromkeys([*left, *right]):
            if key in TIMINGS:
                continue
            inner = f"{path}.{key}" if path else str(key)
            yield from _differing(inner, left.get(key), right.get(key), depth + 1)
    elif left != right:
        yield Difference(path, left, right)


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
