"""Who decides a command, who evolves an event.

A decision is a generator: it yields facts, and each fact is evolved into the state before the next
is decided, so that the second fire of a batch sees the first. It returns the answer, and refuses
only before its first fact: what is refused has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from engine.core.ids import Instant, RequestId
from engine.state.messages import Event, Result
from engine.state.state import State


@dataclass(frozen=True, slots=True)
class Context:
    """What the entry says beside its command; `at` already is the machine's own time."""

    index: int
    at: Instant
    actor: str
    request_id: RequestId


Decision: TypeAlias = Generator[Event, None, Result]
Decide: TypeAlias = Callable[[State, Any, Context], Decision]
Evolve: TypeAlias = Callable[[State, Any], None]

DECIDES: dict[type[Any], Decide] = {}
EVOLVES: dict[type[Any], Evolve] = {}

D = TypeVar("D", bound=Callable[..., Decision])
V = TypeVar("V", bound=Callable[..., None])


def decides(command: type[Any]) -> Callable[[D], D]:
    """Register the one function that decides `command`."""

    def register(function: D) -> D:
        assert command not in DECIDES, f"{command.__name__} is decided twice"
        DECIDES[command] = function
        return function

    return register


def evolves(event: type[Any]) -> Callable[[V], V]:
    """Register the one function that writes `event` into the state."""

    def register(function: V) -> V:
        assert event not in EVOLVES, f"{event.__name__} is evolved twice"
        EVOLVES[event] = function
        return function

    return register
