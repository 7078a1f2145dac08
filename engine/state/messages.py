"""Commands (intentions, imperative) and events (facts, past tense) of the replicated machine.

Commands travel in the log and are versioned by `Entry`; events are recomputed by every node and
never leave it, except as rows of its history. All instants are microseconds UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from engine.core.ids import ExecutionId, Instant, JobId
from engine.core.value import Record
from engine.model.backfill import Backfill
from engine.model.calendar import Calendar
from engine.model.execution import AttemptResult, Change, Execution, Status, Trigger
from engine.model.finding import Finding, FindingState
from engine.model.job import Job, JobSpec
from engine.model.model_card import ModelCard
from engine.model.pause import Pause
from engine.model.saved_query import SavedQuery
from engine.model.template import PublishedTemplate

# ---- commands -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLeadership:
    """The elected node asks to be the owner; the entry's index becomes its epoch."""

    node: str
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterNode:
    """A node tells how it is reached, and up to which level it understands the log."""

    node: str
    raft_address: str
    http_address: str
    version: str
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """Changes nothing; its answer proves that everything before it is applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """One job of a `CreateJobs`; `next_us` is its first fire time, if it is enabled.

    `by_calendar` is the version of the calendar by which that was computed, 0 without one.
    """

    id: JobId
    spec: JobSpec
    enabled: bool
    next_us: Instant | None
    by_calendar: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateJobs:
    """Create these jobs, all or none."""

    jobs: tuple[NewJob, ...]


class Skip(NamedTuple):
    """Fire times `first_us`..`last_us` are decided as not run; `next_us` comes after them."""

    job_id: JobId
    generation: int
    first_us: Instant
    last_us: Instant
    fires: int
    next_us: Instant | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateJob:
    """Replace a job's spec; refused when `if_version` names another version than the current.

    `superseded` has the fire times that are due and that nobody has decided: the edit does. With
    `is_exact` it is refused where others became due meanwhile, so that none is left out, and
    where `next_us` is no longer ahead, so that none is decided twice. `by_calendar` as in `NewJob`.
    """

    id: JobId
    spec: JobSpec
    enabled: bool
    next_us: Instant | None
    if_version: int | None = None
    comment: str = ""
    superseded: Skip | None = None
    is_exact: bool = False
    by_calendar: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteJob:
    """Forget a job and cancel what it has open; its history stays.

    `superseded` as in `UpdateJob`.
    """

    id: JobId
    superseded: Skip | None = None
    is_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableJob:
    """Let a job fire again, first at `next_us`.

    That was computed of the job's `generation`: refused at another, 0 stands for any.
    """

    id: JobId
    next_us: Instant | None
    is_exact: bool = False
    by_calendar: int = 0
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DisableJob:
    """Stop a job from firing; what it has open goes on.

    `superseded` as in `UpdateJob`.
    """

    id: JobId
    superseded: Skip | None = None
    is_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseJobs:
    """Decide the fire times of the pause's jobs as not run, from its start to its end."""

    pause: Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeJobs:
    """End a pause now, or take back one that has not begun."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCalendar:
    """Keep a calendar; `if_version` as in `SaveQuery`.

    `moved` has each job that observes it: its id, its generation, and its next fire time by the
    calendar as it will be; `superseded` is as in `UpdateJob`, of these jobs.
    """

    calendar: Calendar
    if_version: int | None = None
    moved: tuple[tuple[JobId, int, Instant | None], ...] = ()
    superseded: tuple[Skip, ...] = ()
    is_exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteCalendar:
    """Forget a calendar that no job observes."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartBackfill:
    """Run past fire times of a job, from the backfill's cursor on.

    They are those of the job's `generation`, as in `EnableJob`.
    """

    backfill: Backfill
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginBackfill:
    """Begin a backfill's next fire times: each with the one that follows it."""

    epoch: int
    id: str
    fires: tuple[tuple[Instant, Instant | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelBackfill:
    """Begin no more of a backfill."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerJob:
    """Run a job now, outside its schedule."""

    job_id: JobId
    execution_id: ExecutionId
    trigger: Trigger = Trigger.MANUAL
    replay_of: ExecutionId = ""
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelExecution:
    """End an open execution as cancelled."""

    id: ExecutionId
    reason: str = "cancelled on request"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishTemplate:
    """Keep a version of an own template; `id` is namespace/category/name, `text` its YAML."""

    id: str
    version: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawTemplate:
    """Forget one version of an own template, or with an empty `version` all of them."""

    id: str
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveQuery:
    """Keep a query; `if_version` is the version that was edited, 0 for a new one, None for any."""

    query: SavedQuery
    if_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteQuery:
    """Forget a saved query."""

    name: str
    if_version: int | None = None


class Fire(NamedTuple):
    """The claim of one fire time: accepted once, while it is the job's next one."""

    job_id: JobId
    generation: int
    fire_us: Instant
    next_us: Instant | None


class Begin(NamedTuple):
    """Start attempt number `attempt` of a pending execution."""

    execution_id: ExecutionId
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartExecutions:
    """All that a leader of `epoch` found due in one tick: skips first, then fires, then begins."""

    epoch: int
    skips: tuple[Skip, ...] = ()
    fires: tuple[Fire, ...] = ()
    begins: tuple[Begin, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordExecutions:
    """Results of attempts, gathered."""

    results: tuple[AttemptResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverExecutions:
    """Attempts begun under an epoch older than `epoch` are lost: their executions wait again."""

    epoch: int


class Lost(NamedTuple):
    """An attempt that is running as far as the log knows, and that its dispatcher lost."""

    execution_id: ExecutionId
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseAttempts:
    """Attempts of `epoch` whose dispatcher no longer holds them: nobody will end them."""

    epoch: int
    attempts: tuple[Lost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFindings:
    """What the leader's analyst found in the runs of jobs, new and known findings alike."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFinding:
    """A person says what becomes of a finding."""

    id: str
    state: FindingState
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordModels:
    """What the leader's trainer learned; `answers` are the requested trainings that it ends."""

    models: tuple[ModelCard, ...]
    answers: tuple[JobId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainModels:
    """A person wants models trained: of one job, or of all where `job_id` is empty."""

    job_id: JobId = ""


class ImportedJob(NamedTuple):
    """A job as the executions of an `ImportExecutions` name it; it need not exist here."""

    id: JobId
    namespace: str
    name: str
    tags: dict[str, str]


class ImportedRun(NamedTuple):
    """One execution that ended elsewhere; `job` is a place in the command's `jobs`."""

    id: ExecutionId
    job: int
    scheduled_us: Instant
    started_us: Instant | None
    completed_us: Instant
    status: Status
    trigger: Trigger = Trigger.SCHEDULE
    attempts: int = 1
    status_code: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportExecutions:
    """Take these executions of the past into the history, under `label`.

    The proposer has left out what its history holds of the label up to the entry `known_upto`;
    refused when a later entry brought more, so that no execution comes twice.
    """

    label: str
    known_upto: int
    jobs: tuple[ImportedJob, ...]
    runs: tuple[ImportedRun, ...]


Command: TypeAlias = (
    ClaimLeadership
    | RegisterNode
    | Barrier
    | CreateJobs
    | UpdateJob
    | DeleteJob
    | EnableJob
    | DisableJob
    | PauseJobs
    | ResumeJobs
    | SaveCalendar
    | DeleteCalendar
    | StartBackfill
    | BeginBackfill
    | CancelBackfill
    | TriggerJob
    | CancelExecution
    | PublishTemplate
    | WithdrawTemplate
    | SaveQuery
    | DeleteQuery
    | StartExecutions
    | RecordExecutions
    | RecoverExecutions
    | LoseAttempts
    | RecordFindings
    | ChangeFinding
    | RecordModels
    | TrainModels
    | ImportExecutions
)

# ---- events -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadershipClaimed:
    """`node` owns scheduling from here on, under `epoch`."""

    node: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRegistered:
    """`node` is reached at these addresses and understands the log up to this level."""

    node: str
    raft_address: str
    http_address: str
    version: str
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCreated:
    """A job exists; its first version."""

    job: Job
    next_us: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobUpdated:
    """A job has a new version."""

    job: Job
    next_us: Instant | None
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSwitched:
    """A job was enabled or disabled; not a new version."""

    job: Job
    next_us: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDeleted:
    """A job is gone."""

    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsPaused:
    """A pause holds or will hold; the pauses `forgotten` are long over."""

    pause: Pause
    forgotten: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsResumed:
    """A pause is over, at its `until_us`."""

    pause: Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSaved:
    """A calendar is new or has a version more; its observers fire by it, next at these times."""

    calendar: Calendar
    moved: tuple[tuple[Job, Instant | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDeleted:
    """A calendar is gone."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillStarted:
    """A backfill is running."""

    backfill: Backfill


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillAdvanced:
    """A fire time more of a backfill was begun; followed by its `ExecutionAdded`."""

    id: str
    next_us: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillEnded:
    """A backfill begins no more before all of it was run."""

    backfill: Backfill


class ExecutionAdded(Record, frozen=True, kw_only=True):
    """An execution waits for its first attempt: asked for, or `claimed` for later in its window.

    `next_us` is set when a fire was claimed.
    """

    execution: Execution
    claimed: bool = False
    next_us: Instant | None = None


class AttemptBegun(Record, frozen=True, kw_only=True):
    """An attempt runs; `execution` is as it is now. `next_us` is set when a fire was claimed."""

    execution: Execution
    claimed: bool
    next_us: Instant | None


class AttemptEnded(Record, frozen=True, kw_only=True):
    """An attempt is over. Followed by `RetryScheduled` or `ExecutionEnded` in the same entry."""

    execution: Execution
    job: Job
    result: AttemptResult


class RetryScheduled(Record, frozen=True, kw_only=True):
    """The execution waits until `execution.due_us` for its next attempt."""

    execution: Execution


class ExecutionEnded(Record, frozen=True, kw_only=True):
    """An execution is final; `result` is its last attempt's, if any ran to an answer."""

    execution: Execution
    job: Job
    status: Status
    reason: str
    completed_us: Instant
    result: AttemptResult | None


class FiresSkipped(Record, frozen=True, kw_only=True):
    """`fires` fire times were decided as not run. `id` is the execution id of the first."""

    id: ExecutionId
    job: Job
    first_us: Instant
    last_us: Instant
    fires: int
    next_us: Instant | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChanged:
    """A finding is new, has more evidence, or another state; an imported job is no job of ours."""

    finding: Finding
    job: Job | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsForgotten:
    """Resolved findings whose last run lies before `before_us` have left the state."""

    before_us: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsTrained:
    """Models have a new version each; the trainings `answers` are done."""

    models: tuple[ModelCard, ...]
    answers: tuple[JobId, ...]
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRequested:
    """A training waits for the leader: of one job, or of all where `job_id` is empty."""

    job_id: JobId
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePublished:
    """An own template has a version more."""

    template: PublishedTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateWithdrawn:
    """A version of an own template is gone; all of them where `version` is empty."""

    id: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySaved:
    """A saved query has a version more, or is new."""

    query: SavedQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryDeleted:
    """A saved query is gone."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionsImported:
    """Executions that ended elsewhere belong to the history from here on."""

    label: str
    index: int
    jobs: tuple[ImportedJob, ...]
    runs: tuple[ImportedRun, ...]


Event: TypeAlias = (
    LeadershipClaimed
    | NodeRegistered
    | JobCreated
    | JobUpdated
    | JobSwitched
    | JobDeleted
    | JobsPaused
    | JobsResumed
    | CalendarSaved
    | CalendarDeleted
    | BackfillStarted
    | BackfillAdvanced
    | BackfillEnded
    | ExecutionAdded
    | AttemptBegun
    | AttemptEnded
    | RetryScheduled
    | ExecutionEnded
    | FiresSkipped
    | FindingChanged
    | FindingsForgotten
    | ModelsTrained
    | TrainingRequested
    | TemplatePublished
    | TemplateWithdrawn
    | QuerySaved
    | QueryDeleted
    | ExecutionsImported
)

# ---- results ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The command took effect; `value` names what came of it (ids, a version)."""

    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The command changed nothing; `code` is one of the contract's error codes."""

    code: str
    message: str
    field: str = ""
    hint: str = ""


Result: TypeAlias = Accepted | Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """One applied entry, as every subscriber on every node sees it, in log order."""

    index: int
    at: Instant
    actor: str
    kind: str
    target: str
    events: tuple[Event, ...]
    result: Result
    repeated: bool = False
    """Whether the request was answered before: this entry changed nothing."""
