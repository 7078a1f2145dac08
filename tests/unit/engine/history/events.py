"""A deterministic log of committed entries for the tests of the history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from engine.model.document import job_document
from engine.model.execution import AttemptOutcome, AttemptResult, Change, Execution, Status, Trigger
from engine.model.finding import Finding
from engine.model.job import Document, Job, JobSpec, Webhook, WebhookAuth
from engine.state.messages import (
    Accepted,
    AttemptBegun,
    AttemptEnded,
    Committed,
    Event,
    ExecutionAdded,
    ExecutionEnded,
    FindingChanged,
    FiresSkipped,
    JobCreated,
    JobDeleted,
    JobSwitched,
    JobUpdated,
    Rejected,
)

NOON = 1_795_608_000_000_000  # 2026-11-25T12:00:00Z
SECOND = 1_000_000


def make_job(number: int = 1, *, version: int = 1, enabled: bool = True) -> Job:
    return Job(
        id=f"job_{number}",
        spec=JobSpec(
            name=f"backup-{number}",
            namespace="ops" if number % 2 else "shop",
            schedule="* * * * *",
            webhook=Webhook(
                url=f"https://example.org/{number}",
                method="POST",
                headers={"X-Kind": "ü"},
                body="{}",
                auth=WebhookAuth(type="bearer", token="s3cret"),
            ),
            tags={"team": "blue"},
        ),
        enabled=enabled,
        version=version,
        generation=1,
        created_at=NOON,
        updated_at=NOON + version,
        updated_by="alice",
    )


class CurrentJobs:
    """As many jobs as there were changes."""

    def __init__(self, changes: int = 1):
        self.changes = changes
        self.asked = 0

    def __len__(self) -> int:
        return self.changes

    def __iter__(self) -> Iterator[Document]:
        self.asked += 1
        return (job_document(make_job(number)) for number in range(self.changes))


def committed(
    index: int, kind: str, *events: Event, target: str = "", result: object = None
) -> Committed:
    return Committed(
        index=index,
        at=NOON + index * SECOND,
        actor="alice" if kind.endswith(("Job", "Jobs")) else "node-1",
        kind=kind,
        target=target,
        events=events,
        result=result or Accepted(value=target or None),  # type: ignore[arg-type]  # a Rejected at times
    )


def ended(
    index: int,
    position: int = 0,
    *,
    job: Job | None = None,
    outcome: AttemptOutcome = AttemptOutcome.SUCCESS,
    status: Status = Status.SUCCESS,
    trigger: Trigger = Trigger.SCHEDULE,
    at: int | None = None,
) -> tuple[Event, Event]:
    job = job or make_job()
    scheduled = NOON + index * SECOND if at is None else at
    execution = Execution(
        id=f"exe_{index}_{position}",
        job_id=job.id,
        job_version=job.version,
        trigger=trigger,
        scheduled_us=scheduled,
        status=Status.RUNNING,
        attempt=1,
        started_us=scheduled + 20_000,
        attempt_started_us=scheduled + 20_000,
        epoch=1,
        node="node-1",
    )
    good = outcome is AttemptOutcome.SUCCESS
    result = AttemptResult(
        execution_id=execution.id,
        attempt=1,
        outcome=outcome,
        started_us=scheduled + 20_000,
        finished_us=scheduled + 120_500,
        status_code=200 if good else 500,
        error="" if good else "500 Internal Server Error",
        response="ok" if good else "späte Antwort",
        trace='[["prepare",0,{"url":"https://example.org"}],["response",100000,{"status":200}]]',
    )
    return (
        AttemptEnded(execution=execution, job=job, result=result),
        ExecutionEnded(
            execution=execution,
            job=job,
            status=status,
            reason="" if good else "attempts used up",
            completed_us=scheduled + 120_500,
            result=result,
        ),
    )


def make_finding(**fields: object) -> Finding:
    finding = Finding(
        id="fin_1",
        job_id="job_1",
        detector="duration_outlier",
        signal="duration",
        first_us=NOON,
        last_us=NOON + SECOND,
        runs=2,
        score=1.5,
        value=4000.0,
        low=500.0,
        high=2000.0,
        unit="ms",
        execution_id="exe_5_0",
        evidence="4 s, usual is 0.5 to 2 s",
    )
    return replace(finding, **fields)  # type: ignore[arg-type]  # fields of a Finding


def begun(index: int) -> Committed:
    job = make_job()
    execution = Execution(
        id=f"exe_{index}",
        job_id=job.id,
        job_version=1,
        trigger=Trigger.SCHEDULE,
        scheduled_us=NOON,
        status=Status.RUNNING,
    )
    return committed(
        index,
        "StartExecutions",
        AttemptBegun(execution=execution, claimed=True, next_us=None),
    )


def changed_replay(index: int) -> ExecutionAdded:
    """A replay of another run, with a shorter time-out."""
    job = make_job()
    return ExecutionAdded(
        execution=Execution(
            id=f"exe_{index}_again",
            job_id=job.id,
            job_version=1,
            trigger=Trigger.REPLAY,
            scheduled_us=NOON,
            status=Status.PENDING,
            replay_of="exe_5_0",
            change=Change(timeout_us=SECOND),
        )
    )


def story() -> list[Committed]:
    """Twelve entries with every kind of row in them."""
    job, other = make_job(1), make_job(2)
    changed = make_job(1, version=2)
    off = make_job(2, enabled=False)
    failed = {"outcome": AttemptOutcome.FAILED, "status": Status.FAILED}
    return [
        committed(1, "ClaimLeadership"),
        committed(2, "CreateJobs", JobCreated(job=job, next_us=NOON), target="job_1"),
        committed(3, "CreateJobs", JobCreated(job=other, next_us=NOON), target="job_2"),
        begun(4),
        committed(5, "RecordExecutions", *ended(5, job=job)),
        committed(6, "RecordExecutions", *ended(6, job=job), *ended(6, 1, job=other, **failed)),  # type: ignore[arg-type]  # two keyword kinds
        committed(7, "UpdateJob", JobUpdated(job=changed, next_us=NOON, comment="faster")),
        committed(8, "DisableJob", JobSwitched(job=off, next_us=None), target="job_2"),
        committed(
            9, "DeleteJob", target="job_9", result=Rejected(code="NOT_FOUND", message="no job_9")
        ),
        committed(
            10,
            "StartExecutions",
            FiresSkipped(
                id="exe_skip",
                job=changed,
                first_us=NOON,
                last_us=NOON + 240 * SECOND,
                fires=5,
                next_us=None,
                reason="missed while no leader was there",
            ),
            FindingChanged(finding=make_finding(), job=changed),
        ),
        committed(11, "DeleteJob", JobDeleted(job=off), changed_replay(11), target="job_2"),
        committed(12, "RecordExecutions", *ended(12, job=changed, **failed)),  # type: ignore[arg-type]  # two keyword kinds
    ]
