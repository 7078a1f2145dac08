"""The shapes of the public documents, for `/openapi.json`. They describe; they check nothing.

What is checked, and how it is answered, stands in `engine/model/document.py` for jobs and beside
each route for the rest.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

D = TypeVar("D")

Status = Literal["pending", "running", "success", "failed", "skipped", "cancelled", "unknown"]


class Shape(BaseModel):
    """A public document; later versions may add keys."""

    model_config = ConfigDict(extra="allow")


class Detail(Shape):
    """One fault: where, what, and what would be right."""

    field: str
    reason: str
    hint: str


class Error(Shape):
    """Why a request was refused."""

    code: str
    message: str
    details: list[Detail]


class Envelope(Shape, Generic[D]):
    """The frame of every success."""

    success: Literal[True]
    data: D
    error: None


class Failure(Shape):
    """The frame of every refusal."""

    success: Literal[False]
    data: None
    error: Error


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
    headers: dict[str, str] = {}
    body: str = ""
    auth: WebhookAuth | None = None
    success_codes: list[int | str] = ["200-299"]


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
    webhook: Webhook | None = None
    dispatch: dict[str, Any] | None = None
    retry_policy: RetryPolicy = RetryPolicy()
    timeout: str = "5m"
    concurrency: Literal["allow", "forbid", "replace"] = "forbid"
    missed_run_policy: Literal["ignore", "execute_one", "execute_all"] = "execute_one"
    tags: dict[str, str] = {}
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


class CalledRequest(Shape):
    """The request that an execution made, secrets hidden."""

    url: str
    method: str
    headers: dict[str, str] = {}
    body: str = ""


class Step(Shape):
    """A recorded moment of an attempt."""

    kind: str
    at: str
    offset_ms: float
    detail: dict[str, Any]


class AttemptDetail(Shape):
    """One try of an execution."""

    attempt: int
    node_id: str
    started_at: str | None
    completed_at: str | None
    outcome: str
    status_code: int | None
    error: str
    response: str
    steps: list[Step]


class Execution(Shape):
    """One run of a job at one fire time; `duration` is in nanoseconds."""

    id: str
    job_id: str
    job_name: str
    namespace: str
    scheduled_time: str
    started_at: str | None
    completed_at: str | None
    status: Status
    reason: str
    attempts: int
    status_code: int
    response: str
    error: str
    duration: int
    node_id: str
    trigger: Literal["schedule", "manual", "replay", "event", "workflow"]
    request: CalledRequest | None
    replay_of: str
    replay_count: int


class ExecutionDetail(Execution):
    """An execution with its attempts and their steps."""

    attempts_detail: list[AttemptDetail]


class Executions(Shape):
    """A page of executions, newest first."""

    executions: list[Execution]
    total: int
    next_cursor: str | None


class Replayed(Shape):
    """The new execution of an old one."""

    replay_execution_id: str
    original_execution_id: str
    message: str


class ReplayStep(Step):
    """A step in the line of all attempts; `state` is what the steps up to it add up to."""

    number: int
    attempt: int
    elapsed_ms: float
    state: dict[str, Any] = Field(description="`request`, `response` are numbers of steps.")


class ReplayRecording(Shape):
    """An execution as one line of steps, secrets hidden."""

    execution: dict[str, Any]
    attempts: list[dict[str, Any]]
    steps: list[ReplayStep]
    total: int


class ReplayQuestion(Shape):
    """Where a walk stands and how it goes on; `execution_id` or `session`, not both."""

    execution_id: str | None = None
    session: dict[str, Any] | None = Field(None, description="An exported session.")
    cursor: int = Field(0, description="How many steps were taken; 0 is before the first.")
    breakpoints: list[str] = Field([], description="`5`, `kind response`, `error`, or a condition.")
    watches: list[str] = []
    move: Literal["forward", "back", "goto", "continue", "restart"] | None = None
    to: int | None = Field(None, description="Where `goto` goes.")


class ReplayPlace(Shape):
    """All that is to be seen at the cursor of a walk."""

    cursor: int
    total: int
    status: Literal["initialized", "running", "paused", "at_breakpoint", "completed"]
    step: dict[str, Any] | None
    state: dict[str, Any]
    stopped_by: list[dict[str, Any]]
    breakpoints: list[str]
    watches: list[dict[str, Any]]


class ExecutionsCompared(Shape):
    """Two executions side by side; `first_difference` is null where they did the same."""

    left: dict[str, Any]
    right: dict[str, Any]
    rows: list[dict[str, Any]]
    first_difference: dict[str, Any] | None
    differing: int


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
    """A coming fire time, in UTC and on the clock of the job's zone."""

    utc: str
    local: str


class NextFires(Shape):
    """The coming fire times of a job."""

    job_id: str
    schedule: str
    timezone: str
    words: str
    next: list[Fire]


class Preview(Shape):
    """What a schedule means."""

    schedule: str
    timezone: str
    words: str
    next: list[Fire]


class JobStats(Shape):
    """How a job went in a window."""

    runs: int
    success: int
    failed: int
    success_rate: float | None
    duration_ms: dict[str, float | None]
    lateness_ms: dict[str, float | None]
    series: list[dict[str, Any]]


class Finding(Shape):
    """An episode of unusual runs, as one detector sees it."""

    id: str
    job_id: str
    job_name: str
    namespace: str
    detector: str
    title: str
    explanation: str
    signal: Literal["duration", "failures", "cadence", "mixed"]
    state: Literal["open", "acknowledged", "muted", "resolved"]
    first_at: str
    last_at: str
    runs: int
    score: float
    value: float
    low: float
    high: float
    unit: str
    execution_id: str
    evidence: str
    by: str
    note: str


class Findings(Shape):
    """Findings, the latest first."""

    findings: list[Finding]
    total: int


class Anomalies(Shape):
    """A job's latest runs as a detector judges them; `score` 1 is the edge of the band."""

    job_id: str
    detector: str
    unit: str
    least: int
    enough: bool
    detectors: list[dict[str, Any]]
    back_tests: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    deploys: list[dict[str, Any]]
    findings: list[Finding]


class Overview(Shape):
    """The cluster at a glance."""

    window: str
    counts: dict[str, int]
    runs_per_minute: float
    success_rate: float | None
    running: int
    pending: int
    lateness_ms: dict[str, float | None]
    series: list[dict[str, Any]]
    attention: list[dict[str, Any]]
    up_next: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
    jobs_total: int
    jobs_enabled: int


class Mark(Shape):
    """What is drawn in a lane: an ended run or several merged ones, an open one, a coming fire."""

    kind: Literal["run", "open", "planned"]
    runs: int
    status: str
    counts: dict[str, int]
    fire: str | None
    to: str | None
    lateness_ms: float | None
    execution_id: str | None
    job_id: str
    job_name: str


class Lane(Shape):
    """A row of the timeline; `cell_s` is the stretch that a merged mark stands for, or 0."""

    key: str
    label: str
    runs: int
    failed: int
    cell_s: float
    planned_more: bool
    marks: list[Mark]


class Timeline(Shape):
    """A window in lanes of marks."""

    since: str
    until: str
    now: str
    by: str
    lanes: list[Lane]
    lanes_total: int
    open_more: int


class Calendar(Shape):
    """A year by day, and by hour of the week (0 is Monday), on the clock of a zone."""

    year: int
    zone: str
    runs: int
    failed: int
    skipped: int
    days: list[dict[str, Any]]
    hours: list[dict[str, Any]]


class EventDocument(Shape):
    """One fact of the log; its id is its place there, the same on every node."""

    id: str
    at: str
    kind: str
    namespace: str
    job_id: str
    job_name: str
    execution_id: str
    status: str
    attempt: int | None
    node_id: str
    actor: str
    text: str


class Events(Shape):
    """The newest events, newest first; `missed` says that some after `after` are gone."""

    events: list[EventDocument]
    newest: str
    missed: bool


class ClusterStatus(Shape):
    """This node, its peers and the log."""

    is_leader: bool
    jobs_total: int
    running: int
    next_runs: list[dict[str, Any]]
    node_id: str
    leader: str | None
    term: int
    nodes: list[dict[str, Any]]


class Transfer(Shape):
    """Who should lead next; null lets the cluster choose."""

    to: str | None = None


class Transferred(Shape):
    """A transfer that was asked for; the cluster status tells when it is done."""

    requested: str | None
    leader: str | None


class SqlQuestion(Shape):
    """Read-only SQL; `limit` rows at most."""

    sql: str
    limit: int = 1000


class SqlRows(Shape):
    """The rows of an answer, as of `as_of`."""

    columns: list[dict[str, str]]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    elapsed_ms: float
    as_of: str | None


class SqlSchema(Shape):
    """The tables that SQL can rely on."""

    tables: list[dict[str, Any]]


class FinishedExecution(Shape):
    """An execution that ended elsewhere; the job is named by `job_id` or by name and namespace."""

    job_id: str = ""
    job_name: str = ""
    namespace: str = "default"
    scheduled_time: str | None = None
    started_at: str | None = None
    completed_at: str
    status: Literal["success", "failed", "skipped", "cancelled", "unknown"]
    attempts: int = 1
    status_code: int = 0
    error: str = ""
    trigger: Literal["schedule", "manual", "replay", "event", "workflow"] = "schedule"


class HistoryImport(Shape):
    """A batch of executions of the past; with `dry_run` only what would come of it."""

    label: str
    executions: list[FinishedExecution] = Field(min_length=1, max_length=5000)
    dry_run: bool = False


class RefusedRow(Shape):
    """One fault of one execution of a batch; `row` counts from 0."""

    row: int
    field: str
    reason: str
    hint: str


class HistoryImported(Shape):
    """What came of a batch; `duplicate_rows` count from 0."""

    label: str
    imported: int
    duplicates: int
    refused: int
    duplicate_rows: list[int]
    refusals: list[RefusedRow]
    dry_run: bool


class DemoHistory(Shape):
    """The synthetic history under `label`, and how much of it came with this call."""

    label: str
    days: int
    executions: int
    imported: int


class DemoLoaded(Shape):
    """How many demo jobs were created now; `history` where it was asked for."""

    created: int
    namespace: str
    history: DemoHistory | None


class DemoCleared(Shape):
    """How many demo jobs were deleted; the history of all of them stays."""

    deleted: int
    history: Literal["stays"]


class TemplateCard(Shape):
    """A template as a list shows it; `namespace` is null of a built-in one."""

    category: str
    name: str
    version: str
    title: str
    description: str
    icon: str
    tags: list[str]
    namespace: str | None
    built_in: bool


class Templates(Shape):
    """Templates, and how many of the search each category has."""

    templates: list[TemplateCard]
    total: int
    categories: dict[str, int]


class TemplateVariable(Shape):
    """A gap in a template's job, and what may stand in it."""

    type: Literal["string", "integer", "boolean", "enum", "url", "cron", "duration", "secret"]
    title: str = ""
    description: str = ""
    required: bool = False
    default: Any = None
    example: Any = None
    pattern: str = ""
    min: int | str | None = None
    max: int | str | None = None
    choices: list[str | int] = []


class TemplateDocument(Shape):
    """What a person writes of a template; `job` is a job's document with `{{variable}}` in it."""

    category: str
    name: str
    version: str
    title: str
    description: str = ""
    icon: str = "extension"
    tags: list[str] = []
    changes: str = ""
    documentation: str = ""
    variables: dict[str, TemplateVariable] = {}
    job: dict[str, Any]


class TemplateVersion(Shape):
    """A version of a template, and what is new in it."""

    version: str
    changes: str
    published_at: str | None
    published_by: str


class TemplateDetail(TemplateDocument):
    """A template with all its versions, newest first."""

    namespace: str | None
    built_in: bool
    versions: list[TemplateVersion]


class TemplateRequest(Shape):
    """Values for a template's variables, and where the job shall be."""

    values: dict[str, Any] = {}
    name: str = ""
    namespace: str = ""
    enabled: bool | None = None
    version: str = ""


class TemplatePreview(Shape):
    """The job that values would make, secrets hidden, and when it would run."""

    job: dict[str, Any]
    words: str
    next: list[Fire]
    name_taken: bool


class TemplateInstance(Shape):
    """A job that was made from a template."""

    job_id: str
    job_name: str
    namespace: str
    enabled: bool
    template: str
    title: str
    version: str
    latest_version: str
    state: Literal["current", "upgradable", "version_unknown", "gone"]
    values: dict[str, str]


class TemplateInstances(Shape):
    """All jobs that were made from templates."""

    instances: list[TemplateInstance]
    total: int
    upgradable: int


class UpgradeRequest(Shape):
    """Which version, values that change or are asked for, and who wins a conflict (`*`: all)."""

    version: str = ""
    values: dict[str, Any] = {}
    dry_run: bool = False
    resolve: dict[str, Literal["mine", "theirs"]] = {}


class TemplateChange(Shape):
    """A field that the job or the template changed since the job was made; secrets hidden."""

    field: str
    base: Any
    mine: Any
    theirs: Any
    result: Any
    kind: Literal["updated", "kept", "agreed", "conflict"]


class TemplateUpgrade(Shape):
    """What an upgrade does: the three-way difference, open conflicts, and values it needs."""

    job: Job
    template: str
    from_version: str
    to_version: str
    news: list[dict[str, str]]
    changes: list[TemplateChange]
    conflicts: list[str]
    needs: list[dict[str, Any]]


class TemplateWithdrawn(Shape):
    """A template that is gone, or one version of it."""

    template: str
    namespace: str
    version: str


class Health(Shape):
    """A node that can serve."""

    status: Literal["healthy"]
    timestamp: str
    leader: str | None
    node_id: str


_MEANINGS = {
    400: "The request is at fault; `details` names each field.",
    401: "A key is needed.",
    403: "The caller may not do this.",
    404: "There is no such thing.",
    409: "The state of the thing forbids it.",
    429: "Too many at once; try again after `Retry-After`.",
    503: "No leader is known; try again after `Retry-After`.",
}


def documents(status: int, model: Any, *failures: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: its success, and the refusals it is known for."""
    responses: dict[int | str, dict[str, Any]] = {status: {"model": model, "description": "Done."}}
    for code in failures:
        responses[code] = {"model": Failure, "description": _MEANINGS[code]}
    return responses


def takes(model: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads a JSON body by itself."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


BODIES: tuple[type[BaseModel], ...] = (
    JobDocument,
    Batch,
    SqlQuestion,
    HistoryImport,
    Transfer,
    ReplayQuestion,
    TemplateDocument,
    TemplateRequest,
    UpgradeRequest,
)
"""Bodies named by `takes`, which the generator must be told of."""
