"""What the steps up to a cursor add up to; each step takes a state to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded moment of an attempt.

    Attributes:
        number: its place in the recording, from 1.
        attempt: of which attempt, from 1.
        kind: schedule, prepare, auth, request, response, retry, complete, error.
        at: RFC 3339, None where the attempt's start is not known.
        offset_ms: since the attempt's start; negative before it.
        elapsed_ms: since the start of the first attempt.
        detail: what else is known.
    """

    number: int
    attempt: int
    kind: str
    at: str | None
    offset_ms: float
    elapsed_ms: float
    detail: Mapping[str, Any]

    @property
    def error(self) -> str | None:
        """The error that this step tells of."""
        told = self.detail.get("error")
        return told if isinstance(told, str) and told else None

    def document(self) -> dict[str, Any]:
        """Its public shape."""
        return {
            "number": self.number,
            "attempt": self.attempt,
            "kind": self.kind,
            "at": self.at,
            "offset_ms": self.offset_ms,
            "elapsed_ms": self.elapsed_ms,
            "detail": dict(self.detail),
        }


class State(NamedTuple):
    """What is known after a step.

    Attributes:
        step: how many steps were taken.
        attempt: the current attempt; 0 before the first step.
        phase: the kind of the latest step.
        elapsed_ms: since the start of the first attempt.
        late_ms: how long after its fire time the first attempt began.
        trigger: why the execution came to be.
        node: which node sends.
        job_version: which version of the job runs.
        auth: the type of the credentials.
        request: the number of the step in which this attempt asked.
        response: the number of the step in which it was answered.
        status: the HTTP status of the answer.
        error: of this attempt.
        ended: whether this attempt is over.
        failures: attempts that ended with an error.
        retries: how often another attempt was decided.
    """

    step: int = 0
    attempt: int = 0
    phase: str = ""
    elapsed_ms: float = 0.0
    late_ms: float | None = None
    trigger: str = ""
    node: str = ""
    job_version: int | None = None
    auth: str = ""
    request: int | None = None
    response: int | None = None
    status: int | None = None
    error: str | None = None
    ended: bool = False
    failures: int = 0
    retries: int = 0


EMPTY: Final = State()


def evolve(state: State, step: Step) -> State:
    """The state after one more step."""
    changes: dict[str, Any] = {
        "step": step.number,
        "phase": step.kind,
        "elapsed_ms": step.elapsed_ms,
    }
    if step.attempt != state.attempt:
        changes |= _NEW_ATTEMPT
        changes["attempt"] = step.attempt
    detail = step.detail
    match step.kind:
        case "schedule":
            changes["trigger"] = _text(detail.get("trigger")) or state.trigger
            if state.late_ms is None:
                changes["late_ms"] = max(0.0, -step.offset_ms)
        case "prepare":
            changes["node"] = _text(detail.get("node"))
            changes["job_version"] = _number(detail.get("job_version"))
        case "auth":
            changes["auth"] = _text(detail.get("type"))
        case "request":
            changes["request"] = step.number
        case "response":
            changes["response"] = step.number
            changes["status"] = _number(detail.get("status"))
        case "complete":
            changes["ended"] = True
        case "error":
            changes |= {"ended": True, "error": step.error, "failures": state.failures + 1}
        case "retry":
            changes["retries"] = state.retries + 1
    return state._replace(**changes)


_NEW_ATTEMPT: Final[Mapping[str, Any]] = {
    "auth": "",
    "request": None,
    "response": None,
    "status": None,
    "error": None,
    "ended": False,
}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
