"""The cluster's logic in one thread: real parts, a virtual clock, hostile edges, one seed.

`edge.py` is the log, `node.py` a node, `targets.py` what is called, `people.py` who writes, and
`referee.py` says after every step whether all promises hold. Faults come for a while; then all is
healed, and what is due must finish.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Iterator
from typing import Any

import structlog

import app.operate.registration
import engine.raft.leadership
from engine.core.ids import Instant
from engine.dispatch import watchdog
from engine.state.view import View
from tests.simulation.edge import Group, Harm
from tests.simulation.loop import VirtualLoop
from tests.simulation.node import START, SimNode
from tests.simulation.people import Person, document
from tests.simulation.referee import Broken, Referee
from tests.simulation.targets import Targets

HOSTILE_S = 9.0
CALM_S = 240.0
"""So long all that is due may take to finish, once nothing fails any more."""
PEOPLE = 2
LOOK_S = 1.0
NIGHTS = 0.15
"""In so many worlds the whole cluster is down for a while."""
SKEW_US = 250_000


class World:
    """One run; `run` drives it."""

    def __init__(self, seed: int):
        self.seed = seed
        self.random = rng = random.Random(seed)
        self.loop = VirtualLoop()
        self.count = rng.choice((1, 3, 3, 3, 3, 3, 5))
        self.hostile = True
        self.flush_s = rng.choice((0.05, 0.2, 3.0))
        self.referee = Referee()
        self.targets = Targets(rng)
        self.group = Group(self.loop, rng, harm=_harm(rng))
        self.crashing, self.cutting = rng.random() < 0.8, rng.random() < 0.8
        self.group.nodes = [
            SimNode(self, number, rng.randrange(-SKEW_US, SKEW_US)) for number in range(self.count)
        ]
        self._fault: BaseException | None = None

    @property
    def now_us(self) -> Instant:
        """The true time."""
        return START + int(self.loop.passed * 1e6)

    def some_view(self) -> View:
        """What some node knows that is up; of the last that was, where none is."""
        nodes = self.group.up() or self.group.nodes
        return self.random.choice(nodes).replica.view

    def fails(self, fault: BaseException | None) -> None:
        """A task of a node failed: the run is over."""
        self._fault = self._fault or fault

    def run(self) -> None:
        """Hurt it, heal it, and demand that all is well.

        Raises:
            Broken: a promise was broken.
        """
        self.loop.set_exception_handler(self._raised)
        with _alone(self.random):
            try:
                self.loop.run_until_complete(self._story())
            finally:
                for task in asyncio.all_tasks(self.loop):
                    task.cancel()
                self.loop.run_until_complete(asyncio.sleep(0))
                self.loop.close()

    def _raised(self, _loop: object, context: dict[str, Any]) -> None:
        self.fails(context.get("exception") or Broken(context["message"]))

    async def _story(self) -> None:
        for node in self.group.nodes:
            node.start()
        self.group.elect(self.random.choice(self.group.nodes))
        people = [Person(self, f"p{k}") for k in range(PEOPLE)]
        first = [document(self, f"j{k}") for k in range(4)]
        await self._watch(
            people[0].ask(lambda gate, key: gate.jobs.create(first, actor="p0", request_id=key))
        )
        lives = [self.loop.create_task(person.live()) for person in people]
        lives.append(self.loop.create_task(self._vote()))
        await self._storm(HOSTILE_S / 2)
        if self.random.random() < NIGHTS:
            await self._night()
        await self._storm(HOSTILE_S / 2)
        self.hostile = False
        self._heal()
        await self._watch(asyncio.gather(*lives[:PEOPLE]))
        for _ in range(2):  # and again for pauses that were still on their way
            await self._watch(people[0].resume_all())
            await self._watch(asyncio.sleep(1.5))
        await self._finish()

    async def _watch(self, work: Any) -> None:
        """Wait for it, and no longer than nothing is broken."""
        task = asyncio.ensure_future(work)
        while not task.done():
            await asyncio.wait({task}, timeout=0.5)
            self._look()
        task.result()

    def _look(self) -> None:
        if self._fault is not None:
            raise self._fault

    async def _finish(self) -> None:
        end = self.loop.passed + CALM_S
        while left := self.referee.unfinished(self.now_us, self.group.nodes):
            if self.loop.passed > end:
                raise Broken(left)
            await self._watch(asyncio.sleep(0.25))
        self.referee.closes(self.group.nodes)

    # ---- faults ---------------------------------------------------------------------------------

    def _heal(self) -> None:
        self.group.harm = Harm()
        self.targets.calm, self.flush_s = True, 0.05
        for node in self.group.nodes:
            node.linked = True
            if node.up:
                node.stir()
            else:
                self._start(node)

    async def _vote(self) -> None:
        """A leader that is gone is replaced; in the storm, sometimes one that is not."""
        while True:
            await asyncio.sleep(self.random.uniform(0.3, 1.5))
            able = self.group.in_touch()
            leader = self.group.leader
            lost = leader is None or not leader.linked or not leader.up
            fickle = self.hostile and self.random.random() < 0.15
            if len(able) * 2 > self.count and (lost or fickle):
                self.group.elect(self.random.choice(able))

    async def _hurt(self) -> None:
        acts = [self._crash] * 4 * self.crashing + [self._cut] * 4 * self.cutting
        acts += [self._snapshot, self._snapshot, self._ship, self._step, self._mend]
        while True:
            await asyncio.sleep(self.random.uniform(0.05, 0.6))
            self.random.choice(acts)()
            for node in self.group.nodes:
                if not node.up and self.random.random() < 0.25:
                    self._start(node)

    async def _storm(self, seconds: float) -> None:
        hurting = self.loop.create_task(self._hurt())
        await self._watch(asyncio.sleep(seconds))
        hurting.cancel()

    async def _night(self) -> None:
        """No node is up for so long that fire times are missed, and not late."""
        for node in self.group.up():
            node.crash()
        await self._watch(asyncio.sleep(self.random.uniform(5.0, 30.0)))
        for node in self.group.nodes:
            node.linked = True
            self._start(node)

    def _most_live(self) -> bool:
        return (len(self.group.in_touch()) - 1) * 2 > self.count or self.random.random() < 0.2

    def _some(self) -> SimNode:
        """A node; rather the leader than another."""
        leader = self.group.leader
        if leader is not None and self.random.random() < 0.4:
            return leader
        return self.random.choice(self.group.nodes)

    def _crash(self) -> None:
        node = self._some()
        if node.up and self._most_live():
            node.crash()

    def _start(self, node: SimNode) -> None:
        donors = [one for one in self.group.in_touch() if one is not node]
        ships = bool(donors) and self.random.random() < 0.3
        node.start(self.random.choice(donors) if ships else None)

    def _cut(self) -> None:
        node = self._some()
        if node.linked and self._most_live():
            node.linked = False
        else:
            self._mend()

    def _mend(self) -> None:
        for node in self.group.nodes:
            node.linked = True
            node.stir()

    def _snapshot(self) -> None:
        if up := self.group.up():
            self.random.choice(up).snapshot()

    def _ship(self) -> None:
        """A node that lags beyond the log gets a snapshot while it runs."""
        nodes = self.group.in_touch()
        followers = [one for one in nodes if one is not self.group.leader and not one.believes]
        if followers:
            last = min(followers, key=lambda node: node.applied)
            last.install(max(nodes, key=lambda node: node.applied))

    def _step(self) -> None:
        self._some().clock.skew_us = self.random.randrange(-SKEW_US, SKEW_US)


def _harm(rng: random.Random) -> Harm:
    """How hostile the edge of a world is."""
    much = rng.choice([0.0, 0.5, 1.0, 2.0])
    return Harm(
        lost=0.05 * much,
        late=0.05 * much,
        twice=0.04 * much,
        slow_s=rng.choice([0.0, 0.02, 0.2]),
        lag_s=rng.choice([0.0, 0.05, 0.5]),
    )


@contextlib.contextmanager
def _alone(rng: random.Random) -> Iterator[None]:
    """No chance but the seed's, and nothing said of what is meant to fail."""
    fresh = itertools.count()
    draw = rng.randrange(1 << 30)
    modules: list[Any] = [engine.raft.leadership, app.operate.registration]
    before = [module.new_request_id for module in modules]
    look_s, watchdog.LOOK_S = watchdog.LOOK_S, LOOK_S  # so often leaders change
    settings = structlog.get_config()
    disabled = logging.root.manager.disable
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    for module in modules:
        module.new_request_id = lambda: f"req_{draw}_{next(fresh)}"
    try:
        yield
    finally:
        for module, known in zip(modules, before, strict=True):
            module.new_request_id = known
        watchdog.LOOK_S = look_s
        structlog.configure(**settings)
        logging.disable(disabled)


def broken_by(seed: int) -> str | None:
    """What a seed breaks; None when every promise is kept."""
    try:
        World(seed).run()
    except Exception as fault:
        return f"{type(fault).__name__}: {fault}"
    return None
