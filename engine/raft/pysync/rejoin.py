"""A node that lost what it had promised comes back without breaking a promise.

Whoever forgets its votes and its entries, over a damaged file or an exchanged disk, could vote a
second time in a term, acknowledge an old leader's entries against newer ones, or elect somebody
who lacks an entry that it had acknowledged itself. So such a node

1. asks *all* others for their term, in the words of a pre-vote for term 0, which every build
   answers, and until then hears nothing else. No promise of its own can be of a later term than
   the latest of theirs, since each was made to one of them; in that term its vote counts as given.
   One that lost its past, too, answers what it knows: what was promised to it ended with it;
2. takes entries and snapshots, but neither votes nor stands, until it holds what a leader of its
   term has committed, an entry of that very term among it: what was acknowledged is before that.

A node begins so when its files were set aside, and when it is blank and hears of a log with a
past: it cannot know that it is new. In a group that begins there is no past, and nobody asks.
"""

from __future__ import annotations

from typing import Any

from engine.raft.pysync.append import Message
from engine.raft.pysync.library import SyncObj, log, now

_QUESTION: Message = {"type": "pre_vote", "term": 0, "last_log_index": 0, "last_log_term": 0}
_FIRST = 1  # the index that every log begins with, before anything happened


class Rejoin(SyncObj):  # type: ignore[misc]  # the library carries no types
    """See the module; everything else of a message comes after this."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._terms: dict[Any, int] = {}
        self._ask_at = 0.0
        self._leader_commit = (0, 0)  # term and commit index of the last leader heard
        super().__init__(*args, **kwargs)

    @property
    def rejoining(self) -> bool:
        """Whether this node must not vote yet."""
        return bool(self.journal.rejoining)

    @property
    def unheard(self) -> list[str]:
        """Those who must still tell their term before this node takes any part."""
        if not self.rejoining:
            return []
        return sorted(node.id for node in self._SyncObj__otherNodes if node not in self._terms)

    def begin_rejoin(self, why: str) -> None:
        """Forget nothing again: from here on this node is one that lost its past."""
        log.error("this node begins without a past and votes for nobody until it has one: %s", why)
        self._terms.clear()
        self.journal.set_rejoining(True)

    def _onTick(self, timeToWait: float = 0.0) -> None:  # noqa: N802, N803  # the library's name
        if self.rejoining:
            # Also where its files say so after a restart: it must not stand.
            self._stand_at(now() + self.conf.raftMaxTimeout)
            self._ask()
            self._finish()
        super()._onTick(timeToWait)

    def _ask(self) -> None:
        if not self.unheard or now() < self._ask_at:
            return
        self._ask_at = now() + self.conf.raftMinTimeout / 2
        for node in self._SyncObj__otherNodes:
            if node not in self._terms:
                self._SyncObj__transport.send(node, dict(_QUESTION))

    def _finish(self) -> None:
        """Whether all that was ever acknowledged is here; if so, this node is as any other."""
        term, commit = self._leader_commit
        held = self._SyncObj__getEntries(self.raftCommitIndex, 1)
        if self.unheard or term != self.raftCurrentTerm or not held:
            return
        if self.raftCommitIndex >= commit and held[0][2] == term:
            self.journal.set_rejoining(False)
            log.warning("this node has its past again, up to entry %d, and votes", commit)

    def _SyncObj__onMessageReceived(self, node: Any, message: Message) -> None:  # noqa: N802  # the library's name
        if self.journal.blank and not self.rejoining and _tells_of_a_past(message):
            self.begin_rejoin(f"{node} tells of one")
        if not self.rejoining:
            super()._SyncObj__onMessageReceived(node, message)
            return
        kind = message["type"]
        if kind == "pre_vote" and message["term"] == 0:
            # Another one asks: two that waited for each other would wait for ever. What this one
            # forgot binds nobody: whoever was promised it, and remembers, tells of the term.
            super()._SyncObj__onMessageReceived(node, message)
        elif self.unheard:
            if kind == "pre_vote_no":
                self._note_term(node, message["cur"])
        elif kind == "append_entries" and message["term"] >= self.raftCurrentTerm:
            self._leader_commit = (message["term"], message["commit_index"])
            super()._SyncObj__onMessageReceived(node, message)
        elif kind == "apply_command_response":
            super()._SyncObj__onMessageReceived(node, message)

    def _note_term(self, node: Any, term: int) -> None:
        self._terms[node] = term
        if not self.unheard:
            latest = max(self._terms.values())
            log.warning("all others were heard; the latest term is %d", latest)
            # The vote of that term counts as given: it may have been.
            self._SyncObj__setCurrentTerm(max(latest, self.raftCurrentTerm), self.selfNode.id)


def _tells_of_a_past(message: Message) -> bool:
    kind = message["type"]
    if kind in ("pre_vote", "request_vote"):
        return bool(message["last_log_index"] > _FIRST)
    if kind == "append_entries":
        later = message.get("prevLogIdx", 0) > _FIRST or message["commit_index"] > _FIRST
        return bool(later or message.get("serialized"))
    return False
