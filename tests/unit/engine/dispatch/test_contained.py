"""A protocol that raises, hangs or invents results harms its own jobs only."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from msgspec import structs

from engine.core.clock import SystemClock
from engine.dispatch import worker as module
from engine.dispatch.dispatcher import Ended, Request, WorkerLimits, result_of
from engine.dispatch.worker import Worker
from engine.model.execution import AttemptOutcome, AttemptResult, Execution, Status, Trigger
from engine.model.job import ReportOrder
from tests.kit.cluster import wait_for
from tests.kit.jobs import SECOND, known, spec

MILLI = SECOND // 1000


@dataclass
class Plain:
    """Every attempt succeeds at the next look."""

    begun: list[Request] = field(default_factory=list)

    def target(self, request: Request) -> str:
        return request.job.id

    def begin(self, request: Request) -> None:
        self.begun.append(request)

    def collect(self) -> Sequence[AttemptResult | Ended]:
        ended, self.begun = self.begun, []
        return [success(request) for request in ended]

    def abort(self, request: Request) -> None:
        self.begun.remove(request)

    def close(self) -> None:
        self.begun.clear()


class Rogue(Plain):
    """Does what the job's name says."""

    def target(self, request: Request) -> str:
        if request.job.name == "target":
            raise RuntimeError("no target")
        return super().target(request)

    def begin(self, request: Request) -> None:
        if request.job.name == "begin":
            raise RuntimeError("no beginning")
        super().begin(request)

    def collect(self) -> Sequence[AttemptResult | Ended]:
        names = {request.job.name for request in self.begun}
        if "collect" in names:
            raise RuntimeError("no end")
        if "silent" in names:
            return []
        if "report" in names:
            begun, self.begun = self.begun, []
            return [Ended(one.execution.id, one.execution.attempt, self._report) for one in begun]
        ended = super().collect()
        invented = [structs.replace(result_of(one), attempt=7) for one in ended]
        return [*invented, *ended]

    def abort(self, request: Request) -> None:
        super().abort(request)
        raise RuntimeError("and no abort")

    def _report(self) -> AttemptResult:
        raise RuntimeError("no report")


def success(request: Request) -> AttemptResult:
    return AttemptResult(
        execution_id=request.execution.id,
        attempt=request.execution.attempt,
        outcome=AttemptOutcome.SUCCESS,
        started_us=1,
        finished_us=2,
    )


def request(name: str, protocol: str) -> Request:
    job = known(
        f"job_{name}_{protocol}",
        structs.replace(
            spec(name),
            report=ReportOrder(kind="weekly") if protocol == "rogue" else None,
            timeout_us=100 * MILLI,
        ),
    )
    run = Execution(
        id=f"exe_{name}_{protocol}",
        job_id=job.id,
        job_version=1,
        trigger=Trigger.SCHEDULE,
        scheduled_us=1,
        attempt_started_us=1,
        status=Status.RUNNING,
    )
    return Request(execution=run, job=job)


@dataclass
class Bench:
    worker: Worker
    results: list[AttemptResult]

    def outcomes(self) -> dict[str, AttemptResult]:
        return {result.execution_id: result for result in tuple(self.results)}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(module, "OVERRUN_US", 100 * MILLI)
    monkeypatch.setattr(module, "LOOK_US", 20 * MILLI)
    monkeypatch.setattr(module, "IDLE_S", 0.02)
    results: list[AttemptResult] = []
    worker = Worker(
        limits=WorkerLimits(in_flight_max=2),
        clock=SystemClock(),
        may_send=lambda: True,
        on_results=results.extend,
        own={"report": lambda *_: Rogue(), "http": lambda *_: Plain()},
    )
    worker.start()
    yield Bench(worker, results)
    worker.stop(SECOND)


@pytest.mark.parametrize(
    ("fault", "outcome", "words"),
    [
        ("target", AttemptOutcome.FAILED, "cannot be sent: no target"),
        ("begin", AttemptOutcome.FAILED, "failed while sending: RuntimeError: no beginning"),
        ("collect", AttemptOutcome.TIMEOUT, "did not end it"),
        ("silent", AttemptOutcome.TIMEOUT, "did not end it"),
        ("report", AttemptOutcome.FAILED, "failed to report: RuntimeError: no report"),
        ("invents", AttemptOutcome.SUCCESS, ""),
    ],
)
def test_a_fault_of_a_protocol_ends_its_attempt_and_no_other(
    bench: Bench, fault: str, outcome: AttemptOutcome, words: str
) -> None:
    others = [request(f"other{k}", "plain") for k in range(20)]
    bench.worker.submit([request(fault, "rogue"), *others])
    wait_for(lambda: len(bench.outcomes()) == 21)
    result = bench.outcomes()[f"exe_{fault}_rogue"]
    assert (result.outcome, words in result.error) == (outcome, True)
    assert result.is_doubtful == (fault not in ("target", "invents"))
    assert all(one.outcome is AttemptOutcome.SUCCESS for one in bench.results if one is not result)
    assert len(bench.results) == 21
    wait_for(lambda: bench.worker.in_flight == 0)
    assert not bench.worker.holds(("exe_other1_plain", 1)), "its place is free, too"


def test_what_waits_is_told_with_the_longest_wait(bench: Bench) -> None:
    stuck = [request(f"silent{k}", "rogue") for k in range(2)]
    stuck = [
        structs.replace(
            one,
            job=structs.replace(
                one.job, spec=structs.replace(one.job.spec, name="silent", timeout_us=SECOND)
            ),
        )
        for one in stuck
    ]
    waiting = request("late", "plain")
    bench.worker.submit([*stuck, waiting])
    wait_for(lambda: bench.worker.waiting_since_us == 1)
    assert (bench.worker.queued, bench.worker.in_flight) == (1, 2)
    assert bench.worker.holds((waiting.execution.id, 1))
    wait_for(lambda: bench.outcomes().get(waiting.execution.id) is not None)
    wait_for(lambda: bench.worker.waiting_since_us is None)


def test_a_thread_that_hangs_is_left_behind(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ABORT_S", 0.1)
    entered, release = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        entered.set()
        release.wait()

    monkeypatch.setattr(Plain, "begin", hang)
    bench.worker.submit([request("hang", "plain")])
    wait_for(entered.is_set)
    stopping = threading.Thread(target=bench.worker.stop, args=[MILLI], daemon=True)
    stopping.start()
    try:
        wait_for(lambda: not stopping.is_alive(), what="the stop does not wait for it")
        assert any(thread.name == "dispatch" for thread in threading.enumerate()), "it hangs on"
    finally:
        release.set()
