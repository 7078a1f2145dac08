"""Counts and lists over the present that more than one route shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.core.clock import rfc3339
from engine.model.execution import Status

if TYPE_CHECKING:
    from engine.state.view import View


def count_open(view: View) -> tuple[int, int]:
    """How many executions run, and how many wait for their next attempt."""
    executions = view.open_executions()
    running = sum(execution.status is Status.RUNNING for execution in executions)
    return running, len(executions) - running


def coming_runs(view: View, most: int) -> list[dict[str, Any]]:
    """The next fire of each of the `most` jobs that fire soonest, soonest first."""
    runs = []
    for identity, at in view.soonest(most):
        job = view.job(identity)
        if job is not None:
            runs.append(
                {
                    "job_id": job.id,
                    "job_name": job.name,
                    "namespace": job.namespace,
                    "next_run": rfc3339(at),
                }
            )
    return runs
