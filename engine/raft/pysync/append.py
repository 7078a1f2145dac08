"""Replication that never drops what was acknowledged.

Cures, by the names of DESIGN.md:
- R1: the library drops everything behind `prevLogIdx` on every message, even what matches. Here
  only a real conflict cuts, and only from the first entry that differs.
- R2: acknowledgements carry the term; one of an older leadership is not counted.
- R13: a reset answers one message in flight; it carries that message's number, and a reset that
  is older than the last one obeyed is ignored, so `nextIndex` no longer jumps for ever.
- R17: a piece of a snapshot carries the leader's commit index but compares no entry; the library
  then commits whatever tail the follower has, even one that was never agreed.
- Acknowledged before durable: acknowledgements wait until the journal is flushed, once a tick.
"""

from __future__ import annotations

from typing import Any

from engine.raft.pysync.library import LEADER, SyncObj, now

Message = dict[str, Any]


class Append(SyncObj):  # type: ignore[misc]  # the library carries no types
    """How a follower takes entries and how a leader counts its answers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._seq = 0  # number of the last message sent as leader
        self._reset_seq: dict[Any, int] = {}  # per follower: number when the last reset was obeyed
        self._echo = (0, 0.0)  # number and sending time of the leader's message in hand
        self._acked_at: dict[Any, tuple[int, float]] = {}  # term and sending time last answered
        self._acks: list[tuple[Any, Message]] = []
        super().__init__(*args, **kwargs)

    @property
    def journal(self) -> Any:
        """The library's log."""
        return self._SyncObj__raftLog

    def _onTick(self, timeToWait: float = 0.0) -> None:  # noqa: N802, N803  # the library's name
        self.journal.sync()  # the leader counts itself in this tick: its entries must be durable
        super()._onTick(timeToWait)
        if self._acks:
            self.journal.sync()
            acks, self._acks = self._acks, []
            for node, message in acks:
                if message["term"] == self.raftCurrentTerm:
                    self._SyncObj__transport.send(node, self.stamped(node, message))

    def _SyncObj__onBecomeLeader(self) -> None:  # noqa: N802  # the library's name
        super()._SyncObj__onBecomeLeader()
        self.journal.sync()  # one node alone commits its no-op in this very tick

    def _SyncObj__sendNextNodeIdx(  # noqa: N802  # the library's name
        self,
        node: Any,
        reset: bool = False,
        nextNodeIdx: int | None = None,  # noqa: N803  # the library's name
        success: bool = False,
    ) -> None:
        following = self._SyncObj__getCurrentLogIndex() + 1 if nextNodeIdx is None else nextNodeIdx
        seq, sent = self._echo
        message = {
            "type": "next_node_idx",
            "next_node_idx": following,
            "reset": reset,
            "success": success,
            "term": self.raftCurrentTerm,
            "seq": seq,
            "t": sent,
        }
        self._acks.append((node, message))

    def _SyncObj__onMessageReceived(self, node: Any, message: Message) -> None:  # noqa: N802  # the library's name
        kind = message["type"]
        if kind == "next_node_idx":
            self._count(node, message)
        elif kind == "append_entries" and message["term"] >= self.raftCurrentTerm:
            self._echo = (message["seq"], message["t"])
            if "prevLogIdx" in message:
                self._take(node, message)
            else:
                # A piece of a snapshot compares nothing: it must not commit what is here.
                message["commit_index"] = self.raftCommitIndex
                super()._SyncObj__onMessageReceived(node, message)
        else:
            super()._SyncObj__onMessageReceived(node, message)

    def _count(self, node: Any, message: Message) -> None:
        """The leader's side of an answer."""
        term = self.raftCurrentTerm
        if message["term"] != term or self._SyncObj__raftState != LEADER:
            return
        if node not in self._SyncObj__raftMatchIndex:
            return
        old_term, old_time = self._acked_at.get(node, (0, 0.0))
        self._acked_at[node] = (term, max(message["t"], old_time if old_term == term else 0.0))
        if message["reset"]:
            if message["seq"] <= self._reset_seq.get(node, 0):
                message["reset"] = False
            else:
                self._reset_seq[node] = self._seq
        before = self._SyncObj__raftNextIndex[node]
        super()._SyncObj__onMessageReceived(node, message)
        if not message["reset"]:  # what is in flight is not sent again
            after = self._SyncObj__raftNextIndex[node]
            self._SyncObj__raftNextIndex[node] = max(before, after)

    def _take(self, node: Any, message: Message) -> None:
        """The follower's side: skip what is here, cut only from the first difference."""
        base = super()._SyncObj__onMessageReceived
        entries_at = self._SyncObj__getEntries
        index, term = message["prevLogIdx"], message["prevLogTerm"]
        entries = message.get("entries") or []
        head = {
            "type": "append_entries",
            "term": message["term"],
            "commit_index": self.raftCommitIndex,
        }
        before = entries_at(index, 1)
        if not before or before[0][2] != term:
            # A gap, or a conflict: what is up to our commit index matches for sure.
            base(node, head)
            after = self.raftCommitIndex + 1 if before else None
            self._SyncObj__sendNextNodeIdx(node, reset=True, nextNodeIdx=after)
            return
        known = 0
        for entry in entries:
            mine = entries_at(entry[1], 1)
            if not mine or mine[0][2] != entry[2]:
                break
            index, term = entry[1], entry[2]
            known += 1
        rest = entries[known:]
        if rest or index == self._SyncObj__getCurrentLogIndex():
            base(
                node,
                head
                | {
                    "commit_index": message["commit_index"],
                    "prevLogIdx": index,
                    "prevLogTerm": term,
                    "entries": rest,
                },
            )
            return
        # Nothing new: never cut, acknowledge and commit only what was compared.
        base(node, head | {"commit_index": min(message["commit_index"], index)})
        self._SyncObj__sendNextNodeIdx(node, nextNodeIdx=index + 1, success=True)

    def sent_mark(self) -> Message:
        """Number and time for the next message of this leader; the follower echoes both."""
        self._seq += 1
        return {"seq": self._seq, "t": now()}
