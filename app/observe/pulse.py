"""Ends a process one of whose threads hangs, so that a healthy node takes over.

A node whose Raft thread is well keeps leading, even while the thread that plans or the one that
dispatches stands still for ever. Python cannot end a thread; what is safe is what a crash does.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Mapping

import structlog

log = structlog.get_logger(__name__)

LOOK_S = 5.0
LOOKS_MAX = 6
"""So many looks in a row without a beat are a hang. A count and no time: a process that was
stopped, or a machine that slept, has not looked meanwhile."""

EXIT_CODE = 70
"""EX_SOFTWARE: a supervisor starts the node again, as after a crash."""


def end_process() -> None:
    """Write every thread's stack to stderr and exit at once, as `kill -9` would."""
    faulthandler.dump_traceback(file=sys.__stderr__ or 2)
    os._exit(EXIT_CODE)


class LoopBeat:
    """The beat of an event loop: a look has it count once more, by the next look, if it moves."""

    def __init__(self, loop: asyncio.AbstractEventLoop):
        self._loop = loop
        self._count = 0

    def __call__(self) -> int:
        """What was counted so far; called in the watching thread."""
        self._loop.call_soon_threadsafe(self._move)
        return self._count

    def _move(self) -> None:
        self._count += 1


class Pulse:
    """Watches counters that grow while their threads are well.

    Args:
        beats: what to ask, by name; called in the watching thread.
        on_hang: what to do about a hang, after it was logged.
    """

    def __init__(
        self, beats: Mapping[str, Callable[[], int]], on_hang: Callable[[], None] = end_process
    ):
        self._beats = beats
        self._on_hang = on_hang
        self._last: dict[str, int] = {}
        self._still: dict[str, int] = dict.fromkeys(beats, 0)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer: threads are about to end."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Ask each once, and count how often in a row it had nothing new to say."""
        for name, beat in self._beats.items():
            count = beat()
            self._still[name] = self._still[name] + 1 if count == self._last.get(name) else 0
            self._last[name] = count
            if self._still[name] == LOOKS_MAX and not self._stopped.is_set():
                seconds = round(LOOKS_MAX * LOOK_S)
                log.critical("a thread hangs; the node ends", thread=name, seconds=seconds)
                self._on_hang()
            elif self._still[name] > 1:
                log.error("a thread does not move", thread=name, looks=self._still[name])
