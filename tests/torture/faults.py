"""The faults: each can begin and heal, and says in one line what it did.

A fault chooses its node when it begins, by the role that nodes have then. What is random comes from
the field, so that a seed repeats the order of faults and their sizes.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.raft.cluster_time import OFFSET_US_MAX
from tests.kit.cluster import wait_for
from tests.torture.ground import Ground
from tests.torture.nodes import PATIENCE_S, Group, Node, Refused


@dataclass
class Field:
    """What faults work on, and what they leave behind for the verdict.

    `hurt` holds the nodes that are out of order now; a second fault keeps to the same one or to
    none, so that a majority is left.
    """

    group: Group
    ground: Ground
    random: random.Random
    hurt: list[Node] = field(default_factory=list)
    leader_kills: list[float] = field(default_factory=list)
    skew_us: int = 0
    """By how much the clocks that nodes go by may differ."""

    def leader(self) -> Node:
        """The leader, waited for; a fault that needs one begins when there is one."""
        found: Node = wait_for(self.group.leader, PATIENCE_S, "a leader to hurt")
        return found

    def follower(self) -> Node:
        leader = self.leader()
        others = [node for node in self.group.nodes if node is not leader and node.running]
        return self.random.choice(others)

    def spared(self, wanted: Node) -> Node:
        """The wanted node, or the one that is hurt already."""
        running = [node for node in self.hurt if node.running]
        return running[0] if running and wanted not in self.hurt else wanted


class Fault:
    """One fault, begun once and healed once.

    `holds_s` says how long it may last; `breaks` whether it takes a node out of the majority.
    """

    kind = ""
    holds_s = (1.0, 8.0)
    breaks = True
    needs: tuple[str, ...] = ()

    def begin(self, field: Field) -> str:
        raise NotImplementedError

    def heal(self, field: Field) -> str:
        raise NotImplementedError


REGISTRY: dict[str, type[Fault]] = {}


def fault(kind: str, *needs: str) -> Callable[[type[Fault]], type[Fault]]:
    """Register a fault under its kind; `needs` are of network, clock, disk."""

    def register(cls: type[Fault]) -> type[Fault]:
        cls.kind, cls.needs = kind, needs
        REGISTRY[kind] = cls
        return cls

    return register


# ---- processes ----------------------------------------------------------------------------------


class _Kill(Fault):
    """SIGKILL, and a start some seconds later."""

    def chosen(self, field: Field) -> Node:
        raise NotImplementedError

    def begin(self, field: Field) -> str:
        self._node = self.chosen(field)
        field.hurt.append(self._node)
        was_leader = self._node is field.group.leader()
        self._node.kill()
        if was_leader:
            field.leader_kills.append(time.time())
        return f"killed {self._node.name}{', the leader' * was_leader}"

    def heal(self, field: Field) -> str:
        self._node.start()
        wait_for(self._node.status, PATIENCE_S, f"{self._node.name} answers again")
        field.hurt.remove(self._node)
        return f"started {self._node.name}"


@fault("kill-leader")
class KillLeader(_Kill):
    def chosen(self, field: Field) -> Node:
        return field.spared(field.leader())


@fault("kill-follower")
class KillFollower(_Kill):
    def chosen(self, field: Field) -> Node:
        return field.spared(field.follower())


@fault("restart-all")
class RestartAll(Fault):
    """All at once, as a power cut; they come back one after the other."""

    holds_s = (0.5, 4.0)

    def begin(self, field: Field) -> str:
        killed = [node for node in field.group.nodes if node.process is not None]
        for node in killed:
            node.kill()
        self._killed = field.random.sample(killed, len(killed))
        return f"killed all: {', '.join(node.name for node in killed)}"

    def heal(self, field: Field) -> str:
        for node in self._killed:
            if node.process is None:
                node.start()
        for node in self._killed:
            wait_for(node.status, PATIENCE_S, f"{node.name} answers again")
        return f"started {', '.join(node.name for node in self._killed)}"


class _Stop(Fault):
    """SIGSTOP, and SIGCONT some seconds later: a pause that the node does not know of."""

    def chosen(self, field: Field) -> Node:
        raise NotImplementedError

    def begin(self, field: Field) -> str:
        self._node = self.chosen(field)
        field.hurt.append(self._node)
        self._node.halt()
        return f"stopped {self._node.name}"

    def heal(self, field: Field) -> str:
        field.hurt.remove(self._node)
        if not self._node.stopped:
            return f"{self._node.name} was killed meanwhile"
        self._node.go_on()
        return f"continued {self._node.name}"


@fault("stop-leader")
class StopLeader(_Stop):
    def chosen(self, field: Field) -> Node:
        return field.spared(field.leader())


@fault("stop-follower")
class StopFollower(_Stop):
    def chosen(self, field: Field) -> Node:
        return field.spared(field.follower())


@fault("transfer")
class Transfer(Fault):
    """What an operator does before maintenance."""

    holds_s = (0.5, 2.0)
    breaks = False

    def begin(self, field: Field) -> str:
        to, asked = field.follower(), field.random.choice(field.group.nodes)
        try:
            asked.ask("POST", "/api/v1/cluster/transfer", json={"to": to.name})
        except Refused as refusal:
            return f"asked {asked.name} to make {to.name} the leader: {type(refusal).__name__}"
        return f"asked {asked.name} to make {to.name} the leader"

    def heal(self, field: Field) -> str:
        leader = field.group.leader()
        return f"the leader is {leader.name if leader else 'not known'}"


# ---- links --------------------------------------------------------------------------------------


class _Cuts(Fault):
    """Some directions between one node and the others are cut."""

    def pairs(self, field: Field, node: Node) -> list[tuple[int, int]]:
        raise NotImplementedError

    def begin(self, field: Field) -> str:
        wanted = field.leader() if field.random.random() < 0.6 else field.follower()
        node = self._node = field.spared(wanted)
        leads = node is field.group.leader()
        field.hurt.append(node)
        self._pairs = self.pairs(field, node)
        for sender, receiver in self._pairs:
            field.ground.cut(sender, receiver)
        ways = ", ".join(f"n{sender + 1}>n{receiver + 1}" for sender, receiver in self._pairs)
        return f"cut {node.name}{', the leader' * leads}: {ways}"

    def heal(self, field: Field) -> str:
        for sender, receiver in self._pairs:
            field.ground.join(sender, receiver)
        field.hurt.remove(self._node)
        return f"joined {self._node.name}"


def _others(field: Field, node: Node) -> list[int]:
    return [other.number for other in field.group.nodes if other is not node]


@fault("partition", "network")
class Partition(_Cuts):
    holds_s = (2.0, 12.0)

    def pairs(self, field: Field, node: Node) -> list[tuple[int, int]]:
        others, own = _others(field, node), node.number
        return [(own, other) for other in others] + [(other, own) for other in others]


@fault("one-way", "network")
class OneWay(_Cuts):
    """The node is deaf, or mute, or hears and speaks with different nodes."""

    holds_s = (2.0, 12.0)

    def pairs(self, field: Field, node: Node) -> list[tuple[int, int]]:
        others, own = _others(field, node), node.number
        deaf = field.random.random() < 0.5
        found = [(other, own) if deaf else (own, other) for other in others]
        return found if field.random.random() < 0.6 else [field.random.choice(found)]


@fault("flapping", "network")
class Flapping(Fault):
    """The links of one node go and come several times a second."""

    holds_s = (3.0, 10.0)

    def begin(self, field: Field) -> str:
        node = self._node = field.spared(field.leader())
        field.hurt.append(node)
        self._over = threading.Event()
        others = _others(field, node)
        pairs = [(node.number, other) for other in others]
        pairs += [(other, node.number) for other in others]
        times = [field.random.uniform(0.1, 0.9) for _ in range(64)]

        def flap() -> None:
            for pause in times:
                for sender, receiver in pairs:
                    field.ground.cut(sender, receiver)
                self._over.wait(pause)
                for sender, receiver in pairs:
                    field.ground.join(sender, receiver)
                if self._over.wait(pause):
                    return

        self._thread = threading.Thread(target=flap)
        self._thread.start()
        return f"the links of {node.name} flap"

    def heal(self, field: Field) -> str:
        self._over.set()
        self._thread.join()
        field.hurt.remove(self._node)
        return f"the links of {self._node.name} hold"


@fault("slow-links", "network")
class SlowLinks(Fault):
    """A node sends at the pace of an old modem: what it says waits in a queue for up to 3 s."""

    holds_s = (3.0, 12.0)
    breaks = False

    def begin(self, field: Field) -> str:
        node = self._node = field.leader() if field.random.random() < 0.6 else field.follower()
        kilobits = field.random.choice([64, 128, 256, 512])
        field.ground.narrow(node.number, kilobits)
        return f"{node.name} sends {kilobits} kbit/s at most"

    def heal(self, field: Field) -> str:
        field.ground.narrow(self._node.number, None)
        return f"{self._node.name} sends at full speed"


# ---- clocks and disks ---------------------------------------------------------------------------


class _Clocks(Fault):
    """The clocks of some nodes step, and some time later step back."""

    breaks = False

    def steps(self, field: Field) -> dict[Node, int]:
        """By how many seconds whose clock steps."""
        raise NotImplementedError

    def begin(self, field: Field) -> str:
        field.skew_us = OFFSET_US_MAX
        leader, self._steps = field.group.leader(), self.steps(field)
        told = []
        for node, step in self._steps.items():
            node.step_clock(step)
            told.append(f"{node.name}{', the leader,' * (node is leader)} by {step:+d} s")
        return f"clocks step: {'; '.join(told)}"

    def heal(self, field: Field) -> str:
        for node in self._steps:
            node.step_clock(0)
        return f"right again: the clocks of {', '.join(node.name for node in self._steps)}"


class _Clock(_Clocks):
    """One clock."""

    seconds: tuple[int, ...] = ()

    def steps(self, field: Field) -> dict[Node, int]:
        node = field.leader() if field.random.random() < 0.6 else field.follower()
        return {node: field.random.choice(self.seconds)}


@fault("clock-little", "clock")
class ClockLittle(_Clock):
    seconds = (-2, 2)


@fault("clock-far", "clock")
class ClockFar(_Clock):
    seconds = (90, -90, 3_600)
    holds_s = (4.0, 12.0)


@fault("clock-apart", "clock")
class ClockApart(_Clocks):
    """No two clocks show the same: there is no majority to go by."""

    holds_s = (4.0, 12.0)

    def steps(self, field: Field) -> dict[Node, int]:
        nodes = field.group.nodes
        return dict(zip(nodes, field.random.sample(range(-90, 91, 10), len(nodes)), strict=True))


@fault("full-disk", "disk")
class FullDisk(Fault):
    """No byte is left; a node that ended over it is started again once there is room."""

    holds_s = (3.0, 10.0)

    def begin(self, field: Field) -> str:
        node = self._node = next(one for one in field.group.nodes if one.has_small_disk)
        field.hurt.append(node)
        return f"filled the disk of {node.name} with {node.fill_disk()} MB"

    def heal(self, field: Field) -> str:
        node = self._node
        node.free_disk()
        ends: list[int] = []

        def answers() -> bool:
            # One that cannot go on takes some seconds to end, perhaps from now on.
            code = node.ended_by_itself()
            if code is not None:
                ends.append(code)
                node.start()
            return node.status() is not None

        wait_for(answers, PATIENCE_S, f"{node.name} answers again")
        field.hurt.remove(node)
        how = f"it had ended with {ends[0]} and was started" if ends else "it went on"
        return f"freed the disk of {node.name}; {how}"
