"""Claims, retries, losses and overlaps, as the cluster agrees on them."""

from __future__ import annotations

import pytest

from engine.core.ids import execution_id
from engine.model.execution import AttemptOutcome, AttemptResult, Status
from engine.state.messages import (
    Begin,
    CancelExecution,
    ClaimLeadership,
    DeleteJob,
    ExecutionEnded,
    Fire,
    FiresSkipped,
    RecordExecutions,
    RecoverExecutions,
    RetryScheduled,
    Skip,
    StartExecutions,
    TriggerJob,
)
from tests.kit.jobs import SECOND, Log, new_job

JOB = "job_backup"


def lead(log: Log, node: str = "n1") -> int:
    return int(log.ok(ClaimLeadership(node=node, nonce=f"{node}{log.index}")))


def fire(log: Log, epoch: int, at: int = 10 * SECOND, job: str = JOB) -> list[str]:
    claim = Fire(job, log.state.jobs[job].generation, at, at + 10 * SECOND)
    return list(log.ok(StartExecutions(epoch=epoch, fires=(claim,))))


def result(execution: str, outcome: AttemptOutcome, attempt: int = 1) -> AttemptResult:
    return AttemptResult(
        execution_id=execution,
        attempt=attempt,
        outcome=outcome,
        started_us=10 * SECOND,
        finished_us=11 * SECOND,
        error="" if outcome is AttemptOutcome.SUCCESS else "HTTP 503",
    )


def test_a_fire_time_is_claimed_once() -> None:
    log = Log().with_jobs(new_job(concurrency="allow"))
    epoch = lead(log)
    assert fire(log, epoch) == [execution_id(JOB, 1, 10 * SECOND)]
    assert fire(log, epoch) == []
    assert log.state.next_us[JOB] == 20 * SECOND


def test_a_stale_epoch_claims_nothing() -> None:
    log = Log().with_jobs(new_job())
    old = lead(log, "n1")
    lead(log, "n2")
    claim = Fire(JOB, 1, 10 * SECOND, 20 * SECOND)
    assert log.refused(StartExecutions(epoch=old, fires=(claim,))).code == "NO_LEADER"
    assert not log.state.executions


def test_forbid_skips_a_fire_while_one_is_open_and_says_why() -> None:
    log = Log().with_jobs(new_job(concurrency="forbid"))
    epoch = lead(log)
    (first,) = fire(log, epoch)
    assert fire(log, epoch, 20 * SECOND) == []
    (skipped,) = log.committed[-1].events
    assert isinstance(skipped, FiresSkipped)
    assert first in skipped.reason


def test_replace_cancels_the_open_execution_for_the_new_one() -> None:
    log = Log().with_jobs(new_job(concurrency="replace"))
    epoch = lead(log)
    (first,) = fire(log, epoch)
    (second,) = fire(log, epoch, 20 * SECOND)
    ended = log.committed[-1].events[0]
    assert isinstance(ended, ExecutionEnded)
    assert (ended.execution.id, ended.status) == (first, Status.CANCELLED)
    assert list(log.state.executions) == [second]


def test_allow_lets_executions_overlap() -> None:
    log = Log().with_jobs(new_job(concurrency="allow"))
    epoch = lead(log)
    fire(log, epoch)
    fire(log, epoch, 20 * SECOND)
    assert len(log.state.executions) == 2


def test_a_failed_attempt_is_tried_again_until_the_policy_is_used_up() -> None:
    log = Log().with_jobs(new_job(retry_policy={"max_attempts": 2}))
    epoch = lead(log)
    (execution,) = fire(log, epoch)
    log.ok(RecordExecutions(results=(result(execution, AttemptOutcome.FAILED),)))
    waiting = log.state.executions[execution]
    assert (waiting.status, waiting.attempt) == (Status.PENDING, 2)
    assert waiting.due_us > 11 * SECOND
    log.ok(StartExecutions(epoch=epoch, begins=(Begin(execution, 2),)))
    log.ok(RecordExecutions(results=(result(execution, AttemptOutcome.FAILED, 2),)))
    ended = log.committed[-1].events[-1]
    assert isinstance(ended, ExecutionEnded)
    assert ended.status is Status.FAILED
    assert "HTTP 503" in ended.reason
    assert log.state.last_runs[JOB].failures == 1


def test_a_result_that_comes_too_late_changes_nothing() -> None:
    log = Log().with_jobs(new_job())
    (execution,) = fire(log, lead(log))
    late = RecordExecutions(results=(result(execution, AttemptOutcome.SUCCESS, attempt=7),))
    assert log.ok(late) == 0
    assert log.state.executions[execution].status is Status.RUNNING


def test_a_new_leader_tries_lost_attempts_again_under_the_same_id() -> None:
    log = Log().with_jobs(new_job(retry_policy={"max_attempts": 1}))
    (execution,) = fire(log, lead(log, "n1"))
    epoch = lead(log, "n2")
    assert log.ok(RecoverExecutions(epoch=epoch)) == 1
    assert isinstance(log.committed[-1].events[-1], RetryScheduled)
    assert log.ok(StartExecutions(epoch=epoch, begins=(Begin(execution, 2),))) == [execution]
    log.ok(RecordExecutions(results=(result(execution, AttemptOutcome.SUCCESS, 2),)))
    assert not log.state.executions


def test_an_execution_whose_dispatchers_keep_dying_ends_as_unknown() -> None:
    log = Log().with_jobs(new_job())
    (execution,) = fire(log, lead(log))
    for attempt in range(2, 20):
        epoch = lead(log)
        log.ok(RecoverExecutions(epoch=epoch))
        if execution not in log.state.executions:
            break
        log.ok(StartExecutions(epoch=epoch, begins=(Begin(execution, attempt),)))
    ended = log.committed[-1].events[-1]
    assert isinstance(ended, ExecutionEnded)
    assert ended.status is Status.UNKNOWN


def test_skipped_fire_times_move_the_job_on() -> None:
    log = Log().with_jobs(new_job())
    skip = Skip(JOB, 1, 10 * SECOND, 40 * SECOND, 4, 50 * SECOND, "missed")
    log.ok(StartExecutions(epoch=lead(log), skips=(skip,)))
    assert log.state.next_us[JOB] == 50 * SECOND
    assert log.state.last_runs[JOB].status == "skipped"


@pytest.mark.parametrize(("policy", "refused"), [("forbid", True), ("allow", False)])
def test_a_manual_run_respects_the_concurrency_policy(policy: str, refused: bool) -> None:
    log = Log().with_jobs(new_job(concurrency=policy))
    fire(log, lead(log))
    manual = TriggerJob(job_id=JOB, execution_id="exe_manual")
    if refused:
        assert log.refused(manual).code == "CONFLICT"
    else:
        assert log.ok(manual) == "exe_manual"


def test_deleting_a_job_cancels_what_it_has_open() -> None:
    log = Log().with_jobs(new_job())
    fire(log, lead(log))
    log.ok(DeleteJob(id=JOB))
    assert not log.state.executions
    assert not log.state.jobs
    assert not log.state.next_us


def test_cancelling_twice_says_that_it_is_over() -> None:
    log = Log().with_jobs(new_job())
    (execution,) = fire(log, lead(log))
    log.ok(CancelExecution(id=execution))
    assert log.refused(CancelExecution(id=execution)).code == "CONFLICT"
