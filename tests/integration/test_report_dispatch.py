"""The protocol that writes reports keeps what every dispatcher promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.operate.report_dispatch import record_of, report_protocol
from app.operate.reporter import Reporter
from engine.core.clock import SystemClock
from engine.dispatch.dispatcher import Request, WorkerLimits
from engine.dispatch.worker import Worker
from engine.model.document import parse_job
from engine.model.execution import AttemptOutcome, AttemptResult, Execution, Status, Trigger
from tests.kit.cluster import wait_for
from tests.kit.jobs import known

NOON_US = 1_795_608_000_000_000


class Bench:
    def __init__(self, export_dir: Path) -> None:
        self.results: list[AttemptResult] = []
        self.reporter = Reporter(export_dir)
        self.worker = Worker(
            limits=WorkerLimits(),
            clock=SystemClock(),
            may_send=lambda: True,
            on_results=self.results.extend,
            own={"report": report_protocol(self.reporter)},
        )
        self.worker.start()

    def send(self, execution: str, **document: Any) -> None:
        report = {"kind": "weekly", "span": "24h", **document.pop("report", {})}
        written = {
            "name": "a",
            "schedule": "@daily",
            "dispatch": {"type": "report", "report": report},
            **document,
        }
        spec, _ = parse_job(written)
        job = known(f"job_{execution}", spec)
        run = Execution(
            id=execution,
            job_id=job.id,
            job_version=1,
            trigger=Trigger.SCHEDULE,
            scheduled_us=NOON_US,
            status=Status.RUNNING,
        )
        self.worker.submit([Request(execution=run, job=job)])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.reporter.close()
    made.worker.stop(0)


def exported(folder: Path) -> None:
    """As if a node with an empty history had just exported it, for a long time to come."""
    text = json.dumps({"index": 7, "as_of_us": 1 << 61})
    (folder / "progress.json").write_text(text, encoding="utf-8")


def test_a_report_leaves_its_record_and_its_steps(bench: Bench, tmp_path: Path) -> None:
    exported(tmp_path)
    bench.send("exe_1", report={"tags": {"team": "x" * 990}})
    wait_for(lambda: bench.results, what="the report is written")
    (result,) = bench.results
    assert result.outcome is AttemptOutcome.SUCCESS, result.error
    record = record_of(result.response)
    assert record is not None
    assert (record.kind, record.asked.upto) == ("weekly", 7)
    assert (record.asked.since_us, record.asked.until_us) == (NOON_US - 86_400_000_000, NOON_US)
    assert len(result.response.encode()) <= WorkerLimits().response_bytes_max
    assert [step[0] for step in json.loads(result.trace)] == [
        *("schedule", "prepare", "request", "complete")
    ]


def test_an_unknown_report_fails_by_its_name(bench: Bench, tmp_path: Path) -> None:
    exported(tmp_path)
    bench.send("exe_1", report={"kind": "weakly"})
    wait_for(lambda: bench.results, what="it ends")
    assert bench.results[0].outcome is AttemptOutcome.FAILED
    assert "weakly" in bench.results[0].error


def test_what_does_not_come_in_time_is_a_time_out(bench: Bench) -> None:
    bench.send("exe_1", timeout="1s")  # nothing is exported, so that it waits
    wait_for(lambda: bench.results, what="it ends")
    assert bench.results[0].outcome is AttemptOutcome.TIMEOUT


def test_an_attempt_that_is_cancelled_is_not_reported(bench: Bench, tmp_path: Path) -> None:
    bench.send("exe_1", timeout="2s")
    wait_for(lambda: bench.worker.in_flight == 1, what="it has begun")
    bench.worker.cancel("exe_1")
    wait_for(lambda: bench.worker.in_flight == 0, what="it is let go")
    exported(tmp_path)
    bench.send("exe_2")
    wait_for(lambda: bench.results, what="the next one is written")
    assert [one.execution_id for one in bench.results] == ["exe_2"]
