"""A pause: the jobs of a scope do not run for a while, and everybody can see since when and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engine.core.ids import Instant
from engine.model.job import Job

_NEVER: Final = 1 << 62


class ScopeKind(StrEnum):
    """Which jobs a pause is about."""

    ALL = "all"
    NAMESPACE = "namespace"
    TAG = "tag"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Scope:
    """Jobs: all of them, those of a namespace, those with a tag, or one by its id.

    `value` is the namespace, `key=value` of the tag, or the id.
    """

    kind: ScopeKind
    value: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind.value

    def covers(self, job: Job) -> bool:
        """Whether a job belongs to it."""
        if self.kind is ScopeKind.JOB:
            return job.id == self.value
        if self.kind is ScopeKind.NAMESPACE:
            return job.namespace == self.value
        if self.kind is ScopeKind.TAG:
            key, _, value = self.value.partition("=")
            return job.spec.tags.get(key) == value
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Fire times t with from_us <= t < until_us are decided as not run.

    `until_us` is None while nobody has said when it ends; a resumption sets it.
    """

    id: str
    scope: Scope
    from_us: Instant
    until_us: Instant | None
    note: str
    by: str

    def holds(self, instant: Instant) -> bool:
        """Whether a fire time falls into it."""
        return self.from_us <= instant and (self.until_us is None or instant < self.until_us)


def pause_of(pauses: Iterable[Pause], job: Job, instant: Instant) -> Pause | None:
    """The pause that a fire time of a job falls into; of several the one that ends last."""
    held = [one for one in pauses if one.holds(instant) and one.scope.covers(job)]
    return max(held, key=_end, default=None)


def _end(pause: Pause) -> Instant:
    return _NEVER if pause.until_us is None else pause.until_us
