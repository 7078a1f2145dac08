"""The public document of a job, and back: one parser for REST, YAML, CLI and console.

It collects every fault at once, each with the field's path, what was wrong and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import structs

from engine.core.clock import rfc3339
from engine.core.durations import format_duration
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.model.calendar import NAME as CALENDAR_NAME
from engine.model.change import change_document, changed
from engine.model.execution import Execution, Status
from engine.model.job import (
    Concurrency,
    Document,
    Guarantee,
    Job,
    JobSpec,
    MissedRunPolicy,
    RetryPolicy,
    WindowStart,
)
from engine.model.reader import Reader, shown
from engine.model.target_document import read_target, request_document, target_document
from engine.timing.closures import ClosedRule
from engine.timing.cron import DstPolicy
from engine.timing.dialects import Dialect
from engine.timing.interval import shortest_interval
from engine.timing.parse import Timing, schedule_of
from engine.timing.schedule import Schedule

WINDOW_US_MAX = 24 * 3600 * 1_000_000
TIMEOUT_US_MAX = 24 * 3600 * 1_000_000
CATCH_UP_US_MAX = 366 * 24 * 3600 * 1_000_000
ATTEMPTS_MAX = 100
MULTIPLIER_MAX = 10.0

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_READ_ONLY = ("id", "version", "created_at", "updated_at", "updated_by", "next_run", "last_run")
_READ_ONLY_EXTRA = ("last_status", "generation", "paused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What a job gets where its document says nothing; a node's own configuration."""

    timeout_us: int = 300_000_000
    missed_run_policy: MissedRunPolicy = MissedRunPolicy.EXECUTE_ONE
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    report_kinds: tuple[str, ...] = ()
    """The kinds of reports that can be ordered; any, where none is named."""


_BUILT_IN = Defaults()


def parse_job(
    document: Mapping[str, Any], stored: Job | None = None, defaults: Defaults = _BUILT_IN
) -> tuple[JobSpec, bool]:
    """Check a job document and return its spec and whether it is enabled.

    Args:
        document: what a person wrote; read-only fields of a job read before are ignored.
        stored: the job that it replaces; `"***"` keeps a secret of it.
        defaults: what it gets where it says nothing.

    Raises:
        InvalidDocument: one problem per fault, with field path, reason and hint.
    """
    problems: list[Problem] = []
    reader = Reader(document, "", problems)
    name = reader.text("name", stored.name if stored else "")
    if not _NAME.match(name) and not any(p.field == "name" for p in problems):
        reason = f"{shown(name)} is not a name" if name else "is missing"
        reader.fault(
            "name", reason, "1 to 128 letters, digits, '.', '_' or '-', e.g. nightly-backup"
        )
    namespace = reader.text("namespace", stored.namespace if stored else "default") or "default"
    if not _NAME.match(namespace):
        reader.fault("namespace", f"{shown(namespace)} is not a name", "letters, digits, . _ -")
    timed = _timed(reader, stored.id if stored else "")
    webhook, report = read_target(reader, stored, defaults.report_kinds)
    guarantee = reader.choice("guarantee", Guarantee, Guarantee.AT_LEAST_ONCE)
    if guarantee is Guarantee.EFFECT_ONCE and not report and not webhook.status_url:
        reason = "has no webhook.status_url that could be asked"
        reader.fault("guarantee", reason, "webhook: {status_url: /runs/{execution_id}}")
    spec = structs.replace(
        timed,
        guarantee=guarantee,
        name=name or "-",
        namespace=namespace,
        description=reader.text("description"),
        webhook=webhook,
        report=report,
        retry_policy=_retry_policy(reader, defaults.retry_policy),
        timeout_us=reader.duration("timeout", defaults.timeout_us, low=1000, high=TIMEOUT_US_MAX),
        concurrency=reader.choice("concurrency", Concurrency, Concurrency.FORBID),
        missed_run_policy=reader.choice(
            "missed_run_policy", MissedRunPolicy, defaults.missed_run_policy
        ),
        catch_up_us=_catch_up(reader),
        tags=reader.strings("tags", lambda _name, _text: None),
    )
    enabled = reader.flag("enabled", stored.enabled if stored else False)
    if reader.take("dependencies"):
        reader.fault("dependencies", "jobs cannot wait for other jobs in this version", "remove it")
    reader.close(ignored=(*_READ_ONLY, *_READ_ONLY_EXTRA))
    if problems:
        raise InvalidDocument(problems)
    return spec, enabled


def parse_timing(document: Mapping[str, Any], key: str = "") -> JobSpec:
    """Check what a document says of when to fire, and nothing else; the rest of the spec is blank.

    Args:
        document: the fields of a job that are about its timing, from `schedule` to `window_start`.
        key: the job's id, where there is one.

    Raises:
        InvalidDocument: one problem per fault.
    """
    problems: list[Problem] = []
    reader = Reader(document, "", problems)
    spec = _timed(reader, key)
    reader.close()
    if problems:
        raise InvalidDocument(problems)
    return spec


def document_timing(document: Mapping[str, Any]) -> JobSpec:
    """When the job of a recorded document fires; the rest of the spec is blank.

    Raises:
        InvalidDocument: a field of its timing is at fault.
    """
    problems: list[Problem] = []
    spec = _timed(Reader(document, "", problems), "")
    if problems:
        raise InvalidDocument(problems)
    return spec


def _timing(reader: Reader) -> Timing:
    return Timing(
        text=reader.text("schedule"),
        timezone=reader.text("timezone", "UTC") or "UTC",
        dialect=reader.choice("dialect", Dialect, Dialect.DEBIAN),
        dst=reader.choice("dst", DstPolicy, DstPolicy.DEBIAN),
        starts_us=reader.moment("starts_at"),
        ends_us=reader.moment("ends_at"),
    )


def _timed(reader: Reader, key: str) -> JobSpec:
    timing = _timing(reader)
    return JobSpec(
        name="-",
        schedule=timing.text,
        timezone=timing.timezone,
        dialect=timing.dialect,
        dst=timing.dst,
        starts_us=timing.starts_us,
        ends_us=timing.ends_us,
        calendar=_calendar(reader),
        on_closed=reader.choice("on_closed", ClosedRule, ClosedRule.SKIP),
        window_us=_window(reader, _parsed(timing, key, reader)),
        window_start=reader.choice("window_start", WindowStart, WindowStart.DRAWN),
    )


def _parsed(timing: Timing, key: str, reader: Reader) -> Schedule | None:
    if timing.text:
        try:
            return schedule_of(timing, key)
        except InvalidDocument as error:
            reader.problems.extend(error.problems)
    elif not any(problem.field == "schedule" for problem in reader.problems):
        reader.fault("schedule", "is missing", 'e.g. "*/5 * * * *", "@daily" or "@every 90s"')
    return None


def _calendar(reader: Reader) -> str:
    name = reader.text("calendar")
    if name and not CALENDAR_NAME.fullmatch(name):
        reader.fault("calendar", f"{shown(name)} is not a name of a calendar", "such as de-berlin")
        return ""
    return name


def _catch_up(reader: Reader) -> int | None:
    """How old a missed fire time may be to be made up for; None sets no bound."""
    if reader.take("catch_up_window") in (None, ""):
        return None
    return reader.duration("catch_up_window", 0, low=1_000_000, high=CATCH_UP_US_MAX)


def _window(reader: Reader, schedule: Schedule | None) -> int:
    """How long after its fire time the job may start; shorter than from fire to fire."""
    window = reader.duration("window", 0, low=0, high=WINDOW_US_MAX)
    interval = shortest_interval(schedule) if window and schedule else None
    if interval is not None and window >= interval:
        reason = f"{format_duration(window)} reaches the next fire"
        shorter = f"shorter than {format_duration(interval)}, the least time between two fires"
        reader.fault("window", reason, shorter)
    return window


def _retry_policy(parent: Reader, default: RetryPolicy) -> RetryPolicy:
    value = parent.take("retry_policy")
    if value is None:
        return default
    reader = Reader(value, "retry_policy", parent.problems)
    initial = reader.duration(
        "initial_interval", default.initial_interval_us, low=1000, high=TIMEOUT_US_MAX
    )
    policy = RetryPolicy(
        max_attempts=reader.number("max_attempts", default.max_attempts, 1, ATTEMPTS_MAX, int),
        initial_interval_us=initial,
        max_interval_us=reader.duration(
            "max_interval", max(initial, default.max_interval_us), low=1000, high=TIMEOUT_US_MAX
        ),
        multiplier=reader.number("multiplier", default.multiplier, 1.0, MULTIPLIER_MAX, float),
    )
    if policy.max_interval_us < policy.initial_interval_us:
        reader.fault(
            "max_interval", "is shorter than initial_interval", "make it as long or longer"
        )
    reader.close()
    return policy


# ---- writing ------------------------------------------------------------------------------------


def job_document(
    job: Job, *, next_us: Instant | None = None, last_us: Instant | None = None
) -> Document:
    """A job as the public sees it: durations as text, times in RFC 3339, secrets as `"***"`."""
    spec, policy = job.spec, job.spec.retry_policy
    return {
        "id": job.id,
        "name": spec.name,
        "namespace": spec.namespace,
        "description": spec.description,
        "schedule": spec.schedule,
        "timezone": spec.timezone,
        "dialect": str(spec.dialect),
        "dst": str(spec.dst),
        "starts_at": rfc3339(spec.starts_us),
        "ends_at": rfc3339(spec.ends_us),
        "calendar": spec.calendar,
        "on_closed": str(spec.on_closed),
        **target_document(spec),
        "retry_policy": {
            "max_attempts": policy.max_attempts,
            "initial_interval": format_duration(policy.initial_interval_us),
            "max_interval": format_duration(policy.max_interval_us),
            "multiplier": policy.multiplier,
        },
        "timeout": format_duration(spec.timeout_us),
        "concurrency": str(spec.concurrency),
        "guarantee": str(spec.guarantee),
        "missed_run_policy": str(spec.missed_run_policy),
        "catch_up_window": None if spec.catch_up_us is None else format_duration(spec.catch_up_us),
        "tags": dict(spec.tags),
        "window": format_duration(spec.window_us),
        "window_start": str(spec.window_start),
        "enabled": job.enabled,
        "version": job.version,
        "created_at": rfc3339(job.created_at),
        "updated_at": rfc3339(job.updated_at),
        "updated_by": job.updated_by,
        "next_run": rfc3339(next_us),
        "last_run": rfc3339(last_us),
    }


def execution_document(execution: Execution, job: Job | None) -> Document:
    """An open execution in the public shape; finished ones come from the history."""
    spec = changed(job, execution.change).spec if job else None
    return {
        "id": execution.id,
        "job_id": execution.job_id,
        "job_name": job.name if job else "",
        "namespace": job.namespace if job else "",
        "timezone": job.spec.timezone if job else "",
        "scheduled_time": rfc3339(execution.scheduled_us),
        "started_at": rfc3339(execution.started_us or None),
        "completed_at": None,
        "status": execution.status.value,
        "reason": _waits(execution),
        "attempts": execution.attempt,
        "status_code": 0,
        "response": "",
        "error": "",
        "duration": 0,
        "node_id": execution.node,
        "trigger": execution.trigger.value,
        "request": request_document(spec.url, spec.method, spec.webhook.headers, spec.webhook.body)
        if spec
        else None,
        "replay_of": execution.replay_of,
        "change": change_document(execution.change),
        "replay_count": 0,
    }


def _waits(execution: Execution) -> str:
    """What a pending execution waits for."""
    if execution.status is not Status.PENDING:
        return ""
    if execution.failures:
        return "waits for its next attempt"
    if execution.planned_us:
        return f"starts at {rfc3339(execution.planned_us)}, drawn in the window of its job"
    return ""
