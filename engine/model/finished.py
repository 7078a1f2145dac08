"""An execution that ended elsewhere, as a person describes it, and what is wrong with it.

Pure: the caller says what time it is. Jobs are named, not looked up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engine.core.clock import SECOND_US, from_datetime, rfc3339
from engine.core.errors import InvalidDocument, Problem
from engine.core.ids import Instant
from engine.model.execution import Status, Trigger

FIELDS: Final = (
    "job_id",
    "job_name",
    "namespace",
    "scheduled_time",
    "started_at",
    "completed_at",
    "status",
    "attempts",
    "status_code",
    "error",
    "trigger",
)
STATUSES: Final = tuple(s.value for s in Status if s not in (Status.PENDING, Status.RUNNING))
TRIGGERS: Final = tuple(trigger.value for trigger in Trigger)
NAME_MAX: Final = 128
ERROR_MAX: Final = 2_000
NUMBER_MAX: Final = 1_000_000
CLOCKS_APART_US: Final = 60 * SECOND_US
_TIME_HINT: Final = "RFC 3339 with its offset, such as 2026-01-31T09:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """One execution that is over; `job_id` is set where the job was named by its id."""

    namespace: str
    name: str
    scheduled_us: Instant
    started_us: Instant | None
    completed_us: Instant
    status: Status
    trigger: Trigger = Trigger.SCHEDULE
    attempts: int = 1
    status_code: int = 0
    error: str = ""
    job_id: str = ""


def parse_finished(document: object, now_us: Instant, namespace: str = "default") -> FinishedRun:
    """The execution that a document describes.

    Without `scheduled_time` it was due when it started, or ended where no start is known.

    Args:
        document: an object with the fields of `FIELDS`.
        now_us: executions end before it, give or take a minute between two clocks.
        namespace: of a job that is named without one.

    Raises:
        InvalidDocument: every fault of it.

    >>> parse_finished({"job_name": "shop/orders", "status": "success",
    ...     "completed_at": "2026-01-31T09:00:00Z"}, 1 << 60).namespace
    'shop'
    """
    if not isinstance(document, Mapping):
        raise InvalidDocument([Problem("", "is not an object", 'such as {"job_name": ...}')])
    reader = _Reader(document)
    job_id, space, name = reader.job(namespace)
    completed = reader.time("completed_at")
    if completed is None:
        reader.fault("completed_at", "is missing", "when it ended: " + _TIME_HINT)
    started = reader.time("started_at")
    scheduled = reader.time("scheduled_time")
    status = reader.word("status", STATUSES, None)
    trigger = reader.word("trigger", TRIGGERS, Trigger.SCHEDULE.value)
    attempts = reader.number("attempts", 0 if started is None else 1)
    status_code = reader.number("status_code", 0)
    error = reader.text("error")
    if completed is not None:
        reader.order(scheduled, started, completed, now_us)
    if reader.problems or completed is None:
        raise InvalidDocument(reader.problems)
    return FinishedRun(
        job_id=job_id,
        namespace=space,
        name=name,
        scheduled_us=_first(scheduled, started, completed),
        started_us=started,
        completed_us=completed,
        status=Status(status),
        trigger=Trigger(trigger),
        attempts=attempts,
        status_code=status_code,
        error=error if len(error) <= ERROR_MAX else error[: ERROR_MAX - 1] + "…",
    )


def _first(*instants: Instant | None) -> Instant:
    return next(instant for instant in instants if instant is not None)


class _Reader:
    """Takes fields out of a document and gathers what is wrong with them."""

    def __init__(self, document: Mapping[Any, Any]):
        self.document = document
        self.problems = [
            Problem(_shown(key), "is not a known field", "one of " + ", ".join(FIELDS))
            for key in document
            if key not in FIELDS
        ]

    def fault(self, field: str, reason: str, hint: str = "") -> None:
        self.problems.append(Problem(field, reason, hint))

    def text(self, field: str) -> str:
        value = self.document.get(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.fault(field, f"{_shown(value)} is not text", "a string")
            return ""
        return value

    def job(self, namespace: str) -> tuple[str, str, str]:
        job_id, name, space = (self.text(key) for key in ("job_id", "job_name", "namespace"))
        if job_id:
            return job_id, space or namespace, name
        if not name.strip():
            self.fault(
                "job_name", "is missing", "the job's name, or job_id for one of this cluster"
            )
            return "", "", ""
        if "/" in name and not space:
            space, _, name = name.partition("/")
        for field, text in (("job_name", name), ("namespace", space or namespace)):
            if not 1 <= len(text) <= NAME_MAX or "/" in text or not text.isprintable():
                hint = f"1 to {NAME_MAX} printable characters, no slash"
                self.fault(field, f"{_shown(text)} is not a name", hint)
        return "", space or namespace, name

    def time(self, field: str) -> Instant | None:
        value = self.document.get(field)
        if value is None or value == "":
            return None
        try:
            return from_datetime(datetime.fromisoformat(value))
        except (ValueError, TypeError, OverflowError):
            self.fault(field, f"{_shown(value)} is not a time", _TIME_HINT)
            return None

    def word(self, field: str, words: tuple[str, ...], default: str | None) -> str:
        value = self.document.get(field)
        if value in (None, "") and default is not None:
            return default
        if value not in words:
            reason = "is missing" if value in (None, "") else f"{_shown(value)} is not a {field}"
            self.fault(field, reason, "one of " + ", ".join(words))
            return ""
        return str(value)

    def number(self, field: str, default: int) -> int:
        value = self.document.get(field)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= NUMBER_MAX:
            self.fault(field, f"{_shown(value)} is not a count", f"0 to {NUMBER_MAX}")
            return default
        return value

    def order(
        self, scheduled: Instant | None, started: Instant | None, completed: Instant, now: Instant
    ) -> None:
        if completed < 0:
            self.fault("completed_at", "lies before 1970", "the time when it ended")
        if completed > now + CLOCKS_APART_US:
            reason = f"{rfc3339(completed)} lies in the future"
            self.fault("completed_at", reason, "only what is over can be imported")
        if started is not None and not 0 <= started <= completed:
            self.fault("started_at", "lies after the end", "started_at <= completed_at")
        if scheduled is not None:
            latest = completed if started is None else started + CLOCKS_APART_US
            if not 0 <= scheduled <= latest:
                hint = "scheduled_time <= started_at"
                self.fault("scheduled_time", "lies after it began", hint)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
