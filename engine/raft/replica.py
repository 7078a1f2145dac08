"""This node's copy of the state: applies the log, tells its subscribers, snapshots and restores.

All of `apply`, `snapshot` and `restore` run in the tick thread (`snapshot` in its forked child), so
they need no lock against each other; `lock` keeps readers of other threads off a half-applied
entry.

A snapshot holds the state and the facts that this node's history had not yet made durable when it
was taken, so that a restart never leaves a hole between the snapshot and the history.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain
from typing import Any

import msgspec

from engine.core.errors import Incompatible
from engine.core.ids import Instant
from engine.state import messages
from engine.state.entry import decode
from engine.state.machine import apply
from engine.state.messages import Accepted, Committed, Rejected, Result
from engine.state.snapshot import LEVEL_OF_FORMAT, decode_state, encode_state
from engine.state.state import State
from engine.state.view import View

FORMAT = 2
Sink = Callable[[Committed], None]


class _Fact(msgspec.Struct, array_like=True):
    kind: str
    body: msgspec.Raw


class _Pending(msgspec.Struct, array_like=True):
    index: int
    at: Instant
    actor: str
    kind: str
    target: str
    accepted: Accepted | None
    rejected: Rejected | None
    facts: list[_Fact]
    repeated: bool = False


class _Snapshot(msgspec.Struct):
    """The first line. In format 1 there is no other, and the state stands in it."""

    format: int
    through: int
    pending: list[_Pending]
    state: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_encoder = msgspec.json.Encoder()
_snapshots = msgspec.json.Decoder(_Snapshot)


class Replica:
    """The machine behind the log of one node.

    Args:
        watermark: the last index that this node's history holds durably; asked in the tick thread.
        on_gap: told when a snapshot from a peer skips entries that this node's history lacks:
            (last index held, last index missing). Called in the tick thread.
        on_restore: told through which index a snapshot stands for entries that subscribers do not
            hear of, but for the facts that it carries. Called in the tick thread.
        members: the Raft addresses of the cluster; as `View.level`.
    """

    def __init__(
        self,
        *,
        watermark: Callable[[], int],
        on_gap: Callable[[int, int], None],
        on_restore: Callable[[int], None] = lambda _: None,
        members: Collection[str] = (),
    ):
        self.lock = threading.RLock()
        self._state = State()
        self.view = View(self._state, self.lock)
        self._sinks: list[Sink] = []
        self._watermark = watermark
        self._on_gap = on_gap
        self._on_restore = on_restore
        self._members = members
        self._pending: deque[Committed] = deque()
        self._hole_end = 0

    def subscribe(self, sink: Sink) -> None:
        """Hear every committed entry from now on, in order, in the tick thread; never block it."""
        self._sinks.append(sink)

    def apply(self, index: int, raw: bytes) -> Result:
        """Apply one log entry.

        Raises:
            Incompatible: the entry is of a kind or version unknown to this build.
        """
        try:
            entry = decode(raw)
        except msgspec.DecodeError as error:
            return Rejected(code="INVALID_JSON", message=f"not a log entry: {error}")
        with self.lock:
            committed = apply(self._state, index, entry)
            if committed.events:
                kinds = map(type, committed.events)
                self.view.changed(jobs=not _JOB_EVENTS.isdisjoint(kinds))
        self._remember(committed)
        self._publish(committed)
        return committed.result

    def snapshot(self) -> Iterator[bytes]:
        """State and pending facts, in lines that every node of the cluster can read.

        Takes no lock: in the forked child nobody else runs.
        """
        watermark = self._watermark()
        pending = [
            _to_wire(committed) for committed in self._pending if committed.index > watermark
        ]
        # While a hole is being filled the watermark stands in it: whoever restores needs its end.
        through = max(watermark, self._hole_end)
        level = self.view.level(self._members)
        lines = encode_state(self._state, level)
        if level < LEVEL_OF_FORMAT:
            state = msgspec.Raw(next(lines).rstrip())
            yield _encoder.encode(_Snapshot(1, through, pending, state))
            return
        yield _encoder.encode(_Snapshot(FORMAT, through, pending)) + b"\n"
        yield from lines

    def state_bytes(self) -> bytes:
        """The canonical state, to compare nodes at equal indexes."""
        with self.lock:
            return b"".join(encode_state(self._state))

    def restore(self, lines: Iterable[bytes], index: int) -> None:
        """Replace the state by a snapshot's, and publish the facts that it carries.

        Raises:
            Incompatible: the snapshot is of another format; upgrade this node.
        """
        rest = iter(lines)
        snapshot = _snapshots.decode(next(rest))
        if snapshot.format not in (1, FORMAT):
            raise Incompatible(f"snapshot format {snapshot.format} is unknown here")
        within = [] if snapshot.state is msgspec.UNSET else [bytes(snapshot.state)]
        state = decode_state(chain(within, rest))
        with self.lock:
            self._state = state
            self.view.replace_state(state)
        self._on_restore(index)
        held = self._watermark()
        if self._pending:
            held = max(held, self._pending[-1].index)
        if snapshot.through > held:
            self._hole_end = snapshot.through
            self._on_gap(held, snapshot.through)
        for pending in snapshot.pending:
            if pending.index > held:
                committed = _from_wire(pending)
                self._remember(committed)
                self._publish(committed)

    def _remember(self, committed: Committed) -> None:
        self._pending.append(committed)
        watermark = self._watermark()
        while self._pending and self._pending[0].index <= watermark:
            self._pending.popleft()

    def _publish(self, committed: Committed) -> None:
        for sink in self._sinks:
            sink(committed)


_JOB_EVENTS: frozenset[type[Any]] = frozenset(
    {
        messages.JobCreated,
        messages.JobUpdated,
        messages.JobSwitched,
        messages.JobDeleted,
        messages.CalendarSaved,
    }
)
_EVENTS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *_JOB_EVENTS,
        messages.LeadershipClaimed,
        messages.NodeRegistered,
        messages.JobsPaused,
        messages.JobsResumed,
        messages.CalendarDeleted,
        messages.BackfillStarted,
        messages.BackfillAdvanced,
        messages.BackfillEnded,
        messages.ExecutionAdded,
        messages.AttemptBegun,
        messages.AttemptEnded,
        messages.RetryScheduled,
        messages.ExecutionEnded,
        messages.FiresSkipped,
        messages.FindingChanged,
        messages.FindingsForgotten,
        messages.ModelsTrained,
        messages.TrainingRequested,
        messages.TemplatePublished,
        messages.TemplateWithdrawn,
        messages.QuerySaved,
        messages.QueryDeleted,
        messages.ExecutionsImported,
    )
}


def _to_wire(committed: Committed) -> _Pending:
    result = committed.result
    return _Pending(
        committed.index,
        committed.at,
        committed.actor,
        committed.kind,
        committed.target,
        result if isinstance(result, Accepted) else None,
        result if isinstance(result, Rejected) else None,
        [
            _Fact(type(event).__name__, msgspec.Raw(_encoder.encode(event)))
            for event in committed.events
        ],
        committed.repeated,
    )


def _from_wire(pending: _Pending) -> Committed:
    return Committed(
        index=pending.index,
        at=pending.at,
        actor=pending.actor,
        kind=pending.kind,
        target=pending.target,
        events=tuple(
            msgspec.json.decode(fact.body, type=_EVENTS[fact.kind]) for fact in pending.facts
        ),
        result=pending.accepted or pending.rejected or Accepted(),
        repeated=pending.repeated,
    )
