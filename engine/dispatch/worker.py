"""Runs attempts within bounds, on a thread of its own, by whichever protocol a job names.

Requests come from the tick thread and results leave in groups; what other threads say arrives as
orders of the reactor. A request that may not be sent because the leader's lease is in doubt waits:
either the lease is renewed, or leadership is lost and `forget` drops what waits, for the next
leader tries it again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

import structlog
from msgspec import structs

from engine.core.clock import Clock
from engine.core.ids import ExecutionId, Instant
from engine.core.registry import UnknownName
from engine.dispatch.dispatcher import (
    Dispatcher,
    Ended,
    MakeDispatcher,
    Request,
    Unsendable,
    WorkerLimits,
    dispatchers,
    result_of,
)
from engine.dispatch.reactor import Reactor
from engine.dispatch.waiting import Taken, Waiting
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.model.job import Job

log = structlog.get_logger(__name__)

IDLE_S = 1.0
LEASE_S = 0.02
STARTS_A_TURN = 64
"""So many attempts are begun before sockets are looked at again."""
FIRST_STARTS = 8
"""So many in the first turn of a burst, and twice as many in each that follows: the first request
leaves before connections were opened for many others."""
EXPECTED_A_TURN = 20
"""So many jobs are made ready at a time, while nothing waits to be sent."""

REPORT_US = 300_000
"""So long what has ended waits for its report while attempts can be begun: sending comes first."""
REPORTS_A_TURN = 500
"""So many are made before sockets are looked at again."""

LOOK_US = 1_000_000
OVERRUN_US = 5_000_000
"""So long past its job's time-out an attempt is its protocol's to end; then it is the worker's."""

ABORT_S = 5.0

Attempt = tuple[ExecutionId, int]
"""Two attempts of an execution can be under way: one of a leadership that was lost and found."""


class Worker:
    """See the module; every public method may be called from any thread.

    Args:
        limits: bounds; what exceeds them waits, soonest fire time first.
        clock: wall time of attempts.
        may_send: whether this node's leadership is certain right now; asked before each send.
        on_results: takes what ended in one turn of the loop, in the worker's thread.
        own: protocols of this node that need more than the registry gives them.
    """

    def __init__(
        self,
        *,
        limits: WorkerLimits,
        clock: Clock,
        may_send: Callable[[], bool],
        on_results: Callable[[list[AttemptResult]], None],
        own: Mapping[str, MakeDispatcher] = MappingProxyType({}),
    ):
        self._limits = limits
        self._clock = clock
        self._may_send = may_send
        self._on_results = on_results
        self._own = own
        self._waiting = Waiting(
            per_job_max=limits.per_job_max, per_target_max=limits.per_target_max
        )
        self._running: dict[Attempt, Taken] = {}
        self._unreported: dict[Attempt, tuple[Request, AttemptResult | Ended]] = {}
        self._starts = FIRST_STARTS
        self._report_by_us = 0
        self._look_us = 0
        self._since_us: Instant | None = None
        self._expected: deque[Job] = deque()
        self._reactor = Reactor(clock)
        self._dispatchers: dict[str, Dispatcher] = {}
        self._stopping = threading.Event()
        self._aborting = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)
        self.turns = 0
        """Grows at least once in `IDLE_S` while the thread is well."""

    @property
    def in_flight(self) -> int:
        """Attempts that are at their targets."""
        return len(self._running)

    @property
    def unreported(self) -> int:
        """Attempts that have ended, and whose results nobody was given."""
        return len(self._unreported)

    @property
    def queued(self) -> int:
        """Attempts that wait for a place or for the lease."""
        return len(self._waiting)

    @property
    def waiting_since_us(self) -> Instant | None:
        """When the attempt began that waits longest, as of the last second."""
        return self._since_us

    def holds(self, attempt: Attempt) -> bool:
        """Whether an attempt waits here, is under way, or may be among what was just handed over.

        One that has ended is the business of whoever took the results.
        """
        return (
            attempt in self._running
            or attempt in self._unreported
            or attempt[0] in self._waiting
            or self._reactor.has_orders
        )

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, grace_us: int) -> None:
        """Send nothing new, give what is under way `grace_us` microseconds, then abort it.

        What is aborted or was waiting is not reported: its next leader tries it again. Calls
        after this one do nothing.
        """
        self._stopping.set()
        self._reactor.wake()
        if self._thread.ident is not None:
            self._thread.join(grace_us / 1e6)
            self._aborting.set()
            self._reactor.wake()
            self._thread.join(ABORT_S)
        if self._thread.is_alive():
            log.error("the dispatch thread hangs; it is left behind")
        else:
            self._reactor.close()

    def submit(self, requests: Sequence[Request]) -> None:
        """Take attempts to make; never blocks."""
        self._reactor.order(lambda: self._take(requests))

    def expect(self, jobs: Sequence[Job]) -> None:
        """Hear of jobs that are about to fire; never blocks."""
        self._reactor.order(lambda: self._expected.extend(jobs))

    def cancel(self, execution_id: ExecutionId) -> None:
        """Abort or forget an attempt; nothing is reported of it."""
        self._reactor.order(lambda: self._cancel(execution_id))

    def forget(self) -> None:
        """Drop what waits: leadership is lost. What was sent already is still reported."""
        self._reactor.order(self._expected.clear)
        self._reactor.order(self._waiting.clear)

    # ---- the worker's thread --------------------------------------------------------------------

    def _run(self) -> None:
        while not self._aborting.is_set():
            try:
                self._turn()
            except Exception:
                log.exception("dispatch turn failed")
            if self._stopping.is_set() and not self._running:
                break
        self._report([], len(self._unreported))
        for dispatcher in self._dispatchers.values():
            dispatcher.close()

    def _turn(self) -> None:
        self.turns += 1
        self._reactor.obey()
        refused = self._look()
        held = self._begin(refused)
        if self._expected and not self._waiting.ready:
            self._make_ready()
        self._reactor.wait(0.0 if refused else self._wait_s(held))
        self._collect()
        is_late = self._reactor.woke_us >= self._report_by_us
        self._report(refused, REPORTS_A_TURN if is_late or not self._can_begin(held) else 0)

    def _wait_s(self, held: bool) -> float:
        """How long nothing will need us; -1 would be for ever, so there is a bound."""
        if self._reactor.has_orders or self._expected or self._unreported or self._can_begin(held):
            return 0.0
        return LEASE_S if held else IDLE_S

    def _can_begin(self, held: bool) -> bool:
        return self._waiting.ready and not held and self._room() > 0

    def _room(self) -> int:
        return self._limits.in_flight_max - len(self._running)

    def _take(self, requests: Sequence[Request]) -> None:
        for request in requests:
            try:
                target = self._dispatcher(request.job.spec.protocol).target(request)
            except UnknownName as error:
                self._on_results([self._unsendable(request, error)])
            except Exception as error:  # the protocol's own fault, which must not stop the others
                log.exception("a protocol failed", protocol=request.job.spec.protocol)
                self._on_results([self._unsendable(request, error)])
            else:
                self._waiting.add(request, target)

    def _make_ready(self) -> None:
        for _ in range(min(EXPECTED_A_TURN, len(self._expected))):
            job = self._expected.popleft()
            try:
                self._dispatcher(job.spec.protocol).expect(job)
            except Exception as error:  # nothing is lost by it; its attempt will tell
                log.warning("a job was not made ready", job=job.id, error=str(error))

    def _dispatcher(self, protocol: str) -> Dispatcher:
        dispatcher = self._dispatchers.get(protocol)
        if dispatcher is None:
            make = self._own.get(protocol) or dispatchers.get(protocol)
            dispatcher = make(self._reactor, self._limits, self._clock, self._may_send)
            self._dispatchers[protocol] = dispatcher
        return dispatcher

    def _begin(self, refused: list[AttemptResult]) -> bool:
        """Start what the bounds allow; True if something waits for the lease."""
        if self._stopping.is_set():
            self._waiting.clear()
        monotonic_us = self._clock.monotonic_us()
        started_us = self._reactor.wall_us(monotonic_us)
        for _ in range(min(self._starts, self._room())):
            if not self._waiting.ready:
                break
            if not self._may_send():
                return True
            taken = self._waiting.take()
            if taken is None:
                break
            request = taken.request
            spec = request.job.spec
            try:
                self._dispatcher(spec.protocol).begin(request)
            except Unsendable as error:
                self._waiting.done(taken)
                refused.append(self._unsendable(request, error))
            except Exception as error:
                log.exception("a protocol failed", protocol=spec.protocol)
                self._abort(taken)
                reason = f"its protocol failed while sending: {type(error).__name__}: {error}"
                refused.append(self._ended(request, AttemptOutcome.FAILED, reason))
            else:
                # Exact enough for whole seconds past its time-out.
                taken.started_us = started_us
                taken.until_us = monotonic_us + spec.timeout_us + OVERRUN_US
                self._running[_attempt(request)] = taken
        self._starts = min(STARTS_A_TURN, 2 * self._starts) if self._waiting else FIRST_STARTS
        return False

    def _collect(self) -> None:
        """Free the places of what has ended."""
        for protocol, dispatcher in self._dispatchers.items():
            try:
                ended = dispatcher.collect()
            except Exception:
                log.exception(
                    "a protocol failed; what it holds ends by its time-out", name=protocol
                )
                continue
            for one in ended:
                attempt = one.execution_id, one.attempt
                taken = self._running.get(attempt)
                if taken is None:
                    log.error("a protocol reported what it does not hold", name=protocol)
                    continue
                if not self._unreported:
                    self._report_by_us = self._reactor.woke_us + REPORT_US
                self._unreported[attempt] = taken.request, one
                del self._running[attempt]
                self._waiting.done(taken)

    def _report(self, refused: list[AttemptResult], most: int) -> None:
        """Hand over what was refused, and the results of `most` attempts that have ended."""
        attempts = list(islice(self._unreported, most))
        results = refused + [self._result(*self._unreported[attempt]) for attempt in attempts]
        if results:
            self._on_results(results)
        for attempt in attempts:  # held until others hold it
            del self._unreported[attempt]

    def _result(self, request: Request, ended: AttemptResult | Ended) -> AttemptResult:
        try:
            return result_of(ended)
        except Exception as error:
            log.exception("a protocol failed", protocol=request.job.spec.protocol)
            reason = f"its protocol failed to report: {type(error).__name__}: {error}"
            return self._ended(request, AttemptOutcome.FAILED, reason)

    def _look(self) -> list[AttemptResult]:
        """Now and then: end what its protocol should have ended, and see how long the queue is."""
        now = self._clock.monotonic_us()
        if now < self._look_us:
            return []
        self._look_us = now + LOOK_US
        self._since_us = self._waiting.since_us()
        overdue = [key for key, taken in self._running.items() if taken.until_us <= now]
        results = []
        for taken in [self._running.pop(key) for key in overdue]:
            self._abort(taken)
            reason = "its protocol did not end it within the job's time-out"
            ended = self._ended(taken.request, AttemptOutcome.TIMEOUT, reason)
            results.append(structs.replace(ended, started_us=taken.started_us))
        return results

    def _cancel(self, execution_id: ExecutionId) -> None:
        self._waiting.drop(execution_id)
        for attempt in [attempt for attempt in self._running if attempt[0] == execution_id]:
            self._abort(self._running.pop(attempt))

    def _abort(self, taken: Taken) -> None:
        """Let its protocol go of an attempt, and free its place whatever that comes to."""
        try:
            self._dispatcher(taken.request.job.spec.protocol).abort(taken.request)
        except Exception:
            log.exception("a protocol failed", protocol=taken.request.job.spec.protocol)
        self._waiting.done(taken)

    def _unsendable(self, request: Request, error: Exception) -> AttemptResult:
        reason = f"the request cannot be sent: {error}"
        return structs.replace(self._ended(request, AttemptOutcome.FAILED, reason), reached=False)

    def _ended(self, request: Request, outcome: AttemptOutcome, reason: str) -> AttemptResult:
        """What the worker reports where a protocol could not."""
        at = self._clock.now_us()
        return AttemptResult(
            execution_id=request.execution.id,
            attempt=request.execution.attempt,
            outcome=outcome,
            started_us=at,
            finished_us=at,
            error=reason,
        )


def _attempt(request: Request) -> Attempt:
    return request.execution.id, request.execution.attempt
