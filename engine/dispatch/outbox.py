"""Results on their way into the log: gathered, proposed together, repeated until answered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain

import structlog

from engine.core.errors import ChronosError
from engine.core.ids import ExecutionId
from engine.model.execution import AttemptResult
from engine.raft.store import Store
from engine.state.messages import RecordExecutions, Rejected

log = structlog.get_logger(__name__)

BATCH_MAX = 1_000
BATCH_BYTES_MAX = 4 << 20
"""Well below what one log entry may hold; more would be refused as a whole."""

GATHER_S = 0.02
BUSY_GATHER_S = 0.4
"""While attempts wait to be sent, so long: sending comes first, and an entry of many results costs
every node less."""

RETRY_S = 0.2


class Batches:
    """Results in the order in which they came, divided into what one entry may hold."""

    def __init__(self) -> None:
        self._batches: deque[list[AttemptResult]] = deque()
        self._room = 0
        """Bytes that the last batch may take yet."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[AttemptResult]:
        return chain.from_iterable(self._batches)

    def add(self, results: list[AttemptResult], size: int) -> None:
        """Take results that come to `size` bytes at most."""
        if self._fits(len(results), size):
            self._append(results, size)
        else:
            for result in results:
                self._append([result], bytes_max(result))

    def pop(self) -> list[AttemptResult]:
        """The first results that one entry may hold: all of them, up to a bound."""
        batch = self._batches.popleft() if self._batches else []
        self._count -= len(batch)
        return batch

    def _fits(self, count: int, size: int) -> bool:
        return (
            bool(self._batches)
            and len(self._batches[-1]) + count <= BATCH_MAX
            and size <= self._room
        )

    def _append(self, results: list[AttemptResult], size: int) -> None:
        if not self._fits(len(results), size):
            self._batches.append([])
            self._room = BATCH_BYTES_MAX
        self._batches[-1].extend(results)
        self._room -= size
        self._count += len(results)


def bytes_max(result: AttemptResult) -> int:
    """So long is a result in an entry at most: JSON makes up to six bytes of a character."""
    return 6 * (len(result.response) + len(result.trace) + len(result.error)) + 256


class Outbox:
    """Turns attempt results into `RecordExecutions`.

    A result is kept until the machine has seen it, on a node that no longer leads too: it is a
    fact, and one for an attempt that was declared lost meanwhile is answered as too late.
    """

    def __init__(self, node: str, store: Store):
        self._node = node
        self._store = store
        self._arriving: deque[tuple[list[AttemptResult], int]] = deque()
        """What the worker's thread handed over, and how many bytes it may come to."""
        self._is_called = False
        self._batches = Batches()
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flushing: list[AttemptResult] = []

    @property
    def size(self) -> int:
        """Results that are not in the log yet."""
        arriving = sum(len(results) for results, _ in tuple(self._arriving))
        return len(self._batches) + arriving + len(self._flushing)

    def attempts(self) -> set[tuple[ExecutionId, int]]:
        """The attempts whose results are not in the log yet."""
        self._take()
        held = (*self._batches, *self._flushing)
        return {(result.execution_id, result.attempt) for result in held}

    def put(self, results: list[AttemptResult]) -> None:
        """Take results from the worker's thread; never blocks."""
        if self._loop is not None:
            # Counted here, where they were made a moment ago and are at hand.
            self._arriving.append((results, sum(map(bytes_max, results))))
            if not self._is_called:  # else they are taken together with those before
                self._is_called = True
                self._loop.call_soon_threadsafe(self._call)

    def _call(self) -> None:
        self._idle.clear()
        self._arrived.set()

    def _take(self) -> None:
        self._is_called = False  # before the look: what comes after it calls again
        while self._arriving:
            self._batches.add(*self._arriving.popleft())

    async def run(self, is_busy: Callable[[], bool]) -> None:
        """Propose what arrives, until cancelled.

        Args:
            is_busy: whether attempts wait to be sent.
        """
        self._loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            for _ in range(round(BUSY_GATHER_S / GATHER_S)):
                await asyncio.sleep(GATHER_S)
                if not is_busy():
                    break
            self._take()
            self._flushing = batch = self._batches.pop()
            if not self._batches and not self._arriving:
                self._arrived.clear()
            if batch:  # what woke this may have been taken before
                await self._propose(batch)
            self._flushing = []
            if not self.size:
                self._idle.set()

    async def drain(self, timeout_s: float) -> None:
        """Wait until everything taken so far is in the log, `timeout_s` seconds at most."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            log.warning("results left behind; their attempts will be tried again", count=self.size)

    async def _propose(self, batch: list[AttemptResult]) -> None:
        command = RecordExecutions(results=tuple(batch))
        while True:
            try:
                answer = await self._store.propose(command, actor=self._node)
            except ChronosError as error:
                log.warning("results not answered, proposed again", error=str(error))
                await asyncio.sleep(RETRY_S)
            else:
                if isinstance(answer, Rejected):
                    log.error("results refused", count=len(batch), reason=answer.message)
                return
