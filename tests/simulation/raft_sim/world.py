"""A group of real replicas in one thread: virtual clock, in-memory links, disks that lose power.

Everything random comes from one seed. The replicas, their journals and their snapshots are the
real ones; only the transport, the clock and the flush are the simulation's.
"""

from __future__ import annotations

import os
import random
import shutil
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zlib import crc32

import msgspec
import pysyncobj.syncobj
from pysyncobj.node import Node
from pysyncobj.transport import Transport

from engine.core.ids import Instant
from engine.raft.cluster_time import ERROR_US_MAX, OFFSET_US_MAX, ClusterTime
from engine.raft.pysync import disk
from engine.raft.pysync.messages import well_formed
from engine.raft.pysync.replica import Replica
from engine.raft.pysync.wire import pack, unpack

EPOCH_US = 1_800_000_000_000_000


class Broken(AssertionError):
    """A promise was broken; the text says which."""


class Disk:
    """Remembers, per file, up to where it was flushed."""

    def __init__(self) -> None:
        self.flushed: dict[int, int] = {}

    def flush(self, fd: int) -> None:
        stat = os.fstat(fd)
        self.flushed[stat.st_ino] = stat.st_size

    def lose_power(self, path: Path, rng: random.Random) -> None:
        """What was not flushed is gone, or half there, or garbage."""
        if not path.exists():
            return
        stat = path.stat()
        durable = self.flushed.get(stat.st_ino, 0)
        lost = stat.st_size - durable
        if lost <= 0:
            return
        keep = rng.randrange(lost + 1)
        with path.open("r+b") as file:
            file.truncate(durable + keep)
            if keep and rng.random() < 0.5:
                file.seek(durable + rng.randrange(keep))
                file.write(b"\0")


class WallClock:
    """The clocks of one machine; `ahead_us` is by how much the wall clock is wrong."""

    def __init__(self, clock: list[float]) -> None:
        self._clock = clock
        self.ahead_us = 0

    def now_us(self) -> Instant:
        return EPOCH_US + self.monotonic_us() + self.ahead_us

    def monotonic_us(self) -> int:
        return int(self._clock[0] * 1_000_000)


class Links:
    """One FIFO queue for each direction of each link; a cut drops what is in flight."""

    def __init__(self) -> None:
        self.queues: dict[tuple[str, str], deque[bytes]] = defaultdict(deque)
        self.ends: dict[str, SimTransport] = {}
        self.up: set[tuple[str, str]] = set()

    def connect(self, a: str, b: str) -> None:
        if (a, b) in self.up or a not in self.ends or b not in self.ends:
            return
        self.up |= {(a, b), (b, a)}
        self.ends[a]._onNodeConnected(Node(b))
        self.ends[b]._onNodeConnected(Node(a))

    def cut(self, a: str, b: str) -> None:
        if (a, b) not in self.up:
            return
        self.up -= {(a, b), (b, a)}
        for x, y in ((a, b), (b, a)):
            self.queues[(x, y)].clear()
            if x in self.ends:
                self.ends[x]._onNodeDisconnected(Node(y))

    def deliver(self, a: str, b: str, count: int) -> None:
        queue = self.queues[(a, b)]
        while queue and count and b in self.ends:
            message = unpack(queue.popleft())
            if not well_formed(message):
                raise Broken(f"ill-formed message {message}")
            self.ends[b]._onMessageReceived(Node(a), message)
            count -= 1


class SimTransport(Transport):
    links: Links

    def __init__(self, replica: Any, me: Node, others: Any) -> None:
        super().__init__(replica, me, others)
        self.me = me.id
        self.links.ends[self.me] = self

    def send(self, node: Node, message: Any) -> bool:
        if (self.me, node.id) not in self.links.up:
            return False
        self.links.queues[(self.me, node.id)].append(pack(message))
        return True

    def queued(self, node: Node) -> int:
        return sum(map(len, self.links.queues[(self.me, node.id)]))


class Machine:
    """Keeps what was applied and tells the world, which compares."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.index = 0
        self.log: list[tuple[int, bytes]] = []

    def apply(self, index: int, raw: bytes) -> int:
        if index <= self.index:
            raise Broken(f"{self.name} applied entry {index} after {self.index}")
        agreed = self.world.agreed.setdefault(index, raw)
        if agreed != raw:
            raise Broken(f"{self.name} diverged at {index}: {raw!r}, agreed {agreed!r}")
        self.index = index
        self.log.append((index, raw))
        return index

    def snapshot(self) -> list[bytes]:
        return [msgspec.msgpack.encode(self.log)]

    def restore(self, state: IO[bytes], index: int) -> None:
        if index < self.index:
            raise Broken(f"{self.name} was taken back from {self.index} to {index}")
        self.log = msgspec.msgpack.decode(state.read(), type=list[tuple[int, bytes]])
        self.index = index


class World:
    """The group, its network and its faults."""

    def __init__(
        self, seed: int, folder: Path, clock: list[float], disks: Disk, names: str
    ) -> None:
        self.rng = random.Random(seed)
        self.folder, self.clock, self.disks = folder, clock, disks
        drawn = "ABCDE"[: 5 if self.rng.random() < 0.2 else 3]
        self.names = names or drawn
        self.threshold = self.rng.choice((20, 60, 100_000))
        self.batch = self.rng.choice((200, 4096, 1 << 20))
        self.harshness = self.rng.choice((0.3, 1.0, 1.0, 2.0))
        self.crashing = self.rng.random() < 0.75
        self.links = Links()
        self.transport = type("Links", (SimTransport,), {"links": self.links})
        self.wall_clocks = {name: WallClock(clock) for name in self.names}
        # In half of the worlds clocks are wrong at times: mostly one, so that the others are right.
        self.clock_rng = random.Random(seed + 2)
        some = 1 if self.clock_rng.random() < 0.7 else len(self.names)
        wrong = self.clock_rng.sample(self.names, some)
        self.wrong_clocks = wrong if self.clock_rng.random() < 0.5 else []
        self.replicas: dict[str, Replica] = {}
        self.machines: dict[str, Machine] = {}
        self.agreed: dict[int, bytes] = {}
        self.acked: dict[int, bytes] = {}
        self.blocked: set[frozenset[str]] = set()
        self.stalled: dict[str, float] = {}  # until when a replica's thread does not run
        self.sent = self.crashes = self.leases = self.lost_disks = 0
        for name in self.names:
            self.start(name)

    def pairs(self) -> list[tuple[str, str]]:
        return [(a, b) for a in self.names for b in self.names if a < b]

    def start(self, name: str) -> None:
        machine = Machine(self, name)
        self.machines[name] = machine
        self.replicas[name] = Replica(
            name,
            tuple(n for n in self.names if n != name),
            self.folder / name,
            machine,
            self.transport,
            ClusterTime(self.wall_clocks[name], name, [n for n in self.names if n != name]),
            fork=False,
            node_class=Node,
            raftMinTimeout=0.5,
            raftMaxTimeout=1.0,
            appendEntriesPeriod=0.1,
            leaderFallbackTimeout=1.0,
            logCompactionMinTime=1e9,
            logCompactionMinEntries=self.threshold,
            appendEntriesBatchSizeBytes=self.batch,
            commandsQueueSize=0,
        )
        self.replicas[name].doTick(0.0)  # as in life: its snapshot is read before any message

    def crash(self, name: str, *, power: bool) -> None:
        """Ends a replica as `kill -9` does, or as a cut of the power does."""
        self.crashes += 1
        for other in self.names:
            if other != name:
                self.links.cut(name, other)
        replica = self.replicas.pop(name)
        del self.links.ends[name], self.machines[name]
        journal = replica.journal
        waiting = b"".join(journal._waiting)
        journal._file.close()
        replica._poller.close()
        replica._store.close()
        path = self.folder / name / "raft.journal"
        if power:
            self.disks.lose_power(path, self.rng)
            if waiting and self.rng.random() < 0.5:  # the power went in the middle of a flush
                with path.open("ab") as file:
                    file.write(waiting[: self.rng.randrange(len(waiting))])

    def lose_disk(self, name: str) -> None:
        """Ends a replica and empties its folder, where the others can bring all of it back.

        One disk at a time, and only while every other replica holds what is committed: more is
        more than a majority can stand for.
        """
        others = [replica for other, replica in self.replicas.items() if other != name]
        commit = max(replica.raftCommitIndex for replica in self.replicas.values())
        whole = [r for r in others if not r.rejoining and r.journal[-1][1] >= commit > 1]
        if len(whole) == len(self.names) - 1:
            self.crash(name, power=False)
            shutil.rmtree(self.folder / name)
            self.lost_disks += 1

    def propose(self, name: str) -> None:
        self.sent += 1
        raw = b"%d:" % self.sent + b"x" * self.rng.choice((0, 10, 300))

        def done(result: Any, reason: int, raw: bytes = raw) -> None:
            if reason == 0:
                self.acked[result] = raw

        self.replicas[name].submit(raw, done)

    def step(self, seconds: float, *, smooth: bool) -> None:
        self.clock[0] += seconds
        for a, b in self.pairs():
            if frozenset((a, b)) not in self.blocked and (smooth or self.rng.random() < 0.2):
                self.links.connect(a, b)
        names = list(self.replicas)
        self.rng.shuffle(names)
        for name in names:
            if smooth or (not self.asleep(name) and self.rng.random() < 0.9):
                self.replicas[name].doTick(0.0)
        for a, b in list(self.links.queues):
            if smooth or (not self.asleep(b) and self.rng.random() < 0.8):
                self.links.deliver(a, b, 1_000_000 if smooth else self.rng.randrange(1, 8))
        self.check()

    def asleep(self, name: str) -> bool:
        return self.stalled.get(name, 0.0) > self.clock[0]

    def check(self) -> None:
        holders = [n for n, r in self.replicas.items() if r.lease_ok()]
        self.leases += len(holders)
        if len(holders) > 1:
            raise Broken(f"two leases at once: {holders}")
        for name, replica in self.replicas.items():
            if replica.journal[-1][1] < replica.raftLastApplied:
                raise Broken(f"{name} cut entries that it had applied")
            if len(self.wrong_clocks) < 2 and replica.time.is_confirmed:
                apart = replica.time.now_us() - self.true_us()
                if abs(apart) > OFFSET_US_MAX + ERROR_US_MAX:
                    raise Broken(f"{name} goes by a time that is {apart} us wrong")
        self.check_majority()
        for index, raw in self.acked.items():
            if self.agreed.get(index) != raw:
                raise Broken(f"acknowledged entry {index} was never agreed")

    def true_us(self) -> Instant:
        """The time by a clock that nobody set."""
        return WallClock(self.clock).now_us()

    def check_majority(self) -> None:
        """What is committed is in most logs, at every moment; a dead replica is given the doubt.

        So is one that lost its disk: what it had acknowledged before counts, and it votes for
        nobody until it has it again.
        """
        # Before its first tick a replica has not read its snapshot and knows an old commit index.
        known = [r for r in self.replicas.values() if r.raftCommitIndex >= r.journal[0][1]]
        replicas = [r for r in known if not r.rejoining and not r.journal.blank]
        if not replicas:
            return
        ahead = max(replicas, key=lambda r: r.raftCommitIndex)
        index = ahead.raftCommitIndex
        term = ahead.journal[index - ahead.journal[0][1]][2]
        without = 0
        for replica in replicas:
            first, last = replica.journal[0][1], replica.journal[-1][1]
            if first <= index and (last < index or replica.journal[index - first][2] != term):
                without += 1
        if without * 2 >= len(self.names):
            raise Broken(f"entry {index} is committed, but {without} replicas do not have it")

    def hurt(self) -> None:
        """Perhaps one fault, perhaps an end of one."""
        dice = self.rng.random() / self.harshness
        a, b = self.rng.choice(self.pairs())
        if dice < 0.02:
            self.links.cut(a, b)
        elif dice < 0.03:
            self.blocked.add(frozenset((a, b)))
            self.links.cut(a, b)
        elif dice < 0.035:
            lonely = self.rng.choice(self.names)
            for other in self.names:
                if other != lonely:
                    self.blocked.add(frozenset((lonely, other)))
                    self.links.cut(lonely, other)
        elif dice < 0.045:
            self.blocked.clear()
        elif dice < 0.055 and self.replicas and self.crashing:
            self.crash(self.rng.choice(list(self.replicas)), power=self.rng.random() < 0.7)
        elif dice < 0.0575 and self.crashing:
            for name in list(self.replicas):  # the power of the whole house
                self.crash(name, power=True)
        elif dice < 0.065 and self.replicas:
            self.rng.choice(list(self.replicas.values())).transferLeadership()
        elif dice < 0.085:
            self.stalled[self.rng.choice(self.names)] = self.clock[0] + self.rng.random() * 2
        elif dice < 0.092 and self.replicas and self.crashing:
            self.lose_disk(self.rng.choice(list(self.replicas)))
        if self.wrong_clocks and self.clock_rng.random() < 0.015 * self.harshness:
            clock = self.wall_clocks[self.clock_rng.choice(self.wrong_clocks)]
            clock.ahead_us = self.clock_rng.choice((0, 0, 2, -2, 90, -90, 3_600)) * 1_000_000
        missing = [n for n in self.names if n not in self.replicas]
        if missing and self.rng.random() < 0.05:
            self.start(self.rng.choice(missing))

    def run(self, seconds: float = 12.0, calm: float = 40.0) -> None:
        """Hurts the group for a while, heals it, and demands that all is well."""
        end = self.clock[0] + seconds
        while self.clock[0] < end:
            self.hurt()
            if self.replicas and self.rng.random() < 0.6:
                for _ in range(self.rng.choice((1, 1, 5))):
                    self.propose(self.rng.choice(list(self.replicas)))
            self.step(self.rng.choice((0.005, 0.02, 0.05)), smooth=False)
        self.heal(calm)

    def heal(self, calm: float) -> None:
        self.blocked.clear()
        for name in self.names:
            if name not in self.replicas:
                self.start(name)
        end = self.clock[0] + calm
        asked = 0
        while self.clock[0] < end:
            self.step(0.05, smooth=True)
            leaders = [n for n, r in self.replicas.items() if r.lease_ok()]
            if leaders and asked < 3:
                asked += 1
                self.propose(leaders[0])
            if asked == 3 and self.well():
                break
        if not self.well():
            state = {n: (m.index, self.replicas[n].getStatus()) for n, m in self.machines.items()}
            raise Broken(f"stuck after healing: {state}")
        for name, machine in self.machines.items():
            have = dict(machine.log)
            lost = [i for i, raw in self.acked.items() if have.get(i) != raw]
            if lost:
                raise Broken(f"{name} lost acknowledged entries {lost}")

    def well(self) -> bool:
        """True when all applied all, something of the calm was acknowledged, and one leads well."""
        ends = {m.index for m in self.machines.values()}
        return (
            len(ends) == 1
            and b"%d:" % self.sent in {raw.split(b":")[0] + b":" for raw in self.acked.values()}
            and self.led_well()
        )

    def led_well(self) -> bool:
        """True where one of those leads whose clocks agree, if most clocks do."""
        aheads = sorted(clock.ahead_us for clock in self.wall_clocks.values())
        middle = aheads[len(aheads) // 2]
        if aheads.count(middle) * 2 <= len(aheads):
            return True
        leaders = [name for name, replica in self.replicas.items() if replica.lease_ok()]
        return [self.wall_clocks[name].ahead_us for name in leaders] == [middle]

    def close(self) -> None:
        for replica in self.replicas.values():
            replica.destroy()


@contextmanager
def simulated(seed: int, folder: Path, names: str = "") -> Iterator[World]:
    """A world whose clock, dice and disk stand in the library's place until the end.

    The seed says how many replicas there are, where `names` (a letter each) does not.
    """
    clock, disks = [1000.0], Disk()
    library: Any = pysyncobj.syncobj
    saved = library.monotonicTime, library.random, disk.flush, disk.flush_folder
    text_hash = Node.__hash__
    # Text has another hash in each process, by which the library's sets would be in another order.
    Node.__hash__ = lambda node: crc32(node.id.encode())
    library.monotonicTime = lambda: clock[0]
    library.random = random.Random(seed + 1)
    disk.flush, disk.flush_folder = disks.flush, lambda _folder: None
    try:
        world = World(seed, folder, clock, disks, names)
        try:
            yield world
        finally:
            world.close()
    finally:
        library.monotonicTime, library.random, disk.flush, disk.flush_folder = saved
        Node.__hash__ = text_hash


def broken_by(seed: int, folder: Path) -> str | None:
    """What a seed breaks; None when every promise is kept."""
    try:
        with simulated(seed, folder) as world:
            world.run()
    except Exception as fault:
        return f"{type(fault).__name__}: {fault}"
    return None
