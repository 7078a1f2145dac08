"""The leader's analyst: has runs judged in a process beside the node, and proposes findings.

It runs while this node owns scheduling. What it finds again is known already, so that a new leader
may begin from nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
import structlog

from analytics.shared import LOOKED_BACK_US
from app.operate.tasks import Round
from engine.core.clock import Clock
from engine.core.errors import ChronosError
from engine.core.ids import Instant
from engine.history.segments import live_paths
from engine.model.finding import Finding
from engine.model.job import Job
from engine.raft.store import Store
from engine.state.messages import (
    Committed,
    ExecutionEnded,
    ExecutionsImported,
    RecordFindings,
)

FINISHES: Final = frozenset({ExecutionEnded, ExecutionsImported})
BATCH_MAX: Final = 200
FIRST_AFTER_S: Final = 5.0
ROUND_S_MAX: Final = 600.0
IDLE_US: Final = 900_000_000
"""The process is ended when no run has finished for so long: it holds some 250 MiB."""

LINE_BYTES_MAX: Final = 1 << 20
log = structlog.get_logger(__name__)


class Analyst:
    """See the module.

    Args:
        node: this node's id, the actor of what is proposed.
        export_dir: the history's exported segments.
        interval_us: time between two rounds, microseconds.
    """

    def __init__(
        self, node: str, store: Store, clock: Clock, *, export_dir: Path, interval_us: int
    ):
        self._node = node
        self._store = store
        self._clock = clock
        self._export_dir = export_dir
        self._interval_s = interval_us / 1e6
        self._process: asyncio.subprocess.Process | None = None
        self._proposed: dict[str, Finding] = {}
        self._news = True
        self._news_us = clock.now_us()

    def take(self, committed: Committed) -> None:
        """Note that runs finished; called for each entry, in any thread."""
        if not FINISHES.isdisjoint(map(type, committed.events)):
            self._news = True

    async def run(self) -> None:
        """Look for anomalies until cancelled; what fails is tried again in the next round."""
        wait_s = min(FIRST_AFTER_S, self._interval_s)
        try:
            while True:
                await asyncio.sleep(wait_s)
                wait_s = self._interval_s
                try:
                    async with asyncio.timeout(ROUND_S_MAX):
                        await self._round()
                except (ChronosError, OSError, ValueError, EOFError, msgspec.MsgspecError) as error:
                    log.warning("a round of the analyst failed", error=str(error))
                    await self._end()
        finally:
            await self._end()

    async def _round(self) -> None:
        now_us = self._clock.now_us()
        if self._news:
            self._news, self._news_us = False, now_us
        nothing_yet = self._process is None and not self._has_segments()
        if nothing_yet or now_us - self._news_us >= IDLE_US:
            await self._end()
            return
        process = await self._worker()
        assert process.stdin is not None
        assert process.stdout is not None
        # Not on the loop, which is the scheduler's: with many jobs their fires would be late.
        process.stdin.write(await asyncio.to_thread(_question, self._store.view.jobs, now_us))
        await process.stdin.drain()
        found: list[Finding] = []
        while (line := await process.stdout.readline()) != b"{}\n":
            if not line:
                raise EOFError("the analyst's process ended")
            found.append(msgspec.json.decode(line, type=Finding))
            if len(found) == BATCH_MAX:
                await self._propose(found)
                found = []
        await self._propose(found)
        before = self._clock.now_us() - 2 * LOOKED_BACK_US
        self._proposed = {k: one for k, one in self._proposed.items() if one.last_us >= before}

    async def _propose(self, found: list[Finding]) -> None:
        """Propose what is new since it was proposed last."""
        news = [one for one in found if self._proposed.get(one.id) != one]
        if news:
            await self._store.propose(RecordFindings(findings=tuple(news)), actor=self._node)
            self._proposed.update((one.id, one) for one in news)

    def _has_segments(self) -> bool:
        """Whether a run has ever finished: without one there is nothing to look at."""
        return bool(live_paths(self._export_dir, "executions"))

    async def _worker(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "app.operate.analyst_worker", str(self._export_dir)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LINE_BYTES_MAX,
            )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        self._proposed.clear()
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _question(jobs_of: Callable[[], Sequence[Job]], now_us: Instant) -> bytes:
    jobs = jobs_of()
    asked = Round(
        now_us=now_us,
        zones={job.id: job.spec.timezone for job in jobs if job.spec.timezone != "UTC"},
        names={job.id: job.name for job in jobs},
        hosts={job.id: host for job in jobs if (host := _host(job))},
    )
    return msgspec.json.encode(asked) + b"\n"


def _host(job: Job) -> str:
    """Host and port of the job's target, without what a URL may hide; empty if it has none."""
    return urlsplit(job.spec.url).netloc.rpartition("@")[2].lower()
