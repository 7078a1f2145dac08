"""Recordings that were walked through lately, kept ready: each move then costs only itself.

To read, check and hide a session of 100,000 steps takes seconds; to jump in it, a millisecond.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from starlette.concurrency import run_in_threadpool

from analytics.replay.export import read_session
from analytics.replay.recording import Recording, recording_of
from engine.model.job import Document

KEPT_BYTES_MAX: Final = 40 * 1024 * 1024
"""So much is kept, counted as JSON: two sessions of 100,000 steps; memory takes nine times that."""

_NAMED_BY: Final = orjson.OPT_SORT_KEYS
_Key = tuple[str, str]


@dataclass
class RecentRecordings:
    """The latest recordings, as many as there is room for; the longest unused goes first.

    Attributes:
        bytes_max: the room, counted as JSON.
    """

    bytes_max: int = KEPT_BYTES_MAX
    _kept: OrderedDict[_Key, tuple[Recording, int]] = field(default_factory=OrderedDict)
    _bytes: int = 0
    # Moves are computed in several threads.
    _lock: threading.Lock = field(default_factory=threading.Lock)
    # A node has other things to do than to read two long sessions at once.
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def of_execution(self, execution_id: str) -> Recording | None:
        """What was kept of an execution."""
        return self._find(("execution", execution_id))

    def of_name(self, name: str) -> Recording | None:
        """What was kept of a session that was sent, by the name that it was given then."""
        return self._find(("session", name))

    def take_execution(self, execution: Document) -> Recording:
        """The recording of an execution; kept once it is over, as it is the same for ever then."""
        recording = recording_of(execution).prepared()
        if execution.get("completed_at"):
            size = len(orjson.dumps(execution, default=str))
            self._keep(("execution", execution["id"]), recording, size)
        return recording

    async def take_session(self, document: Any, *, field: str) -> tuple[Recording, str | None]:
        """The recording of a session that was sent, and the name under which it is kept.

        Args:
            document: the session, from a source that need not be trusted.
            field: under which it stands in a larger document; begins the names of its faults.

        Raises:
            InvalidDocument: with every fault.
        """
        async with self._turn:
            return await run_in_threadpool(self._taken, document, field)

    def _taken(self, document: Any, field: str) -> tuple[Recording, str | None]:
        try:
            text = orjson.dumps(document, option=_NAMED_BY)
        except TypeError:  # nested deeper than can be written again: walked, but not kept
            return read_session(document, field=field).recording, None
        name = f"rec_{hashlib.blake2b(text, digest_size=16).hexdigest()}"
        if kept := self.of_name(name):
            return kept, name
        recording = read_session(document, field=field).recording.prepared()
        self._keep(("session", name), recording, len(text))
        return recording, name

    def _find(self, key: _Key) -> Recording | None:
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def _keep(self, key: _Key, recording: Recording, size: int) -> None:
        with self._lock:
            self._bytes += size - self._kept.pop(key, (None, 0))[1]
            self._kept[key] = recording, size
            # The newest stays, however large: it is about to be walked through.
            while self._bytes > self.bytes_max and len(self._kept) > 1:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed
