"""HTTP on libcurl's multi interface: TLS, HTTP/2, proxies, and whatever else is not plain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pycurl
import structlog

from engine.core.clock import Clock
from engine.core.ids import Instant
from engine.dispatch import transfer
from engine.dispatch.dispatcher import Request, Unsendable, WorkerLimits
from engine.dispatch.prepared import Prepared
from engine.dispatch.reactor import FAULT, READ, WRITE, Reactor
from engine.model.execution import AttemptOutcome, AttemptResult

log = structlog.get_logger(__name__)

IDLE_HANDLES_MAX = 2000

_MASKS = {pycurl.POLL_IN: READ, pycurl.POLL_OUT: WRITE, pycurl.POLL_INOUT: READ | WRITE}


@dataclass(slots=True)
class _Transfer:
    request: Request
    prepared: Prepared
    handle: Any
    answer: transfer.Answer
    started_us: Instant


class CurlHttp:
    """Carries attempts of any kind; connections are kept and used again per target."""

    def __init__(self, reactor: Reactor, limits: WorkerLimits, clock: Clock):
        self._reactor = reactor
        self._limits = limits
        self._clock = clock
        self._running: dict[Any, _Transfer] = {}
        self._idle_handles: list[Any] = []
        self._multi: Any = pycurl.CurlMulti()
        # Libcurl counts connections in use, too: with room for idle ones only, a burst would close
        # each connection after one request.
        kept = limits.in_flight_max + limits.idle_connections_max
        self._multi.setopt(pycurl.M_MAXCONNECTS, kept)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def begin(self, request: Request, prepared: Prepared) -> None:
        """Hand the request to libcurl, which connects and sends as sockets allow.

        Raises:
            Unsendable: libcurl does not take the URL or a header.
        """
        started_us = self._clock.now_us()
        handle = self._idle_handles.pop() if self._idle_handles else pycurl.Curl()
        answer = transfer.Answer(self._limits.response_bytes_max)
        try:
            transfer.prepare(
                handle,
                request,
                prepared,
                answer,
                connect_us_max=self._limits.connect_us_max,
                idle_us_max=self._limits.idle_connection_us_max,
            )
        except (pycurl.error, UnicodeError, ValueError, TypeError) as error:
            raise Unsendable(str(error)) from error
        self._running[handle] = _Transfer(request, prepared, handle, answer, started_us)
        self._multi.add_handle(handle)

    def collect(self) -> list[AttemptResult]:
        """What libcurl has finished since the last call."""
        results = []
        while True:
            left, good, bad = self._multi.info_read()
            ended: list[tuple[Any, tuple[int, str] | None]] = [(handle, None) for handle in good]
            ended += [(handle, (number, text)) for handle, number, text in bad]
            for handle, fault in ended:
                running = self._running.get(handle)
                if running is not None:
                    results.append(self._conclude(running, fault))
                    self._release(handle)
            if not left:
                return results

    def _conclude(self, running: _Transfer, fault: tuple[int, str] | None) -> AttemptResult:
        try:
            return transfer.conclude(
                running.handle,
                running.request,
                running.prepared,
                running.answer,
                started_us=running.started_us,
                fault=fault,
            )
        except Exception as error:
            # Whatever one target sent that we cannot read: its attempt ends, and the others go on.
            log.exception("an answer could not be read", execution=running.request.execution.id)
            return AttemptResult(
                execution_id=running.request.execution.id,
                attempt=running.request.execution.attempt,
                outcome=AttemptOutcome.FAILED,
                started_us=running.started_us,
                finished_us=self._clock.now_us(),
                error=f"the answer could not be read: {type(error).__name__}",
            )

    def abort(self, request: Request) -> bool:
        """Close the transfer's connection, or take it out of libcurl's queue; if it was here."""
        wanted = request.execution
        for handle, running in self._running.items():
            execution = running.request.execution
            if execution.id == wanted.id and execution.attempt == wanted.attempt:
                self._release(handle)
                return True
        return False

    def close(self) -> None:
        """Abort all transfers and close all connections."""
        for handle in tuple(self._running):
            self._release(handle)
        self._multi.close()

    def _release(self, handle: Any) -> None:
        self._multi.remove_handle(handle)
        del self._running[handle]
        handle.reset()
        if len(self._idle_handles) < IDLE_HANDLES_MAX:
            self._idle_handles.append(handle)

    # ---- called by libcurl and by the reactor ---------------------------------------------------

    def _watch(self, what: int, descriptor: int, _multi: Any, _data: Any) -> None:
        if what == pycurl.POLL_REMOVE:
            self._reactor.unwatch(descriptor)
        else:
            self._reactor.watch(descriptor, _MASKS[what], self._ready)

    def _set_timer(self, wait_ms: int) -> None:
        self._reactor.call_after(None if wait_ms < 0 else wait_ms * 1000, self._timed_out)

    def _ready(self, descriptor: int, mask: int) -> None:
        wants = pycurl.CSELECT_IN if mask & READ else 0
        wants |= pycurl.CSELECT_OUT if mask & WRITE else 0
        wants |= pycurl.CSELECT_ERR if mask & FAULT else 0
        self._multi.socket_action(descriptor, wants)

    def _timed_out(self) -> None:
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
