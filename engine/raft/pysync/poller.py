"""The library's poller with a door bell: `wake` ends a wait at once, from any thread.

Without it a command waits for the end of the tick, and one node alone commits a tick later (100 ms
by default). An urgent owner (bytes waiting for their flush) is not made to wait at all.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pysyncobj.syncobj
from pysyncobj.poller import POLL_EVENT_TYPE, PollPoller


class BellPoller(PollPoller):  # type: ignore[misc]  # the library carries no types
    """`poll` of the standard library, an eventfd to wake it, and a question before it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.urgent: Callable[[], bool] = lambda: False
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.subscribe(self._bell, self._rung, POLL_EVENT_TYPE.READ)

    def _rung(self, _descr: int, _event: int) -> None:
        os.eventfd_read(self._bell)

    def wake(self) -> None:
        """Ends the wait that is on, or the next one."""
        os.eventfd_write(self._bell, 1)

    def poll(self, timeout: float) -> None:
        """Handles what is ready, waiting at most `timeout` seconds for it."""
        super().poll(0.0 if self.urgent() else timeout)

    def close(self) -> None:
        """Gives the eventfd back."""
        self.unsubscribe(self._bell)
        os.close(self._bell)


# Built inside the library's constructor and handed to its sockets there.
pysyncobj.syncobj.createPoller = lambda _kind: BellPoller()
