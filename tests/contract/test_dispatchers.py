"""Every registered protocol keeps the promises of `engine.dispatch.dispatcher.Dispatcher`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from engine.core.clock import SystemClock
from engine.dispatch.dispatcher import Request, WorkerLimits, dispatchers
from engine.dispatch.worker import Worker
from engine.model.execution import AttemptOutcome, AttemptResult, Execution, Status, Trigger
from tests.contract.targets import SECRET, TARGETS, Target, settled
from tests.kit.cluster import wait_for
from tests.kit.jobs import SECOND, known, spec

KEPT = 1000
STEPS = {"schedule", "prepare", "auth", "request", "response", "complete", "error"}

pytestmark = pytest.mark.parametrize("target", dispatchers.names(), indirect=True)


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    assert request.param in TARGETS, "write its target in tests/contract/targets.py"
    with TARGETS[request.param]() as made:
        yield made


class Bench:
    """A worker and what came out of it."""

    def __init__(self) -> None:
        self.results: list[AttemptResult] = []
        self.worker = Worker(
            limits=WorkerLimits(response_bytes_max=KEPT),
            clock=SystemClock(),
            may_send=lambda: True,
            on_results=self.results.extend,
        )
        self.worker.start()

    def send(self, execution: str, document: dict[str, Any], attempt: int = 1) -> None:
        job = known(f"job_{execution}", spec("a", **document))
        run = Execution(
            id=execution,
            job_id=job.id,
            job_version=1,
            trigger=Trigger.SCHEDULE,
            scheduled_us=1,
            status=Status.RUNNING,
            attempt=attempt,
        )
        self.worker.submit([Request(execution=run, job=job)])

    def one(self, document: dict[str, Any]) -> AttemptResult:
        self.send("exe_1", document)
        wait_for(lambda: self.results)
        return self.results[0]


@pytest.fixture
def bench(target: Target) -> Iterator[Bench]:
    made = Bench()
    yield made
    made.worker.stop(SECOND)


def test_an_attempt_that_succeeds_is_reported_once(bench: Bench, target: Target) -> None:
    result = bench.one(target.good())
    settled()
    assert [found.execution_id for found in bench.results] == ["exe_1"] == target.seen
    assert (result.attempt, result.outcome, result.error) == (1, AttemptOutcome.SUCCESS, "")
    assert result.started_us <= result.finished_us


def test_a_target_that_says_no_fails_the_attempt(bench: Bench, target: Target) -> None:
    result = bench.one(target.refusing())
    assert result.outcome is AttemptOutcome.FAILED
    assert result.error


def test_a_target_that_is_absent_fails_the_attempt(bench: Bench, target: Target) -> None:
    result = bench.one(target.absent())
    assert result.outcome is AttemptOutcome.FAILED
    assert result.error


def test_a_silent_target_times_out_within_the_jobs_bound(bench: Bench, target: Target) -> None:
    result = bench.one(target.silent() | {"timeout": "300ms"})
    assert result.outcome is AttemptOutcome.TIMEOUT
    assert result.error


def test_a_long_response_is_cut(bench: Bench, target: Target) -> None:
    result = bench.one(target.talkative())
    assert result.outcome is AttemptOutcome.SUCCESS
    assert len(result.response) == KEPT


def test_the_trace_is_steps_in_order_that_end_in_one(bench: Bench, target: Target) -> None:
    bench.send("exe_good", target.good())
    bench.send("exe_bad", target.refusing())
    wait_for(lambda: len(bench.results) == 2)
    for result in bench.results:
        steps = json.loads(result.trace)
        assert {kind for kind, _, _ in steps} <= STEPS
        offsets = [offset for _, offset, _ in steps]
        assert offsets == sorted(offsets)
        assert all(isinstance(detail, dict) for _, _, detail in steps)
        good = result.execution_id == "exe_good"
        assert steps[-1][0] == ("complete" if good else "error")


def test_secrets_are_sent_and_never_written_down(bench: Bench, target: Target) -> None:
    result = bench.one(target.secretive())
    assert result.outcome is AttemptOutcome.SUCCESS
    assert SECRET not in result.trace
    assert SECRET not in result.error


def test_an_aborted_attempt_reports_nothing(bench: Bench, target: Target) -> None:
    bench.send("exe_1", target.silent())
    wait_for(lambda: target.seen)
    bench.worker.cancel("exe_1")
    wait_for(lambda: not bench.worker.in_flight)
    settled()
    assert not bench.results


def test_two_attempts_of_an_execution_are_told_apart(bench: Bench, target: Target) -> None:
    bench.send("exe_1", target.silent() | {"timeout": "1s"}, attempt=1)
    wait_for(lambda: target.seen)
    bench.send("exe_1", target.good(), attempt=2)
    wait_for(lambda: len(bench.results) == 2)
    found = {result.attempt: result.outcome for result in bench.results}
    assert found == {1: AttemptOutcome.TIMEOUT, 2: AttemptOutcome.SUCCESS}
    assert not bench.worker.in_flight


def test_a_stop_leaves_no_thread_behind(bench: Bench, target: Target) -> None:
    bench.one(target.good())
    bench.send("exe_2", target.silent())
    wait_for(lambda: bench.worker.in_flight)
    bench.worker.stop(1)
    assert not any(thread.name == "dispatch" for thread in threading.enumerate())
    assert len(bench.results) == 1
