"""Host names to addresses, beside the thread that waits: the system's resolver blocks."""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from engine.core.clock import SECOND_US, Clock
from engine.dispatch.prepared import Place
from engine.dispatch.reactor import Reactor

KEPT_US: Final = 60 * SECOND_US
THREADS_MAX: Final = 8

Address = tuple[socket.AddressFamily, Any]
Found = Callable[[list[Address], str], None]
"""Takes the addresses, or none and why."""


class Lookup:
    """Finds addresses and keeps them for a minute; used in the reactor's thread."""

    def __init__(self, reactor: Reactor, clock: Clock):
        self._reactor = reactor
        self._clock = clock
        self._known: dict[Place, tuple[int, list[Address]]] = {}
        self._asked: dict[Place, list[Found]] = {}
        self._questions: queue.SimpleQueue[Place | None] = queue.SimpleQueue()
        self._threads = 0

    def find(self, place: Place, found: Found) -> None:
        """Call `found` with the addresses of a place: at once where they are known."""
        known = self._known.get(place)
        if known is None and (address := _literal(place)) is not None:
            known = self._known[place] = (1 << 62, [address])
        if known is not None and known[0] > self._clock.monotonic_us():
            found(known[1], "")
        elif (waiting := self._asked.get(place)) is not None:
            waiting.append(found)
        else:
            self._asked[place] = [found]
            if self._threads < min(THREADS_MAX, len(self._asked)):
                self._threads += 1
                # A daemon: a name server that does not answer must not hold up the exit.
                threading.Thread(target=self._run, name="lookup", daemon=True).start()
            self._questions.put(place)

    def close(self) -> None:
        """Let the threads end; what they find is not heard any more."""
        self._asked.clear()
        for _ in range(self._threads):
            self._questions.put(None)

    def _run(self) -> None:
        while (place := self._questions.get()) is not None:
            self._reactor.order(partial(self._answer, place, *_ask(place)))

    def _answer(self, place: Place, addresses: list[Address], fault: str) -> None:
        if addresses:
            self._known[place] = (self._clock.monotonic_us() + KEPT_US, addresses)
        for found in self._asked.pop(place, ()):
            found(addresses, fault)


def _ask(place: Place) -> tuple[list[Address], str]:
    try:
        found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return [], str(error)
    return [(family, address) for family, _, _, _, address in found], ""


def _literal(place: Place) -> Address | None:
    """The address of a host that is one already."""
    try:
        host = str(ipaddress.IPv4Address(place[0]))
    except ValueError:
        return None
    return socket.AF_INET, (host, place[1])
