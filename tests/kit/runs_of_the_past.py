"""Batches of executions that ended elsewhere."""

from __future__ import annotations

from engine.core.ids import imported_execution_id, imported_job_id
from engine.model.execution import Status
from engine.state.messages import ImportedJob, ImportedRun, ImportExecutions
from tests.kit.jobs import SECOND

MORNING = 1_750_000_000 * SECOND  # 2025-06-15T15:06:40Z


def run(number: int, status: Status = Status.SUCCESS, label: str = "a") -> ImportedRun:
    """The run of `number` minutes after `MORNING`, 2 s late, 3 s long."""
    at = MORNING + number * 60 * SECOND
    identity = imported_execution_id(label, "shop", "orders", at)
    failed = status is Status.FAILED
    return ImportedRun(
        identity,
        0,
        at,
        at + 2 * SECOND,
        at + 5 * SECOND,
        status,
        error="boom" if failed else "",
        status_code=500 if failed else 200,
    )


def batch(label: str, *runs: ImportedRun, known_upto: int = 0) -> ImportExecutions:
    """An import of runs of the job shop/orders."""
    job = ImportedJob(imported_job_id(label, "shop", "orders"), "shop", "orders", {"team": "web"})
    return ImportExecutions(label=label, known_upto=known_upto, jobs=(job,), runs=runs)
