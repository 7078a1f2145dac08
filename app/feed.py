"""From the log to this node's history, with the hole that a peer's snapshot leaves filled first.

A snapshot shipped by a peer skips entries that this node never applied. Their rows come from the
peer's own history over HTTP; until they are here, later entries wait, so that the watermark never
jumps over a hole.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import httpx
import structlog

from engine.core.errors import CorruptData
from engine.history.store import History
from engine.state.messages import Committed

log = structlog.get_logger(__name__)

RETRY_S = 0.5
TIMEOUT_S = 60.0

PeerUrls = Callable[[], list[str]]


class HistoryFeed:
    """A subscriber of the log that keeps the history whole.

    Args:
        peers: base URLs of the other nodes' REST APIs, as far as they are known.
        token: what they want to see before they hand out rows.
    """

    def __init__(self, history: History, *, peers: PeerUrls, token: str):
        self._history = history
        self._peers = peers
        self._token = token
        self._lock = threading.Lock()
        self._waiting: deque[Committed] = deque()
        self._filling = False
        self._stopped = threading.Event()

    @property
    def filling(self) -> bool:
        """Whether rows of a peer are being waited for."""
        return self._filling

    def take(self, committed: Committed) -> None:
        """Project an entry, or keep it back while a hole is being filled."""
        with self._lock:
            if self._filling:
                self._waiting.append(committed)
                return
        self._history.project(committed)

    def gap(self, held: int, through: int) -> None:
        """Entries (held, through] will not be applied here: fetch their rows from a peer."""
        with self._lock:
            self._filling = True
        name = "history-backfill"
        threading.Thread(target=self._fill, args=(held, through), name=name, daemon=True).start()

    def stop(self) -> None:
        """Give up; the next start finds the hole again."""
        self._stopped.set()

    def _fill(self, held: int, through: int) -> None:
        self._history.wait_for(held, TIMEOUT_S)
        began = self._history.watermark
        while self._history.watermark < through:
            if self._stopped.is_set():
                return
            if not self._fetch(through):
                self._stopped.wait(RETRY_S)
        with self._lock:
            while self._waiting:
                self._history.project(self._waiting.popleft())
            self._filling = False
        log.info("history filled from a peer", after=began, through=through)

    def _fetch(self, through: int) -> bool:
        """Take the next range that follows the watermark from the first peer that has it."""
        for url in self._peers():
            try:
                answer = httpx.get(
                    f"{url}/internal/history",
                    params={"after": self._history.watermark, "upto": through},
                    headers={"X-Chronos-Peer": self._token},
                    timeout=TIMEOUT_S,
                )
            except httpx.HTTPError as error:
                log.warning("peer gave no history", url=url, error=str(error))
                continue
            if answer.status_code != httpx.codes.OK:
                log.warning("peer gave no history", url=url, status=answer.status_code)
                continue
            try:
                self._history.import_range(answer.content)
            except CorruptData as error:
                log.warning("peer gave damaged history", url=url, error=str(error))
                continue
            return True
        return False
