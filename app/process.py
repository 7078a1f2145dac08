"""A node as a process: how Python runs it, who holds its files, what ends it or begins it anew."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any, Final

import structlog

from app.config import Config
from app.datadir import held
from app.health import disk_works
from app.memory import give_back_what_is_free
from app.node import Node
from engine.core.clock import SystemClock

log = structlog.get_logger(__name__)

AGAIN: Final = -1
"""Instead of an exit code: begin anew from the files, in a process that remembers nothing."""

COLLECT_AFTER: Final = (50_000, 20, 100)
"""Allocations before a collection of the young, and those before one of the older. What a fire
allocates is freed by counting; a collection finds nothing and looks at every job to say so."""

SWITCH_INTERVAL_S: Final = 0.0005
"""A tick or a due moment waits at most so long for a thread that computes."""


def serve(config: Config) -> int:
    """Run one node until it is told to stop; blocks. Returns the exit code.

    A node that its disk refused begins anew in the place of this process once the disk is well:
    what memory holds, and what the kernel says that the files hold, may differ from the disk.

    Raises:
        DataDirBusy: another process holds the data directory.
        ChronosError: it cannot start from what it finds there.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.set_threshold(*COLLECT_AFTER)
    give_back_what_is_free()
    with held(config.cluster.data_dir):
        code = asyncio.run(_run(config))
    if code == AGAIN:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # this very program
    return code


async def _run(config: Config) -> int:
    """Serve until a signal or a fatal error; the exit code, or `AGAIN`."""
    node = Node(config, SystemClock())
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with node.running():
        await _first_of(stop.wait(), node.failed.wait())
        if node.raft.fault:
            node.end_tasks()  # what they would propose is refused until the node begins anew
        again = node.raft.disk_failed or (node.history.over and not node.raft.fault)
        if again:
            await _first_of(stop.wait(), disk_works(config.cluster.data_dir))
    if again and not stop.is_set():
        log.warning("the disk takes writes: the node begins anew from its files", node=node.id)
        return AGAIN
    return 1 if node.failed.is_set() else 0


async def _first_of(*events: Coroutine[Any, Any, object]) -> None:
    waits = [asyncio.ensure_future(event) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
