"""When a job fires, as answers tell it: in words, with the next fires and the next clock change."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from app.workbench.why import Why
from engine.core.clock import rfc3339, to_datetime
from engine.core.durations import format_duration
from engine.core.ids import Instant
from engine.model.job import Document, Job, WindowStart
from engine.timing.clock_changes import ClockChange, next_change
from engine.timing.closures import ClosedRule
from engine.timing.effect import Effect
from engine.timing.explain import explain
from engine.timing.schedule import Schedule

SHOWN_MAX: Final = 20


def timing_document(job: Job, fires: Schedule, now_us: Instant, count: int) -> Document:
    """What the timing of a job means after `now_us`, with the next `count` of its `fires`."""
    spec = job.spec
    change = next_change(fires, now_us)
    return {
        "schedule": spec.schedule,
        "timezone": spec.timezone,
        "dialect": spec.dialect.value,
        "dst": spec.dst.value,
        "calendar": spec.calendar,
        "on_closed": spec.on_closed.value,
        "words": explain(spec.timing, job.id) + _closed(job) + _within(job),
        "next": next_fires(job, fires, now_us, count),
        "clock_change": change_document(change, spec.timezone) if change else None,
    }


def next_fires(job: Job, fires: Schedule, after_us: Instant, count: int) -> list[Document]:
    """The next fires after an instant, each in UTC and on the clock of the job's zone.

    `start` is when the run begins, where that is drawn in the job's window; fewer than `count`
    come back when the schedule ends.
    """
    zone = ZoneInfo(job.spec.timezone)
    return [
        {
            "utc": rfc3339(fire),
            "local": to_datetime(fire).astimezone(zone).isoformat(),
            "start": rfc3339(job.planned_start(fire)) if job.id else None,
        }
        for fire in islice(_walk(fires, after_us), count)
    ]


def change_document(change: ClockChange, timezone: str) -> Document:
    """A change of the clocks and what it does to a job."""
    zone = ZoneInfo(timezone)
    return {
        "at": rfc3339(change.at_us),
        "local": to_datetime(change.at_us).astimezone(zone).isoformat(),
        "offset_before": change.before_s,
        "offset_after": change.after_s,
        "times": change.times,
        "examples": [f"{at // 3600:02}:{at // 60 % 60:02}" for at in change.examples],
        "effect": change.effect.value,
        "words": change.words,
    }


def effect_document(effect: Effect) -> Document:
    """What an edit does to the coming fires; of each kind the first twenty are listed."""
    return {
        "span": format_duration(effect.span_us),
        "removed": len(effect.removed),
        "added": len(effect.added),
        "removed_times": [rfc3339(fire) for fire in effect.removed[:SHOWN_MAX]],
        "added_times": [rfc3339(fire) for fire in effect.added[:SHOWN_MAX]],
        "words": effect.words,
    }


def why_document(found: Why) -> Document:
    """Why a job ran at a moment, or did not."""
    return {
        "at": rfc3339(found.at_us),
        "verdict": found.verdict.value,
        "words": found.words,
        "execution_id": found.execution_id,
        "facts": [{"at": rfc3339(fact.at_us), "words": fact.words} for fact in found.facts],
        "before": rfc3339(found.before_us),
        "after": rfc3339(found.after_us),
    }


def _walk(schedule: Schedule, after_us: Instant) -> Iterator[Instant]:
    fire = schedule.next_after(after_us)
    while fire is not None:
        yield fire
        fire = schedule.next_after(fire)


def _closed(job: Job) -> str:
    name = job.spec.calendar
    return (
        {
            ClosedRule.SKIP: f", but not when {name} is closed",
            ClosedRule.NEXT: f", on the next open day when {name} is closed",
            ClosedRule.PREVIOUS: f", on the last open day before when {name} is closed",
        }[job.spec.on_closed]
        if name
        else ""
    )


def _within(job: Job) -> str:
    spec = job.spec
    if not spec.window_us or spec.window_start is WindowStart.FIXED:
        return ""
    return f", starting within {format_duration(spec.window_us)} after it"
