"""Whether a history of concurrent operations could have happened one at a time.

A history is linearizable if each operation can be given a moment between its call and its answer,
so that all of them, done one after the other in that order by one sequential object,
give the answers that were given. The search is Wing and Gong's, with Lowe's memory: take first what
no other operation had ended before, as far as the answers fit; where nothing fits, go back; and
never look twice at the same set of operations done with the same state left behind. What is
answered is tried before what is unknown, and of unknown ones that ask the same only the earliest.

An operation whose answer never came may take effect at any later moment, or never. Operations on
different keys do not touch each other, so each key is checked by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any


class _Unknown:
    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Any = _Unknown()
"""The answer that never came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a client asked of a key, and was answered; moments by one clock, in seconds.

    `answered_at` is infinity where `answer` is UNKNOWN.
    """

    key: str
    asked: Hashable
    answer: Hashable
    asked_at: float
    answered_at: float
    client: str = ""

    def __str__(self) -> str:
        until = "never" if self.answered_at == inf else f"{self.answered_at:.3f}"
        return f"{self.client} {self.asked_at:.3f}-{until}: {self.asked} -> {self.answer}"


Object = Callable[[Hashable, Hashable], tuple[Hashable, Hashable]]
"""The sequential object: from a state and what is asked to the next state and the answer."""


def unlinearizable(
    history: Iterable[Operation], object_: Object, initial: Hashable = None
) -> dict[str, list[Operation]]:
    """The keys whose operations cannot have happened one at a time.

    Returns:
        For each such key the shortest beginning of its history, by answers, that already cannot:
        its last operation is the one that nothing explains.
    """
    keys: dict[str, list[Operation]] = defaultdict(list)
    for operation in history:
        keys[operation.key].append(operation)
    return {
        key: _shortest(operations, object_, initial)
        for key, operations in sorted(keys.items())
        if not is_linearizable(operations, object_, initial)
    }


def _shortest(operations: list[Operation], object_: Object, initial: Hashable) -> list[Operation]:
    """Cut at an answer: what had not been answered by then is unknown, and may have been done."""
    for end in sorted(one.answered_at for one in operations):
        part = [
            one
            if one.answered_at <= end
            else Operation(
                key=one.key,
                asked=one.asked,
                answer=UNKNOWN,
                asked_at=one.asked_at,
                answered_at=inf,
                client=one.client,
            )
            for one in operations
            if one.asked_at <= end
        ]
        if not is_linearizable(part, object_, initial):
            return sorted(part, key=lambda one: one.answered_at)
    return operations


def is_linearizable(
    operations: Sequence[Operation], object_: Object, initial: Hashable = None
) -> bool:
    """Whether operations on one key can have happened one at a time."""
    order = sorted(operations, key=lambda one: one.asked_at)
    wanted = sum(1 << place for place, one in enumerate(order) if one.answer is not UNKNOWN)
    seen: set[tuple[int, Hashable]] = set()
    waiting: list[tuple[int, Hashable]] = [(0, initial)]
    while waiting:
        done, state = waiting.pop()
        if done & wanted == wanted:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        later: list[tuple[int, Hashable]] = []
        for place in reversed(_next(order, done)):
            following, answer = object_(state, order[place].asked)
            known = order[place].answer
            after = (done | 1 << place, following)
            if known is UNKNOWN and following != state:  # else it makes no difference
                waiting.append(after)
            elif answer == known:
                later.append(after)
        waiting += later  # what is known is tried first: it leaves the least to guess
    return False


def _next(order: Sequence[Operation], done: int) -> list[int]:
    """The places of those that may come next: asked before any other was answered."""
    found: list[int] = []
    first_answer = inf
    alike: set[Hashable] = set()
    for place, one in enumerate(order):
        if done >> place & 1:
            continue
        if one.asked_at > first_answer:
            break
        if one.answer is UNKNOWN:
            if one.asked in alike:  # the one asked before does as well
                continue
            alike.add(one.asked)
        found.append(place)
        first_answer = min(first_answer, one.answered_at)
    return found
