"""Elections that leave a healthy leader alone, and a lease that knows when leadership is sure.

Cures, by the names of DESIGN.md:
- R7, no pre-vote: a node asks whether it *would* be elected before it raises the term, and those
  who hear a leader say no; a returning node therefore deposes nobody.
- Stall: a thread that slept past its deadline reads the heartbeats that wait before it stands. But
  where every tick comes late, as on a machine that is short of CPU, an election must not be put off
  for ever, and one that was agreed is not put off at all.
- R18: between its pre-vote and its election a candidate may sleep, and those who agreed may hear
  the leader again and renew its lease. So a vote itself is refused while a leader is heard, too,
  except in a transfer, which the candidate announces on the same link before it asks.
- A transfer is refused while the successor lacks an entry, which under load is always. Here the
  leader appends nothing until the successor has all, for as long as an election may take.
- Votes are counted by sender; the library counts answers, so one voter could count twice.
- A node whose disk is slow hands leadership over, and stands only where nobody else does.
- Lease: leadership is sure until 0.8 of the minimal timeout after the sending time of the last
  heartbeat that a majority answered, since until then no pre-vote can succeed.
"""

from __future__ import annotations

from typing import Any

from engine.raft.pysync.append import Message
from engine.raft.pysync.library import FOLLOWER, LEADER, SyncObj, log, now

LEASE_SHARE = 0.8  # of the minimal timeout; the rest is for clocks that run at other speeds
GIVE_WAY_S = 10.0  # between two offers of a leader whose disk is slow
SLOW_STANDS = 4  # maximal timeouts without a leader, before a node whose disk is slow stands
PUT_OFF_MAX = 3.0  # of the maximal timeout, since the first late tick without a leader's word
QUIET_SHARE = 0.9  # of it, without a leader's word, before a node agrees to another
_NEVER = 1 << 62


class Votes(SyncObj):  # type: ignore[misc]  # the library carries no types
    """Pre-vote, votes by sender, stall guard, transfer and lease."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._last_tick = self._heard = now()
        self._prevotes: set[Any] = set()
        self._prevote_term: int | None = None
        self._voters: set[tuple[int, Any]] = set()
        self._late_since: float | None = None
        self._forced = False  # the next election was agreed: by pre-vote or by the leader itself
        self._released: tuple[Any, int] | None = None  # who was handed leadership, for which term
        self._handover: tuple[Any, float, bool] | None = None  # to whom, until when, asked yet
        self._no_lease_before = self._give_way_at = 0.0
        self.lease_until = 0.0  # seconds of the library's clock; read by other threads
        super().__init__(*args, **kwargs)
        if not self._SyncObj__otherNodes:
            self._stand_at(0.0)  # alone, there is nobody to wait for

    def _onTick(self, timeToWait: float = 0.0) -> None:  # noqa: N802, N803  # the library's name
        at = now()
        if at - self._last_tick > self.conf.raftMinTimeout / 2:
            self._put_off(at)
        self._last_tick = at
        self._ask_first(at)
        self._give_way(at)
        super()._onTick(timeToWait)
        self._hand_over()
        self.lease_until = self._lease_end()

    def _put_off(self, at: float) -> None:
        """This tick came late: give what waits to be read a moment, but not for ever."""
        if self._forced or not self._SyncObj__otherNodes:
            return
        if self._late_since is None:
            self._late_since = at
        if at - self._late_since < PUT_OFF_MAX * self.conf.raftMaxTimeout:
            grace = at + self._SyncObj__generateRaftTimeout() / 2
            self._stand_at(max(self._SyncObj__raftElectionDeadline, grace))

    def _ask_first(self, at: float) -> None:
        others = self._SyncObj__otherNodes
        if self._SyncObj__raftState == LEADER or not others:
            return
        if self._SyncObj__raftElectionDeadline >= at or self._forced:
            self._forced = False
            return
        self._stand_at(at + self._SyncObj__generateRaftTimeout() / 2)
        if self._disk_slow() and at - self._heard < SLOW_STANDS * self.conf.raftMaxTimeout:
            return  # anybody else would lead better
        self._prevote_term = self.raftCurrentTerm + 1
        self._prevotes = {self.selfNode}
        question = {
            "type": "pre_vote",
            "term": self._prevote_term,
            "last_log_index": self._SyncObj__getCurrentLogIndex(),
            "last_log_term": self._SyncObj__getCurrentLogTerm(),
        }
        for node in others:
            self._SyncObj__transport.send(node, self.stamped(node, question))

    def _disk_slow(self) -> bool:
        return bool(self._SyncObj__raftLog.flushes.slow)

    def _give_way(self, at: float) -> None:
        """A leader whose disk is slow makes everybody wait: another should lead."""
        leads = self._SyncObj__raftState == LEADER and self._SyncObj__otherNodes
        if leads and self._disk_slow() and at >= self._give_way_at:
            self._give_way_at = at + GIVE_WAY_S
            log.error("this node leads, and its disk is slow: leadership is offered to another")
            self.transferLeadership()

    def _stand_at(self, deadline: float) -> None:
        setattr(self, "_SyncObj__raftElectionDeadline", deadline)  # noqa: B010  # keeps it untyped

    def _majority(self, count: int) -> bool:
        return count > (len(self._SyncObj__otherNodes) + 1) / 2

    def _SyncObj__onMessageReceived(self, node: Any, message: Message) -> None:  # noqa: N802  # the library's name
        kind = message["type"]
        if kind == "pre_vote":
            self._answer_pre_vote(node, message)
        elif kind == "pre_vote_no":
            if message["cur"] > self.raftCurrentTerm and self._SyncObj__raftState != LEADER:
                self._SyncObj__setCurrentTerm(message["cur"], None)
        elif kind == "pre_vote_ok":
            self._count_pre_vote(node, message)
        elif kind == "released":
            self._released = (node, message["term"])
        else:
            if kind == "timeout_now" and node == self._getLeader():
                self._forced, self._voters = True, set()
                released = {"type": "released", "term": self.raftCurrentTerm + 1}
                for other in self._SyncObj__otherNodes:
                    self._SyncObj__transport.send(other, dict(released))
            elif kind == "request_vote":
                if self._hears_a_leader() and self._released != (node, message["term"]):
                    return
            elif kind == "response_vote":
                if (message["term"], node) in self._voters:
                    return
                self._voters.add((message["term"], node))
            elif kind == "append_entries" and message["term"] >= self.raftCurrentTerm:
                self._heard, self._late_since = now(), None
            super()._SyncObj__onMessageReceived(node, message)
            if self._SyncObj__raftState != LEADER:
                self.lease_until = 0.0

    def _hears_a_leader(self) -> bool:
        silence = now() - self._heard
        return bool(
            self._SyncObj__raftState != LEADER and silence < self.conf.raftMinTimeout * QUIET_SHARE
        )

    def leader_heard(self) -> Any:
        """The leader, or None where it was not heard for longer than an election takes.

        The library forgets it only when it stands, which pre-vote puts off for ever in a minority.
        """
        silent = now() - self._heard > 2 * self.conf.raftMaxTimeout
        return None if silent and self._SyncObj__raftState != LEADER else self._getLeader()

    def _answer_pre_vote(self, node: Any, message: Message) -> None:
        term = self.raftCurrentTerm
        if message["term"] - 1 > term and self._SyncObj__raftState == LEADER:
            # The peer is already in a higher term (a lost election) and stays deaf to us: follow.
            self._SyncObj__setCurrentTerm(message["term"] - 1, None)
            self._SyncObj__setState(FOLLOWER)
            self._SyncObj__raftLeader = None
            return
        mine = (self._SyncObj__getCurrentLogTerm(), self._SyncObj__getCurrentLogIndex())
        current = (message["last_log_term"], message["last_log_index"]) >= mine
        quiet = self._SyncObj__raftState != LEADER and not self._hears_a_leader()
        send = self._SyncObj__transport.send
        if current and quiet and message["term"] > term:
            send(node, self.stamped(node, {"type": "pre_vote_ok", "term": message["term"]}))
        elif message["term"] <= term:
            send(node, {"type": "pre_vote_no", "cur": term})

    def _count_pre_vote(self, node: Any, message: Message) -> None:
        wanted = self.raftCurrentTerm + 1
        if message["term"] != wanted or self._prevote_term != wanted:
            return
        if self._SyncObj__raftState == LEADER:
            return
        self._prevotes.add(node)
        if self._majority(len(self._prevotes)) and self._may_stand():
            self._prevote_term, self._forced, self._voters = None, True, set()
            self._stand_at(0.0)

    def _lease_end(self) -> float:
        """Until when, on the library's clock, no other node can have become leader."""
        if self._SyncObj__raftState != LEADER or now() < self._no_lease_before:
            return 0.0
        if self.raftLastApplied < (self._SyncObj__noopIDx or _NEVER):
            return 0.0  # the machine is not current before the term's no-op is applied
        others = self._SyncObj__otherNodes
        if not others:
            return float("inf")
        term, answered = self.raftCurrentTerm, [now()]
        for node in others:
            acked_term, sent = self._acked_at.get(node, (0, 0.0))
            answered.append(sent if acked_term == term else 0.0)
        answered.sort(reverse=True)
        return float(answered[len(answered) // 2] + LEASE_SHARE * self.conf.raftMinTimeout)

    def lease_ok(self) -> bool:
        """True while no other leader can exist. Cheap and safe in any thread."""
        return now() < self.lease_until

    def transferLeadership(self, node: Any = None, callback: Any = None) -> None:  # noqa: N802  # the library's name
        """Hands leadership over, to `node` or to any, as soon as one has all entries."""
        if self._SyncObj__raftState == LEADER:
            self._handover = (node, now() + self.conf.raftMaxTimeout, False)
            self._hand_over()

    @property
    def handing_over(self) -> bool:
        """Whether nothing is appended, so that a successor can come to have all."""
        return self._handover is not None

    def _hand_over(self) -> None:
        if self._handover is None:
            return
        wanted, until, asked = self._handover
        if self._SyncObj__raftState != LEADER or now() > until:
            self._handover = None
            return
        held, last = self._SyncObj__raftMatchIndex, self._SyncObj__getCurrentLogIndex()
        ready = [n for n in self._SyncObj__connectedNodes if held.get(n, 0) == last]
        if not asked and (wanted in ready or (wanted is None and ready)):
            # The lease ends first, since the successor asks nobody.
            self._no_lease_before = now() + 2 * self.conf.raftMaxTimeout
            self.lease_until = 0.0
            super().transferLeadership(wanted)
            self._handover = (wanted, until, True)
