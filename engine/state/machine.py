"""apply(state, entry): decide, evolve, answer. Total, deterministic, and without a clock.

It never raises for what an entry says: whatever is wrong becomes `Rejected`, equally on all nodes.
"""

from __future__ import annotations

from dataclasses import replace

from engine.core.ids import Instant
from engine.state.entry import Entry
from engine.state.messages import (
    Accepted,
    Command,
    Committed,
    CreateJobs,
    Event,
    PauseJobs,
    Rejected,
    Result,
    SaveCalendar,
    SaveQuery,
    StartBackfill,
)
from engine.state.rules import (  # noqa: F401  # importing registers them
    backfills,
    calendars,
    cluster,
    executions,
    findings,
    imports,
    jobs,
    models,
    pauses,
    queries,
    templates,
)
from engine.state.rules.registry import DECIDES, EVOLVES, Context
from engine.state.state import REQUEST_AGE_US_MAX, REQUESTS_MAX, Remembered, State


def apply(state: State, index: int, entry: Entry) -> Committed:
    """Apply one entry of the log.

    Args:
        state: changed in place.
        index: the entry's place in the log, larger than any before.
        entry: what was proposed; its time is used unless the state's is later already.

    Returns:
        The facts that came of it, in order, and the answer. A request id seen before gets the
        answer of the first time and no facts.
    """
    state.now = max(state.now, entry.at)
    state.applied_index = index
    known = state.requests.get(entry.request_id) if entry.request_id else None
    if known is not None:
        repeat = _committed(index, state.now, entry, (), known.result)
        return replace(repeat, repeated=True)
    context = Context(index, state.now, entry.actor, entry.request_id)
    events: list[Event] = []
    result = _decide(state, entry.command, context, events)
    if entry.request_id:
        _remember(state, entry.request_id, result)
    return _committed(index, state.now, entry, tuple(events), result)


def _decide(state: State, command: Command, context: Context, events: list[Event]) -> Result:
    decision = DECIDES[type(command)](state, command, context)
    try:
        while True:
            event = next(decision)
            EVOLVES[type(event)](state, event)
            events.append(event)
    except StopIteration as end:
        result: Result = end.value
        assert isinstance(result, Accepted) or not events, "a refused command changed something"
        return result
    except Exception as error:
        # A fault of ours, met by every node at the same place in the same way: they stay equal.
        return Rejected(code="STORE_ERROR", message=f"{type(error).__name__}: {error}")


def _remember(state: State, request_id: str, result: Result) -> None:
    requests = state.requests
    requests[request_id] = Remembered(
        state.now,
        result if isinstance(result, Accepted) else None,
        result if isinstance(result, Rejected) else None,
    )
    oldest = next(iter(requests))
    while len(requests) > REQUESTS_MAX or requests[oldest].at < state.now - REQUEST_AGE_US_MAX:
        del requests[oldest]
        oldest = next(iter(requests))


def _committed(
    index: int, at: Instant, entry: Entry, events: tuple[Event, ...], result: Result
) -> Committed:
    return Committed(
        index=index,
        at=at,
        actor=entry.actor,
        kind=entry.kind,
        target=_target(entry.command),
        events=events,
        result=result,
    )


def _target(command: Command) -> str:
    """What a command is about, in one word, for the audit."""
    for name in ("id", "job_id", "node", "label", "name"):
        if value := getattr(command, name, ""):
            return str(value)
    if isinstance(command, SaveQuery):
        return command.query.name
    if isinstance(command, SaveCalendar):
        return command.calendar.name
    if isinstance(command, StartBackfill):
        return command.backfill.job_id
    if isinstance(command, PauseJobs):
        return str(command.pause.scope)
    if isinstance(command, CreateJobs):
        return command.jobs[0].id if len(command.jobs) == 1 else f"{len(command.jobs)} jobs"
    return ""
