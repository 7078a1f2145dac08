"""Targets: good, slow, failing, silent, and lying ones; and the hands that send to them.

A target knows what had its effect there. A liar has the effect and says 500, or breaks off; a
silent one has it, perhaps long after its caller gave up.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.core.clock import Clock
from engine.dispatch.asking import answered, asks_first
from engine.dispatch.dispatcher import Request
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.model.job import Job
from tests.simulation.loop import VirtualLoop

MOODS = ("good", "good", "slow", "flaky", "silent", "liar", "breaks")
FUMBLED = 0.03
"""So many attempts are lost by a fault of the dispatch itself."""
PLACES_S = 0.02
"""How often one that waits for the lease looks again."""


@dataclass
class Targets:
    """All targets; what they saw is what the referee compares with the log."""

    random: random.Random
    calm: bool = False
    sent: Counter[tuple[str, int]] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)

    def met(self, mood: str) -> tuple[float, float | None, AttemptOutcome, int]:
        """How an attempt goes: seconds, when its effect comes, how it ends, its status code."""
        rng = self.random
        quick = rng.uniform(0.002, 0.05)
        if self.calm or mood == "good":
            return quick, quick, AttemptOutcome.SUCCESS, 200
        if mood == "slow":
            slow = rng.uniform(0.2, 2.5)
            return slow, rng.uniform(0.0, slow), AttemptOutcome.SUCCESS, 200
        if mood == "flaky":
            bad = rng.random() < 0.4
            ended = AttemptOutcome.FAILED if bad else AttemptOutcome.SUCCESS
            return quick, None if bad else quick, ended, 503 if bad else 200
        if mood == "silent":
            late = rng.choice([None, 0.1, 4.0])
            return 3.0, late, AttemptOutcome.TIMEOUT, 0
        if mood == "liar":
            return quick, quick, AttemptOutcome.FAILED, 500
        return quick, rng.choice([None, quick]), AttemptOutcome.FAILED, 0  # it breaks off


class Hands:
    """What a node's dispatch is, without sockets: bounds, the lease, and results that come back.

    Args:
        may_send: as of `Worker`; asked at the moment at which an attempt leaves.
        on_results: takes the results.
        watch: told of each attempt that leaves.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        targets: Targets,
        clock: Clock,
        *,
        may_send: Callable[[], bool],
        on_results: Callable[[list[AttemptResult]], None],
        watch: Callable[[Request], None],
    ):
        self._loop, self._targets, self._clock = loop, targets, clock
        self._may_send, self._on_results, self._watch = may_send, on_results, watch
        self._waiting: dict[tuple[str, int], Request] = {}
        self._unseen: set[tuple[str, int]] = set()
        self._running: set[tuple[str, int]] = set()
        self._turns = 0
        self._dead = False

    @property
    def turns(self) -> int:
        """Grows, since these hands never stand still."""
        self._turns += 1
        return self._turns

    @property
    def queued(self) -> int:
        """Attempts that are not sent yet."""
        return len(self._waiting)

    def holds(self, attempt: tuple[str, int]) -> bool:
        return attempt in self._waiting or attempt in self._running

    def close(self) -> None:
        """The process dies: what was sent goes on at its target, nobody hears the answer."""
        self._dead = True

    def submit(self, requests: Sequence[Request]) -> None:
        for request in requests:
            key = request.execution.id, request.execution.attempt
            if not self._targets.calm and self._targets.random.random() < FUMBLED:
                continue
            self._waiting[key] = request
            held = 0.0 if self._targets.calm else self._targets.random.choice([0.0, 0.0, 0.4])
            self._loop.call_later(held, self._begin, key)

    def expect(self, jobs: Sequence[Job]) -> None:
        """There is nothing to make ready."""

    def cancel(self, execution_id: str) -> None:
        for key in [key for key in self._waiting if key[0] == execution_id]:
            del self._waiting[key]
        self._running -= {key for key in self._running if key[0] == execution_id}

    def forget(self) -> None:
        self._waiting.clear()

    def _begin(self, key: tuple[str, int]) -> None:
        if self._dead or key not in self._waiting:
            return
        if not self._may_send():
            self._loop.call_later(PLACES_S, self._begin, key)
            return
        request = self._waiting[key]
        if asks_first(request) and key not in self._unseen:
            self._loop.call_later(0.01, self._asked, key)
            return
        del self._waiting[key]
        self._running.add(key)
        self._send(request)

    def _asked(self, key: tuple[str, int]) -> None:
        """The target says what it has seen; one of twenty answers is no answer."""
        request = self._waiting.get(key)
        if self._dead or request is None:
            return
        seen = bool(self._targets.effects[request.execution.id])
        unsure = not self._targets.calm and self._targets.random.random() < 0.05
        status = 503 if unsure else 200 if seen else 404
        ended = AttemptOutcome.SUCCESS if status == 200 else AttemptOutcome.FAILED
        known = answered(self._result(request, self._clock.now_us(), ended, status))
        if known is None:
            self._unseen.add(key)
            self._begin(key)
        else:
            del self._waiting[key]
            self._on_results([known])

    def _send(self, request: Request) -> None:
        execution = request.execution
        self._watch(request)
        self._targets.sent[execution.id, execution.attempt] += 1
        mood = request.job.spec.tags.get("mood", "good")
        seconds, effect, ended, status = self._targets.met(mood)
        if effect is not None:
            self._loop.call_later(effect, self._targets.effects.update, [execution.id])
        self._loop.call_later(seconds, self._done, request, self._clock.now_us(), ended, status)

    def _done(self, request: Request, began: int, ended: AttemptOutcome, status: int) -> None:
        key = request.execution.id, request.execution.attempt
        if not self._dead and key in self._running:
            self._running.discard(key)
            self._on_results([self._result(request, began, ended, status)])

    def _result(
        self, request: Request, began: int, ended: AttemptOutcome, status: int
    ) -> AttemptResult:
        return AttemptResult(
            execution_id=request.execution.id,
            attempt=request.execution.attempt,
            outcome=ended,
            started_us=began,
            finished_us=max(began, self._clock.now_us()),
            status_code=status,
            error="" if ended is AttemptOutcome.SUCCESS else f"{ended.value} {status}",
        )
