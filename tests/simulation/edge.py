"""The log, and its edge: in one order within, as Raft promises, and hostile to whoever writes.

A proposal may be lost, be late, be committed twice, or be committed after its proposer was told
that nobody knows. Who leads is agreed on; who believes to lead is another matter: the one before
may go on believing it for seconds, without a lease. That Raft itself keeps its promises on bad
networks, disks and clocks is what `raft_sim` shows, with the real code.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.raft.pysync.node import Done, Failure
from tests.simulation.loop import VirtualLoop

if TYPE_CHECKING:
    from tests.simulation.node import SimNode

UNKNOWN_S = 2.0
"""So long a proposer waits for an answer at the most; in life it is 5 s."""
DEAF_S = 3.0
"""So long a deposed leader may believe that it leads."""


@dataclass
class Harm:
    """How hostile the edge is: probabilities, and seconds; all zero in the calm."""

    lost: float = 0.0
    late: float = 0.0
    twice: float = 0.0
    slow_s: float = 0.0
    lag_s: float = 0.0


@dataclass
class Group:
    """The log that the nodes agree on, and who leads them."""

    loop: VirtualLoop
    random: random.Random
    harm: Harm = field(default_factory=Harm)
    log: list[bytes] = field(default_factory=list)
    nodes: list[SimNode] = field(default_factory=list)
    leader: SimNode | None = None

    def commit(self, raw: bytes) -> int:
        """The index of a new entry; the nodes that are in touch will apply it."""
        self.log.append(raw)
        for node in self.nodes:
            node.stir()
        return len(self.log)

    def up(self) -> list[SimNode]:
        return [node for node in self.nodes if node.up]

    def in_touch(self) -> list[SimNode]:
        return [node for node in self.nodes if node.up and node.linked]

    def elect(self, node: SimNode) -> None:
        """A majority voted; whoever led before hears of it some time."""
        former, self.leader = self.leader, node
        if former is not None and former is not node:
            deaf = self.random.uniform(0.0, DEAF_S) if self.harm.lost else 0.0
            former.hear("follower", deaf)
        if node.believes:  # it has lost the role meanwhile, and hears that first, as it came
            node.leadership.on_role("follower")
        node.hear("leader", self.random.uniform(0.005, 0.02))


class Port:
    """What a node's `RaftStore` takes for its Raft node. `close` it when the process dies."""

    fault = ""

    def __init__(self, group: Group, node: SimNode):
        self._group, self._node = group, node
        self._waiting: dict[int, list[Callable[[Any], None]]] = {}
        self._dead = False

    def close(self) -> None:
        """Nobody is there any more who could be told."""
        self._dead = True
        self._waiting.clear()

    def applied(self, index: int, result: object) -> None:
        """This node applied the entry: its proposer is told, if it is this one."""
        for answer in self._waiting.pop(index, ()):
            answer(result)

    def propose(self, raw: bytes, done: Done) -> None:
        """As `RaftNode.propose`, over the edge."""
        if self._dead:
            return
        rng, harm, loop = self._group.random, self._group.harm, self._group.loop
        settled: list[bool] = []

        def answer(result: object, failure: Failure | None = None) -> None:
            if not settled and not self._dead:
                settled.append(True)
                done(result, failure)

        if not self._node.linked or self._group.leader is None:
            # Forwarded to nobody; but a leader that was cut off may have it in its own log, from
            # where it comes into everybody's if this node is elected again.
            if rng.random() < harm.late:
                loop.call_later(rng.uniform(0.5, 6.0), self._group.commit, raw)
                loop.call_later(UNKNOWN_S, answer, None, Failure.UNKNOWN)
            else:
                loop.call_later(rng.uniform(0.1, UNKNOWN_S), answer, None, Failure.NOT_READY)
            return
        fate = rng.random()
        if fate >= harm.lost:
            delay = rng.uniform(0.001, 0.004 + harm.slow_s)
            if fate < harm.lost + harm.late:
                delay += rng.uniform(0.0, 2 * UNKNOWN_S)
            loop.call_later(delay, self._commit, raw, answer)
            if rng.random() < harm.twice:
                loop.call_later(delay + rng.uniform(0.0, 1.0), self._group.commit, raw)
        loop.call_later(UNKNOWN_S, answer, None, Failure.UNKNOWN)

    def _commit(self, raw: bytes, answer: Callable[[Any], None]) -> None:
        index = self._group.commit(raw)
        if not self._dead:
            self._waiting.setdefault(index, []).append(answer)

    def lease_valid(self) -> bool:
        """Whether the node leads and nobody else can: as long as it is in touch."""
        return not self._dead and self._group.leader is self._node and self._node.linked
