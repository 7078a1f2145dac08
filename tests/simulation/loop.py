"""An asyncio loop whose time is virtual: it leaps to the next timer as soon as nothing is ready.

What runs on it runs in one thread and in one order, so that a seed repeats a run to the byte.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any


class _Leap:
    """In the place of a selector: to wait is to let the time pass."""

    def __init__(self, loop: VirtualLoop):
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        assert timeout is not None, "nothing will ever happen again"
        self._loop.passed += timeout
        return []

    def close(self) -> None:
        """Nothing is open."""


class VirtualLoop(asyncio.base_events.BaseEventLoop):
    """Seconds of its clock are `passed`, from 0; what asks for a thread runs at once."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0
        self._selector = _Leap(self)
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.passed

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except BaseException as fault:
            future.set_exception(fault)
        return future

    def call_soon_threadsafe(
        self, callback: Any, *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no files to hear of."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""
