"""Jobs, their versions and their fire times."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.schemas.envelope import Shape
from app.api.schemas.executions import Status
from app.api.schemas.pauses import Pause


class WebhookAuth(Shape):
    """Credentials; secrets read as "***", and writing "***" keeps the stored value."""

    type: Literal["basic", "bearer", "api_key"]
    username: str = ""
    password: str = ""
    token: str = ""
    api_key: str = ""
    header: str = "X-API-Key"


class Webhook(Shape):
    """The HTTP call that a job makes."""

    url: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = "GET"
    headers: dict[str, str] = Field({})
    body: str = ""
    auth: WebhookAuth | None = None
    success_codes: list[int | str] = Field(["200-299"])
    status_url: str = Field(
        "", description="Answers whether the target has seen {execution_id}; 404 if not."
    )


class RetryPolicy(Shape):
    """How a failed attempt is tried again; intervals are durations such as "1s"."""

    max_attempts: int = 3
    initial_interval: str = "1s"
    max_interval: str = "1m"
    multiplier: float = 2.0


class JobDocument(Shape):
    """What a person writes of a job. A job has `webhook`, or `dispatch`."""

    name: str
    namespace: str = "default"
    description: str = ""
    schedule: str = Field(description="cron of 5 or 6 fields, @daily ..., @every 90s, @at <time>")
    timezone: str = "UTC"
    dialect: Literal["debian", "quartz", "robfig", "kubernetes", "aws"] = "debian"
    dst: Literal["debian", "skip", "shift", "both"] = Field(
        "debian", description="What becomes of fires where the clocks of the zone change."
    )
    starts_at: str | None = Field(None, description="Nothing fires before it; RFC 3339.")
    ends_at: str | None = Field(None, description="Nothing fires at it or after; RFC 3339.")
    calendar: str = Field("", description="The calendar that it observes, by name.")
    on_closed: Literal["skip", "next", "previous"] = Field(
        "skip", description="What becomes of a fire time that falls into a closure of it."
    )
    webhook: Webhook | None = None
    dispatch: dict[str, Any] | None = None
    retry_policy: RetryPolicy = RetryPolicy()
    timeout: str = "5m"
    concurrency: Literal["allow", "forbid", "replace"] = "forbid"
    guarantee: Literal["at_least_once", "at_most_once", "effect_once"] = Field(
        "at_least_once",
        description="What is done where nobody knows whether an attempt had its effect.",
    )
    missed_run_policy: Literal["ignore", "execute_one", "execute_all"] = "execute_one"
    catch_up_window: str | None = Field(
        None, description="What was missed longer ago is not made up for; no bound if left out."
    )
    tags: dict[str, str] = Field({})
    window: str = Field("0s", description="The job may start up to so long after its fire time.")
    window_start: Literal["drawn", "fixed"] = Field(
        "drawn",
        description="Where in the window it starts: at a moment drawn for each fire time, or at "
        "the fire time, unless the balancer moves it.",
    )
    enabled: bool = False


class Job(JobDocument):
    """A job that the cluster knows; times are RFC 3339, UTC."""

    id: str
    version: int
    created_at: str
    updated_at: str
    updated_by: str
    next_run: str | None
    last_run: str | None
    last_status: Status | None = None
    paused: Pause | None = None


class Jobs(Shape):
    """A page of jobs."""

    jobs: list[Job]
    total: int
    next_cursor: str | None


class Batch(Shape):
    """Up to 10,000 jobs, created all or none."""

    jobs: list[JobDocument]


class Created(Shape):
    """What a batch created, in its order."""

    created: int
    ids: list[str]


class JobVersion(Shape):
    """A job as it was."""

    job_id: str
    version: int
    config: dict[str, Any]
    created_at: str
    created_by: str
    comment: str


class JobVersions(Shape):
    """All versions of a job, newest first."""

    versions: list[JobVersion]
    total: int


class RolledBack(Shape):
    """A job after a rollback, which is a new version."""

    job: Job
    rolled_back_from: int
    new_version: int


class Fire(Shape):
    """A coming fire time, in UTC and on the clock of the job's zone.

    `start` is when the run begins: later, where the job draws it in a window.
    """

    utc: str
    local: str
    start: str | None


class ClockChange(Shape):
    """The next change of a zone's offset (seconds east of UTC), and what it does to a job.

    `times` of the job are skipped or come twice, the first of them being `examples`.
    """

    at: str
    local: str
    offset_before: int
    offset_after: int
    times: int
    examples: list[str]
    effect: Literal["none", "not_run", "at_the_end", "later", "once", "twice"]
    words: str


class Timing(Shape):
    """What the timing of a job means."""

    schedule: str
    timezone: str
    dialect: str
    dst: str
    calendar: str
    on_closed: str
    words: str
    next: list[Fire]
    clock_change: ClockChange | None


class EditEffect(Shape):
    """The fires that an edit removes and adds in the coming span; the first twenty are listed."""

    span: str
    removed: int
    added: int
    removed_times: list[str]
    added_times: list[str]
    words: str


class NextFires(Timing):
    """The coming fire times of a job."""

    job_id: str
    enabled: bool


class Preview(Timing):
    """What a schedule means, and what it would change for a job."""

    effect: EditEffect | None = None


class JobStats(Shape):
    """How a job went in a window."""

    runs: int
    success: int
    failed: int
    success_rate: float | None
    duration_ms: dict[str, float | None]
    lateness_ms: dict[str, float | None]
    series: list[dict[str, Any]]


class WhyFact(Shape):
    """Something recorded, and when."""

    at: str
    words: str


class Why(Shape):
    """Why a job ran at a moment or did not; `before` and `after` are the fire times around it."""

    job_id: str
    at: str
    verdict: Literal[
        "ran",
        "open",
        "skipped",
        "planned",
        "paused",
        "disabled",
        "no_fire_time",
        "closed",
        "not_created",
        "deleted",
        "superseded",
        "undecided",
        "unrecorded",
    ]
    words: str
    execution_id: str
    facts: list[WhyFact]
    before: str | None
    after: str | None
