"""From the rows of somebody else's file to the executions that the import takes. Pure.

Columns are guessed by their names, what was guessed is told, and people say otherwise. Times are
ISO 8601 or numbers since the epoch, durations numbers with a unit, or text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core.durations import parse_duration
from engine.core.errors import InvalidDocument, Problem

IGNORED: Final = "-"
DURATIONS: Final = {
    "duration": 1_000_000,
    "duration_s": 1_000_000,
    "duration_ms": 1_000,
    "duration_us": 1,
}
"""What one is, in microseconds, where a duration is a number; text carries its own unit."""

GUESSES: Final[Mapping[str, tuple[str, ...]]] = {
    "job_name": ("job_name", "job", "dag_id", "task", "task_name", "flow_name", "workflow", "name"),
    "job_id": ("job_id",),
    "namespace": ("namespace", "ns", "project", "queue"),
    "scheduled_time": (
        *("scheduled_time", "scheduled_at", "scheduled", "logical_date", "execution_date"),
        *("expected_start_time", "fire_time", "due", "due_at"),
    ),
    "started_at": (
        *("started_at", "start_time", "start_date", "start", "started", "begin", "began"),
        *("begin_time", "started_on"),
    ),
    "completed_at": (
        *("completed_at", "finished_at", "ended_at", "end_time", "end_date", "completion_time"),
        *("completed", "finished", "ended", "end", "stop", "stopped_at", "finish_time"),
    ),
    "duration_ms": ("duration_ms", "elapsed_ms", "runtime_ms", "duration_millis", "took_ms"),
    "duration_us": ("duration_us", "elapsed_us"),
    "duration_s": ("duration_s", "duration_seconds", "elapsed_s", "run_seconds", "seconds"),
    "duration": ("duration", "elapsed", "runtime", "run_time", "total_run_time", "took"),
    "status": ("status", "state", "outcome", "result", "state_name", "conclusion"),
    "exit_code": ("exit_code", "exitcode", "exit_status", "return_code", "returncode", "rc"),
    "attempts": ("attempts", "try_number", "tries", "attempt", "run_count"),
    "status_code": ("status_code", "http_status", "http_code", "code"),
    "error": ("error", "error_message", "message", "reason", "stderr"),
    "trigger": ("trigger", "triggered_by", "run_type"),
}
"""The fields that a column may be mapped to, and the names by which each is guessed."""

STATUS_WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("success", "succeeded", "successful", "ok", "pass", "passed", "completed", "complete"),
        "success",
    ),
    **dict.fromkeys(("done", "finished", "good", "true", "up"), "success"),
    **dict.fromkeys(("failed", "failure", "fail", "error", "errored", "crashed"), "failed"),
    **dict.fromkeys(("timeout", "timed_out", "timedout", "bad", "false", "down"), "failed"),
    **dict.fromkeys(("skipped", "skip", "missed", "upstream_failed"), "skipped"),
    **dict.fromkeys(
        ("cancelled", "canceled", "aborted", "killed", "revoked", "stopped"), "cancelled"
    ),
    **dict.fromkeys(("unknown", "lost"), "unknown"),
}
_TRIGGER_WORDS: Final = {
    **dict.fromkeys(("schedule", "scheduled", "cron", "timer", "backfill"), "schedule"),
    **dict.fromkeys(("manual", "user", "cli", "api", "web", "ui"), "manual"),
    **dict.fromkeys(("replay", "retry", "rerun"), "replay"),
    **dict.fromkeys(("event", "webhook", "asset_triggered", "dataset_triggered"), "event"),
    **dict.fromkeys(("workflow", "upstream", "parent"), "workflow"),
}
_WORD: Final = re.compile(r"[^a-z0-9]+")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_CLOCK: Final = re.compile(r"([0-9]{1,4}):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,6}))?")
_EPOCH_FROM: Final = 10**8  # 1973: a smaller number is rather a date without dashes, or a count
_EPOCHS: Final = ((10**11, 1_000_000), (10**14, 1_000), (10**17, 1))
_TIME_HINT: Final = "ISO 8601, or seconds or milliseconds since 1970"


@dataclass(frozen=True, slots=True)
class Plan:
    """Which column is read for which field, and what a person should know of it."""

    columns: dict[str, str]
    unused: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How values are read where the file leaves it open.

    Attributes:
        zone: of times that are written without one.
        job: the job of every row, where no column names it.
        namespace: of jobs that are named without one.
    """

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    job: str = ""
    namespace: str = ""


def make_plan(columns: Sequence[str], said: Mapping[str, str], *, job: str = "") -> Plan:
    """Guess a field for each column, after what a person said.

    Args:
        columns: of the file.
        said: field by column; `-` leaves a column out.
        job: the job of every row, if it is the same.

    Raises:
        InvalidDocument: what was said does not fit, or a field that must be is not there.

    >>> make_plan(["dag_id", "end", "rc"], {}).columns
    {'job_name': 'dag_id', 'completed_at': 'end', 'exit_code': 'rc'}
    """
    chosen = _said(columns, said)
    free = {_plain(name): name for name in reversed(columns) if name not in said}
    for target, guesses in GUESSES.items():
        if target in chosen:
            continue
        found = next((free[name] for name in guesses if name in free), None)
        if found is not None:
            chosen[target] = found
            del free[_plain(found)]
    notes = _drop_needless(chosen, said)
    _check_whole(chosen, columns, job)
    if "duration" in chosen:
        column = chosen["duration"]
        notes.append(f"numbers in {column!r} are seconds; map it to duration_ms if they are not")
    used = set(chosen.values())
    ordered = {target: chosen[target] for target in GUESSES if target in chosen}
    return Plan(ordered, tuple(name for name in columns if name not in used), tuple(notes))


def _said(columns: Sequence[str], said: Mapping[str, str]) -> dict[str, str]:
    problems = []
    chosen: dict[str, str] = {}
    for column, target in said.items():
        if column not in columns:
            hint = "one of " + ", ".join(columns)
            problems.append(Problem("map", f"there is no column {column!r}", hint))
        elif target == IGNORED:
            continue
        elif target not in GUESSES:
            hint = f"one of {', '.join(GUESSES)}, or {IGNORED} to leave it out"
            problems.append(Problem("map", f"there is no field {target!r}", hint))
        elif target in chosen:
            problems.append(Problem("map", f"two columns for {target}", "one column a field"))
        else:
            chosen[target] = column
    if problems:
        raise InvalidDocument(problems)
    return chosen


def _drop_needless(chosen: dict[str, str], said: Mapping[str, str]) -> list[str]:
    """One duration is enough, and none is needed between two times; a job's name beats its id."""
    has_times = "started_at" in chosen and "completed_at" in chosen
    durations = [target for target in chosen if target in DURATIONS]
    keep = [target for target in durations if chosen[target] in said] or durations
    needless = [target for target in durations if has_times or target != keep[0]]
    notes = [f"{chosen.pop(target)!r} is not needed: other columns say it" for target in needless]
    if "job_name" in chosen and chosen.get("job_id", "") not in said and "job_id" in chosen:
        notes.append(f"{chosen.pop('job_id')!r} is left out: jobs are found by their names")
    return notes


def _check_whole(chosen: Mapping[str, str], columns: Sequence[str], job: str) -> None:
    there = "the columns are " + ", ".join(columns)
    problems = []
    if not job and not {"job_name", "job_id"} & set(chosen):
        problems.append(Problem("job_name", f"no column names the job: {there}", "--map or --job"))
    if "completed_at" not in chosen and not (
        "started_at" in chosen and set(DURATIONS) & set(chosen)
    ):
        hint = "--map COLUMN=completed_at, or started_at and duration_s"
        problems.append(Problem("completed_at", f"no column says when it ended: {there}", hint))
    if not {"status", "exit_code", "status_code"} & set(chosen):
        hint = "--map COLUMN=status, exit_code or status_code"
        problems.append(Problem("status", f"no column says how it ended: {there}", hint))
    if problems:
        raise InvalidDocument(problems)


def to_document(values: Mapping[str, Any], plan: Plan, reading: Reading) -> dict[str, Any]:
    """The row as the import takes it.

    Raises:
        InvalidDocument: every value that cannot be read, by its column.
    """
    row = _Row(values, plan, reading)
    scheduled, started, completed = (
        row.time(name) for name in ("scheduled_time", "started_at", "completed_at")
    )
    length = row.duration()
    if completed is None and started is not None and length is not None:
        completed = started + length
    elif started is None and completed is not None and length is not None:
        started = completed - length
    if completed is None and not row.problems:
        row.fault("completed_at", "says no time", "when it ended, or its start and duration")
    status = row.status()
    document = {
        "job_id": row.text("job_id"),
        "job_name": row.text("job_name") or reading.job,
        "namespace": row.text("namespace") or reading.namespace,
        "scheduled_time": _iso(scheduled),
        "started_at": _iso(started),
        "completed_at": _iso(completed),
        "status": status,
        "attempts": row.count("attempts"),
        "status_code": row.count("status_code"),
        "error": row.text("error"),
        "trigger": _TRIGGER_WORDS.get(_plain(row.text("trigger")), "schedule"),
    }
    if row.problems:
        raise InvalidDocument(row.problems)
    return {key: value for key, value in document.items() if value not in ("", None)}


def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name.

    Raises:
        InvalidDocument: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problem = Problem(
            "timezone", f"{name!r} is not a zone", "an IANA name, such as Europe/Paris"
        )
        raise InvalidDocument([problem]) from None


class _Row:
    """One row's values by field, and what is wrong with them."""

    def __init__(self, values: Mapping[str, Any], plan: Plan, reading: Reading):
        self._values = values
        self._plan = plan
        self._reading = reading
        self.problems: list[Problem] = []

    def fault(self, target: str, reason: str, hint: str) -> None:
        self.problems.append(Problem(self._plan.columns.get(target, target), reason, hint))

    def value(self, target: str) -> Any:
        column = self._plan.columns.get(target)
        value = self._values.get(column) if column is not None else None
        if isinstance(value, str):
            value = value.strip()
        if isinstance(value, float) and math.isnan(value):
            return None
        return None if value == "" else value

    def text(self, target: str) -> str:
        value = self.value(target)
        return "" if value is None else str(value)

    def count(self, target: str) -> int | None:
        value = self.value(target)
        if value is None:
            return None
        number = _number(value)
        if number is None or number != int(number) or not 0 <= number < 10**6:
            self.fault(target, f"{_shown(value)} is not a count", "a whole number")
            return None
        return int(number)

    def time(self, target: str) -> datetime | None:
        value = self.value(target)
        if value is None:
            return None
        try:
            return _moment(value, self._reading.zone)
        except _Unreadable as error:
            self.fault(target, str(error), _TIME_HINT)
            return None

    def duration(self) -> timedelta | None:
        for target, unit_us in DURATIONS.items():
            value = self.value(target)
            if value is not None:
                try:
                    return _length(value, unit_us)
                except (_Unreadable, InvalidDocument, OverflowError):
                    hint = "a number, or text such as 1m30s or 00:01:30"
                    self.fault(target, f"{_shown(value)} is not a duration", hint)
        return None

    def status(self) -> str:
        given = self.text("status")
        if given:
            status = STATUS_WORDS.get(_plain(given))
            if status is None:
                hint = "such as success, failed, skipped, cancelled or unknown"
                self.fault("status", f"{_shown(given)} is no status of something over", hint)
            return status or ""
        if self.value("exit_code") is not None:
            return "success" if self.count("exit_code") == 0 else "failed"
        if self.value("status_code") is not None:
            code = self.count("status_code") or 0
            return "success" if 200 <= code < 300 else "failed"
        self.fault("status", "says nothing", "how it ended")
        return ""


class _Unreadable(ValueError):
    """A value that says nothing of the kind that is wanted; the message says why."""


def _moment(value: Any, zone: ZoneInfo) -> datetime:
    number = _number(value)
    if number is not None:
        return _since_epoch(number, value)
    written = _written(value)
    try:
        if written.tzinfo is not None:
            return written.astimezone(UTC)
        there = written.replace(tzinfo=zone).astimezone(UTC)
        exists = there.astimezone(zone).replace(tzinfo=None) == written
    except OverflowError:
        raise _Unreadable(f"{_shown(value)} is out of range") from None
    if not exists:  # the hour that a zone leaves out in spring
        raise _Unreadable(f"{written.isoformat(' ')} did not exist in {zone.key}")
    return there


def _written(value: Any) -> datetime:
    """The date and time that a value is or spells, with its zone if it has one."""
    if isinstance(value, datetime):  # a pandas one too, whose nanoseconds are let go
        return datetime.combine(value.date(), value.time(), value.tzinfo)
    if isinstance(value, date):
        return datetime.combine(value, time())
    try:
        return datetime.fromisoformat(re.sub(r"\s*(?:UTC|GMT)\Z", "Z", str(value)))
    except ValueError:
        raise _Unreadable(f"{_shown(value)} is not a time") from None


def _since_epoch(number: Decimal, value: Any) -> datetime:
    for limit, unit_us in _EPOCHS:
        if _EPOCH_FROM <= number < limit:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(number * unit_us))
    raise _Unreadable(f"{_shown(value)} is not a time since 1970")


def _length(value: Any, unit_us: int) -> timedelta:
    if isinstance(value, timedelta):
        return _not_negative(value)
    number = _number(value)
    if number is not None:
        return _not_negative(timedelta(microseconds=float(number * unit_us)))
    clock = _CLOCK.fullmatch(str(value))
    if clock:
        hours, minutes, seconds, fraction = clock.groups()
        micro = int((fraction or "").ljust(6, "0"))
        return timedelta(
            hours=int(hours), minutes=int(minutes), seconds=int(seconds), microseconds=micro
        )
    return timedelta(microseconds=parse_duration(str(value).replace(" ", "")))


def _not_negative(length: timedelta) -> timedelta:
    if length < timedelta():
        raise _Unreadable("is negative")
    return length


def _number(value: Any) -> Decimal | None:
    """The number that a value is or spells, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _iso(moment: datetime | None) -> str | None:
    return datetime.isoformat(moment) if moment else None


def _plain(name: str) -> str:
    return _WORD.sub("_", name.lower()).strip("_")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
