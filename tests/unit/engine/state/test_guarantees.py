"""What becomes of an attempt of which nobody knows whether it had its effect."""

from __future__ import annotations

import pytest
from msgspec import structs

from engine.core.errors import InvalidDocument
from engine.model.execution import AttemptOutcome, AttemptResult, Execution
from engine.state.messages import (
    Begin,
    ExecutionEnded,
    LoseAttempts,
    Lost,
    RecordExecutions,
    RecoverExecutions,
    StartExecutions,
)
from tests.kit.jobs import Log, new_job, spec
from tests.unit.engine.state.test_executions import fire, lead, result

WEBHOOK = {"url": "http://127.0.0.1:9/run", "status_url": "/runs/{execution_id}"}
THREE = {"max_attempts": 3}


def begun(guarantee: str) -> tuple[Log, str]:
    job = new_job(guarantee=guarantee, webhook=WEBHOOK, retry_policy=THREE)
    log = Log().with_jobs(job)
    [execution] = fire(log, lead(log))
    return log, execution


def the_open_one(log: Log) -> Execution:
    [execution] = log.state.executions.values()
    return execution


def the_end(log: Log) -> ExecutionEnded:
    [event] = [e for one in log.committed for e in one.events if isinstance(e, ExecutionEnded)]
    return event


def timed_out(execution: str, attempt: int = 1) -> AttemptResult:
    return result(execution, AttemptOutcome.TIMEOUT, attempt)


@pytest.mark.parametrize(("guarantee", "asks"), [("at_least_once", False), ("effect_once", True)])
def test_a_lost_attempt_is_tried_again_and_asked_about_where_effects_count(
    guarantee: str, asks: bool
) -> None:
    log, _ = begun(guarantee)
    log.ok(RecoverExecutions(epoch=lead(log, "n2")))
    assert (the_open_one(log).attempt, the_open_one(log).asks_first) == (2, asks)


def test_a_lost_attempt_is_not_sent_again_where_once_is_the_most() -> None:
    log, _ = begun("at_most_once")
    log.ok(RecoverExecutions(epoch=lead(log, "n2")))
    end = the_end(log)
    assert end.status == "unknown"
    assert "sent at most once" in end.reason
    assert not log.state.open_by_job, "nothing blocks the next fire"


def test_what_a_living_dispatcher_lost_is_treated_alike_and_blocks_nothing() -> None:
    job = new_job(guarantee="at_least_once", concurrency="forbid", retry_policy=THREE)
    log = Log().with_jobs(job)
    epoch = lead(log)
    [execution] = fire(log, epoch)
    gone = [Lost(execution, 2), Lost("exe_other", 1), Lost(execution, 1), Lost(execution, 1)]
    assert log.ok(LoseAttempts(epoch=epoch, attempts=tuple(gone))) == 1
    assert (the_open_one(log).attempt, the_open_one(log).status) == (2, "pending")
    assert log.ok(RecordExecutions(results=(timed_out(execution),))) == 0, "it comes too late"


def test_a_former_leader_loses_nothing() -> None:
    log, execution = begun("at_least_once")
    former = log.state.epoch
    lead(log, "n2")
    refusal = log.refused(LoseAttempts(epoch=former, attempts=(Lost(execution, 1),)))
    assert refusal.code == "NO_LEADER"
    assert the_open_one(log).status == "running"


@pytest.mark.parametrize(
    ("guarantee", "fate"),
    [("at_least_once", (2, False)), ("effect_once", (2, True)), ("at_most_once", None)],
)
def test_a_time_out_leaves_it_open_whether_it_was_seen(
    guarantee: str, fate: tuple[int, bool] | None
) -> None:
    log, execution = begun(guarantee)
    log.ok(RecordExecutions(results=(timed_out(execution),)))
    if fate is None:
        assert the_end(log).status == "unknown"
    else:
        assert (the_open_one(log).attempt, the_open_one(log).asks_first) == fate


@pytest.mark.parametrize("guarantee", ["at_least_once", "effect_once", "at_most_once"])
@pytest.mark.parametrize("known", [{"status_code": 503}, {"reached": False}])
def test_what_is_known_to_have_failed_is_tried_again(guarantee: str, known: dict[str, int]) -> None:
    log, execution = begun(guarantee)
    failed = structs.replace(result(execution, AttemptOutcome.FAILED), **known)
    log.ok(RecordExecutions(results=(failed,)))
    assert (the_open_one(log).attempt, the_open_one(log).asks_first) == (2, False)


def test_a_doubt_stays_until_the_target_was_asked() -> None:
    log, execution = begun("effect_once")
    log.ok(RecordExecutions(results=(timed_out(execution),)))
    begin = Begin(execution, 2)
    log.ok(StartExecutions(epoch=log.state.epoch, begins=(begin,)))
    could_not_say = structs.replace(result(execution, AttemptOutcome.FAILED, 2), status_code=503)
    log.ok(RecordExecutions(results=(could_not_say,)))
    assert the_open_one(log).asks_first


@pytest.mark.parametrize(
    ("webhook", "field"),
    [
        ({}, "guarantee"),
        ({"status_url": "/runs"}, "webhook.status_url"),
        ({"status_url": "runs/{execution_id}"}, "webhook.status_url"),
        ({"status_url": "https://h/{execution_id}?token=abc"}, "webhook.status_url"),
    ],
)
def test_a_target_that_cannot_be_asked_is_refused(webhook: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        spec(guarantee="effect_once", webhook={"url": "http://127.0.0.1:9/run", **webhook})
    assert [fault.field for fault in caught.value.problems] == [field]
