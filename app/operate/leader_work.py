"""What a leader does: it plans, looks after its attempts, and has the processes beside it work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from engine.dispatch.watchdog import Watchdog
from engine.dispatch.worker import Worker
from engine.scheduler.loop import Scheduler


class LeaderWork:
    """The work of `Leadership`.

    Args:
        scheduler: plans; what it ends with, the work ends with.
        watchdog: looks after the attempts.
        worker: sends them.
        beside: what else runs while this node leads, by name.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        watchdog: Watchdog,
        worker: Worker,
        beside: Mapping[str, Callable[[], Coroutine[Any, Any, None]]],
    ):
        self._scheduler = scheduler
        self._watchdog = watchdog
        self._worker = worker
        self._beside = beside

    async def run(self, epoch: int) -> None:
        """Work until cancelled; what waits to be sent then is the next leader's to send."""
        tasks = [asyncio.create_task(work(), name=name) for name, work in self._beside.items()]
        tasks.append(asyncio.create_task(self._watchdog.run(epoch), name="watchdog"))
        try:
            await self._scheduler.run(epoch)
        finally:
            self._worker.forget()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
