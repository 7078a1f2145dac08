"""The job: what a person wants run, and when. Frozen values; nothing here reads a clock."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import field

from engine.core.ids import Instant, JobId
from engine.core.value import Value
from engine.timing.closures import ClosedRule, Closures, Observing
from engine.timing.cron import DstPolicy
from engine.timing.dialects import Dialect
from engine.timing.parse import Timing, schedule_of
from engine.timing.schedule import Schedule
from engine.timing.windows import drawn_start
from engine.timing.zones import find_zone

SECOND_US = 1_000_000


class Concurrency(StrEnum):
    """What a fire does while an earlier execution of the job is open."""

    ALLOW = "allow"
    FORBID = "forbid"
    REPLACE = "replace"


class MissedRunPolicy(StrEnum):
    """What becomes of fire times that passed while nobody could decide them."""

    IGNORE = "ignore"
    EXECUTE_ONE = "execute_one"
    EXECUTE_ALL = "execute_all"


class WindowStart(StrEnum):
    """Where in its window a job starts.

    DRAWN: at a moment drawn for each fire time, so that many jobs spread.
    FIXED: at the fire time; the balancer may move the job within the window.
    """

    DRAWN = "drawn"
    FIXED = "fixed"


class Guarantee(StrEnum):
    """What is done where nobody knows whether an attempt had its effect.

    That is: its dispatcher was lost, it timed out, or the connection broke after the request had
    begun to leave. What the target answered is known, and a matter of the retry policy.

    AT_LEAST_ONCE: it is sent again, with the same execution id.
    AT_MOST_ONCE: it is not sent again; the execution is unknown.
    EFFECT_ONCE: the target is asked first, and it is sent again only if the target has not seen it.
    """

    AT_LEAST_ONCE = "at_least_once"
    AT_MOST_ONCE = "at_most_once"
    EFFECT_ONCE = "effect_once"


class RetryPolicy(Value, frozen=True, kw_only=True):
    """How often, and how far apart, a failed attempt is tried again; intervals in microseconds."""

    max_attempts: int = 3
    initial_interval_us: int = SECOND_US
    max_interval_us: int = 60 * SECOND_US
    multiplier: float = 2.0


class WebhookAuth(Value, frozen=True, kw_only=True):
    """Credentials of a webhook; `type` is basic, bearer or api_key."""

    type: str
    username: str = ""
    password: str = ""
    token: str = ""
    api_key: str = ""
    header: str = "X-API-Key"


class Webhook(Value, frozen=True, kw_only=True):
    """An HTTP call; `success_codes` holds single codes (int) and ranges ("200-299").

    `status_url` answers whether the target has seen the execution that takes the place of
    `{execution_id}` in it; a path is one at the host of `url`.
    """

    url: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    auth: WebhookAuth | None = None
    success_codes: tuple[int | str, ...] = ("200-299",)
    status_url: str = ""


class ReportOrder(Value, frozen=True, kw_only=True):
    """A report that a job writes: its kind, and of which runs.

    It is about the `span_us` microseconds before the fire time, on the clock of the job's zone.
    Empty filters leave all runs in; the tag's value "" stands for any.
    """

    kind: str
    span_us: int = 7 * 86_400 * SECOND_US
    namespace: str = ""
    job: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    slo: float = 0.99


class JobSpec(Value, frozen=True, kw_only=True):
    """What a person writes, checked: the same value behind REST, YAML, CLI and console.

    A fire calls `webhook`, or writes `report` where there is one. `window_us` is a permission: the
    job may start up to so long after its fire time; by `window_start` it draws a moment in it, or
    leaves it to the balancer. What was missed longer ago than `catch_up_us` is not made up for;
    None sets no bound. It observes the calendar named `calendar`, if any, and `on_closed` says what
    becomes of fire times in its closures. The defaults are what an old log means by saying nothing.
    """

    name: str
    namespace: str = "default"
    description: str = ""
    schedule: str
    timezone: str = "UTC"
    webhook: Webhook = Webhook(url="")
    report: ReportOrder | None = None
    retry_policy: RetryPolicy = RetryPolicy()
    timeout_us: int = 300 * SECOND_US
    concurrency: Concurrency = Concurrency.FORBID
    missed_run_policy: MissedRunPolicy = MissedRunPolicy.EXECUTE_ONE
    tags: dict[str, str] = field(default_factory=dict)
    window_us: int = 0
    window_start: WindowStart = WindowStart.FIXED
    dialect: Dialect = Dialect.DEBIAN
    dst: DstPolicy = DstPolicy.DEBIAN
    starts_us: Instant | None = None
    ends_us: Instant | None = None
    catch_up_us: int | None = None
    calendar: str = ""
    on_closed: ClosedRule = ClosedRule.SKIP
    guarantee: Guarantee = Guarantee.AT_LEAST_ONCE

    def fires(self, key: str, closures: Closures | None) -> Schedule:
        """When a job of this spec fires, whether it is enabled or not.

        Args:
            key: the job's id.
            closures: what the calendar closes that it observes; None where it observes none.

        Raises:
            InvalidDocument: the timing is at fault.
        """
        schedule = schedule_of(self.timing, key)
        if closures is None:
            return schedule
        return Observing(schedule, closures, self.on_closed, find_zone(self.timezone))

    def fires_like(self, other: JobSpec) -> bool:
        """Whether jobs of both specs, with one id, would fire at the same times."""
        mine, theirs = (
            (spec.timing, spec.calendar, spec.on_closed if spec.calendar else None)
            for spec in (self, other)
        )
        return mine == theirs

    @property
    def timing(self) -> Timing:
        """Everything that decides when the job fires, apart from its id."""
        return Timing(
            text=self.schedule,
            timezone=self.timezone,
            dialect=self.dialect,
            dst=self.dst,
            starts_us=self.starts_us,
            ends_us=self.ends_us,
        )

    @property
    def protocol(self) -> str:
        """The name of the protocol that carries the job's attempts."""
        return "report" if self.report else "http"

    @property
    def url(self) -> str:
        """What a fire reaches; for a report a URL of no host, "report:weekly"."""
        return f"report:{self.report.kind}" if self.report else self.webhook.url

    @property
    def method(self) -> str:
        """How it is reached: the HTTP method, or "WRITE" for a report."""
        return "WRITE" if self.report else self.webhook.method


class Job(Value, frozen=True, kw_only=True):
    """A spec that the cluster knows.

    `version` counts every edit; `generation` counts edits of the schedule, so that no fire time
    of an old schedule is ever claimed again.
    """

    id: JobId
    spec: JobSpec
    enabled: bool
    version: int
    generation: int
    created_at: Instant
    updated_at: Instant
    updated_by: str

    def planned_start(self, fire_us: Instant) -> Instant:
        """When the run of a fire time is to start: then, or later in the window."""
        spec = self.spec
        if not spec.window_us or spec.window_start is WindowStart.FIXED:
            return fire_us
        return drawn_start(self.id, fire_us, spec.window_us)

    @property
    def name(self) -> str:
        """The name, unique within the namespace."""
        return self.spec.name

    @property
    def namespace(self) -> str:
        """The namespace that the job lives in."""
        return self.spec.namespace


Document = dict[str, Any]
"""JSON as a person reads and writes it."""
