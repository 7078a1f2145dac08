"""Sending entries and snapshots no faster than a follower takes them.

Cures, by the names of DESIGN.md:
- R16: a snapshot is sent in pieces, never more than `SNAPSHOT_BYTES_MAX` waiting on a link, and the
  follower answers each piece, so a transfer of any length does not look like a dead peer.
- A frozen follower: at most `ENTRY_BYTES_MAX` wait for it; the leader keeps its pace.
- Many commands of one tick leave as one message per follower.
"""

from __future__ import annotations

from typing import Any

from engine.raft.pysync.append import Message
from engine.raft.pysync.library import SyncObj, now

ENTRY_BYTES_MAX = 8 << 20
SNAPSHOT_BYTES_MAX = 1 << 20
ENTRIES_MAX = 512  # in one message


class Flow(SyncObj):  # type: ignore[misc]  # the library carries no types
    """The leader's sending side."""

    handing_over: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._defer = self._owed = False
        super().__init__(*args, **kwargs)

    def _checkCommandsToApply(self) -> None:  # noqa: N802  # the library's name
        if self.handing_over:
            return  # they wait, and go to the successor
        self._defer = True
        try:
            super()._checkCommandsToApply()
        finally:
            self._defer = False
        if self._owed:
            self._owed = False
            self._SyncObj__sendAppendEntries()

    def _SyncObj__sendAppendEntries(self) -> None:  # noqa: N802  # the library's name
        if self._defer:
            self._owed = True
            return
        self._SyncObj__newAppendEntriesTime = now() + self.conf.appendEntriesPeriod
        for node in self._SyncObj__otherNodes:
            if node not in self._SyncObj__connectedNodes:
                self._SyncObj__serializer.cancelTransmisstion(node)
            elif self._SyncObj__raftNextIndex[node] <= self.journal[0][1]:
                self._ship(node)
            else:
                self._send_entries(node)

    def idle_s(self, most: float) -> float:
        """How long a tick may wait for messages: heartbeats leave, and silence is seen, on time."""
        if not self._SyncObj__otherNodes:
            return most
        most = min(most, self.conf.raftMinTimeout / 5)
        if not self._isLeader():
            return most
        wait = float(self._SyncObj__newAppendEntriesTime) - now()
        return min(most, max(0.0, wait))

    def _head(self) -> Message:
        return {
            "type": "append_entries",
            "term": self.raftCurrentTerm,
            "commit_index": self.raftCommitIndex,
            **self.sent_mark(),
        }

    def _queued(self, node: Any) -> int:
        """Bytes that wait on the link to `node`."""
        return int(self._SyncObj__transport.queued(node))

    def _connected(self, node: Any) -> bool:
        return node in self._SyncObj__connectedNodes

    def _ship(self, node: Any) -> None:
        """The follower is behind the compacted log: the snapshot, piece by piece."""
        transport, store = self._SyncObj__transport, self._SyncObj__serializer
        sent = False
        while self._connected(node) and (not sent or self._queued(node) < SNAPSHOT_BYTES_MAX):
            if self._queued(node) >= SNAPSHOT_BYTES_MAX:
                return
            piece = store.getTransmissionData(node)
            transport.send(node, self.stamped(node, self._head() | {"serialized": piece}))
            sent = True
            if not piece:
                return  # the snapshot is being written: this was a heartbeat
            if piece[2]:
                self._SyncObj__raftNextIndex[node] = self.journal[1][1] + 1
                return

    def _send_entries(self, node: Any) -> None:
        transport, first = self._SyncObj__transport, self.journal[0][1]
        next_index, last = self._SyncObj__raftNextIndex[node], self.journal[-1][1]
        sent = False
        while (next_index <= last or not sent) and self._queued(node) < ENTRY_BYTES_MAX:
            before = self.journal[min(next_index, last + 1) - 1 - first]
            entries = []
            if next_index <= last:
                entries = self._SyncObj__getEntries(
                    next_index, ENTRIES_MAX, self.conf.appendEntriesBatchSizeBytes
                )
                next_index = entries[-1][1] + 1
                self._SyncObj__raftNextIndex[node] = next_index
            place = {"prevLogIdx": before[1], "prevLogTerm": before[2], "entries": entries}
            transport.send(node, self.stamped(node, self._head() | place))
            sent = True
            if not self._connected(node):
                return

    def _SyncObj__onMessageReceived(self, node: Any, message: Message) -> None:  # noqa: N802  # the library's name
        super()._SyncObj__onMessageReceived(node, message)
        if message["type"] == "append_entries":
            piece = message.get("serialized")
            if piece and not piece[2]:
                self._SyncObj__sendNextNodeIdx(node)  # alive, while a snapshot is on its way
