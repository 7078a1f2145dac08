"""What jobs have in common is kept once: zones, schedules, policies, headers, actors and defaults.

A job read from bytes comes with objects of its own for all that it says. Here each is replaced by
an equal one seen before, which nobody can tell from outside, since none of them ever changes.
What equals a default becomes the default's own object, so that equal jobs give equal bytes
(`engine/core/value.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from operator import attrgetter
from typing import Any, Final

from msgspec import NODEFAULT
from msgspec.structs import FieldInfo, fields, force_setattr

from engine.core.ids import JobId
from engine.core.value import Value
from engine.model.job import Job, JobSpec, Webhook

KEPT_MAX: Final = 65_536
"""Values of one field, before they are forgotten and the next ones are shared among themselves."""


class _Sharing:
    """Shares the fields of one kind of value, but for those that are one of a kind.

    Choices are not looked at: each is an object that exists once.
    """

    def __init__(self, kind: type[Value], unlike: set[str]):
        shared = [one for one in fields(kind) if one.name not in unlike and not _is_choice(one)]
        self._values: Callable[[Value], tuple[Any, ...]] = attrgetter(*(f.name for f in shared))
        self._fields = [(one.name, _first(one), _default(one)) for one in shared]

    def share(self, value: Value) -> None:
        """Replace what equals something seen before, in place."""
        for mine, (name, known, default) in zip(self._values(value), self._fields, strict=True):
            if mine is default:
                continue
            key = tuple(mine.items()) if type(mine) is dict else mine
            one = known.get(key)
            if one is None:
                if len(known) >= KEPT_MAX:
                    known.clear()
                known[key] = mine
            elif one is not mine:
                force_setattr(value, name, one)


def _is_choice(field: FieldInfo) -> bool:
    return isinstance(field.type, type) and issubclass(field.type, Enum)


def _default(field: FieldInfo) -> Any:
    return field.default if field.default is not NODEFAULT else NotImplemented


def _first(field: FieldInfo) -> dict[Any, Any]:
    """What is known of a field at first: its default."""
    if field.default_factory is not NODEFAULT:
        empty = field.default_factory()
        return {tuple(empty): empty}
    return {} if field.default is NODEFAULT else {field.default: field.default}


_JOB: Final = _Sharing(Job, {"id", "spec", "enabled", "version", "generation", "updated_at"})
_SPEC: Final = _Sharing(JobSpec, {"name", "webhook", "report"})
_WEBHOOK: Final = _Sharing(Webhook, {"url"})
_NONE: Final[Mapping[JobId, JobId]] = {}


def share(job: Job, ids: Mapping[JobId, JobId] = _NONE) -> Job:
    """The same job, with what it has in common with others kept once.

    Args:
        job: changed in place.
        ids: those that are kept already, by themselves.

    >>> first, second = (
    ...     Job(
    ...         id=name,
    ...         spec=JobSpec(name=name, schedule="".join(["@", "daily"])),
    ...         enabled=True,
    ...         version=1,
    ...         generation=1,
    ...         created_at=0,
    ...         updated_at=0,
    ...         updated_by="",
    ...     )
    ...     for name in "ab"
    ... )
    >>> share(first).spec.schedule is share(second).spec.schedule
    True
    """
    _JOB.share(job)
    if (known := ids.get(job.id)) is not None:
        force_setattr(job, "id", known)
    spec = job.spec
    _SPEC.share(spec)
    _WEBHOOK.share(spec.webhook)
    if job.updated_at == job.created_at:
        force_setattr(job, "updated_at", job.created_at)
    return job
