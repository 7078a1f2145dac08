"""`python -m tests.simulation.mutations`: take one safeguard out, and see who notices.

A proof that finds nothing is worth what it would find. Each mutant is the product with one of its
safeguards taken out, patched in this process; the worlds are run until one of them breaks. The
table says which seed did, and by which promise. Exit code 1 where a mutant lives.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

from engine.dispatch.watchdog import Watchdog
from engine.model.job import Guarantee
from engine.raft.cluster_time import ClusterTime
from engine.raft.pysync.append import Append
from engine.raft.pysync.clocks import Clocks
from engine.raft.pysync.journal import Journal
from engine.raft.pysync.library import LEADER, SyncObj
from engine.raft.pysync.votes import Votes
from engine.raft.replica import Replica
from engine.state import machine
from engine.state.messages import (
    Accepted,
    BeginBackfill,
    LoseAttempts,
    RecoverExecutions,
    StartExecutions,
)
from engine.state.rules import calendars, endings, executions, jobs
from engine.state.rules.registry import DECIDES
from tests.simulation.many import WORLDS
from tests.simulation.raft_sim.world import Disk
from tests.simulation.targets import Hands

SEEDS_MAX = 400
Patch = Callable[[contextlib.ExitStack], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A safeguard that is taken out by `patch`.

    Attributes:
        world: "cluster" for the worlds of `world.py`, "raft" for those of `raft_sim`.
        signs: what the broken promise may say; any, where there are none.
        costly: whether it takes too long for each run of the tests.
    """

    name: str
    what: str
    patch: Patch
    world: str = "cluster"
    signs: tuple[str, ...] = ()
    costly: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Which seed noticed, and what it says."""

    seed: int
    fault: str

    def repeat(self, mutant: Mutant) -> str:
        """The line that shows it again."""
        return f"python -m tests.simulation.mutations {mutant.name} --seed {self.seed}"


def notice(mutant: Mutant, seeds: range = range(SEEDS_MAX)) -> Found | None:
    """The first of the seeds that breaks with the mutant, by one of its signs."""
    with contextlib.ExitStack() as stack:
        mutant.patch(stack)
        for seed in seeds:
            fault = WORLDS[mutant.world](seed)
            if fault and (not mutant.signs or any(sign in fault for sign in mutant.signs)):
                return Found(seed, fault)
    return None


def _swap(stack: contextlib.ExitStack, place: Any, name: str, value: Any) -> None:
    stack.enter_context(mock.patch.object(place, name, value))


# ---- the cluster's logic ------------------------------------------------------------------------


def _no_fence(stack: contextlib.ExitStack) -> None:
    for kind in (StartExecutions, RecoverExecutions, LoseAttempts, BeginBackfill):

        def unfenced(state: Any, command: Any, context: Any, decide: Any = DECIDES[kind]) -> Any:
            return decide(state, replace(command, epoch=state.epoch), context)

        stack.enter_context(mock.patch.dict(DECIDES, {kind: unfenced}))


def _any_claim(stack: contextlib.ExitStack) -> None:
    for module in (endings, executions):
        _swap(stack, module, "claimable", lambda state, job, _generation, _at: state.jobs.get(job))


def _no_memory(stack: contextlib.ExitStack) -> None:
    _swap(stack, machine, "_remember", lambda _state, _request_id, _result: None)


def _early_watermark(stack: contextlib.ExitStack) -> None:
    def snapshot(self: Any, taken: Any = Replica.snapshot) -> list[bytes]:
        applied = self.view.applied_index
        with mock.patch.object(self, "_watermark", return_value=applied):
            return list(taken(self))

    _swap(stack, Replica, "snapshot", snapshot)


def _no_lease(stack: contextlib.ExitStack) -> None:
    def make(self: Any, *args: Any, made: Any = Hands.__init__, **named: Any) -> None:
        made(self, *args, **named | {"may_send": lambda: True})

    _swap(stack, Hands, "__init__", make)


def _no_recovery(stack: contextlib.ExitStack) -> None:
    def recover(_state: Any, _command: Any, _context: Any) -> Iterator[Any]:
        yield from ()
        return Accepted(value=0)

    stack.enter_context(mock.patch.dict(DECIDES, {RecoverExecutions: recover}))


def _no_watchdog(stack: contextlib.ExitStack) -> None:
    async def look(_self: Any, _epoch: int) -> None:
        pass

    _swap(stack, Watchdog, "look", look)


def _sent_again(stack: contextlib.ExitStack) -> None:
    lax = SimpleNamespace(AT_MOST_ONCE=None, EFFECT_ONCE=Guarantee.EFFECT_ONCE)
    _swap(stack, executions, "Guarantee", lax)


def _unasked(stack: contextlib.ExitStack) -> None:
    lax = SimpleNamespace(AT_MOST_ONCE=Guarantee.AT_MOST_ONCE, EFFECT_ONCE=None)
    _swap(stack, executions, "Guarantee", lax)


def _edits_leave_due(stack: contextlib.ExitStack) -> None:
    for module in (jobs, calendars):
        _swap(stack, module, "leaves_due", lambda _state, _job, _skip, _at: None)


def _dice(stack: contextlib.ExitStack) -> None:
    dice = random.Random(1)
    _swap(
        stack, executions, "backoff_us", lambda _policy, _failures, _id: dice.randrange(1_000_000)
    )


def _queued_cancelled(stack: contextlib.ExitStack) -> None:
    _swap(stack, Hands, "cancel", lambda _self, _execution_id: None)


# ---- the Raft layer -----------------------------------------------------------------------------


def _no_flush(stack: contextlib.ExitStack) -> None:
    _swap(stack, Disk, "flush", lambda _self, _fd: None)


def _early_ack(stack: contextlib.ExitStack) -> None:
    def tick(self: Any, seconds: float = 0.0) -> None:
        SyncObj._onTick(self, seconds)
        acks, self._acks = self._acks, []
        for node, message in acks:
            self._SyncObj__transport.send(node, message)

    _swap(stack, Append, "_onTick", tick)


def _forgotten_vote(stack: contextlib.ExitStack) -> None:
    def remember(self: Any, term: int, voted_for: str | None) -> None:
        self._term, self._vote = term, voted_for or ""

    _swap(stack, Journal, "setCurrentTerm", remember)


def _lost_disk_votes(stack: contextlib.ExitStack) -> None:
    _swap(stack, Journal, "blank", False)  # nobody sees that the past is gone


def _believed_lease(stack: contextlib.ExitStack) -> None:
    _swap(stack, Votes, "lease_ok", lambda self: self._SyncObj__raftState == LEADER)


def _count_as_the_library(self: Any, node: Any, message: Any) -> None:
    if message["term"] == self.raftCurrentTerm and node in self._SyncObj__raftMatchIndex:
        SyncObj._SyncObj__onMessageReceived(self, node, message)


def _chasing_resets(stack: contextlib.ExitStack) -> None:
    _swap(stack, Append, "_count", _count_as_the_library)


def _cut_what_matches(stack: contextlib.ExitStack) -> None:
    # What re-sends is the library's way of obeying resets: the cure of R13 hides R1. Without that
    # cure alone nodes get stuck, see above, but nothing is ever cut.
    def take(self: Any, node: Any, message: Any) -> None:
        SyncObj._SyncObj__onMessageReceived(self, node, message)

    _swap(stack, Append, "_take", take)
    _swap(stack, Append, "_count", _count_as_the_library)


def _commit_by_snapshot(stack: contextlib.ExitStack) -> None:
    stock = Append._SyncObj__onMessageReceived  # type: ignore[attr-defined]  # the library's name

    def receive(self: Any, node: Any, message: Any) -> None:
        if message.get("serialized") and message["term"] >= self.raftCurrentTerm:
            self._echo = (message["seq"], message["t"])
            SyncObj._SyncObj__onMessageReceived(self, node, message)
        else:
            stock(self, node, message)

    _swap(stack, Append, "_SyncObj__onMessageReceived", receive)


def _own_clock(stack: contextlib.ExitStack) -> None:
    _swap(stack, ClusterTime, "now_us", lambda self: self._clock.now_us())


def _wrong_clock_leads(stack: contextlib.ExitStack) -> None:
    _swap(stack, Clocks, "_lay_down", lambda _self: None)


MUTANTS = (
    Mutant("epoch-fence", "what an older leader proposes is accepted", _no_fence),
    Mutant("claim", "a claim is no compare-and-set", _any_claim),
    Mutant("request-ids", "answers to requests are not remembered", _no_memory),
    Mutant("watermark", "a snapshot leaves out facts that the history lacks", _early_watermark),
    Mutant("lease", "an attempt is sent whether the lease holds or not", _no_lease),
    Mutant("recovery", "a new leader leaves the attempts of the old as they are", _no_recovery),
    Mutant("watchdog", "what a living dispatcher lost is left as it is", _no_watchdog),
    Mutant("at-most-once", "an attempt in doubt is sent again", _sent_again),
    Mutant("effect-once", "an attempt in doubt is sent again unasked", _unasked),
    Mutant("superseded", "an edit may leave what is due undecided", _edits_leave_due),
    Mutant("determinism", "each node draws the wait of a retry by itself", _dice),
    Mutant("cancel", "what is cancelled and waits is sent", _queued_cancelled),
    Mutant("fsync", "a flush does nothing", _no_flush, "raft"),
    Mutant("early-ack", "entries are acknowledged before the flush", _early_ack, "raft"),
    Mutant("vote", "term and vote are not written down", _forgotten_vote, "raft", costly=True),
    Mutant("blank", "a node votes after its disk was lost", _lost_disk_votes, "raft"),
    Mutant(
        "raft-lease", "who leads believes in its lease", _believed_lease, "raft", ("two leases",)
    ),
    Mutant("clock", "a node believes its own clock", _own_clock, "raft", ("goes by a time",)),
    Mutant(
        "laid-down",
        "who leads keeps on with a wrong clock",
        _wrong_clock_leads,
        "raft",
        ("stuck after healing",),
    ),
    Mutant("resets", "resets chase each other (R13)", _chasing_resets, "raft", ("stuck",)),
    Mutant(
        "cut",
        "what matches is cut (R1)",
        _cut_what_matches,
        "raft",
        ("had applied", "lost", "diverged", "is committed"),
    ),
    Mutant(
        "snapshot-piece",
        "a piece of a snapshot commits (R17)",
        _commit_by_snapshot,
        "raft",
        costly=True,
    ),
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutations")
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants; default: all")
    parser.add_argument("--seed", type=int, help="only this one")
    options = parser.parse_args(arguments)
    seeds = range(SEEDS_MAX) if options.seed is None else range(options.seed, options.seed + 1)
    lives = 0
    print("| taken out | so that | found by | says |\n| --- | --- | --- | --- |")  # noqa: T201
    for mutant in MUTANTS:
        if options.names and mutant.name not in options.names:
            continue
        found = notice(mutant, seeds)
        lives += found is None
        by, says = (found.repeat(mutant), found.fault[:90]) if found else ("nobody", "")
        print(f"| {mutant.name} | {mutant.what} | `{by}` | {says} |", flush=True)  # noqa: T201
    return 1 if lives else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
