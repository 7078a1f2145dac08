"""Proposals and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from pysyncobj import FAIL_REASON

from engine.raft.pysync.library import log

Done = Callable[[object, "Failure | None"], None]

_NOT_APPLIED = frozenset(
    {
        FAIL_REASON.QUEUE_FULL,
        FAIL_REASON.MISSING_LEADER,
        FAIL_REASON.DISCARDED,
        FAIL_REASON.NOT_LEADER,
        FAIL_REASON.REQUEST_DENIED,
    }
)


class Failure(Enum):
    """Why a proposal has no result."""

    NOT_READY = "not_ready"  # definitely not applied; may be proposed again
    UNKNOWN = "unknown"  # may have been applied, or may yet be


@dataclass(slots=True, eq=False)
class Proposal:
    """A command on its way, in monotonic seconds; settled once."""

    raw: bytes
    done: Done | None  # None once it was called
    deadline: float
    leader_by: float

    def settle(self, result: object, failure: Failure | None) -> None:
        """Calls back, the first time."""
        done, self.done = self.done, None
        if done is None:
            return
        try:
            done(result, failure)
        except Exception:
            # R3: in the library this would apply the entry a second time, on this node only.
            log.exception("a proposal's callback raised")

    def answer(self, result: object, reason: int) -> None:
        """Settles by the library's word."""
        if reason == FAIL_REASON.SUCCESS:
            self.settle(result, None)
        else:
            self.settle(None, Failure.NOT_READY if reason in _NOT_APPLIED else Failure.UNKNOWN)
