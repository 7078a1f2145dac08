"""Runs attempts: libcurl's multi interface on a thread of its own, within bounds.

Requests come from the tick thread and results leave in groups; the only shared things are two
deques and a wake-up. A request that may not be sent because the leader's lease is in doubt waits:
either the lease is renewed, or leadership is lost and `forget` drops what waits, for the next
leader tries it again.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pycurl
import structlog

from engine.core.clock import Clock
from engine.core.ids import ExecutionId, Instant
from engine.dispatch.dispatcher import Request
from engine.dispatch.protocols import http
from engine.dispatch.waiting import Waiting
from engine.model.execution import AttemptOutcome, AttemptResult

log = structlog.get_logger(__name__)

_EPOLL = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}
IDLE_S = 1.0
LEASE_S = 0.02
IDLE_HANDLES_MAX = 2000
STARTS_A_TURN = 64
"""So many transfers are begun before answers are looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """Bounds of one node's dispatch.

    `per_target_max` counts attempts at one host and port. `per_job_max` 0 means no bound beyond
    the job's own concurrency policy.
    """

    in_flight_max: int = 1000
    per_target_max: int = 256
    per_job_max: int = 0
    response_bytes_max: int = 4096
    connect_us_max: int = 30_000_000
    idle_connections_max: int = 100
    idle_connection_us_max: int = 90_000_000


@dataclass(slots=True)
class _Transfer:
    request: Request
    handle: Any
    body: http.Body
    started_us: Instant


class Worker:
    """See the module; every method may be called from any thread.

    Args:
        limits: bounds; what exceeds them waits, soonest fire time first.
        clock: wall time of attempts.
        may_send: whether this node's leadership is certain right now; asked before each send.
        on_results: takes what ended in one turn of the loop, in the worker's thread.
    """

    def __init__(
        self,
        *,
        limits: WorkerLimits,
        clock: Clock,
        may_send: Callable[[], bool],
        on_results: Callable[[list[AttemptResult]], None],
    ):
        self._limits = limits
        self._clock = clock
        self._may_send = may_send
        self._on_results = on_results
        self._inbox: deque[Callable[[], None]] = deque()
        self._waiting = Waiting(
            per_job_max=limits.per_job_max, per_target_max=limits.per_target_max
        )
        self._running: dict[Any, _Transfer] = {}
        self._by_execution: dict[ExecutionId, Any] = {}
        self._idle_handles: list[Any] = []
        self._timer_us: int | None = None
        self._multi = self._new_multi()
        self._stopping = threading.Event()
        self._aborting = threading.Event()
        self._wake_lock = threading.Lock()
        self._closed = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._epoll = select.epoll()
        self._epoll.register(self._wake_read, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name="dispatch", daemon=True)

    @property
    def in_flight(self) -> int:
        """Attempts that are at their targets."""
        return len(self._running)

    @property
    def queued(self) -> int:
        """Attempts that wait for a place or for the lease."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self, grace_us: int) -> None:
        """Send nothing new, give what is under way `grace_us` microseconds, then abort it.

        What is aborted or was waiting is not reported: its next leader tries it again. Calls
        after this one do nothing.
        """
        self._stopping.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(grace_us / 1e6)
            self._aborting.set()
            self._wake()
            self._thread.join()
        with self._wake_lock:
            if not self._closed:
                self._closed = True
                os.close(self._wake_read)
                os.close(self._wake_write)

    def submit(self, requests: Sequence[Request]) -> None:
        """Take attempts to make; never blocks."""
        self._tell(lambda: self._take(requests))

    def cancel(self, execution_id: ExecutionId) -> None:
        """Abort or forget an attempt; nothing is reported of it."""
        self._tell(lambda: self._cancel(execution_id))

    def forget(self) -> None:
        """Drop what waits: leadership is lost. What was sent already is still reported."""
        self._tell(self._waiting.clear)

    # ---- the worker's thread --------------------------------------------------------------------

    def _tell(self, order: Callable[[], None]) -> None:
        self._inbox.append(order)
        self._wake()

    def _wake(self) -> None:
        # Under a lock: a closed descriptor's number may belong to a file of somebody else by now.
        with self._wake_lock:
            if not self._closed:
                with contextlib.suppress(BlockingIOError):  # full: it is awake already
                    os.write(self._wake_write, b"x")

    def _new_multi(self) -> Any:
        multi = pycurl.CurlMulti()
        # Libcurl counts connections in use, too: with room for idle ones only, a burst would close
        # each connection after one request.
        kept = self._limits.in_flight_max + self._limits.idle_connections_max
        multi.setopt(pycurl.M_MAXCONNECTS, kept)
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        return multi

    def _watch(self, what: int, descriptor: int, _multi: Any, _data: Any) -> None:
        """Libcurl tells which sockets it wants to hear of."""
        if what == pycurl.POLL_REMOVE:
            with contextlib.suppress(OSError):  # closed, and so forgotten by epoll already
                self._epoll.unregister(descriptor)
            return
        mask = _EPOLL[what]
        try:
            self._epoll.modify(descriptor, mask)
        except OSError:
            self._epoll.register(descriptor, mask)

    def _set_timer(self, timeout_ms: int) -> None:
        now = self._clock.monotonic_us()
        self._timer_us = None if timeout_ms < 0 else now + timeout_ms * 1000

    def _run(self) -> None:
        while not self._aborting.is_set():
            try:
                self._turn()
            except Exception:
                log.exception("dispatch turn failed")
            if self._stopping.is_set() and not self._running:
                break
        for transfer in tuple(self._running.values()):
            self._release(transfer)
        self._multi.close()
        self._epoll.close()

    def _turn(self) -> None:
        while self._inbox:
            self._inbox.popleft()()
        held = self._begin()
        self._drive(self._wait_s(held))
        results = self._collect()
        if results:
            self._on_results(results)

    def _wait_s(self, held: bool) -> float:
        """How long nothing will need us; -1 would be for ever, so there is a bound."""
        if self._inbox or (self._waiting.ready and not held and self._has_room()):
            return 0.0
        wait = LEASE_S if held else IDLE_S
        if self._timer_us is None:
            return wait
        return max(0.0, min(wait, (self._timer_us - self._clock.monotonic_us()) / 1e6))

    def _drive(self, wait_s: float) -> None:
        """Let libcurl work on what is ready, or due."""
        multi = self._multi
        for descriptor, mask in self._epoll.poll(wait_s):
            if descriptor == self._wake_read:
                os.read(self._wake_read, 65536)
                continue
            wants = pycurl.CSELECT_IN if mask & select.EPOLLIN else 0
            wants |= pycurl.CSELECT_OUT if mask & select.EPOLLOUT else 0
            wants |= pycurl.CSELECT_ERR if mask & (select.EPOLLERR | select.EPOLLHUP) else 0
            multi.socket_action(descriptor, wants)
        if self._timer_us is not None and self._timer_us <= self._clock.monotonic_us():
            self._timer_us = None
            multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def _has_room(self) -> bool:
        return len(self._running) < self._limits.in_flight_max

    def _take(self, requests: Sequence[Request]) -> None:
        for request in requests:
            self._waiting.add(request)

    def _begin(self) -> bool:
        """Start what the bounds allow; True if something waits for the lease."""
        if self._stopping.is_set():
            self._waiting.clear()
        for _ in range(STARTS_A_TURN):
            if not self._waiting.ready or not self._has_room():
                break
            if not self._may_send():
                return True
            request = self._waiting.take()
            if request is None:
                break
            self._start(request)
        return False

    def _start(self, request: Request) -> None:
        handle = self._idle_handles.pop() if self._idle_handles else pycurl.Curl()
        body = http.Body(self._limits.response_bytes_max)
        started_us = self._clock.now_us()
        try:
            http.prepare(
                handle,
                request,
                body,
                connect_us_max=self._limits.connect_us_max,
                idle_us_max=self._limits.idle_connection_us_max,
            )
        except (pycurl.error, UnicodeError, ValueError, TypeError) as error:
            self._waiting.done(request)
            self._on_results([_unsendable(request, started_us, error)])
            return
        transfer = _Transfer(request, handle, body, started_us)
        self._running[handle] = transfer
        self._by_execution[request.execution.id] = handle
        self._multi.add_handle(handle)

    def _collect(self) -> list[AttemptResult]:
        results = []
        while True:
            left, good, bad = self._multi.info_read()
            ended: list[tuple[Any, tuple[int, str] | None]] = [(handle, None) for handle in good]
            ended += [(handle, (number, text)) for handle, number, text in bad]
            for handle, fault in ended:
                transfer = self._running.get(handle)
                if transfer is not None:
                    results.append(self._conclude(transfer, fault))
                    self._release(transfer)
            if not left:
                return results

    def _conclude(self, transfer: _Transfer, fault: tuple[int, str] | None) -> AttemptResult:
        return http.conclude(
            transfer.handle,
            transfer.request,
            transfer.body,
            started_us=transfer.started_us,
            fault=fault,
        )

    def _release(self, transfer: _Transfer) -> None:
        handle, execution = transfer.handle, transfer.request.execution
        self._multi.remove_handle(handle)
        del self._running[handle]
        if self._by_execution.get(execution.id) is handle:
            del self._by_execution[execution.id]
        self._waiting.done(transfer.request)
        handle.reset()
        if len(self._idle_handles) < IDLE_HANDLES_MAX:
            self._idle_handles.append(handle)

    def _cancel(self, execution_id: ExecutionId) -> None:
        self._waiting.drop(execution_id)
        handle = self._by_execution.get(execution_id)
        if handle is not None:
            self._release(self._running[handle])


def _unsendable(request: Request, at: Instant, error: Exception) -> AttemptResult:
    return AttemptResult(
        execution_id=request.execution.id,
        attempt=request.execution.attempt,
        outcome=AttemptOutcome.FAILED,
        started_us=at,
        finished_us=at,
        error=f"the request cannot be sent: {error}",
    )
