"""How an execution becomes final, for every rule that ends one."""

from __future__ import annotations

from engine.core.ids import Instant
from engine.model.execution import AttemptResult, Execution, Status
from engine.state.messages import ExecutionEnded
from engine.state.rules.registry import evolves
from engine.state.state import LastRun, State


def end_execution(
    state: State,
    execution: Execution,
    status: Status,
    reason: str,
    at: Instant,
    result: AttemptResult | None = None,
) -> ExecutionEnded:
    """The fact that `execution` is over; its job is still known."""
    return ExecutionEnded(
        execution=execution,
        job=state.jobs[execution.job_id],
        status=status,
        reason=reason,
        completed_us=result.finished_us if result else at,
        result=result,
    )


@evolves(ExecutionEnded)
def ended(state: State, event: ExecutionEnded) -> None:
    """Close the execution and remember how the job did."""
    execution = event.execution
    del state.executions[execution.id]
    siblings = state.open_by_job[execution.job_id]
    siblings.remove(execution.id)
    if not siblings:
        del state.open_by_job[execution.job_id]
    last = state.last_runs.get(execution.job_id)
    failures = last.failures if last else 0
    if event.status in (Status.FAILED, Status.UNKNOWN):
        failures += 1
    elif event.status is Status.SUCCESS:
        failures = 0
    state.last_runs[execution.job_id] = LastRun(execution.scheduled_us, event.status, failures)
