"""The one object every room talks to: propose a command, look at the state, hear what happened."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Protocol

from engine.core.errors import NotReady, OutcomeUnknown
from engine.core.ids import Instant
from engine.raft.cluster_time import ClusterTime
from engine.raft.log_time import LogTime
from engine.raft.pysync.node import COMMAND_BYTES_MAX, Failure, RaftNode
from engine.raft.replica import Replica, Sink
from engine.state.entry import Entry, encode
from engine.state.messages import Command, Rejected, Result
from engine.state.view import View

PROPOSE_US_MAX = 15_000_000
RETRY_S = 0.05


class Store(Protocol):
    """What doors, scheduler and dispatcher know of the replicated log."""

    @property
    def view(self) -> View:
        """The present, read-only, as this node knows it."""
        ...

    async def propose(self, command: Command, *, actor: str, request_id: str = "") -> Result:
        """Have the command agreed on and applied here; the machine's answer.

        Raises:
            NotReady: no leader was found in time; nothing happened.
            OutcomeUnknown: it may yet be applied; ask again with the same request id.
        """
        ...

    def subscribe(self, sink: Sink) -> None:
        """Hear every committed entry, in order, in the tick thread."""
        ...

    def now_us(self) -> Instant:
        """The time of the log: that of an entry which is proposed now; never turns back."""
        ...

    async def ready(self) -> None:
        """Return once this node knows the cluster's time, and can say what is due.

        Raises:
            NotReady: it does not know it in time.
        """
        ...


class RaftStore:
    """The store over Raft, on one node as on five; entries are stamped by the log's time."""

    def __init__(self, node: RaftNode, replica: Replica, cluster_time: ClusterTime):
        self._node = node
        self._replica = replica
        self._cluster_time = cluster_time
        self.log_time = LogTime(cluster_time, lambda: replica.view.now_us)

    @property
    def view(self) -> View:
        """The present, read-only, as this node knows it."""
        return self._replica.view

    def subscribe(self, sink: Sink) -> None:
        """Hear every committed entry, in order, in the tick thread."""
        self._replica.subscribe(sink)

    def now_us(self) -> Instant:
        """The time of the log; see `Store.now_us`."""
        return self.log_time.now_us()

    async def ready(self) -> None:
        """Wait for the cluster's time; see `Store.ready`."""
        await self._ready(self._deadline(PROPOSE_US_MAX))

    async def _ready(self, deadline: int) -> None:
        while not self._cluster_time.is_known:
            if self.log_time.monotonic_us() >= deadline:
                raise NotReady(
                    "this node does not know yet how far its clock is from the other nodes'; "
                    "retry after a moment"
                )
            await asyncio.sleep(RETRY_S)

    def _deadline(self, timeout_us: int) -> int:
        return self.log_time.monotonic_us() + timeout_us

    async def propose(
        self,
        command: Command,
        *,
        actor: str,
        request_id: str = "",
        timeout_us: int = PROPOSE_US_MAX,
    ) -> Result:
        """Propose until there is an answer; see `Store.propose`.

        A proposal of unknown outcome is repeated only where its request id makes that harmless.
        """
        deadline = self._deadline(timeout_us)
        await self._ready(deadline)
        entry = Entry(at=self.now_us(), actor=actor, request_id=request_id, command=command)
        raw = encode(entry)
        if len(raw) > COMMAND_BYTES_MAX:
            message = f"{len(raw)} bytes are too much for one write"
            hint = f"at most {COMMAND_BYTES_MAX} bytes: send less, or in several parts"
            return Rejected(code="VALIDATION_ERROR", message=message, field="body", hint=hint)
        while True:
            if self._node.fault:
                raise NotReady(f"this node writes nothing: {self._node.fault}; ask another node")
            result, failure = await self._once(raw)
            if failure is None:
                if isinstance(result, BaseException) or result is None:
                    raise OutcomeUnknown(f"the node failed while applying: {result}")
                return result
            expired = self.log_time.monotonic_us() >= deadline
            if failure is Failure.UNKNOWN and (expired or not request_id):
                raise OutcomeUnknown("sent, and no answer came; retry with the same request id")
            if expired:
                raise NotReady("no leader answered; retry after a moment")
            await asyncio.sleep(RETRY_S)

    async def _once(self, raw: bytes) -> tuple[Result | None, Failure | None]:
        answer: Future[tuple[Result | None, Failure | None]] = Future()

        def done(result: object, failure: Failure | None) -> None:
            if not answer.cancelled():
                answer.set_result((result, failure))  # type: ignore[arg-type]  # apply's own result

        self._node.propose(raw, done)
        return await asyncio.wrap_future(answer)


def accepted(result: Result) -> bool:
    """Whether the machine took the command."""
    return not isinstance(result, Rejected)
