"""From a committed entry to rows: a pure function, so that every node writes the same ones.

Nothing here may read a clock, a random number or the node's own name; what a row says, the event
says. What to read next: `store.py`.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeAlias

import msgspec
import orjson

from engine.core.ids import Instant, JobId
from engine.history.schema import STORED
from engine.model.change import change_document, changed
from engine.model.document import job_document
from engine.model.execution import AttemptResult, Execution, Status
from engine.model.job import Job, JobSpec
from engine.model.redaction import redacted_url
from engine.state.messages import (
    AttemptEnded,
    Committed,
    Event,
    ExecutionAdded,
    ExecutionEnded,
    ExecutionsImported,
    FindingChanged,
    FiresSkipped,
    JobCreated,
    JobDeleted,
    JobSwitched,
    JobUpdated,
    Rejected,
    RetryScheduled,
)

Row: TypeAlias = tuple[Any, ...]
Rows: TypeAlias = dict[str, list[Row]]
"""Rows by table name, each in the column order of `schema.py`."""

MACHINE_COMMANDS: Final = frozenset(
    {
        "claim_leadership",
        "register_node",
        "barrier",
        "start_executions",
        "begin_backfill",
        "record_executions",
        "recover_executions",
        "record_findings",
        "record_models",
    }
)
"""What the cluster proposes by itself. Everything else is a person's, new commands included."""
AUDIT_IDS_MAX: Final = 100
SAID_MAX: Final = 16_384
"""Jobs whose part of a row is kept; of more of them it is made anew now and then."""
_RARE: Final = frozenset(
    {
        FindingChanged,
        ExecutionsImported,
        ExecutionAdded,
        JobCreated,
        JobUpdated,
        JobSwitched,
        JobDeleted,
    }
)
_ONE_ROW: Final = (_RARE | {AttemptEnded, ExecutionEnded, FiresSkipped}) - {
    ExecutionAdded,
    ExecutionsImported,
}
_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_RUNNING: Final = Status.RUNNING
_actions: dict[str, str] = {}


def empty() -> Rows:
    """No rows in every table."""
    return {table.name: [] for table in STORED}


class _Said(msgspec.Struct, frozen=True, gc=False):
    """What the rows of all runs of a version say of their job; `tags` is JSON."""

    spec: JobSpec
    name: str
    namespace: str
    url: str
    method: str
    tags: str


_said: dict[JobId, _Said] = {}
_any_json: Final = msgspec.json.Decoder(msgspec.Raw)


def weight(committed: Committed) -> int:
    """About how many rows an entry makes, without making them; 0 where it makes none."""
    kinds = list(map(type, committed.events))
    count = sum(map(_ONE_ROW.__contains__, kinds)) + _is_audited(committed)
    if ExecutionsImported in kinds:
        count += sum(
            len(event.runs) for event in committed.events if isinstance(event, ExecutionsImported)
        )
    return count


def project(committed: Committed, rows: Rows) -> int:
    """Append the rows of one entry to `rows`; return how many there are."""
    head = (committed.index, committed.at)
    count = 0
    events = committed.events
    for place, event in enumerate(events):
        if type(event) is AttemptEnded:
            follows = events[place + 1] if place + 1 < len(events) else None
            rows["attempts"].append(_attempt(head, count, event, follows))
            count += 1
        elif type(event) is ExecutionEnded:
            rows["executions"].append(_execution(head, count, event))
            count += 1
        elif type(event) is FiresSkipped:
            rows["executions"].append(_skipped(head, count, event))
            count += 1
        elif type(event) in _RARE:
            count += _project_rare(head, count, event, committed.actor, rows)
    if _is_audited(committed):
        rows["audit"].append(_audit(head, count, committed))
        count += 1
    return count


def _project_rare(
    head: tuple[int, Instant], position: int, event: Event, actor: str, rows: Rows
) -> int:
    """As `project`, of one event that does not come with every run."""
    if isinstance(event, ExecutionsImported):
        imported = _imported(head, position, event)
        rows["executions"] += imported
        return len(imported)
    if isinstance(event, FindingChanged):
        rows["findings"].append(_finding(head, position, event))
    elif isinstance(event, ExecutionAdded):
        if event.execution.change is None:
            return 0
        rows["replay_changes"].append(_replay_change(head, position, event.execution))
    elif isinstance(event, JobCreated):
        rows["job_versions"].append(_change(head, position, event.job, "created", actor))
    elif isinstance(event, JobUpdated):
        rows["job_versions"].append(
            _change(head, position, event.job, "updated", actor, event.comment)
        )
    elif isinstance(event, JobSwitched):
        change = "enabled" if event.job.enabled else "disabled"
        rows["job_versions"].append(_change(head, position, event.job, change, actor))
    else:
        assert isinstance(event, JobDeleted)
        rows["job_versions"].append(_change(head, position, event.job, "deleted", actor))
    return 1


def _is_audited(committed: Committed) -> bool:
    return action_of(committed.kind) not in MACHINE_COMMANDS and not committed.repeated


def action_of(kind: str) -> str:
    """The action of a command's kind: `CreateJobs` and `create_jobs` are both `create_jobs`.

    >>> action_of("CreateJobs")
    'create_jobs'
    """
    action = _actions.get(kind)
    if action is None:
        action = _actions[kind] = _CAPITAL.sub("_", kind).lower()
    return action


def _said_of(job: Job) -> _Said:
    """What its version says: an edit brings another spec, a switch the same one."""
    spec = job.spec
    said = _said.get(job.id)
    if said is None or said.spec is not spec:
        if len(_said) >= SAID_MAX:
            _said.clear()
        said = _said[job.id] = _say(spec)
    return said


def _say(spec: JobSpec) -> _Said:
    url = _clean(redacted_url(spec.url))
    return _Said(spec, spec.name, spec.namespace, url, spec.method, _json(spec.tags))


def _execution(head: tuple[int, Instant], position: int, event: ExecutionEnded) -> Row:
    execution, job, result = event.execution, event.job, event.result
    said = _say(changed(job, execution.change).spec) if execution.change else _said_of(job)
    started = execution.started_us or None
    return (
        head[0],
        position,
        head[1],
        execution.id,
        job.id,
        said.name,
        said.namespace,
        execution.job_version,
        event.status,  # text as it is; its `value` would be a call, and this is done for each run
        _clean(event.reason),
        execution.trigger,
        execution.scheduled_us,
        None,
        started,
        event.completed_us,
        None if started is None else (event.completed_us - started) / 1000,
        None if started is None else (started - _planned(execution)) / 1000,
        execution.attempt if execution.status is _RUNNING else execution.attempt - 1,
        result.status_code if result else 0,
        _clean(result.response) if result else "",
        _clean(result.error) if result else "",
        execution.node,
        execution.replay_of,
        said.url,
        said.method,
        said.tags,
        1,
    )


def _planned(execution: Execution) -> Instant:
    """From when on a start is late."""
    return execution.planned_us or execution.scheduled_us


def _skipped(head: tuple[int, Instant], position: int, event: FiresSkipped) -> Row:
    job, said = event.job, _said_of(event.job)
    return (
        head[0],
        position,
        head[1],
        event.id,
        job.id,
        said.name,
        said.namespace,
        job.version,
        "skipped",
        _clean(event.reason),
        "schedule",
        event.first_us,
        event.last_us,
        None,
        head[1],
        None,
        None,
        0,
        0,
        "",
        "",
        "",
        "",
        said.url,
        said.method,
        said.tags,
        event.fires,
    )


def _imported(head: tuple[int, Instant], position: int, event: ExecutionsImported) -> list[Row]:
    """The executions of an import, as they were where they ran; `node_id` names the import."""
    jobs = [
        (job.id, _clean(job.name), _clean(job.namespace), _json(job.tags)) for job in event.jobs
    ]
    source = imported_by(_clean(event.label))
    rows = []
    for place, run in enumerate(event.runs, position):
        identity, name, namespace, tags = jobs[run.job]
        started, completed = run.started_us, run.completed_us
        rows.append(
            (
                head[0],
                place,
                head[1],
                run.id,
                identity,
                name,
                namespace,
                0,
                run.status.value,
                _clean(run.error) if run.status is Status.SKIPPED else "",
                run.trigger.value,
                run.scheduled_us,
                None,
                started,
                completed,
                None if started is None else (completed - started) / 1000,
                None if started is None else (started - run.scheduled_us) / 1000,
                run.attempts,
                run.status_code,
                "",
                "" if run.status is Status.SKIPPED else _clean(run.error),
                source,
                "",
                "",
                "",
                tags,
                1,
            )
        )
    return rows


def imported_by(label: str) -> str:
    """What stands as the node of executions that were imported under `label`.

    >>> imported_by("airflow-2026")
    'import:airflow-2026'
    """
    return f"import:{label}"


def _attempt(
    head: tuple[int, Instant], position: int, event: AttemptEnded, follows: Event | None
) -> Row:
    execution, result, said = event.execution, event.result, _said_of(event.job)
    started = result.started_us or None
    trace = _trace(result.trace)
    if type(follows) is RetryScheduled:
        trace = _with_retry(trace, result, follows.execution)
    return (
        head[0],
        position,
        head[1],
        execution.id,
        execution.job_id,
        said.name,
        said.namespace,
        result.attempt,
        result.outcome,
        execution.node,
        started,
        result.finished_us,
        None if started is None else (result.finished_us - started) / 1000,
        result.status_code,
        _clean(result.error),
        _clean(result.response),
        trace,
    )


def _finding(head: tuple[int, Instant], position: int, event: FindingChanged) -> Row:
    finding, job = event.finding, event.job
    return (
        head[0],
        position,
        head[1],
        finding.id,
        finding.job_id,
        job.spec.name if job else _clean(finding.job_name),
        job.spec.namespace if job else _clean(finding.namespace),
        finding.detector,
        finding.signal,
        finding.state.value,
        finding.first_us,
        finding.last_us,
        finding.runs,
        finding.score,
        finding.value,
        finding.low,
        finding.high,
        finding.unit,
        finding.execution_id,
        _clean(finding.evidence),
        _clean(finding.by),
        _clean(finding.note),
    )


def _replay_change(head: tuple[int, Instant], position: int, execution: Execution) -> Row:
    return (
        head[0],
        position,
        head[1],
        execution.id,
        execution.job_id,
        execution.replay_of,
        _json(change_document(execution.change)),
    )


def _change(
    head: tuple[int, Instant], position: int, job: Job, change: str, actor: str, comment: str = ""
) -> Row:
    return (
        head[0],
        position,
        head[1],
        job.id,
        job.spec.name,
        job.spec.namespace,
        job.version,
        change,
        _clean(actor or job.updated_by),
        _clean(comment),
        _json(job_document(job)),
    )


def _audit(head: tuple[int, Instant], position: int, committed: Committed) -> Row:
    result = committed.result
    detail: dict[str, Any] = {}
    if isinstance(result, Rejected):
        outcome = "rejected"
        detail = {"code": result.code, "message": result.message}
        if result.field:
            detail["field"] = result.field
    else:
        outcome = "accepted"
        value = result.value
        if isinstance(value, str | int | float):
            detail = {"value": value}
        elif isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            detail = {"count": len(value), "values": list(value[:AUDIT_IDS_MAX])}
    return (
        head[0],
        position,
        head[1],
        _clean(committed.actor),
        action_of(committed.kind),
        _clean(committed.target),
        outcome,
        _json(detail),
    )


def _clean(text: str) -> str:
    """The text as UTF-8 can carry it: one lone surrogate must not stop the projection."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # a lone surrogate in a person's text
        return orjson.dumps(_cleaned(value), default=str).decode()


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, dict):
        return {_clean(str(key)): _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value


def _with_retry(trace: str, result: AttemptResult, again: Execution) -> str:
    """The trace with a `retry` step, for the machine decided to try again."""
    waits_us = max(0, again.due_us - result.finished_us)
    detail = {"next_attempt": again.attempt, "wait_ms": waits_us / 1000}
    try:
        steps = orjson.loads(trace)
    except orjson.JSONDecodeError:  # a number that no double holds
        steps = []
    steps.append(["retry", max(0, result.finished_us - result.started_us), detail])
    return orjson.dumps(steps).decode()


def _trace(text: str) -> str:
    """The steps, if they are JSON: a column of that type refuses the whole batch otherwise."""
    if text == "[]":
        return text
    try:
        _any_json.decode(text)  # reads it whole, and makes nothing of it
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return "[]"
    return text
