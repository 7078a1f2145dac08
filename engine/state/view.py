"""Read-only questions about the present, from any thread.

The tick thread writes the state under `lock`; each question holds the lock for its own length and
hands out frozen values or copies.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from heapq import nsmallest
from operator import itemgetter
from typing import Any

from engine.core.ids import ExecutionId, Instant, JobId
from engine.core.version import LEVEL
from engine.model.backfill import Backfill
from engine.model.calendar import Calendar
from engine.model.execution import Execution
from engine.model.finding import Finding
from engine.model.job import Job, JobSpec
from engine.model.model_card import ModelCard
from engine.model.pause import Pause, pause_of
from engine.model.saved_query import SavedQuery
from engine.model.template import PublishedTemplate
from engine.state.messages import NodeRegistered
from engine.state.state import LastRun, State
from engine.timing.closures import Closures
from engine.timing.schedule import Schedule


def _place(job: Job) -> tuple[str, str]:
    spec = job.spec
    return spec.namespace, spec.name


def name_key(job: Job) -> tuple[str, str, str]:
    """Where a job stands among the others by name."""
    spec = job.spec
    return spec.name, spec.namespace, job.id


class View:
    """What this node knows now. `lock` is shared with the replica that writes.

    A look at one key, or a copy of a map's values, is whole without the lock; those that readers
    ask for all the time do without, since a writer with much to apply hardly ever lets go of it.
    """

    def __init__(self, state: State, lock: AbstractContextManager[object]):
        self._state = state
        self._lock = lock
        self._sorted: dict[Callable[[Job], Any], tuple[Job, ...]] = {}
        self._edition = 0
        self._changes = 0
        self._closures: dict[str, tuple[Calendar, Closures]] = {}

    def replace_state(self, state: State) -> None:
        """A snapshot was installed."""
        with self._lock:
            self._state = state
            self.changed(jobs=True)

    def changed(self, *, jobs: bool) -> None:
        """Hear of an entry with facts, `jobs` where any is about a job; the writer calls it."""
        self._changes += 1
        if jobs:
            self._sorted = {}
            self._edition += 1

    @property
    def changes(self) -> int:
        """How often something changed since the start: an equal number, equal answers."""
        return self._changes

    @property
    def applied_index(self) -> int:
        """The index of the last entry applied here."""
        return self._state.applied_index

    @property
    def epoch(self) -> int:
        """The index of the latest claim of leadership."""
        return self._state.epoch

    @property
    def leader_node(self) -> str:
        """The node that made that claim."""
        return self._state.leader

    @property
    def now_us(self) -> Instant:
        """The largest time any entry carried."""
        return self._state.now

    def job(self, ref: str) -> Job | None:
        """A job by id or by namespace/name."""
        found = self._state.jobs.get(ref)  # one look needs no lock, and every attempt looks
        if found is not None or "/" not in ref:
            return found
        with self._lock:
            state = self._state
            namespace, _, name = ref.partition("/")
            return state.jobs.get(state.by_name.get(namespace, {}).get(name, ""))

    def jobs(self) -> Sequence[Job]:
        """All jobs by namespace and name."""
        return self._jobs_by(_place)

    def jobs_by_name(self) -> Sequence[Job]:
        """All jobs by `name_key`."""
        return self._jobs_by(name_key)

    def _jobs_by(self, key: Callable[[Job], Any]) -> Sequence[Job]:
        known = self._sorted.get(key)
        if known is not None:
            return known
        edition, jobs = self._edition, list(self._state.jobs.values())
        # Not under the lock: a million jobs take a second, and entries wait for it.
        jobs.sort(key=key)
        known = tuple(jobs)
        with self._lock:
            if self._edition == edition:
                self._sorted[key] = known
        return known

    def count_jobs(self) -> tuple[int, int]:
        """How many jobs there are, and how many of them are enabled."""
        jobs = list(self._state.jobs.values())
        return len(jobs), sum(job.enabled for job in jobs)

    def next_us(self, job_id: JobId) -> Instant | None:
        """The next fire time that nobody has claimed."""
        return self._state.next_us.get(job_id)

    def next_fires(self) -> dict[JobId, Instant]:
        """Every job's next fire time that nobody has claimed, in no order; a copy."""
        return self._state.next_us.copy()

    def soonest(self, most: int) -> list[tuple[JobId, Instant]]:
        """The `most` jobs that fire soonest, soonest first, each with its next fire time."""
        with self._lock:
            fires = list(self._state.next_us.items())
        return nsmallest(most, fires, key=itemgetter(1))

    def fires(self, job: Job) -> Schedule:
        """When a job fires, by its timing and the calendar that it observes."""
        return self.fires_of(job.spec, job.id)

    def fires_of(self, spec: JobSpec, key: str) -> Schedule:
        """When a job of a spec would fire; a calendar that is not there closes nothing.

        Raises:
            InvalidDocument: the timing is at fault.
        """
        return spec.fires(key, self._closures_of(spec.calendar) if spec.calendar else None)

    def _closures_of(self, name: str) -> Closures | None:
        calendar = self._state.calendars.get(name)
        if calendar is None:
            return None
        known = self._closures.get(name)
        if known is None or known[0] is not calendar:
            known = self._closures[name] = (calendar, calendar.closures)
        return known[1]

    def calendars(self) -> list[Calendar]:
        """The calendars, by name."""
        with self._lock:
            calendars = self._state.calendars
            return [calendars[name] for name in sorted(calendars)]

    def calendar(self, name: str) -> Calendar | None:
        """The calendar of that name."""
        return self._state.calendars.get(name)

    def pauses(self) -> list[Pause]:
        """The pauses that are not forgotten, over or planned ones included, in their order."""
        with self._lock:
            return list(self._state.pauses.values())

    def pause_at(self, job: Job, instant: Instant) -> Pause | None:
        """The pause that a fire time of a job falls into; of several the one that ends last."""
        if not self._state.pauses:
            return None
        return pause_of(self.pauses(), job, instant)

    def next_run(self, job: Job) -> Instant | None:
        """The next fire time at which a job will run: undecided, and in no pause."""
        at = self.next_us(job.id)
        while at is not None and (pause := self.pause_at(job, at)) is not None:
            until_us = pause.until_us
            at = None if until_us is None else self.fires(job).next_after(until_us - 1)
        return at

    def backfills(self) -> list[Backfill]:
        """The backfills that are not forgotten, in the order in which they were asked for."""
        if not self._state.backfills:
            return []
        with self._lock:
            return list(self._state.backfills.values())

    def last_run(self, job_id: JobId) -> LastRun | None:
        """How the job's latest decided fire time went."""
        return self._state.last_runs.get(job_id)

    def execution(self, execution_id: ExecutionId) -> Execution | None:
        """An open execution."""
        return self._state.executions.get(execution_id)

    def open_executions(self, job_id: JobId | None = None) -> list[Execution]:
        """Executions that are not over, oldest first."""
        state = self._state
        if job_id is None:
            return list(state.executions.values())
        with self._lock:
            return [state.executions[key] for key in state.open_by_job.get(job_id, ())]

    def findings(self) -> list[Finding]:
        """The findings that are not forgotten, in the order in which they were first reported."""
        with self._lock:
            return list(self._state.findings.values())

    def finding(self, finding_id: str) -> Finding | None:
        """The finding with this id, unless it is forgotten."""
        return self._state.findings.get(finding_id)

    def templates(self) -> list[tuple[PublishedTemplate, ...]]:
        """Own templates by namespace, category and name; the versions of each, newest first."""
        with self._lock:
            templates = self._state.templates
            return [tuple(templates[key]) for key in sorted(templates)]

    def models(self) -> list[tuple[ModelCard, ...]]:
        """The versions of each kind and job, newest first; in the order of the first trainings."""
        with self._lock:
            return [tuple(versions) for versions in self._state.models.values()]

    def model(self, kind: str, job_id: JobId = "") -> ModelCard | None:
        """The latest card of a kind, of a job or of the cluster."""
        with self._lock:
            versions = self._state.models.get(f"{job_id}/{kind}")
            return versions[0] if versions else None

    def trainings(self) -> dict[JobId, Instant]:
        """The trainings that wait, and since when; the empty id is that of all jobs."""
        with self._lock:
            return dict(self._state.trainings)

    def saved_queries(self) -> list[SavedQuery]:
        """The saved queries, by name."""
        with self._lock:
            queries = self._state.queries
            return [queries[name] for name in sorted(queries)]

    def saved_query(self, name: str) -> SavedQuery | None:
        """The saved query of that name."""
        return self._state.queries.get(name)

    def last_import(self, label: str) -> int:
        """The index of the latest entry that may have imported executions under `label`."""
        return self._state.imports.get(label, self._state.imports_floor)

    def level(self, members: Collection[str] = ()) -> int:
        """Up to which level of the log all nodes understand it; this build's while none is known.

        Args:
            members: the Raft addresses of the cluster. Where each of them is in the address book,
                other entries of it are of nodes that are gone, and do not count.
        """
        return min((node.level for node in self._members(members)), default=LEVEL)

    def older_than(self, level: int, members: Collection[str] = ()) -> list[str]:
        """The members that do not understand a level; arguments as `level`."""
        return [node.node for node in self._members(members) if node.level < level]

    def _members(self, members: Collection[str]) -> list[NodeRegistered]:
        nodes = self.nodes()  # no lock: the child that writes a snapshot asks
        known = {node.raft_address for node in nodes}
        if members and known.issuperset(members):
            return [node for node in nodes if node.raft_address in members]
        return nodes

    def nodes(self) -> list[NodeRegistered]:
        """The address book."""
        return list(self._state.nodes.values())
