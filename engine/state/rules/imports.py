"""Executions that ended elsewhere, taken into the history once.

The proposer looks into its history, leaves out what is there, and says how far it looked. The claim
holds only while no later entry imported under the same label: compare and set, as with fire times.
So what must be remembered is one index a label, however much was imported.
"""

from __future__ import annotations

from typing import Final

from engine.core.ids import Instant
from engine.model.execution import Status
from engine.state.messages import (
    Accepted,
    ExecutionsImported,
    ImportedRun,
    ImportExecutions,
    Rejected,
)
from engine.state.rules.registry import Context, Decision, decides, evolves
from engine.state.state import IMPORT_LABELS_MAX, State

IMPORT_ROWS_MAX: Final = 5_000
INSTANT_US_MAX: Final[Instant] = 4_102_444_800_000_000  # the year 2100
FINAL: Final = frozenset(Status) - {Status.PENDING, Status.RUNNING}


@decides(ImportExecutions)
def take_in(state: State, command: ImportExecutions, context: Context) -> Decision:
    """All of the rows, or none when the proposer's look at the history is out of date."""
    if not command.label or not 1 <= len(command.runs) <= IMPORT_ROWS_MAX:
        message = f"{len(command.runs)} executions under the label {command.label!r}"
        hint = f"a label, and 1 to {IMPORT_ROWS_MAX} executions"
        return Rejected(code="VALIDATION_ERROR", message=message, field="executions", hint=hint)
    unfit = sum(not _fit(run, len(command.jobs)) for run in command.runs)
    if unfit:
        message = f"{unfit} executions are not over, or name a job or a time that cannot be"
        return Rejected(code="VALIDATION_ERROR", message=message, field="executions")
    latest = state.imports.get(command.label, state.imports_floor)
    if command.known_upto < latest:
        message = f"entry {latest} imported under the label {command.label} meanwhile"
        hint = "look again which executions are there already"
        return Rejected(code="CONFLICT", message=message, field="label", hint=hint)
    yield ExecutionsImported(
        label=command.label, index=context.index, jobs=command.jobs, runs=command.runs
    )
    return Accepted(value=len(command.runs))


def _fit(run: ImportedRun, jobs: int) -> bool:
    """Whether a row of the history can hold it: one that cannot would stop the history's writer."""
    times = (run.scheduled_us, run.started_us or 0, run.completed_us)
    return (
        0 <= run.job < jobs
        and run.status in FINAL
        and all(0 <= at <= INSTANT_US_MAX for at in times)
        and all(0 <= number < 1 << 31 for number in (run.attempts, run.status_code))
    )


@evolves(ExecutionsImported)
def taken_in(state: State, event: ExecutionsImported) -> None:
    """Remember where; the label used longest ago is forgotten, and the floor answers for it."""
    state.imports.pop(event.label, None)
    state.imports[event.label] = event.index
    while len(state.imports) > IMPORT_LABELS_MAX:
        oldest = next(iter(state.imports))
        state.imports_floor = max(state.imports_floor, state.imports.pop(oldest))
