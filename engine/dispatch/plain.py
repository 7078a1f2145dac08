"""HTTP/1.1 over sockets of our own: what most webhooks are, at the least cost a request.

Connections are kept per place and used again. A request that meets one which the target is closing
goes out on a fresh one if nothing of it had left, or if the job is sent at least once: most likely
nobody read it, but what left may have been carried out, and that is the job's guarantee to judge.
"""

from __future__ import annotations

import os
import socket
from collections import defaultdict
from functools import partial
from typing import Final

import msgspec
import structlog

from engine.core.clock import Clock
from engine.core.ids import ExecutionId, Instant
from engine.dispatch.answer import Answer, BadAnswer
from engine.dispatch.deadlines import Deadlines
from engine.dispatch.dispatcher import Ended, Request, WorkerLimits
from engine.dispatch.headers import identity
from engine.dispatch.lookup import Address, Lookup
from engine.dispatch.prepared import Place, Prepared
from engine.dispatch.reactor import FAULT, READ, WRITE, Reactor
from engine.dispatch.recording import NOTHING, Fault, Received, Times, attempt_result, timed_out
from engine.model.execution import AttemptOutcome
from engine.model.job import Guarantee

log = structlog.get_logger(__name__)

NEXT_ADDRESS_US: Final = 250_000
"""So long an address has to connect where the name has more of them."""

READ_BYTES: Final = 65_536
_READABLE: Final = READ | FAULT
_FAILED = AttemptOutcome.FAILED
_CLOSED: Final = (_FAILED, "the server closed without an answer")
_PARTIAL: Final = (_FAILED, "the connection broke before the whole answer came")


class Exchange(msgspec.Struct, eq=False):
    """One attempt on its way: times are monotonic microseconds, 0 for what did not happen yet."""

    request: Request
    prepared: Prepared
    key: tuple[ExecutionId, int]
    answer: Answer
    started_us: Instant
    begun_us: int
    connect_from_us: int = 0
    connect_by_us: int = 0
    found_us: int = 0
    connected_us: int = 0
    sent_us: int = 0
    first_us: int = 0
    slot: int = 0
    reused: bool = False
    resent: bool = False
    addresses: list[Address] = []
    connection: Connection | None = None


class Connection:
    """A socket to one place, and the exchange that it carries."""

    __slots__ = (
        "_client",
        "_socket",
        "_unsent",
        "descriptor",
        "exchange",
        "idle_since_us",
        "idle_us_max",
        "place",
    )

    def __init__(self, client: PlainHttp, place: Place, own: socket.socket, exchange: Exchange):
        self._client = client
        self._socket = own
        self._unsent = b""
        self.place = place
        self.descriptor = own.fileno()
        self.exchange: Exchange | None = exchange
        self.idle_since_us = 0
        self.idle_us_max = 0

    def close(self) -> None:
        """Give the socket back."""
        self._client.reactor.unwatch(self.descriptor)
        self._socket.close()

    def watch_connecting(self) -> None:
        """Wait until the socket is connected, or is not going to be."""
        self._client.reactor.watch(self.descriptor, WRITE, self._connecting)

    def _connecting(self, _descriptor: int, _mask: int) -> None:
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        assert self.exchange is not None
        if error:
            self._client.not_connected(self.exchange, error)
        else:
            self._client.connected(self.exchange)

    def watch_answers(self) -> None:
        """From here on whatever the target sends is read."""
        self._client.reactor.watch(self.descriptor, READ, self.ready)

    def send(self, data: bytes) -> int | None:
        """Send, now and as the socket allows: how much left at once; None where it is dead."""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return None
        if sent < len(data):
            self._unsent = data[sent:]
            self._client.reactor.watch(self.descriptor, READ | WRITE, self.ready)
        return sent

    @property
    def is_quiet(self) -> bool:
        """Whether all of the request left."""
        return not self._unsent

    def ready(self, _descriptor: int, mask: int) -> None:
        """The socket can be read or written, or is broken."""
        exchange = self.exchange
        if exchange is None:
            self._client.drop_idle(self)  # closed, or speaks out of turn
            return
        if mask & WRITE:
            self._send_more(exchange)
        if mask & _READABLE and self.exchange is exchange:
            self._receive(exchange)

    def _send_more(self, exchange: Exchange) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError as error:
            # It may have answered before it stopped listening.
            self._unsent = b""
            self.watch_answers()
            if not exchange.sent_us:
                self._client.broke(exchange, _broken("sending", error))
            return
        self._client.note_sent(exchange)
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self.watch_answers()

    def _receive(self, exchange: Exchange) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._client.broke(exchange, _broken("reading", error))
            return
        if data:
            self._client.received(exchange, data)
        elif exchange.answer.ends_with_connection:
            self._client.finished(exchange, None, self._client.reactor.woke_us)
        else:
            self._client.broke(exchange, _PARTIAL if exchange.first_us else _CLOSED)


class PlainHttp:
    """Carries attempts whose `Prepared` has a place. Used in the reactor's thread only."""

    def __init__(self, reactor: Reactor, limits: WorkerLimits, clock: Clock):
        self.reactor = reactor
        self._limits = limits
        self._clock = clock
        self._running: dict[tuple[ExecutionId, int], Exchange] = {}
        self._idle: defaultdict[Place, list[Connection]] = defaultdict(list)
        self._idle_count = 0
        # With room for idle ones only, a burst would close each connection after one request.
        self._idle_max = limits.in_flight_max + limits.idle_connections_max
        self._ended: list[Ended] = []
        self._deadlines: Deadlines[Exchange] = Deadlines(reactor, clock, self._due)
        self._lookup = Lookup(reactor, clock)

    def begin(self, request: Request, prepared: Prepared) -> None:
        """Send on a connection that is there, or connect first."""
        assert prepared.place is not None
        now_us = self._clock.monotonic_us()
        bodiless = prepared.webhook.method == "HEAD"
        answer = Answer(self._limits.response_bytes_max, bodiless=bodiless)
        key, started_us = _key(request), self.reactor.wall_us(now_us)
        exchange = Exchange(request, prepared, key, answer, started_us, now_us)
        self._running[key] = exchange
        idle = self._idle[prepared.place]
        while idle:
            connection = idle.pop()
            self._idle_count -= 1
            if now_us - connection.idle_since_us < connection.idle_us_max:
                connection.exchange, exchange.connection = exchange, connection
                sent = connection.send(_message(request, prepared))
                if sent is not None:
                    exchange.reused = True
                    exchange.sent_us = now_us if sent else 0
                    self._await(exchange, now_us)
                    return
                exchange.connection = None
            connection.close()
        self._connect(exchange, now_us)

    def collect(self) -> list[Ended]:
        """What has ended since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def abort(self, request: Request) -> bool:
        """Close the attempt's connection; whether it was here."""
        exchange = self._running.get(_key(request))
        if exchange is None:
            return False
        self._forget(exchange)
        self._close(exchange)
        return True

    def close(self) -> None:
        """Abort everything, close all connections."""
        for exchange in tuple(self._running.values()):
            self._forget(exchange)
            self._close(exchange)
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()
        self._lookup.close()

    # ---- connecting -----------------------------------------------------------------------------

    def _connect(self, exchange: Exchange, now_us: int) -> None:
        place = exchange.prepared.place
        assert place is not None
        exchange.connect_from_us = now_us
        exchange.connect_by_us = now_us + self._limits.connect_us_max
        self._await(exchange, now_us)
        self._lookup.find(place, lambda addresses, fault: self._found(exchange, addresses, fault))

    def _found(self, exchange: Exchange, addresses: list[Address], fault: str) -> None:
        if self._running.get(exchange.key) is not exchange:
            return  # over while its host was looked up
        exchange.found_us = self._clock.monotonic_us()
        if not addresses:
            self.failed(exchange, (_FAILED, f"the host name does not resolve: {fault}"))
            return
        exchange.addresses = list(reversed(addresses))
        self._dial(exchange)

    def _dial(self, exchange: Exchange) -> None:
        family, address = exchange.addresses.pop()
        try:
            own = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            self.not_connected(exchange, error.errno or 0)
            return
        place = exchange.prepared.place
        assert place is not None
        exchange.connection = Connection(self, place, own, exchange)
        exchange.connect_by_us = exchange.connect_from_us + self._limits.connect_us_max
        if exchange.addresses:
            now_us = self._clock.monotonic_us()
            exchange.connect_by_us = min(exchange.connect_by_us, now_us + NEXT_ADDRESS_US)
            self._deadlines.remove(exchange, exchange.slot)
            self._await(exchange, now_us)
        own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            own.connect(address)
        except BlockingIOError:
            exchange.connection.watch_connecting()
        except OSError as error:
            self.not_connected(exchange, error.errno or 0)
        else:
            self.connected(exchange)

    def connected(self, exchange: Exchange) -> None:
        """The socket is connected: the request goes out."""
        connection = exchange.connection
        assert connection is not None
        now_us = exchange.connected_us = self._clock.monotonic_us()
        exchange.connect_by_us = 0
        connection.watch_answers()
        sent = connection.send(_message(exchange.request, exchange.prepared))
        if sent:
            exchange.sent_us = now_us
        elif sent is None:
            self.failed(exchange, (_FAILED, "the connection broke while sending"))

    def not_connected(self, exchange: Exchange, error: int) -> None:
        """The address refused; the name may have others."""
        self._close(exchange)
        if exchange.addresses:
            self._dial(exchange)
            return
        reason = f"connection refused or not reachable: {os.strerror(error)}"
        self.failed(exchange, (_FAILED, reason))

    # ---- what the target sends ------------------------------------------------------------------

    def received(self, exchange: Exchange, data: bytes) -> None:
        """Bytes of the answer."""
        if not exchange.first_us:
            exchange.first_us = self.reactor.woke_us
        try:
            over = exchange.answer.take(data)
        except BadAnswer as error:
            self.failed(exchange, (_FAILED, str(error)))
            return
        if over:
            self.finished(exchange, None, self.reactor.woke_us)

    def note_sent(self, exchange: Exchange) -> None:
        """Something of the request left."""
        exchange.sent_us = exchange.sent_us or self._clock.monotonic_us()

    def broke(self, exchange: Exchange, fault: Fault) -> None:
        """The connection is gone before the answer was whole."""
        guarantee = exchange.request.job.spec.guarantee
        if exchange.reused and not exchange.first_us and guarantee is Guarantee.AT_LEAST_ONCE:
            # It was closing as the request came: RFC 9112, section 9.3.1.
            exchange.reused, exchange.resent = False, True
            exchange.sent_us = 0
            self._close(exchange)
            self._deadlines.remove(exchange, exchange.slot)
            self._connect(exchange, self._clock.monotonic_us())
        else:
            self.failed(exchange, fault)

    def failed(self, exchange: Exchange, fault: Fault) -> None:
        """The exchange is over without a whole answer."""
        self.finished(exchange, fault, self._clock.monotonic_us())

    def finished(self, exchange: Exchange, fault: Fault | None, now_us: int) -> None:
        """The exchange is over: keep or close its connection, report it."""
        self._forget(exchange)
        answer, head = exchange.answer, exchange.answer.head
        connection = exchange.connection
        if (
            fault is None
            and head is not None
            and head.keeps
            and answer.clean
            and connection is not None
            and connection.is_quiet
        ):
            self._keep(connection, now_us, head.idle_us)
        else:
            self._close(exchange)
        received = NOTHING
        if head is not None:
            received = Received(head.status, head.shown, answer.body, answer.total, answer.cut)
        begun_us = exchange.begun_us
        times = Times(
            lookup_us=exchange.found_us - begun_us if exchange.found_us else 0,
            connected_us=exchange.connected_us - begun_us if exchange.connected_us else 0,
            secured_us=0,
            sent_us=exchange.sent_us - begun_us if exchange.sent_us else 0,
            first_us=exchange.first_us - begun_us if exchange.first_us else 0,
            total_us=now_us - begun_us,
        )
        result = partial(
            attempt_result,
            exchange.request,
            exchange.prepared,
            started_us=exchange.started_us,
            times=times,
            received=received,
            fault=fault,
            reached=exchange.sent_us > 0 or exchange.resent,
            resent=exchange.resent,
        )
        self._ended.append(Ended(*exchange.key, result))

    # ---- connections that are kept --------------------------------------------------------------

    def _keep(self, connection: Connection, now_us: int, idle_us: int) -> None:
        connection.exchange = None
        longest = self._limits.idle_connection_us_max
        connection.idle_us_max = min(idle_us, longest) if idle_us else longest
        connection.idle_since_us = now_us
        if self._idle_count >= self._idle_max:
            connection.close()
            return
        if not self._idle_count:
            self.reactor.call_after(longest, self._sweep)
        self._idle[connection.place].append(connection)
        self._idle_count += 1

    def drop_idle(self, connection: Connection) -> None:
        """A kept connection is of no use any more."""
        self._idle[connection.place].remove(connection)
        self._idle_count -= 1
        connection.close()

    def _sweep(self) -> None:
        """Close what has been idle for too long."""
        now_us, longest = self._clock.monotonic_us(), self._limits.idle_connection_us_max
        for place, idle in tuple(self._idle.items()):
            for connection in [one for one in idle if now_us - one.idle_since_us >= longest]:
                self.drop_idle(connection)
            if not idle:
                del self._idle[place]
        if self._idle_count:
            self.reactor.call_after(longest // 2, self._sweep)

    # ---- ending ---------------------------------------------------------------------------------

    def _await(self, exchange: Exchange, now_us: int) -> None:
        at_us = exchange.begun_us + exchange.request.job.spec.timeout_us
        if exchange.connect_by_us:
            at_us = min(at_us, exchange.connect_by_us)
        exchange.slot = self._deadlines.add(exchange, now_us, at_us)

    def _due(self, exchange: Exchange) -> None:
        now_us = self._clock.monotonic_us()
        total_us = now_us - exchange.begun_us
        is_over = total_us >= exchange.request.job.spec.timeout_us
        is_late = bool(exchange.connect_by_us) and now_us >= exchange.connect_by_us
        if is_over or (is_late and not exchange.addresses):
            self.failed(exchange, timed_out(total_us, reached=exchange.sent_us > 0))
        elif is_late:
            self._close(exchange)
            self._dial(exchange)
            if self._running.get(exchange.key) is exchange and not exchange.addresses:
                self._await(exchange, now_us)
        else:
            self._await(exchange, now_us)

    def _forget(self, exchange: Exchange) -> None:
        del self._running[exchange.key]
        self._deadlines.remove(exchange, exchange.slot)

    def _close(self, exchange: Exchange) -> None:
        connection, exchange.connection = exchange.connection, None
        if connection is not None:
            connection.close()


def _key(request: Request) -> tuple[ExecutionId, int]:
    return request.execution.id, request.execution.attempt


def _message(request: Request, prepared: Prepared) -> bytes:
    return prepared.head + identity(request).encode() + prepared.rest


def _broken(doing: str, error: OSError) -> Fault:
    return _FAILED, f"the connection broke while {doing}: {os.strerror(error.errno or 0)}"
