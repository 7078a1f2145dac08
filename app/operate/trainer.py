"""The leader's trainer: has models trained in a process beside the node, and proposes their cards.

It runs while this node owns scheduling. When models were trained last, and what people asked for,
stands in the replicated state, so that a new leader goes on where the last one was.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from app.operate.tasks import Training
from engine.core.clock import Clock
from engine.core.errors import ChronosError
from engine.core.ids import JobId
from engine.model.model_card import CARD_BYTES_MAX, ModelCard, ModelKind
from engine.raft.store import Store
from engine.state.messages import RecordModels

LOOK_S: Final = 2.0
FIRST_AFTER_S: Final = 60.0
TRAINING_S_MAX: Final = 3_600.0
RETRY_S: Final = 60.0
RETRY_S_MAX: Final = 3600.0
BATCH_BYTES_MAX: Final = 256 * 1024
LINE_BYTES_MAX: Final = 4 * CARD_BYTES_MAX
CLUSTER: Final = ""
"""The training of everything."""
ONE_CORE: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
log = structlog.get_logger(__name__)


class Trainer:
    """See the module.

    Args:
        node: this node's id, the actor of what is proposed.
        export_dir: the history's exported segments.
        interval_us: time between two trainings of everything, microseconds.
    """

    def __init__(
        self, node: str, store: Store, clock: Clock, *, export_dir: Path, interval_us: int
    ):
        self._node = node
        self._store = store
        self._clock = clock
        self._export_dir = export_dir
        self._interval_us = interval_us

    async def run(self) -> None:
        """Train what is asked for, and everything now and then, until cancelled."""
        failures = 0
        rest_us = self._clock.monotonic_us() + int(FIRST_AFTER_S * 1e6)
        while True:
            await asyncio.sleep(LOOK_S)
            asked = sorted(self._store.view.trainings())
            is_rested = self._clock.monotonic_us() >= rest_us
            if not asked and not (is_rested and self._is_due()):
                continue
            try:
                async with asyncio.timeout(TRAINING_S_MAX):
                    await self._train([] if CLUSTER in asked or not asked else asked, asked)
            except (ChronosError, OSError, ValueError, EOFError, msgspec.MsgspecError) as error:
                log.warning("a training failed", error=str(error))
                await asyncio.sleep(min(RETRY_S * 2 ** min(failures, 6), RETRY_S_MAX))
                failures += 1
            else:
                failures = 0

    def _is_due(self) -> bool:
        """Whether everything was trained too long ago, or never."""
        card = self._store.view.model(ModelKind.LOAD_RUNS.value)
        return card is None or card.trained_at <= self._clock.now_us() - self._interval_us

    async def _train(self, only: Sequence[JobId], answers: Sequence[JobId]) -> None:
        jobs = self._store.view.jobs()
        asked = Training(
            now_us=self._clock.now_us(),
            jobs=[job.id for job in jobs],
            zones={job.id: job.spec.timezone for job in jobs if job.spec.timezone != "UTC"},
            only=list(only),
        )
        waiting: list[ModelCard] = []
        weight = 0
        async with self._worker() as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(msgspec.json.encode(asked) + b"\n")
            await process.stdin.drain()
            while (line := await process.stdout.readline()) != b"{}\n":
                if not line:
                    raise EOFError("the trainer's process ended")
                if weight + len(line) > BATCH_BYTES_MAX:
                    await self._propose(waiting)
                    waiting, weight = [], 0
                waiting.append(msgspec.json.decode(line, type=ModelCard))
                weight += len(line)
        await self._propose(waiting, answers)

    async def _propose(self, cards: Sequence[ModelCard], answers: Sequence[JobId] = ()) -> None:
        command = RecordModels(models=tuple(cards), answers=tuple(answers))
        await self._store.propose(command, actor=self._node)

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.operate.trainer_worker", str(self._export_dir)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE_BYTES_MAX,
            env={**os.environ, **ONE_CORE},
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
