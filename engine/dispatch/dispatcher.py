"""What is sent, and the contract of whoever sends it.

A protocol is one module in `protocols/` that registers a `Dispatcher`. The worker owns the thread,
the bounds, the lease and the life of an attempt; a dispatcher only carries it.
`tests/contract/test_dispatchers.py` holds every registered one to what is promised here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from engine.core.clock import Clock
from engine.core.errors import ChronosError
from engine.core.ids import ExecutionId
from engine.core.registry import Registry
from engine.core.value import Record
from engine.dispatch.reactor import Reactor
from engine.model.execution import AttemptResult, Execution
from engine.model.job import Job


class Request(Record, frozen=True, kw_only=True):
    """One attempt to make: the execution as it runs now, and its job."""

    execution: Execution
    job: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """Bounds of one node's dispatch.

    `per_target_max` counts attempts at one target as its protocol names it, for HTTP a host and
    port. `per_job_max` 0 means no bound beyond the job's own concurrency policy.
    """

    in_flight_max: int = 1000
    per_target_max: int = 256
    per_job_max: int = 0
    response_bytes_max: int = 4096
    connect_us_max: int = 30_000_000
    idle_connections_max: int = 100
    idle_connection_us_max: int = 90_000_000


class Ended(msgspec.Struct, frozen=True, gc=False):
    """An attempt that is over, and whose result is made when there is time for it."""

    execution_id: ExecutionId
    attempt: int
    make: Callable[[], AttemptResult]


def result_of(ended: AttemptResult | Ended) -> AttemptResult:
    """The result itself."""
    return ended.make() if isinstance(ended, Ended) else ended


class Unsendable(ChronosError):
    """The request cannot be made into something to send; the message says why."""


class Dispatcher(Protocol):
    """Carries attempts of one protocol. Made, called and closed in the worker's thread only.

    An implementation that lives on an event loop or a thread of its own hands what it finished to
    `collect` and calls `Reactor.wake`.
    """

    def target(self, request: Request) -> str:
        """Whatever shares one bound: what is reached by the same connection."""

    def expect(self, job: Job) -> None:
        """A job of this protocol is about to fire: make ready what all its attempts share.

        A hint, that need not come; what cannot be made ready is told of when it is begun.
        """

    def begin(self, request: Request) -> None:
        """Send; return at once. What a remote side does wrong is a result, never an error here.

        Raises:
            Unsendable: nothing was sent, and nothing will be reported.
        """

    def collect(self) -> Sequence[AttemptResult | Ended]:
        """What has ended since the last call: each begun attempt once, unless it was aborted.

        Secrets are redacted, the response is cut to `WorkerLimits.response_bytes_max`, and an
        attempt ends within its job's time-out.
        """

    def abort(self, request: Request) -> None:
        """Let go of an attempt that was begun; nothing is reported of it any more."""

    def close(self) -> None:
        """Abort everything and give back descriptors and threads."""


MaySend = Callable[[], bool]
"""Whether this node's leadership is certain right now. The worker asks before each `begin`; a
dispatcher asks again before it sends something later of the same attempt."""

MakeDispatcher = Callable[[Reactor, WorkerLimits, Clock, MaySend], Dispatcher]

dispatchers: Registry[MakeDispatcher] = Registry(
    "protocol", package="engine.dispatch.protocols", group="chronos.dispatchers"
)
"""Every protocol by the name that a job gives it."""
