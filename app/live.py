"""Events as they happen: the newest facts of this node's log, for readers who follow them.

An event is named by its place in the log, `index-position`, which is the same on every node: a
reader that lost its node goes on at another. The ring is everyone's queue. A reader holds a place
in it and nothing else, so that a slow one costs no memory: it falls off the ring and is told so.

`take` runs in the tick thread and only appends; a thread of the hub's own puts facts into words
while somebody reads along. What nobody reads stays as it is, and is worded for the first who asks.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
import structlog

from engine.core.clock import rfc3339
from engine.core.ids import JobId
from engine.model.execution import AttemptResult, Execution
from engine.model.finding import Finding
from engine.model.job import Job
from engine.model.pause import Pause, ScopeKind
from engine.model.pause_document import pause_words
from engine.state.messages import (
    AttemptBegun,
    AttemptEnded,
    BackfillAdvanced,
    BackfillEnded,
    BackfillStarted,
    CalendarDeleted,
    CalendarSaved,
    Committed,
    Event,
    ExecutionAdded,
    ExecutionEnded,
    ExecutionsImported,
    FindingChanged,
    FindingsForgotten,
    FiresSkipped,
    JobCreated,
    JobDeleted,
    JobsPaused,
    JobsResumed,
    JobSwitched,
    JobUpdated,
    LeadershipClaimed,
    ModelsTrained,
    NodeRegistered,
    QueryDeleted,
    QuerySaved,
    RetryScheduled,
    TemplatePublished,
    TemplateWithdrawn,
    TrainingRequested,
)

log = structlog.get_logger(__name__)

RING: Final = 2_000
ENTRIES_WAITING_MAX: Final = 4_000
TEXT_MAX: Final = 200
_END: Final = 10**9
"""A position behind all facts of an entry."""
KINDS: Final = (
    *("claimed", "queued", "started", "retrying", "ended", "skipped"),
    *("job_created", "job_updated", "job_enabled", "job_disabled", "job_deleted"),
    *("paused", "resumed", "backfill", "calendar"),
    *("finding", "model", "template", "query", "imported"),
    *("leader", "node"),
)
"""What an event may be: of executions, of jobs, of the cluster."""

Document = dict[str, Any]
FindJob = Callable[[JobId], Job | None]


class Place(NamedTuple):
    """Where in the log a fact stands."""

    entry: int
    position: int

    def __str__(self) -> str:
        return f"{self.entry}-{self.position}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """The place that an event's id names.

        Raises:
            ValueError: it is not such an id.
        """
        entry, _, position = text.partition("-")
        return cls(int(entry), int(position))


@dataclass(frozen=True, slots=True)
class Happening:
    """One fact in words; `json` is the document as it is sent."""

    place: Place
    document: Document
    json: bytes


class Follower:
    """One reader's wake-up call; its place in the ring is the reader's own business."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Tell that something happened; from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._news.set)
        except RuntimeError:
            log.debug("a follower's loop is closed")

    async def wait(self, seconds: float) -> bool:
        """Whether something happened within so long."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        self._news.clear()
        return True


class LiveHub:
    """See the module.

    Args:
        find_job: the job of an id, as it is now; names what only has an id in its fact.
        ring: how many events are kept.
    """

    def __init__(self, find_job: FindJob, *, ring: int = RING):
        self._find_job = find_job
        self._ring_max = ring
        self._ring: deque[Happening] = deque(maxlen=ring)
        self._waiting: deque[tuple[int, Committed]] = deque(maxlen=ENTRIES_WAITING_MAX)
        """Entries that nobody has asked for, each with the events up to its end."""
        self._taken = 0
        self._telling = threading.Lock()
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._followers: set[Follower] = set()
        self._horizon = Place(0, 0)
        self._overflown = False
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)

    # ---- writing -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to put facts into words."""
        self._thread.start()

    def stop(self) -> None:
        """End every stream and the thread."""
        self._stopped = True
        self._news.set()
        self._wake_all()
        if self._thread.is_alive():
            self._thread.join(1)

    @property
    def stopped(self) -> bool:
        """Whether no event will come any more."""
        return self._stopped

    def take(self, committed: Committed) -> None:
        """Hear one entry; in the tick thread, so nothing is done here."""
        if committed.events:
            if len(self._waiting) == ENTRIES_WAITING_MAX:
                self._overflown = True  # the oldest makes room, unsaid
            self._taken += len(committed.events)
            self._waiting.append((self._taken, committed))
            self._news.set()

    def restored(self, index: int) -> None:
        """A snapshot stands for the entries up to `index`: what came of them is not known here."""
        with self._lock:
            self._horizon = max(self._horizon, Place(index, _END))

    def _run(self) -> None:
        while not self._stopped:
            self._news.wait()
            self._news.clear()
            if self.followers:
                if self._tell_all():
                    self._wake_all()
            else:
                self._trim()

    def _tell_all(self) -> bool:
        """Put what waits into words; whether there was something."""
        told = False
        with self._telling:
            while self._waiting:
                told |= self._tell(self._waiting.popleft()[1])
        return told

    def _trim(self) -> None:
        """Nobody reads along: keep what fills the ring, unworded, for whoever comes."""
        with self._telling:
            while self._waiting and self._taken - self._waiting[0][0] >= self._ring_max:
                index = self._waiting.popleft()[1].index
                with self._lock:
                    self._horizon = max(self._horizon, Place(index, _END))

    def _tell(self, committed: Committed) -> bool:
        surplus = max(0, len(committed.events) - self._ring_max)
        try:
            happenings = list(describe(committed, self._find_job, surplus))
        except Exception:
            # A fact that cannot be put into words must not silence the ones that follow.
            log.exception("an event was left out", index=committed.index)
            return False
        with self._lock:
            if self._overflown:
                self._overflown = False
                self._horizon = max(self._horizon, Place(committed.index - 1, _END))
            if surplus:
                self._horizon = max(self._horizon, Place(committed.index, surplus - 1))
            for happening in happenings:
                if len(self._ring) == self._ring.maxlen:
                    self._horizon = max(self._horizon, self._ring[0].place)
                self._ring.append(happening)
        return bool(happenings)

    def _wake_all(self) -> None:
        with self._lock:
            followers = list(self._followers)
        for follower in followers:
            follower.wake()

    # ---- reading -----------------------------------------------------------------------------

    @property
    def newest(self) -> Place:
        """The place of the latest event, or where events are known from."""
        self._tell_all()
        with self._lock:
            return max(self._ring[-1].place, self._horizon) if self._ring else self._horizon

    @property
    def horizon(self) -> Place:
        """What is known here follows this place."""
        self._tell_all()
        with self._lock:
            return self._horizon

    def after(self, place: Place) -> tuple[list[Happening], bool]:
        """The events that follow a place, oldest first, and whether some of them are gone.

        Once told that some are gone, go on from the last of these, or from `horizon`.
        """
        self._tell_all()
        found: list[Happening] = []
        with self._lock:
            for happening in reversed(self._ring):
                if happening.place <= place:
                    break
                found.append(happening)
            missed = place < self._horizon
        found.reverse()
        return found, missed

    @contextmanager
    def follower(self) -> Iterator[Follower]:
        """A wake-up call, while the block runs."""
        follower = Follower()
        with self._lock:
            self._followers.add(follower)
        try:
            yield follower
        finally:
            with self._lock:
                self._followers.discard(follower)

    @property
    def followers(self) -> int:
        """How many readers wait for events."""
        with self._lock:
            return len(self._followers)


def describe(committed: Committed, find_job: FindJob, first: int = 0) -> Iterator[Happening]:
    """The facts of one entry in words, from position `first` on.

    An attempt's end is no event of its own: it stands in what came of it; a backfill's next step
    stands in the execution that follows it. That old findings are forgotten is news for nobody.
    """
    at = rfc3339(committed.at)
    ended: AttemptResult | None = None
    for position, event in enumerate(committed.events):
        if isinstance(event, AttemptEnded):
            ended = event.result
            continue
        if position < first or isinstance(event, FindingsForgotten | BackfillAdvanced):
            continue
        place = Place(committed.index, position)
        words = _words(event, committed, ended, find_job)
        document = {"id": str(place), "at": at, **_BLANK, **words}
        yield Happening(place, document, orjson.dumps(document, default=str))


_BLANK: Final[Document] = {
    "kind": "",
    "namespace": "",
    "job_id": "",
    "job_name": "",
    "execution_id": "",
    "status": "",
    "attempt": None,
    "node_id": "",
    "actor": "",
    "text": "",
}


def _words(
    event: Event, committed: Committed, ended: AttemptResult | None, find_job: FindJob
) -> Document:
    match event:
        case AttemptBegun(execution=execution):
            kind = "claimed" if event.claimed else "started"
            late_us = execution.attempt_started_us - execution.scheduled_us
            text = f"{_length(late_us)} after its fire time" if event.claimed else ""
            return _of_execution(execution, find_job(execution.job_id)) | _told(kind, text)
        case ExecutionAdded(execution=execution):
            said = f"{execution.trigger.value} by {committed.actor}"
            if event.claimed:
                said = f"starts in {_length(execution.due_us - committed.at)}, within its window"
            return _of_execution(execution, find_job(execution.job_id)) | _told("queued", said)
        case RetryScheduled(execution=execution):
            why = f"{ended.outcome.value}: {ended.error}" if ended else "the attempt was lost"
            said = f"{_short(why)}; again in {_length(execution.due_us - committed.at)}"
            return _of_execution(execution, find_job(execution.job_id)) | _told("retrying", said)
        case ExecutionEnded(execution=execution, job=job, result=result):
            took = event.completed_us - execution.started_us if execution.started_us else 0
            why = (result.error if result else "") or event.reason
            said = f"after {_length(took)}" + (f": {why}" if why else "")
            fate = {"status": event.status.value}
            return _of_execution(execution, job) | _told("ended", said) | fate
        case FiresSkipped(job=job):
            fires = f"{event.fires} fire times" if event.fires > 1 else "one fire time"
            said = f"{fires}: {event.reason}"
            fate = {"status": "skipped", "execution_id": event.id}
            return _of_job(job) | _told("skipped", said) | fate
        case JobCreated(job=job) | JobUpdated(job=job) | JobSwitched(job=job) | JobDeleted(job=job):
            return _of_job(job) | _told(_change(event), _version(event)) | _by(committed)
        case JobsPaused(pause=pause):
            return _of_pause(pause, find_job) | _told("paused", pause_words(pause)) | _by(committed)
        case JobsResumed(pause=pause):
            said = f"{pause.scope}: the pause of {rfc3339(pause.from_us)} by {pause.by} is over"
            return _of_pause(pause, find_job) | _told("resumed", said) | _by(committed)
        case CalendarSaved(calendar=calendar, moved=moved):
            said = f"{calendar.name} saved, version {calendar.version}"
            said += f"; {len(moved)} jobs observe it" if moved else ""
            return _told("calendar", said) | _by(committed)
        case CalendarDeleted(name=name):
            return _told("calendar", f"{name} deleted") | _by(committed)
        case BackfillStarted(backfill=backfill) | BackfillEnded(backfill=backfill):
            named = find_job(backfill.job_id)
            whose = _of_job(named) if named else {"job_id": backfill.job_id}
            said = f"{backfill.total:,} fire times, {backfill.begun:,} begun: {backfill.state}"
            said += f", {backfill.reason}" if backfill.reason else ""
            return whose | _told("backfill", said) | _by(committed)
        case FindingChanged(finding=finding, job=job):
            said = f"{finding.state.value}: {finding.evidence}"
            run = {"execution_id": finding.execution_id}
            whose = _of_job(job) if job else _of_imported(finding)
            return whose | _told("finding", said) | run | _by(committed)
        case ModelsTrained(models=cards):
            told = sum(card.is_told for card in cards)
            said = f"{len(cards)} models trained, {told} of them are shown or their floor is"
            return _told("model", said) | _by(committed)
        case TrainingRequested():
            named = find_job(event.job_id)
            whose = _of_job(named) if named else {"job_id": event.job_id}
            said = "training asked for" + ("" if event.job_id else ", of all models")
            return whose | _told("model", said) | _by(committed)
        case TemplatePublished(template=template):
            name = f"{template.category}/{template.name}"
            said = f"{name} {template.version} published"
            return _told("template", said) | {"namespace": template.namespace} | _by(committed)
        case TemplateWithdrawn():
            said = f"{event.id} {event.version or 'as a whole'} withdrawn"
            return _told("template", said) | _by(committed)
        case QuerySaved(query=query):
            said = f"{query.name} saved, version {query.version}"
            return _told("query", said) | {"namespace": query.namespace} | _by(committed)
        case QueryDeleted(name=name):
            return _told("query", f"{name} deleted") | _by(committed)
        case ExecutionsImported():
            said = f"{len(event.runs)} executions under {event.label}"
            return _told("imported", said) | _by(committed)
        case LeadershipClaimed(node=node):
            said = f"{node} leads, epoch {event.epoch}"
            return _told("leader", said) | {"node_id": node}
        case NodeRegistered(node=node):
            said = f"{node} is reached at {event.http_address}, version {event.version}"
            return _told("node", said) | {"node_id": node}
        case _:
            raise AssertionError(f"{type(event).__name__} has no words")


def _change(event: JobCreated | JobUpdated | JobSwitched | JobDeleted) -> str:
    if isinstance(event, JobSwitched):
        return "job_enabled" if event.job.enabled else "job_disabled"
    names = {JobCreated: "job_created", JobUpdated: "job_updated", JobDeleted: "job_deleted"}
    return names[type(event)]


def _version(event: JobCreated | JobUpdated | JobSwitched | JobDeleted) -> str:
    if not isinstance(event, JobUpdated):
        return ""
    return f"version {event.job.version}" + (f": {event.comment}" if event.comment else "")


def _told(kind: str, text: str) -> Document:
    return {"kind": kind, "text": _short(text)}


def _by(committed: Committed) -> Document:
    return {"actor": committed.actor}


def _of_job(job: Job) -> Document:
    return {"job_id": job.id, "job_name": job.spec.name, "namespace": job.spec.namespace}


def _of_pause(pause: Pause, find_job: FindJob) -> Document:
    scope = pause.scope
    if scope.kind is ScopeKind.NAMESPACE:
        return {"namespace": scope.value}
    job = find_job(scope.value) if scope.kind is ScopeKind.JOB else None
    return _of_job(job) if job else {}


def _of_imported(finding: Finding) -> Document:
    return {
        "job_id": finding.job_id,
        "job_name": finding.job_name,
        "namespace": finding.namespace,
    }


def _of_execution(execution: Execution, job: Job | None) -> Document:
    named = _of_job(job) if job else {"job_id": execution.job_id}
    return named | {
        "execution_id": execution.id,
        "status": execution.status.value,
        "attempt": execution.attempt,
        "node_id": execution.node,
    }


def _length(us: int) -> str:
    """A stretch of time, roughly.

    >>> _length(33_400), _length(25_010_000), _length(-5)
    ('33 ms', '25.0 s', '0 ms')
    """
    us = max(0, us)
    return f"{us / 1000:.0f} ms" if us < 1_000_000 else f"{us / 1e6:.1f} s"


def _short(text: str) -> str:
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    return text if len(text) <= TEXT_MAX else text[: TEXT_MAX - 1] + "…"
