"""From the log to this node's history, with the hole that a peer's snapshot leaves filled first.

A snapshot shipped by a peer skips entries that this node never applied. Their rows come from the
peer's own history over HTTP; until they are here, later entries wait, so that the watermark never
jumps over a hole.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

import duckdb
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
        alone: whether there are none, and never will be: a hole stays one.

    Attributes:
        lost: the entries of a hole that nobody can fill; empty where there is none.
    """

    def __init__(self, history: History, *, peers: PeerUrls, token: str, alone: bool = False):
        self._history = history
        self._alone = alone
        self.lost = ""
        self._peers = peers
        self._token = token
        self._lock = threading.Lock()
        self._waiting: deque[Committed] = deque()
        self._filling = False
        self._through = 0
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
        if self._alone:
            self.lost = f"{held + 1} to {through}"
            log.critical("the history lacks entries, and no other node has them", lost=self.lost)
            return
        log.info("history lacks entries that a snapshot skipped", held=held, through=through)
        with self._lock:
            self._through = max(self._through, through)
            if self._filling:
                return
            self._filling = True
        threading.Thread(target=self._fill, name="history-backfill", daemon=True).start()

    def stop(self) -> None:
        """Give up; the next start finds the rest of the hole again."""
        self._stopped.set()

    def _fill(self) -> None:
        began = self._history.watermark
        while not self._stopped.is_set():
            if self._filled():
                log.info("history filled from a peer", after=began, through=self._through)
                return
            if not self._fetch():
                self._stopped.wait(RETRY_S)

    def _filled(self) -> bool:
        """Whether the hole is closed; if so, what waited behind it goes on its way."""
        with self._lock:
            if self._history.watermark < self._through:
                return False
            while self._waiting:
                self._history.project(self._waiting.popleft())
            self._filling = False
            return True

    def _fetch(self) -> bool:
        """Take the next range that follows the watermark from the first peer that has it."""
        for url in self._peers():
            try:
                answer = httpx.get(
                    f"{url}/internal/history",
                    params={"after": self._history.watermark, "upto": self._through},
                    headers={"X-Chronos-Peer": self._token},
                    timeout=TIMEOUT_S,
                )
                answer.raise_for_status()
                self._history.import_range(answer.content)
            except (httpx.HTTPError, CorruptData, duckdb.Error) as error:
                log.warning("no history from this peer", url=url, error=str(error))
            else:
                return True
        return False
