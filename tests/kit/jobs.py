"""Jobs and entries as tests want them."""

from __future__ import annotations

from typing import Any

from engine.core.ids import Instant, JobId
from engine.model.document import parse_job
from engine.model.job import Job, JobSpec
from engine.state.entry import Entry
from engine.state.machine import apply
from engine.state.messages import Accepted, Command, Committed, CreateJobs, NewJob, Rejected
from engine.state.state import State

SECOND = 1_000_000


def spec(name: str = "backup", **fields: Any) -> JobSpec:
    """A valid spec with the given fields of the public document."""
    document = {
        "name": name,
        "schedule": "@every 10s",
        "webhook": {"url": "http://127.0.0.1:9/run"},
        **fields,
    }
    return parse_job(document)[0]


def new_job(name: str = "backup", next_us: Instant = 10 * SECOND, **fields: Any) -> NewJob:
    """An enabled job whose id is `job_<name>`."""
    return NewJob(id=f"job_{name}", spec=spec(name, **fields), enabled=True, next_us=next_us)


def known(job_id: JobId, spec: JobSpec, *, enabled: bool = True, version: int = 1) -> Job:
    """A job as the cluster would know it."""
    return Job(
        id=job_id,
        spec=spec,
        enabled=enabled,
        version=version,
        generation=1,
        created_at=0,
        updated_at=0,
        updated_by="alice",
    )


class Log:
    """A state with its own counter of entries; `do` applies, `ok` insists on acceptance."""

    def __init__(self) -> None:
        self.state = State()
        self.index = 0
        self.now: Instant = 0
        self.committed: list[Committed] = []

    def do(self, command: Command, request_id: str = "") -> Committed:
        self.index += 1
        entry = Entry(at=self.now, actor="alice", request_id=request_id, command=command)
        committed = apply(self.state, self.index, entry)
        self.committed.append(committed)
        return committed

    def ok(self, command: Command, request_id: str = "") -> Any:
        result = self.do(command, request_id).result
        assert isinstance(result, Accepted), result
        return result.value

    def refused(self, command: Command) -> Rejected:
        result = self.do(command).result
        assert isinstance(result, Rejected), result
        return result

    def with_jobs(self, *jobs: NewJob) -> Log:
        self.ok(CreateJobs(jobs=jobs))
        return self
