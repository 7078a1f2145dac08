"""A burst begins with few, what ended is reported last, and nothing is lost on the way."""

from __future__ import annotations

import pytest

from engine.core.clock import SystemClock
from engine.dispatch import worker as module
from engine.dispatch.dispatcher import Ended, Request, WorkerLimits
from engine.dispatch.worker import Worker
from engine.model.execution import AttemptResult
from tests.kit.cluster import wait_for
from tests.kit.jobs import SECOND
from tests.unit.engine.dispatch.test_contained import Plain, request, success

COUNT = 300


class Telling(Plain):
    """Every attempt has ended at the next look; tells what is done, in order."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self.told = told
        self.turns: list[int] = []
        """How many were begun in each turn that began any."""

    def begin(self, request: Request) -> None:
        self.told.append("sent")
        super().begin(request)

    def collect(self) -> list[Ended]:
        begun, self.begun = self.begun, []
        if begun:
            self.turns.append(len(begun))

        def ended(one: Request) -> Ended:
            return Ended(one.execution.id, one.execution.attempt, lambda: self._report(one))

        return [ended(one) for one in begun]

    def _report(self, request: Request) -> AttemptResult:
        self.told.append("reported")
        return success(request)


class Bench:
    """A worker, what it did in order, and which results it did not hold as it handed them over."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.protocol = Telling(self.told)
        self.results: list[AttemptResult] = []
        self.let_go: list[AttemptResult] = []
        self.worker = Worker(
            limits=WorkerLimits(),
            clock=SystemClock(),
            may_send=lambda: True,
            on_results=self._take,
            own={"http": lambda *_: self.protocol},
        )

    def _take(self, results: list[AttemptResult]) -> None:
        assert self.worker.unreported >= len(results), "a stop would not wait for them"
        held = (self.worker.holds((one.execution_id, one.attempt)) for one in results)
        self.let_go += [one for one, is_held in zip(results, held, strict=True) if not is_held]
        self.results += results

    def burst(self) -> None:
        self.worker.submit([request(f"j{k}", "plain") for k in range(COUNT)])
        self.worker.start()
        wait_for(lambda: len(self.results) == COUNT)
        self.worker.stop(SECOND)
        assert len({one.execution_id for one in self.results}) == COUNT
        assert self.let_go == []


def test_all_that_waits_is_sent_before_anything_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REPORT_US", 3600 * SECOND)
    bench = Bench()
    bench.burst()
    assert bench.told == ["sent"] * COUNT + ["reported"] * COUNT


def test_each_burst_begins_with_few_so_that_the_first_leaves_early() -> None:
    bench = Bench()
    bench.worker.submit([request(f"j{k}", "plain") for k in range(COUNT)])
    bench.worker.start()
    wait_for(lambda: len(bench.results) == COUNT)
    bench.worker.submit([request(f"k{k}", "plain") for k in range(COUNT)])
    wait_for(lambda: len(bench.results) == 2 * COUNT)
    bench.worker.stop(SECOND)
    assert bench.protocol.turns == [8, 16, 32, 64, 64, 64, 52] * 2


def test_a_report_that_has_waited_for_long_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPORT_US", 0)
    bench = Bench()
    bench.burst()
    assert bench.told.index("reported") < COUNT - 1 < len(bench.told) - 1
    assert bench.told.count("reported") == COUNT


def test_what_had_ended_is_reported_before_the_worker_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REPORTS_A_TURN", 1)
    bench = Bench()
    bench.worker.submit([request(f"j{k}", "plain") for k in range(COUNT)])
    bench.worker.start()
    wait_for(lambda: bench.results)
    bench.worker.stop(SECOND)
    assert len(bench.results) == bench.told.count("sent")
