"""What must hold, checked with each entry of the log and at the end.

The referee folds the facts by rules of its own: from what a job is and when it was edited follow
its fire times, and each must be decided once, in order, by whoever leads. It knows nothing of the
state's maps; that all nodes have the same bytes at the same index is checked beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

from engine.core.ids import Instant, execution_id
from engine.dispatch.dispatcher import Request
from engine.history.rows import empty, project
from engine.model.backfill import BackfillState
from engine.model.calendar import Calendar
from engine.model.execution import Execution, Status, Trigger
from engine.model.job import Concurrency, Guarantee, Job
from engine.model.pause import Pause, pause_of
from engine.state import messages as facts
from engine.state.messages import Committed
from engine.timing.schedule import Schedule

if TYPE_CHECKING:
    from tests.simulation.node import SimNode

SECOND = 1_000_000
BEHIND_US = 3 * SECOND
"""In the calm a fire time is decided well within this."""


class Broken(AssertionError):
    """A promise was broken; the text says which."""


def hold(promise: object, text: object) -> None:
    """Raise unless the promise holds."""
    if not promise:
        raise Broken(str(text))


@dataclass
class Run:
    """An execution that is not over."""

    execution: Execution
    running: bool
    doubtful: bool = False
    """Whether nobody knows if the last attempt had its effect."""


@dataclass
class Referee:
    """`facts` are the entries as they were first heard; the rest is folded from them."""

    facts: list[Committed] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)
    epoch: int = 0
    leader: str = ""
    jobs: dict[str, Job] = field(default_factory=dict)
    due: dict[str, Instant] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    pauses: dict[str, Pause] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    backfills: dict[str, list[Instant]] = field(default_factory=dict)
    """The fire times of each that was asked for."""
    filled: dict[str, list[Instant]] = field(default_factory=dict)
    effects: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: list[tuple[str, str]] = field(default_factory=list)
    decided: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    """What happened, by name, so that a test can ask whether all of it does."""
    _schedules: dict[tuple[str, int], Schedule] = field(default_factory=dict)
    _sent: set[tuple[str, int]] = field(default_factory=set)

    # ---- what nodes and people say --------------------------------------------------------------

    def hears(self, node: SimNode, committed: Committed) -> None:
        """A node publishes an entry: the first time it is folded, then it must be the same."""
        place = committed.index - 1
        if place < len(self.facts):
            hold(self.facts[place] == committed, f"{node.id} has other facts at {committed.index}")
            return
        hold(place == len(self.facts), f"entry {committed.index} was never heard by anyone")
        self.facts.append(committed)
        self._note(committed)
        for event in committed.events:
            act = _FOLDS.get(type(event))
            if act is not None:
                act(self, event, committed)
        self._project(committed)

    def compares(self, node: SimNode, index: int) -> None:
        """Equal index, equal bytes."""
        digest = crc32(node.replica.state_bytes())
        if index <= len(self.digests):
            hold(self.digests[index - 1] == digest, f"{node.id} differs at {index}")
        else:
            self.digests.append(digest)

    def was_told(self, kind: str, what: str) -> None:
        """A write was acknowledged."""
        self.told.append((kind, what))

    def sends(self, node: SimNode, request: Request) -> None:
        """An attempt leaves a node: once, while nobody else can lead, and while it is not over."""
        execution = request.execution
        key = execution.id, execution.attempt
        hold(key not in self._sent, f"{key} is sent twice")
        self._sent.add(key)
        hold(node.group.leader is node, f"{node.id} sends {key}, and does not lead")
        known = node.replica.view.execution(execution.id)
        alive = known is not None and (known.status, known.attempt) == (Status.RUNNING, key[1])
        hold(alive, f"{node.id} sends {key}, and knows that it is over: {known}")

    def _note(self, committed: Committed) -> None:
        seen, result = self.seen, committed.result
        seen.update(type(event).__name__ for event in committed.events)
        seen["repeated"] += committed.repeated
        seen[committed.kind] += bool(committed.events)
        if isinstance(result, facts.Rejected):
            seen[f"{result.code} {committed.kind}"] += 1
        for event in committed.events:
            if isinstance(event, facts.AttemptEnded):
                seen[f"attempt {event.result.outcome}"] += 1
            elif isinstance(event, facts.ExecutionEnded):
                seen[f"end {event.status}"] += 1
            elif isinstance(event, facts.FiresSkipped):
                seen[f"skip {event.reason.split()[0].rstrip(':')}"] += 1
            elif isinstance(event, facts.RetryScheduled) and event.execution.asks_first:
                seen["asks first"] += 1

    def _project(self, committed: Committed) -> None:
        """The rows that all histories get: what is over, once each."""
        rows = empty()
        project(committed, rows)
        ends = [
            e for e in committed.events if type(e) in (facts.ExecutionEnded, facts.FiresSkipped)
        ]
        ids = [row[3] for row in rows["executions"]]
        told = [e.execution.id if isinstance(e, facts.ExecutionEnded) else e.id for e in ends]
        hold(ids == told, f"the rows of {committed.index} are {ids}, its ends {told}")
        attempts = sum(isinstance(e, facts.AttemptEnded) for e in committed.events)
        hold(len(rows["attempts"]) == attempts, f"attempts without rows at {committed.index}")

    # ---- jobs and their fire times --------------------------------------------------------------

    def _fires(self, job: Job) -> Schedule:
        key = job.id, job.generation
        known = self._schedules.get(key)
        if known is None:
            calendar = self.calendars.get(job.spec.calendar)
            known = job.spec.fires(job.id, calendar.closures if calendar else None)
            self._schedules[key] = known
        return known

    def _must_be_decided(self, job: Job, at: Instant) -> None:
        """An edit comes after all that was due: nobody will decide that any more."""
        due = self.due.get(job.id)
        hold(due is None or due > at, f"{job.name}: an edit leaves {due} without a decision")

    def _aims(self, job: Job, next_us: Instant | None, at: Instant) -> None:
        """A job fires by a new generation or after a rest: the first time after the edit."""
        self.jobs[job.id] = job
        wanted = self._fires(job).next_after(at) if job.enabled else None
        hold(next_us == wanted, f"{job.name} is to fire at {next_us}, its schedule says {wanted}")
        self._point(job.id, next_us)

    def _point(self, job_id: str, next_us: Instant | None) -> None:
        if next_us is None:
            self.due.pop(job_id, None)
        else:
            self.due[job_id] = next_us

    def created(self, event: facts.JobCreated, committed: Committed) -> None:
        job, next_us = event.job, event.next_us
        hold(job.id not in self.jobs, f"{job.id} is created twice")
        self.effects["created", job.id] += 1
        self.jobs[job.id] = job
        following = self._fires(job).next_after(committed.at) if job.enabled else None
        if next_us is None or following is None:
            hold(next_us == following, f"{job.name} begins at {next_us}, not {following}")
        else:  # it may be due already: it counts from the question, not from the answer
            hold(next_us <= following, f"{job.name} begins at {next_us}, after {following}")
        self._point(job.id, next_us)

    def updated(self, event: facts.JobUpdated, committed: Committed) -> None:
        job, old = event.job, self.jobs[event.job.id]
        self.effects["edited", event.comment] += 1
        hold(job.version == old.version + 1, f"{job.name} leaps to version {job.version}")
        same = job.spec.fires_like(old.spec)
        hold(job.generation == old.generation + (not same), f"{job.name} has a wrong generation")
        if same and job.enabled and old.enabled:
            hold(event.next_us == self.due.get(job.id), f"{job.name} lost its place")
            self.jobs[job.id] = job
        else:
            self._must_be_decided(old, committed.at)
            self._aims(job, event.next_us, committed.at)

    def switched(self, event: facts.JobSwitched, committed: Committed) -> None:
        old = self.jobs[event.job.id]
        hold(event.job.enabled != old.enabled, f"{old.name} is switched to what it is")
        self._must_be_decided(old, committed.at)
        self._aims(event.job, event.next_us, committed.at)

    def deleted(self, event: facts.JobDeleted, committed: Committed) -> None:
        job = self.jobs.pop(event.job.id)
        self._must_be_decided(job, committed.at)
        self.due.pop(job.id, None)
        left = [run for run in self.runs.values() if run.execution.job_id == job.id]
        hold(not left, f"{job.name} is deleted, and {left} is open")

    def moved(self, event: facts.CalendarSaved, committed: Committed) -> None:
        observers = [j.id for j in self.jobs.values() if j.spec.calendar == event.calendar.name]
        stated = [job.id for job, _ in event.moved]
        hold(sorted(observers) == sorted(stated), f"{stated} move, {observers} observe")
        self.calendars[event.calendar.name] = event.calendar
        for job, next_us in event.moved:
            self._must_be_decided(self.jobs[job.id], committed.at)
            self._aims(job, next_us, committed.at)

    def paused(self, event: facts.JobsPaused | facts.JobsResumed, _: Committed) -> None:
        if isinstance(event, facts.JobsPaused):
            self.effects["paused", event.pause.id] += 1
        self.pauses[event.pause.id] = event.pause

    # ---- decisions ------------------------------------------------------------------------------

    def claimed_leadership(self, event: facts.LeadershipClaimed, committed: Committed) -> None:
        self.epoch, self.leader = event.epoch, event.node

    def _decides(
        self, job: Job, first: Instant, last: Instant, next_us: Instant | None, committed: Committed
    ) -> None:
        """The fire times from first to last are decided, now and never again."""
        due, schedule = self.due.get(job.id), self._fires(job)
        hold(first == due, f"{job.name}: {first} is decided, and {due} is next")
        hold(last <= committed.at, f"{job.name}: {last} is decided at {committed.at}, too early")
        following = schedule.next_after(last)
        hold(next_us == following, f"{job.name}: {next_us} follows {last}, not {following}")
        self.decided += schedule.count(first - 1, last)
        self._point(job.id, next_us)

    def skipped(self, event: facts.FiresSkipped, committed: Committed) -> None:
        job = self.jobs[event.job.id]
        self._decides(job, event.first_us, event.last_us, event.next_us, committed)
        fires = self._fires(job).count(event.first_us - 1, event.last_us)
        hold(event.fires == fires, f"{job.name}: a skip of {event.fires} fires, there are {fires}")
        hold(event.reason, f"{job.name}: {event.first_us} is skipped without a reason")
        self._ends(event.id)

    def _claims(self, execution: Execution, next_us: Instant | None, committed: Committed) -> None:
        job, at = self.jobs[execution.job_id], execution.scheduled_us
        self._leads(committed)
        held = pause_of(self.pauses.values(), job, at)
        hold(held is None, f"{job.name} runs at {at}, in {held}")
        wanted = execution_id(job.id, job.generation, at)
        hold(execution.id == wanted, f"{job.name} at {at} runs as {execution.id}, not {wanted}")
        self._decides(job, at, at, next_us, committed)

    def _leads(self, committed: Committed) -> None:
        hold(
            committed.actor == self.leader,
            f"entry {committed.index} is of {committed.actor}, and {self.leader} leads",
        )

    # ---- executions -----------------------------------------------------------------------------

    def _opens(self, execution: Execution, running: bool) -> None:
        job = self.jobs[execution.job_id]
        fresh = execution.id not in self.runs and execution.id not in self.over
        hold(fresh, f"{execution.id} of {job.name} runs twice")
        if job.spec.concurrency is not Concurrency.ALLOW:
            others = [key for key, run in self.runs.items() if run.execution.job_id == job.id]
            hold(not others, f"{job.name}: {execution.id} overlaps {others}")
        self.runs[execution.id] = Run(execution, running)

    def _ends(self, identity: str) -> None:
        hold(identity not in self.over, f"{identity} ends twice")
        self.over.add(identity)

    def added(self, event: facts.ExecutionAdded, committed: Committed) -> None:
        execution = event.execution
        self._opens(execution, running=False)
        if event.claimed:
            self._claims(execution, event.next_us, committed)
        elif execution.backfill:
            self._leads(committed)
            self.filled.setdefault(execution.backfill, []).append(execution.scheduled_us)
        elif execution.trigger is Trigger.MANUAL:
            self.effects["triggered", execution.id] += 1

    def begun(self, event: facts.AttemptBegun, committed: Committed) -> None:
        execution = event.execution
        self._leads(committed)
        if event.claimed:
            self._opens(execution, running=True)
            self._claims(execution, event.next_us, committed)
        run = self.runs[execution.id]
        hold(event.claimed or not run.running, f"{execution.id} begins while it runs")
        before = run.execution.attempt
        hold(execution.attempt == before, f"{execution.id}: {execution.attempt} after {before}")
        mark = execution.epoch, execution.node
        hold(mark == (self.epoch, self.leader), f"{execution.id} begins under {mark}")
        run.execution, run.running = execution, True

    def attempt_ended(self, event: facts.AttemptEnded, _: Committed) -> None:
        run, result = self.runs[event.execution.id], event.result
        hold(run.running, f"an attempt of {event.execution.id} ends that never began")
        hold(result.attempt == run.execution.attempt, f"{event.execution.id}: another attempt ends")
        run.running = False
        run.doubtful = result.is_doubtful

    def retried(self, event: facts.RetryScheduled, _: Committed) -> None:
        execution, run = event.execution, self.runs[event.execution.id]
        spec = self.jobs[execution.job_id].spec
        before = run.execution
        hold(not run.running, f"{execution.id} waits while it runs")
        hold(execution.attempt == before.attempt + 1, f"{execution.id} leaps over an attempt")
        if execution.failures > before.failures:
            hold(execution.failures < spec.retry_policy.max_attempts, f"{execution.id}: too often")
        self._doubt(run, execution, spec.guarantee)
        run.execution = execution

    @staticmethod
    def _doubt(run: Run, execution: Execution, guarantee: Guarantee) -> None:
        """What its guarantee says of an attempt in doubt."""
        if not run.doubtful:
            return
        hold(guarantee is not Guarantee.AT_MOST_ONCE, f"{execution.id} is sent again")
        asks = execution.asks_first or guarantee is not Guarantee.EFFECT_ONCE
        hold(asks, f"{execution.id} is sent again unasked")

    def ended(self, event: facts.ExecutionEnded, _: Committed) -> None:
        execution = event.execution
        run = self.runs.pop(execution.id, None)
        hold(run is not None, f"{execution.id} ends and is not open")
        self._ends(execution.id)
        known = event.reason or event.status is Status.SUCCESS
        hold(known, f"{execution.id} ends as {event.status} without a reason")

    # ---- the end --------------------------------------------------------------------------------

    def unfinished(self, now: Instant, nodes: list[SimNode]) -> str:
        """What of a calm cluster is not done yet; empty where all is."""
        ends = {node.id: node.applied for node in nodes}
        if len(set(ends.values())) > 1:
            return f"nodes are at {ends}"
        for node in nodes:
            if node.feed.filling or node.rows.watermark != node.applied:
                return f"the history of {node.id} is at {node.rows.watermark} of {node.applied}"
        late = {job: at for job, at in self.due.items() if at < now - BEHIND_US}
        if late:
            return f"due and not decided at {now}: {late}"
        view = nodes[0].replica.view
        old = now - 4 * SECOND
        for run in view.open_executions():
            if max(run.due_us, run.scheduled_us, run.attempt_started_us) < old:
                return f"{run} never ends"
        running = [one.id for one in view.backfills() if one.state is BackfillState.RUNNING]
        return f"backfills never end: {running}" if running else ""

    def closes(self, nodes: list[SimNode]) -> None:
        """What must hold of all that happened, once it is over."""
        whole = list(range(1, len(self.facts) + 1))
        for node in nodes:
            hold(node.rows.durable == whole, f"the history of {node.id} has holes or doubles")
        for (kind, what), count in self.effects.items():
            hold(count == 1 or not what, f"{what} was {kind} {count} times")
        for kind, what in self.told:
            hold(self.effects[kind, what], f"{what} was {kind}, it was said, and is not there")
        for backfill in nodes[0].replica.view.backfills():
            asked, done = self.backfills[backfill.id], self.filled.get(backfill.id, [])
            whole_or_part = done == asked[: len(done)]
            hold(whole_or_part, f"{backfill.id} ran {done} of {asked}")
            if backfill.state is BackfillState.DONE:
                hold(len(done) == len(asked), f"{backfill.id} is done and ran {done} of {asked}")
        view = nodes[0].replica.view
        hold({run.id for run in view.open_executions()} == set(self.runs), "other runs are open")
        hold({job.id: job for job in view.jobs()} == self.jobs, "the state has other jobs")


Fold = Callable[[Referee, Any, Committed], None]
_FOLDS: dict[type, Fold] = {
    facts.LeadershipClaimed: Referee.claimed_leadership,
    facts.JobCreated: Referee.created,
    facts.JobUpdated: Referee.updated,
    facts.JobSwitched: Referee.switched,
    facts.JobDeleted: Referee.deleted,
    facts.CalendarSaved: Referee.moved,
    facts.JobsPaused: Referee.paused,
    facts.JobsResumed: Referee.paused,
    facts.FiresSkipped: Referee.skipped,
    facts.ExecutionAdded: Referee.added,
    facts.AttemptBegun: Referee.begun,
    facts.AttemptEnded: Referee.attempt_ended,
    facts.RetryScheduled: Referee.retried,
    facts.ExecutionEnded: Referee.ended,
}
