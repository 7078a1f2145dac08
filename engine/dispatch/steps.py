"""The steps that every protocol's trace begins with."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from engine.dispatch.dispatcher import Request

Step: TypeAlias = tuple[str, int, dict[str, Any]]
"""What happened, when (microseconds since the attempt began), and its details."""

_encode = msgspec.json.Encoder().encode


def opening(request: Request) -> str:
    """Why the attempt is made and how long it had been due, and who makes it of which version.

    Two steps as JSON with a comma between them.
    """
    execution = request.execution
    due_us = min(0, execution.scheduled_us - execution.attempt_started_us)
    return _opening(
        due_us, execution.trigger, execution.attempt, execution.job_version, execution.node
    )


@lru_cache(maxsize=1024)
def _opening(due_us: int, trigger: str, attempt: int, job_version: int, node: str) -> str:
    """Thousands of attempts have the same, those that one entry begins."""
    steps: tuple[Step, Step] = (
        ("schedule", due_us, {"trigger": trigger, "attempt": attempt}),
        ("prepare", 0, {"job_version": job_version, "node": node}),
    )
    return b",".join(map(_encode, steps)).decode()
