"""Pauses: begun now or planned, and ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.gate.proposer import Proposer
from app.gate.refused import Refused, known_job
from engine.core.clock import Clock
from engine.core.ids import pause_id
from engine.model.pause import Pause, Scope, ScopeKind
from engine.model.pause_document import parse_pause
from engine.raft.store import Store
from engine.state.messages import PauseJobs, ResumeJobs


class Pauses:
    """What people write of pauses."""

    def __init__(self, proposer: Proposer, store: Store, clock: Clock):
        self._proposer = proposer
        self._store = store
        self._clock = clock

    async def pause(self, document: Mapping[str, Any], *, actor: str, request_id: str) -> Pause:
        """Hold back the fire times of a scope, from now or a later moment on.

        Raises:
            InvalidDocument: the document's faults.
            Refused: there is no such job, or there are too many pauses.
        """
        identity = pause_id(request_id)
        known = self._known(identity)
        if known is not None:  # the same request once more
            return known
        await self._store.ready()
        pause = parse_pause(document, identity, actor, self._clock.now_us())
        if pause.scope.kind is ScopeKind.JOB:
            job = known_job(self._store.view, pause.scope.value)
            pause = replace(pause, scope=Scope(ScopeKind.JOB, job.id))
        await self._proposer.propose(PauseJobs(pause=pause), actor, request_id)
        return pause

    async def resume(self, identity: str, *, actor: str, request_id: str) -> Pause:
        """End a pause now; the answer is as it was before.

        Raises:
            Refused: there is no such pause.
        """
        pause = self._known(identity)
        if pause is None:  # it may be known to the others
            await self._proposer.barrier()
            pause = self._known(identity)
        if pause is None:
            raise Refused("NOT_FOUND", f"there is no pause {identity}")
        await self._proposer.propose(ResumeJobs(id=identity), actor, request_id)
        return pause

    def _known(self, identity: str) -> Pause | None:
        return next((one for one in self._store.view.pauses() if one.id == identity), None)
