"""The steps that every protocol's trace begins with."""

from __future__ import annotations

from typing import Any, TypeAlias

from engine.dispatch.dispatcher import Request

Step: TypeAlias = tuple[str, int, dict[str, Any]]
"""What happened, when (microseconds since the attempt began), and its details."""


def opening(request: Request) -> list[Step]:
    """Why the attempt is made and how long it had been due, and who makes it of which version."""
    execution = request.execution
    waited_us = execution.scheduled_us - execution.attempt_started_us
    return [
        (
            "schedule",
            min(0, waited_us),
            {"trigger": execution.trigger, "attempt": execution.attempt},
        ),
        ("prepare", 0, {"job_version": execution.job_version, "node": execution.node}),
    ]
