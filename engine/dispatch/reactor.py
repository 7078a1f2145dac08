"""One thread's place to wait: sockets, one timer, and orders from other threads.

It knows nothing of attempts. A dispatcher built on sockets watches them here; whatever else wants
the thread's attention wakes it.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections import deque
from collections.abc import Callable

from engine.core.clock import Clock
from engine.core.ids import Instant

READ, WRITE, FAULT = select.EPOLLIN, select.EPOLLOUT, select.EPOLLERR | select.EPOLLHUP

Ready = Callable[[int, int], None]
"""Called with the descriptor and its mask of READ, WRITE and FAULT."""


class Reactor:
    """Waits for whatever comes first. `order` and `wake` may be called from any thread."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._orders: deque[Callable[[], None]] = deque()
        self._ready: dict[int, Ready] = {}
        self._due: dict[Callable[[], None], int] = {}
        self._wake_lock = threading.Lock()
        self._closed = False
        self._ahead_us = clock.now_us() - clock.monotonic_us()
        self.woke_us = 0
        """Monotonic time at which the last wait ended: what was ready by then had come by then."""
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._epoll = select.epoll()
        self._epoll.register(self._wake_read, READ)

    @property
    def has_orders(self) -> bool:
        """Whether an order waits that `obey` has not carried out."""
        return bool(self._orders)

    # ---- from any thread ---------------------------------------------------------------------

    def order(self, action: Callable[[], None]) -> None:
        """Have `action` run in the reactor's thread; never blocks."""
        self._orders.append(action)
        self.wake()

    def wake(self) -> None:
        """End the wait that is going on, or the next one."""
        # Under a lock: a closed descriptor's number may belong to a file of somebody else by now.
        with self._wake_lock:
            if not self._closed:
                with contextlib.suppress(BlockingIOError):  # full: it is awake already
                    os.write(self._wake_write, b"x")

    def close(self) -> None:
        """Give the descriptors back; later calls of `order` and `wake` do nothing."""
        with self._wake_lock:
            if not self._closed:
                self._closed = True
                os.close(self._wake_read)
                os.close(self._wake_write)
                self._epoll.close()

    # ---- in the reactor's thread -------------------------------------------------------------

    def watch(self, descriptor: int, mask: int, ready: Ready) -> None:
        """Call `ready` whenever the descriptor is; a second call changes mask and callback."""
        try:
            self._epoll.modify(descriptor, mask)
        except OSError:  # new, or a number that was closed and given out again
            self._epoll.register(descriptor, mask)
        self._ready[descriptor] = ready

    def unwatch(self, descriptor: int) -> None:
        """Forget a descriptor."""
        self._ready.pop(descriptor, None)
        with contextlib.suppress(OSError):  # closed, and so forgotten by epoll already
            self._epoll.unregister(descriptor)

    def call_after(self, wait_us: int | None, action: Callable[[], None]) -> None:
        """Call `action` once after `wait_us` microseconds; this replaces its earlier date."""
        if wait_us is None:
            self._due.pop(action, None)
        else:
            self._due[action] = self._clock.monotonic_us() + wait_us

    def obey(self) -> None:
        """Carry out the orders that have come."""
        while self._orders:
            self._orders.popleft()()
        self._ahead_us = self._clock.now_us() - self._clock.monotonic_us()

    def wall_us(self, at_us: int) -> Instant:
        """Wall time of a monotonic moment since `obey`, whose two readings serve the whole turn."""
        return at_us + self._ahead_us

    def wait(self, most_s: float) -> None:
        """Wait at most so many seconds; then call whatever is ready or due."""
        events = self._epoll.poll(self._until_due(most_s))
        self.woke_us = self._clock.monotonic_us()
        for descriptor, mask in events:
            if descriptor == self._wake_read:
                os.read(self._wake_read, 65536)
            elif (ready := self._ready.get(descriptor)) is not None:
                ready(descriptor, mask)
        if self._due and min(self._due.values()) <= (now := self._clock.monotonic_us()):
            for action in [action for action, due in self._due.items() if due <= now]:
                del self._due[action]
                action()

    def _until_due(self, most_s: float) -> float:
        if not self._due or not most_s:
            return most_s
        left_us = min(self._due.values()) - self._clock.monotonic_us()
        return max(0.0, min(most_s, left_us / 1e6))
