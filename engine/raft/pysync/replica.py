"""One member of the group: the library's class with every cure, over any transport."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, Protocol

from pysyncobj import SyncObjConf, SyncObjConsumer

from engine.raft.cluster_time import ClusterTime
from engine.raft.pysync.append import Append
from engine.raft.pysync.clocks import Clocks
from engine.raft.pysync.flow import Flow
from engine.raft.pysync.journal import JournalDamaged
from engine.raft.pysync.library import REGULAR, Fatal, Node
from engine.raft.pysync.rejoin import Rejoin
from engine.raft.pysync.snapshots import Snapshots, SnapshotStore
from engine.raft.pysync.votes import Votes

# Imported for what they put in the library's place: poller, seal.
from engine.raft.pysync import poller, seal  # isort: skip  # noqa: F401


class Machine(Protocol):
    """The deterministic state machine that the log drives."""

    def apply(self, index: int, raw: bytes) -> object:
        """Applies the entry at `index`, in log order, once per process life; must not raise."""
        ...

    def snapshot(self) -> Iterable[bytes]:
        """The canonical state in pieces; read in a forked child, so it may be slow."""
        ...

    def restore(self, state: IO[bytes], index: int) -> None:
        """Takes the state that `snapshot` gave after the entry at `index`, as one file."""
        ...


class MachineFailed(Fatal):
    """The machine raised; the nodes would differ from here on."""


class _Snapshotter(SyncObjConsumer):  # type: ignore[misc]  # untyped library
    """Hands the library the *act* of taking the state, which the forked child performs."""

    def __init__(self, take: Callable[[], Iterable[bytes]]) -> None:
        super().__init__()
        self._take = take

    def _serialize(self) -> Callable[[], Iterable[bytes]]:
        return self._take


class Replica(Clocks, Rejoin, Flow, Votes, Append, Snapshots):
    """PySyncObj hardened. One kind of command: bytes for the machine (R10: no method numbers).

    Attributes:
        peers_in_order: the other members, by address.
    """

    def __init__(
        self,
        address: str,
        peers: tuple[str, ...],
        folder: Path,
        machine: Machine,
        transport: type,
        cluster_time: ClusterTime,
        *,
        fork: bool = True,
        node_class: type = Node,
        **settings: Any,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.time = cluster_time
        self._machine = machine
        self.restore = machine.restore
        store = SnapshotStore(folder / "raft.snapshot", fork=fork)
        conf = SyncObjConf(
            autoTick=False,
            appendEntriesUseBatch=False,
            commandsWaitLeader=False,
            journalFile=str(folder / "raft.journal"),
            fullDumpFile=str(store.path),
            **settings,
        )
        self._store = store
        super().__init__(
            node_class(address),
            [node_class(peer) for peer in peers],
            conf,
            consumers=[_Snapshotter(machine.snapshot)],
            nodeClass=node_class,
            transportClass=transport,
        )
        self._SyncObj__serializer = store
        self.peers_in_order = tuple(sorted(self.otherNodes, key=str))
        self.journal.flushes.slow_s = self.conf.raftMinTimeout
        store.applied = lambda: int(self.raftLastApplied)
        store.shipping = lambda: bool(self._isLeader())
        first, whole = self.journal[0][1], store.path.exists()
        if whole and self.journal.blank:
            self.destroy()
            raise JournalDamaged(f"{self.journal.path} is gone, or empty, beside a snapshot")
        if first > 1 and not whole:
            self.destroy()
            raise JournalDamaged(f"{store.path} is gone; the journal begins at entry {first}")
        self._poller.urgent = lambda: self.journal.dirty

    def load(self, least: int) -> None:
        """Takes the state of the snapshot, if there is one; before the first tick.

        Args:
            least: an entry that is known to have been applied here: the log must reach it.

        Raises:
            SnapshotDamaged: it cannot be read.
            JournalDamaged: entries are gone from its end.
        """
        if self._store.path.exists():
            self._SyncObj__loadDumpFile(False)
        self._SyncObj__needLoadDumpFile = False
        end = self.journal[-1][1]
        if end < least:
            raise JournalDamaged(f"{self.journal.path} ends at entry {end}, and held {least} once")

    @property
    def snapshot_fault(self) -> str:
        """Why the last snapshot could not be written, if it could not."""
        return self._store.fault

    def strangers(self) -> list[str]:
        """Who lately said to be a member of this group and is none; of a real transport only."""
        found: list[str] = self._SyncObj__transport.recent_strangers()
        return found

    def submit(self, raw: bytes, done: Callable[[object, int], None]) -> None:
        """Queues a command; `done(result, FAIL_REASON)` later. In the tick thread only."""
        self._applyCommand(REGULAR + raw, done)

    def _SyncObj__doApplyCommand(self, command: bytes) -> object:  # noqa: N802  # the library's name
        # R4: the library retries an entry that raises for ever, on every node, also after restarts.
        if command[:1] != REGULAR:
            return None
        index = self.raftLastApplied + 1
        try:
            return self._machine.apply(index, command[1:])
        except Exception as fault:
            raise MachineFailed(f"entry {index}: {fault!r}") from fault

    def _doDestroy(self) -> None:  # noqa: N802  # the library's name
        super()._doDestroy()
        self._store.close()
        self._poller.close()
