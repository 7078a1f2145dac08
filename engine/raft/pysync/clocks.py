"""Clocks among peers: stamps on messages, and who may lead by them.

A node whose clock is off the cluster's time does not stand for election while others may, and hands
leadership over to one whose clock agrees. It goes by the cluster's time all the same, so that where
nobody else can lead, as when only it has the newest entries, it does.
"""

from __future__ import annotations

from typing import Any

from engine.raft.cluster_time import ClusterTime, Stamp
from engine.raft.pysync.append import Message
from engine.raft.pysync.library import LEADER, SyncObj, log, now

PATIENCE = 5.0  # of the maximal timeout, without a leader, before an unfit node stands after all
LOOK_S = 0.02
AGAIN_S = 10.0  # a hand-over that was not taken costs the lease for a moment: not at once again


class Clocks(SyncObj):  # type: ignore[misc]  # the library carries no types
    """Stamps what is sent, hears what came, and acts on what the cluster's time says."""

    time: ClusterTime  # set before the library begins

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._look_at = self._lay_down_at = 0.0
        super().__init__(*args, **kwargs)

    def stamped(self, node: Any, message: Message) -> Message:
        """The message with what our clocks show now."""
        return message | {"clock": self.time.stamp(node.id)}

    def _SyncObj__onMessageReceived(self, node: Any, message: Message) -> None:  # noqa: N802  # the library's name
        stamp = message.pop("clock", None)
        if stamp is not None:
            self.time.hear(node.id, Stamp(*stamp))
        elif message["type"] == "append_entries":
            self.time.do_without()
        super()._SyncObj__onMessageReceived(node, message)

    def _onTick(self, timeToWait: float = 0.0) -> None:  # noqa: N802, N803  # the library's name
        if now() >= self._look_at:
            self._look_at = now() + LOOK_S
            self._look()
        super()._onTick(timeToWait)
        if self.time.is_off and self._SyncObj__raftState == LEADER:
            self._lay_down()

    def _look(self) -> None:
        leader = self._getLeader()
        self.time.look(None if leader is None else leader.id)

    def _may_stand(self) -> bool:
        """Whether this node's clock, by what was heard up to now, lets it stand for election."""
        self._look()
        silence = now() - self._heard
        return self.time.is_fit or silence > PATIENCE * self.conf.raftMaxTimeout

    def _lay_down(self) -> None:
        """Hand over to a peer whose clock agrees, once there is one."""
        heir = self._heir()
        if heir is not None and now() >= self._lay_down_at and self.lease_ok():
            self._lay_down_at = now() + AGAIN_S
            log.warning("leadership is handed to %s, since this node's clock is off", heir.id)
            self.transferLeadership(heir)

    def _heir(self) -> Any:
        """The most current peer whose clock agrees."""
        match = self._SyncObj__raftMatchIndex
        fit = [node for node in self._SyncObj__connectedNodes if self.time.agrees(node.id)]
        return max(fit, key=lambda node: (match.get(node, 0), node.id), default=None)

    def transferLeadership(self, node: Any = None, callback: Any = None) -> None:  # noqa: N802  # the library's name
        """Hands leadership over; where nobody is named, to one whose clock agrees."""
        super().transferLeadership(self._heir() if node is None else node, callback)
