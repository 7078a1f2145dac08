"""An attempt that nobody holds is found and sent again; one that is on its way is left alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.core.version import LEVEL
from engine.dispatch.watchdog import Watchdog
from engine.state.messages import Command, ExecutionEnded, Result
from engine.state.view import View
from tests.kit.jobs import Log, new_job
from tests.unit.engine.state.test_executions import fire, lead


@dataclass
class Hands:
    """What worker and outbox hold."""

    worker: set[tuple[str, int]] = field(default_factory=set)
    outbox: set[tuple[str, int]] = field(default_factory=set)
    turns: int = 0

    def holds(self, attempt: tuple[str, int]) -> bool:
        return attempt in self.worker

    def attempts(self) -> set[tuple[str, int]]:
        return self.outbox


class LogStore:
    """The real machine behind a store."""

    def __init__(self, log: Log):
        self.log = log
        self.view = View(log.state, lock=_Free())  # type: ignore[arg-type]
        self.proposed: list[Command] = []

    def subscribe(self, sink: Any) -> None: ...

    async def propose(self, command: Command, *, actor: str, request_id: str = "") -> Result:
        self.proposed.append(command)
        return self.log.do(command).result


class _Free:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def log() -> Log:
    return Log().with_jobs(new_job(retry_policy={"max_attempts": 3}))


def looks(log: Log, hands: list[Hands], level: int = LEVEL, moves: bool = True) -> LogStore:
    """One look after the other, each with other hands."""
    store = LogStore(log)
    now = Hands()
    dog = Watchdog("n1", store, now, now, lambda: level)  # type: ignore[arg-type]  # two hands

    async def run() -> None:
        for one in hands:
            now.worker, now.outbox = one.worker, one.outbox
            now.turns += moves
            await dog.look(log.state.epoch)

    asyncio.run(run())
    return store


def test_what_is_unheld_at_two_looks_is_lost_once(log: Log) -> None:
    [execution] = fire(log, lead(log))
    store = looks(log, [Hands(), Hands(), Hands()])
    assert len(store.proposed) == 1
    assert (log.state.executions[execution].attempt, log.state.executions[execution].status) == (
        2,
        "pending",
    )
    assert not any(isinstance(e, ExecutionEnded) for one in log.committed for e in one.events)


@pytest.mark.parametrize("hand", ["worker", "outbox"])
def test_what_passes_from_hand_to_hand_is_left_alone(log: Log, hand: str) -> None:
    [execution] = fire(log, lead(log))
    held = Hands(**{hand: {(execution, 1)}})
    assert not looks(log, [Hands(), held, Hands(), held]).proposed


def test_a_thread_that_does_not_move_loses_nothing(log: Log) -> None:
    fire(log, lead(log))
    assert not looks(log, [Hands(), Hands(), Hands()], moves=False).proposed


def test_an_older_node_is_not_asked_to_apply_it(log: Log) -> None:
    fire(log, lead(log))
    assert not looks(log, [Hands(), Hands()], level=1).proposed
