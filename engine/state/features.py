"""What a command asks of the nodes: none is proposed before all of them understand it.

A node stops at a kind of entry that it does not know, and would drop a field of a job that it does
not know. So nodes say up to which level they understand the log, and a command of a later level is
refused while an older node is among them. `LEVEL` in `engine/core/version.py` is this build's.
"""

from __future__ import annotations

from typing import Final

from engine.model.job import JobSpec
from engine.state.messages import (
    CancelBackfill,
    Command,
    CreateJobs,
    DeleteCalendar,
    EnableJob,
    LoseAttempts,
    PauseJobs,
    ResumeJobs,
    SaveCalendar,
    StartBackfill,
    UpdateJob,
)

_KINDS: Final[dict[type[Command], tuple[int, str]]] = {
    PauseJobs: (1, "pauses"),
    ResumeJobs: (1, "pauses"),
    SaveCalendar: (1, "calendars"),
    DeleteCalendar: (1, "calendars"),
    StartBackfill: (1, "backfills"),
    CancelBackfill: (1, "backfills"),
    LoseAttempts: (2, "attempts that were lost"),
}
_FIELDS: Final = {
    "dialect": 1,
    "dst": 1,
    "starts_us": 1,
    "ends_us": 1,
    "catch_up_us": 1,
    "calendar": 1,
    "guarantee": 1,
}
"""Fields of a job by the level that knows them; at their default they ask nothing."""

_BLANK: Final = JobSpec(name="-", schedule="@daily")


def needed(command: Command) -> tuple[int, str]:
    """The level that a command needs, and what of it needs that level; 0 and "" where none does."""
    if isinstance(command, CreateJobs):
        return max((_of_spec(job.spec) for job in command.jobs), default=(0, ""))
    if isinstance(command, UpdateJob):
        return _of_spec(command.spec)
    if isinstance(command, EnableJob | StartBackfill) and command.generation:
        return 2, "what is planned by a generation"
    return _KINDS.get(type(command), (0, ""))


def _of_spec(spec: JobSpec) -> tuple[int, str]:
    found = [
        (level, f"the field {name.removesuffix('_us')} of a job")
        for name, level in _FIELDS.items()
        if getattr(spec, name) != getattr(_BLANK, name)
    ]
    if spec.window_us and spec.window_start != _BLANK.window_start:
        found.append((1, "a start that is drawn in a window"))
    return max(found, default=(0, ""))
