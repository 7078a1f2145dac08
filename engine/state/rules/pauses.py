"""Pauses of jobs, tags and namespaces: what the cluster must agree on about them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from engine.core.ids import Instant
from engine.model.pause import ScopeKind
from engine.state.messages import (
    Accepted,
    JobsPaused,
    JobsResumed,
    PauseJobs,
    Rejected,
    ResumeJobs,
)
from engine.state.rules.jobs import missing
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import State

PAUSES_MAX: Final = 1_000
KEPT_US: Final = 40 * 24 * 3600 * 1_000_000
"""So long after its end a pause still explains fire times that nobody could decide meanwhile."""


@decides(PauseJobs)
def pause(state: State, command: PauseJobs, context: Context) -> Decision:
    """A pause begins now or later; several may hold one job."""
    scope = command.pause.scope
    if scope.kind is ScopeKind.JOB and scope.value not in state.jobs:
        return missing(scope.value)
    if len(state.pauses) >= PAUSES_MAX and not _old(state, context.at):
        message = f"there are {PAUSES_MAX} pauses, which is the most"
        return Rejected(code="CONFLICT", message=message, field="scope", hint="end one")
    yield JobsPaused(pause=command.pause, forgotten=_old(state, context.at))
    return Accepted(value=command.pause.id)


@evolves(JobsPaused)
def paused(state: State, event: JobsPaused) -> None:
    """The pause holds; old ones are forgotten."""
    for identity in event.forgotten:
        del state.pauses[identity]
    state.pauses[event.pause.id] = event.pause


@decides(ResumeJobs)
def resume(state: State, command: ResumeJobs, context: Context) -> Decision:
    """The pause ends now; one that has not begun is taken back."""
    held = state.pauses.get(command.id)
    if held is None:
        message = f"there is no pause {command.id}"
        return Rejected(code="NOT_FOUND", message=message, field="id")
    if held.until_us is None or held.until_us > context.at:
        yield JobsResumed(pause=replace(held, until_us=context.at))
    return Accepted(value=command.id)


@evolves(JobsResumed)
def resumed(state: State, event: JobsResumed) -> None:
    """It is kept with its end: fire times that fell into it are still decided by it."""
    if event.pause.until_us is not None and event.pause.until_us <= event.pause.from_us:
        del state.pauses[event.pause.id]
    else:
        state.pauses[event.pause.id] = event.pause


def _old(state: State, at: Instant) -> tuple[str, ...]:
    return tuple(
        pause.id
        for pause in state.pauses.values()
        if pause.until_us is not None and pause.until_us < at - KEPT_US
    )
