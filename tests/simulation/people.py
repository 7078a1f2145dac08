"""People who write through the real gate of any node, repeat what was not answered, and remember.

A request that is repeated keeps its key, as the reference advises; so each takes effect once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.gate.gate import Gate
from app.gate.refused import Refused
from engine.core.errors import InvalidDocument
from engine.core.ids import backfill_id, pause_id, requested_execution_id
from engine.model.backfill import Backfill
from engine.model.calendar import Calendar, ClosedSpan
from engine.model.job import Job
from engine.state.view import View
from tests.simulation.targets import MOODS

if TYPE_CHECKING:
    from tests.simulation.world import World

SECOND = 1_000_000
ANSWER_S = 5.0
TRIES = 12
JOBS_MAX = 7
SCHEDULES = ("@every 1s", "@every 2s", "@every 3s", "* * * * * *", "*/2 * * * * *", "@every 7s")
CALENDARS = ("bank", "plant")

Act = Callable[[Gate, str], Awaitable[Any]]


def document(world: World, name: str) -> dict[str, Any]:
    """A job of any kind."""
    rng = world.random
    found: dict[str, Any] = {
        "name": name,
        "schedule": rng.choice(SCHEDULES),
        "webhook": {"url": "http://127.0.0.1:9/run", "status_url": "/runs/{execution_id}"},
        "tags": {"half": str(rng.randrange(2)), "mood": rng.choice(MOODS)},
        "concurrency": rng.choice(["allow", "forbid", "forbid", "replace"]),
        "missed_run_policy": rng.choice(["ignore", "execute_one", "execute_all"]),
        "guarantee": rng.choice(["at_least_once", "at_most_once", "effect_once"]),
        "retry_policy": {"max_attempts": rng.choice([1, 2, 3]), "initial_interval": "200ms"},
        "timeout": "3s",
        "enabled": rng.random() < 0.9,
    }
    if rng.random() < 0.3:
        found["window"] = f"{rng.choice([300, 900])}ms"
    if rng.random() < 0.2:
        found["catch_up_window"] = "5s"
    if rng.random() < 0.25 and (known := _calendars(world)):
        found["calendar"] = rng.choice(known)
        found["on_closed"] = rng.choice(["skip", "next", "previous"])
    return found


def _calendars(world: World) -> list[str]:
    return [calendar.name for calendar in world.some_view().calendars()]


class Person:
    """Does one thing after the other until the calm."""

    def __init__(self, world: World, name: str):
        self._world, self._name = world, name
        self._count = 0

    async def live(self) -> None:
        acts = (
            [self._create] * 2
            + [self._describe, self._retime, self._switch, self._trigger] * 2
            + [self._delete, self._cancel, self._pause, self._resume, self._calendar]
            + [self._backfill, self._backfill, self._stop_backfill]
        )
        while self._world.hostile:
            await asyncio.sleep(self._world.random.uniform(0.05, 0.9))
            await self._world.random.choice(acts)()

    async def ask(self, act: Act) -> tuple[str, Any, bool]:
        """The request's key, the answer, and whether it was taken."""
        world = self._world
        self._count += 1
        key = f"{self._name}-{self._count}"
        for _ in range(TRIES):
            up = world.group.up()
            if not up:
                await asyncio.sleep(0.5)
                continue
            node = world.random.choice(up)
            task = node.spawn(act(node.gate, key), asked=True)
            done, _ = await asyncio.wait({task}, timeout=ANSWER_S)
            if not done or task.cancelled():
                task.cancel()  # what it proposed may come yet
                continue
            fault = task.exception()
            if fault is None:
                return key, task.result(), True
            if isinstance(fault, Refused | InvalidDocument):
                return key, fault, False
            await asyncio.sleep(0.1)
        return key, None, False

    def _view(self) -> View:
        return self._world.some_view()

    def _job(self) -> Job | None:
        jobs = self._view().jobs()
        return self._world.random.choice(jobs) if jobs else None

    # ---- jobs -----------------------------------------------------------------------------------

    async def _create(self) -> None:
        view = self._view()
        if len(view.jobs()) >= JOBS_MAX:
            return
        wanted = document(self._world, f"j{self._world.random.randrange(JOBS_MAX + 2)}")
        _, answer, taken = await self.ask(
            lambda gate, key: gate.jobs.create([wanted], actor=self._name, request_id=key)
        )
        if taken:
            self._world.referee.was_told("created", answer[0].id)

    async def _edit(self, change: Callable[[dict[str, Any]], None]) -> None:
        job = self._job()
        if job is None:
            return
        wanted = document(self._world, job.name)
        wanted["schedule"], wanted["enabled"] = job.spec.schedule, job.enabled
        wanted.pop("calendar", None)
        wanted.pop("on_closed", None)
        if job.spec.calendar:
            wanted |= {"calendar": job.spec.calendar, "on_closed": job.spec.on_closed.value}
        change(wanted)
        stale = self._world.random.random() < 0.3
        key, _, taken = await self.ask(
            lambda gate, key: gate.jobs.update(
                job.id,
                wanted,
                actor=self._name,
                request_id=key,
                if_version=job.version if stale else None,
                comment=key,
            )
        )
        if taken:
            self._world.referee.was_told("edited", key)

    async def _describe(self) -> None:
        await self._edit(lambda wanted: wanted.update(description="again"))

    async def _retime(self) -> None:
        fresh = self._world.random.choice(SCHEDULES)
        await self._edit(lambda wanted: wanted.update(schedule=fresh))

    async def _switch(self) -> None:
        job, on = self._job(), self._world.random.random() < 0.6
        if job is not None:
            await self.ask(
                lambda gate, key: gate.jobs.set_enabled(
                    job.id, on, actor=self._name, request_id=key
                )
            )

    async def _delete(self) -> None:
        job = self._job()
        if job is not None and self._world.random.random() < 0.5:
            await self.ask(
                lambda gate, key: gate.jobs.delete(job.id, actor=self._name, request_id=key)
            )

    async def _trigger(self) -> None:
        job = self._job()
        if job is None:
            return
        key, _, taken = await self.ask(
            lambda gate, key: gate.executions.trigger(job.id, actor=self._name, request_id=key)
        )
        if taken:
            self._world.referee.was_told("triggered", requested_execution_id(job.id, key))

    async def _cancel(self) -> None:
        found = self._view().open_executions()
        if found:
            one = self._world.random.choice(found)
            await self.ask(
                lambda gate, key: gate.executions.cancel(one.id, actor=self._name, request_id=key)
            )

    # ---- pauses, calendars, backfills -----------------------------------------------------------

    async def _pause(self) -> None:
        rng, job = self._world.random, self._job()
        scopes = ["all", "tag:half=1", "namespace:default", *([f"job:{job.id}"] * 4 if job else [])]
        wanted = {"scope": rng.choice(scopes)}
        if rng.random() < 0.6:
            wanted["for"] = f"{rng.choice([1, 2, 4])}s"
        key, _, taken = await self.ask(
            lambda gate, key: gate.pauses.pause(wanted, actor=self._name, request_id=key)
        )
        if taken:
            self._world.referee.was_told("paused", pause_id(key))

    async def _resume(self) -> None:
        pauses = self._view().pauses()
        if pauses:
            one = self._world.random.choice(pauses).id
            await self.ask(
                lambda gate, key: gate.pauses.resume(one, actor=self._name, request_id=key)
            )

    async def _calendar(self) -> None:
        rng, now = self._world.random, self._world.now_us
        spans = []
        for _ in range(rng.randrange(3)):
            start = (now // SECOND + rng.randrange(-2, 6)) * SECOND
            spans.append(ClosedSpan(start, start + rng.choice([1, 2, 5]) * SECOND, "closed"))
        free = [b for a, b in zip([None, *spans], spans, strict=False) if not a or a[1] < b[0]]
        calendar = Calendar(name=rng.choice(CALENDARS), spans=tuple(sorted(free)[:1]))
        await self.ask(
            lambda gate, key: gate.calendars.save(
                calendar, if_version=None, actor=self._name, request_id=key
            )
        )

    async def _backfill(self) -> None:
        job, now = self._job(), self._world.now_us
        if job is None:
            return
        blank = Backfill(
            id="",
            job_id=job.id,
            spans=((now - 20 * SECOND, now - 15 * SECOND), (now - 10 * SECOND, now - 8 * SECOND)),
            total=0,
            next_us=None,
            parallel=self._world.random.choice([1, 1, 3]),
        )
        fires = blank.fires(self._view().fires(job)).between(0, now)
        if not fires:
            return
        asked = replace(blank, total=len(fires), next_us=fires[0])

        async def start(gate: Gate, key: str) -> None:
            mine = replace(asked, id=backfill_id(key))
            self._world.referee.backfills[mine.id] = fires
            await gate.backfills.start(
                mine, generation=job.generation, actor=self._name, request_id=key
            )

        await self.ask(start)

    async def _stop_backfill(self) -> None:
        found = self._view().backfills()
        if found and self._world.random.random() < 0.5:
            one = self._world.random.choice(found).id
            await self.ask(
                lambda gate, key: gate.backfills.cancel(one, actor=self._name, request_id=key)
            )

    async def resume_all(self) -> None:
        """What a calm ends with: nothing is held back."""
        for pause in self._view().pauses():
            await self.ask(
                lambda gate, key, one=pause.id: gate.pauses.resume(
                    one, actor=self._name, request_id=key
                )
            )
