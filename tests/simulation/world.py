"""The cluster's logic in one thread: real machine, real planner, virtual clock, hostile edges.

Everything random comes from one seed. The log itself is total and ordered, as Raft promises; what
is hostile is its edge: proposals are lost, delayed, or committed with the reply lost; leaders
overlap; clocks are skewed; nodes lag, crash and come back from a snapshot; targets are slow, fail,
or never answer.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from engine.core.ids import Instant
from engine.model.backfill import Backfill, BackfillState
from engine.model.execution import AttemptOutcome, AttemptResult, Status
from engine.model.job import Concurrency, Guarantee
from engine.model.pause import Pause, pause_of
from engine.model.pause_document import parse_scope
from engine.raft.replica import Replica
from engine.scheduler.backfills import plan_backfills
from engine.scheduler.planner import plan
from engine.scheduler.queue import DueQueue
from engine.state.entry import Entry, encode
from engine.state.messages import (
    Accepted,
    AttemptBegun,
    BackfillStarted,
    ClaimLeadership,
    Command,
    Committed,
    CreateJobs,
    ExecutionAdded,
    ExecutionEnded,
    FiresSkipped,
    JobsPaused,
    JobsResumed,
    PauseJobs,
    RecordExecutions,
    RecoverExecutions,
    Rejected,
    ResumeJobs,
    StartBackfill,
    TriggerJob,
)
from engine.timing.parse import schedule_of
from tests.kit.jobs import SECOND, new_job

MILLI = 1_000
START: Instant = 1_700_000_000 * SECOND
NODES = 3
BACKFILL_MINUTES = 5


@dataclass
class SimNode:
    """A node: its replica, how far it has applied, and what it believes."""

    name: str
    skew: int
    replica: Replica
    applied: int = 0
    up: bool = True
    epoch: int = 0
    since: Instant = 0
    recovered: bool = False
    queue: DueQueue = field(default_factory=DueQueue)
    incarnation: int = 0


class World:
    """One run; `run` drives it and checks after every step."""

    def __init__(self, seed: int):
        self.seed = seed
        self.random = random.Random(seed)
        self.now: Instant = START
        self.events: list[tuple[Instant, int, Callable[[], None]]] = []
        self.order = 0
        self.log: list[bytes] = []
        self.hashes: dict[int, bytes] = {}
        self.history: dict[int, Committed] = {}
        self.hostile = True
        self.sent: Counter[tuple[str, int]] = Counter()
        self.backfills: dict[str, list[Instant]] = {}
        self.nodes = [self._node(f"n{k}") for k in range(NODES)]
        self.jobs = [
            new_job(
                f"j{k}",
                START + (k + 1) * SECOND,
                schedule=f"@every {1 + k}s" if k < 4 else "*/3 * * * * *",
                window=self.random.choice(["0s", f"{600 * k}ms"]),
                tags={"half": str(k % 2)},
                guarantee=self.random.choice(["at_least_once", "at_most_once", "effect_once"]),
                webhook={"url": "http://127.0.0.1:9/run", "status_url": "/runs/{execution_id}"},
                concurrency=self.random.choice(["allow", "forbid", "replace"]),
                missed_run_policy=self.random.choice(["ignore", "execute_one", "execute_all"]),
                retry_policy={"max_attempts": 2, "initial_interval": "200ms"},
            )
            for k in range(5)
        ]
        for k, job in enumerate(self.jobs):
            first = schedule_of(job.spec.timing, job.id).next_after(START)
            self.jobs[k] = type(job)(id=job.id, spec=job.spec, enabled=True, next_us=first)
        self.append(CreateJobs(jobs=tuple(self.jobs)), "alice", self.now)

    # ---- time -----------------------------------------------------------------------------------

    def later(self, delay: int, action: Callable[[], None]) -> None:
        self.order += 1
        heapq.heappush(self.events, (self.now + delay, self.order, action))

    def run(self, seconds: int = 40, calm: int = 60) -> None:
        """Hurt it for `seconds` of virtual time, then heal it and let it finish what is due."""
        for node in self.nodes:
            self.later(self.random.randrange(500 * MILLI), lambda n=node: self._beat(n))
        self.later(self.random.randrange(2 * SECOND), self._elect)
        self.later(3 * SECOND, self._fault)
        self._until(START + seconds * SECOND)
        self.hostile = False
        for node in self.nodes:
            if not node.up:
                self._restart(node)
        for seconds in (0, 2):  # and again for pauses that were still on their way
            self.later(seconds * SECOND, self._resume_all)
        self._until(START + (seconds + calm) * SECOND)
        for _ in range(BACKFILL_MINUTES):  # a busy job leaves little room for its backfill
            if self._backfilling():
                self._until(self.now + 60 * SECOND)
        self.check_finished()

    def _backfilling(self) -> bool:
        backfills = self.nodes[0].replica.view.backfills()
        return any(one.state is BackfillState.RUNNING for one in backfills)

    def _until(self, end: Instant) -> None:
        while self.events and self.events[0][0] <= end:
            at, _, action = heapq.heappop(self.events)
            self.now = max(self.now, at)
            action()
        self.now = end

    # ---- the log --------------------------------------------------------------------------------

    def append(self, command: Command, actor: str, at: Instant, request_id: str = "") -> None:
        self.log.append(encode(Entry(at=at, actor=actor, request_id=request_id, command=command)))

    def propose(
        self,
        node: SimNode,
        command: Command,
        reply: Callable[[object], None] | None = None,
        request_id: str = "",
    ) -> None:
        """Send a proposal over the hostile edge; `reply` runs on the proposer, if it lives."""
        raw_at = self.now + node.skew
        life = node.incarnation
        lost = self.hostile and self.random.random() < 0.08
        mute = self.hostile and self.random.random() < 0.08
        delay = self.random.randrange(2 * MILLI, 400 * MILLI if self.hostile else 20 * MILLI)

        def commit() -> None:
            self.append(command, node.name, raw_at, request_id)
            index = len(self.log)

            def answer() -> None:
                if node.up and node.incarnation == life:
                    self._apply_to(node, index)
                    if reply:
                        reply(self.history[index].result)

            if not mute:
                self.later(self.random.randrange(1, 50 * MILLI), answer)

        if not lost:
            self.later(delay, commit)

    def _apply_to(self, node: SimNode, index: int) -> None:
        while node.up and node.applied < min(index, len(self.log)):
            node.applied += 1
            node.replica.apply(node.applied, self.log[node.applied - 1])
            digest = blake2b(node.replica.state_bytes(), digest_size=16).digest()
            known = self.hashes.setdefault(node.applied, digest)
            assert known == digest, f"{node.name} differs at index {node.applied}: {self.repeat()}"

    # ---- nodes ----------------------------------------------------------------------------------

    def _node(self, name: str) -> SimNode:
        node = SimNode(name, self.random.randrange(-300, 300) * MILLI, self._replica())
        node.replica.subscribe(lambda committed: self._committed(node, committed))
        return node

    @staticmethod
    def _replica() -> Replica:
        return Replica(watermark=lambda: 1 << 60, on_gap=lambda _held, _through: None)

    def _committed(self, node: SimNode, committed: Committed) -> None:
        known = self.history.setdefault(committed.index, committed)
        assert known == committed, f"facts differ at {committed.index}: {self.repeat()}"
        node.queue.take(committed)
        for event in committed.events:
            if isinstance(event, AttemptBegun) and node.epoch == event.execution.epoch:
                self._send(node, event)

    def _send(self, node: SimNode, event: AttemptBegun) -> None:
        execution = event.execution
        self.sent[execution.id, execution.attempt] += 1
        life = node.incarnation
        silent = self.hostile and self.random.random() < 0.05
        slow = 10 * SECOND if silent else self.random.randrange(5 * MILLI, 3 * SECOND)
        good = not silent and self.random.random() < 0.7

        def done() -> None:
            if not node.up or node.incarnation != life:
                return
            result = AttemptResult(
                execution_id=execution.id,
                attempt=execution.attempt,
                outcome=AttemptOutcome.SUCCESS if good else AttemptOutcome.FAILED,
                started_us=execution.attempt_started_us,
                finished_us=execution.attempt_started_us + slow,
                error="" if good else "HTTP 500",
            )
            self._report(node, life, result)

        self.later(slow, done)

    def _report(self, node: SimNode, life: int, result: AttemptResult) -> None:
        """As the outbox does: repeat until the machine has seen it."""
        seen = [False]

        def answered(_result: object) -> None:
            seen[0] = True

        def again() -> None:
            if node.up and node.incarnation == life and not seen[0]:
                self.propose(node, RecordExecutions(results=(result,)), answered)
                self.later(600 * MILLI, again)

        again()

    def _beat(self, node: SimNode) -> None:
        """Apply some of the log, and plan if this node thinks that it leads."""
        if node.up:
            behind = len(self.log) - node.applied
            some = self.random.randint(0, behind) if self.hostile else behind
            self._apply_to(node, node.applied + some)
            if node.epoch:
                self._plan(node)
        self.later(self.random.randrange(20 * MILLI, 150 * MILLI), lambda: self._beat(node))

    def _plan(self, node: SimNode) -> None:
        now = self.now + node.skew
        epoch = node.epoch

        def answered(result: object) -> None:
            if isinstance(result, Rejected) and result.code == "NO_LEADER":
                node.epoch = 0

        def recovered(result: object) -> None:
            answered(result)
            node.recovered = node.epoch == epoch

        if not node.recovered:
            self.propose(node, RecoverExecutions(epoch=epoch), recovered)
            return
        if self.random.random() < 0.2:
            node.queue.rebuild(node.replica.view)  # as after a proposal of unknown outcome
        view = node.replica.view
        jobs = node.queue.pop_fires(now, 100, lambda job, at: view.next_us(job) == at)
        starts = node.queue.pop_starts(now, 100)
        planned = plan(view, epoch=epoch, now=now, since=node.since, jobs=jobs, executions=starts)
        node.queue.put_off(planned.later)
        command = planned.command
        if command.skips or command.fires or command.begins:
            self.propose(node, command, answered)
        begins, faults = plan_backfills(view, epoch=epoch, now=now)
        assert not faults
        for begin in begins:
            self.propose(node, begin, answered)

    def _elect(self) -> None:
        """Some node believes that it leads; the old one may go on believing it too."""
        up = [node for node in self.nodes if node.up]
        leading = [node for node in up if node.epoch == self._epoch()]
        if up and (self.hostile or not leading):
            node = self.random.choice(up)

            def claimed(result: object) -> None:
                if isinstance(result, Accepted):
                    node.epoch = int(result.value)
                    node.since = self.now + node.skew
                    node.recovered = False
                    node.queue.rebuild(node.replica.view)

            self.propose(node, ClaimLeadership(node=node.name, nonce=str(self.order)), claimed)
        self.later(self.random.randrange(1 * SECOND, 8 * SECOND), self._elect)

    def _epoch(self) -> int:
        return max((node.replica.view.epoch for node in self.nodes), default=0)

    def _fault(self) -> None:
        if self.hostile:
            node = self.random.choice(self.nodes)
            if node.up and sum(n.up for n in self.nodes) > 2:
                node.up = False
            elif not node.up:
                self._restart(node)
            if self.random.random() < 0.3:
                job = self.random.choice(self.jobs)
                fresh = f"exe_manual{self.order}"
                self.propose(
                    self.random.choice(self.nodes), TriggerJob(job_id=job.id, execution_id=fresh)
                )
            self._pause_or_resume()
            if self.random.random() < 0.15:
                self._backfill()
            self.later(self.random.randrange(1 * SECOND, 4 * SECOND), self._fault)

    def _backfill(self) -> None:
        job = self.random.choice(self.jobs)
        spans = ((START - 20 * SECOND, START - 12 * SECOND), (START - 6 * SECOND, START))
        asked = Backfill(
            id=f"bfl_{self.order}",
            job_id=job.id,
            spans=spans,
            total=0,
            next_us=None,
            parallel=self.random.choice([1, 1, 3]),
        )
        fires = asked.fires(schedule_of(job.spec.timing, job.id)).between(
            START - 21 * SECOND, START
        )
        if fires:
            asked = replace(asked, total=len(fires), next_us=fires[0])
            self.backfills[asked.id] = fires
            node = self.random.choice(self.nodes)
            self.propose(node, StartBackfill(backfill=asked), request_id=asked.id)

    def _resume_all(self) -> None:
        node = max(self.nodes, key=lambda node: node.applied)
        self._apply_to(node, len(self.log))
        for pause in node.replica.view.pauses():
            self.append(ResumeJobs(id=pause.id), "alice", self.now)

    def _pause_or_resume(self) -> None:
        node = self.random.choice(self.nodes)
        pauses = node.replica.view.pauses()
        if pauses and self.random.random() < 0.4:
            self.propose(node, ResumeJobs(id=self.random.choice(pauses).id))
        elif self.random.random() < 0.4:
            scope = self.random.choice(["all", "job:job_j0", "tag:half=1", "namespace:default"])
            start = self.now + self.random.randrange(-1 * SECOND, 5 * SECOND)
            length = self.random.choice([None, 2 * SECOND, 8 * SECOND])
            pause = Pause(
                id=f"pau_{self.order}",
                scope=parse_scope(scope),
                from_us=start,
                until_us=None if length is None else start + length,
                note="",
                by="alice",
            )
            self.propose(node, PauseJobs(pause=pause))

    def _restart(self, node: SimNode) -> None:
        """Back from a snapshot of another time, then the log; everything in memory is gone."""
        donor = self.random.choice([n for n in self.nodes if n.up])
        data, applied = donor.replica.snapshot(), donor.applied
        node.replica = self._replica()
        node.replica.subscribe(lambda committed: self._committed(node, committed))
        node.replica.restore(data, applied)
        node.applied, node.epoch, node.queue = applied, 0, DueQueue()
        node.incarnation += 1
        node.up = True

    # ---- what must hold -------------------------------------------------------------------------

    def repeat(self) -> str:
        """The line that repeats this run."""
        return f"CHRONOS_SEED={self.seed} pytest tests/simulation/test_seeds.py"

    def check_finished(self) -> None:
        """Every fire time is decided exactly once, policies held, and nothing due is left over."""
        specs = {job.id: job for job in self.jobs}
        claims: Counter[tuple[str, Instant]] = Counter()
        skipped: dict[str, list[tuple[Instant, Instant]]] = {job: [] for job in specs}
        running: dict[str, set[str]] = {job: set() for job in specs}
        attempts: Counter[str] = Counter()
        pauses: dict[str, Pause] = {}
        filled: dict[str, list[Instant]] = {}
        for index in sorted(self.history):
            for event in self.history[index].events:
                if isinstance(event, AttemptBegun | ExecutionAdded) and event.claimed:
                    execution = event.execution
                    job = self.nodes[0].replica.view.job(execution.job_id)
                    assert job is not None
                    held = pause_of(pauses.values(), job, execution.scheduled_us)
                    assert held is None, f"{execution.id} ran in a pause: {self.repeat()}"
                if isinstance(event, AttemptBegun):
                    execution = event.execution
                    attempts[execution.id] += 1
                    guarantee = specs[execution.job_id].spec.guarantee
                    if guarantee is Guarantee.AT_MOST_ONCE:  # all that fails here is in doubt
                        assert attempts[execution.id] == 1, f"sent again: {self.repeat()}"
                    if guarantee is Guarantee.EFFECT_ONCE and attempts[execution.id] > 1:
                        assert execution.asks_first, f"sent unasked: {self.repeat()}"
                    if event.claimed:
                        claims[execution.job_id, execution.scheduled_us] += 1
                    running[execution.job_id].add(execution.id)
                    policy = specs[execution.job_id].spec.concurrency
                    if policy is not Concurrency.ALLOW:
                        assert len(running[execution.job_id]) == 1, f"overlap: {self.repeat()}"
                elif isinstance(event, ExecutionAdded):
                    running[event.execution.job_id].add(event.execution.id)
                    if event.claimed:
                        claims[event.execution.job_id, event.execution.scheduled_us] += 1
                    elif event.execution.backfill:
                        times = filled[event.execution.backfill]
                        times.append(event.execution.scheduled_us)
                elif isinstance(event, BackfillStarted):
                    filled[event.backfill.id] = []
                elif isinstance(event, JobsPaused | JobsResumed):
                    pauses[event.pause.id] = event.pause
                elif isinstance(event, ExecutionEnded):
                    running[event.execution.job_id].discard(event.execution.id)
                    assert event.execution.failures < 2, f"too many tries: {self.repeat()}"
                elif isinstance(event, FiresSkipped):
                    skipped[event.job.id].append((event.first_us, event.last_us))
        assert all(count == 1 for count in self.sent.values()), f"sent twice: {self.repeat()}"
        for identity, times in filled.items():
            assert times == self.backfills[identity], f"{identity} ran {times}: {self.repeat()}"
        for backfill in self.nodes[0].replica.view.backfills():
            assert backfill.state is BackfillState.DONE, f"{backfill} never ends: {self.repeat()}"
            assert backfill.succeeded + backfill.failed == backfill.total, self.repeat()
        for job in self.jobs:
            end = self.nodes[0].replica.view.next_us(job.id)
            assert end is not None
            assert end > self.now - 3 * SECOND, f"{job.id} stands still: {self.repeat()}"
            schedule = schedule_of(job.spec.timing, job.id)
            for at in schedule.between(START, end - 1):
                ways = claims[job.id, at]
                ways += sum(first <= at <= last for first, last in skipped[job.id])
                assert ways == 1, f"{job.id} at {at} decided {ways} times: {self.repeat()}"
        for execution in self.nodes[0].replica.view.open_executions():
            age = self.now - (execution.due_us or execution.scheduled_us)
            waits = execution.status is Status.PENDING
            assert age < 50 * SECOND, f"{execution.id} never ends ({waits=}): {self.repeat()}"
