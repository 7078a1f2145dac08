"""Jobs whose fires write a report: a protocol of the dispatch, beside HTTP.

What is kept of a fire is which report it was: its parameters and the newest entry that is in it,
with its summary, as the execution's response. From these every node can write the same report
again, in any form, for as long as the history keeps the runs: nothing is stored or copied.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec

from analytics.reports.asked import Asked
from analytics.reports.document import Report
from app.operate.reporter import Reporter, ReportFailed
from app.operate.tasks import Wanted
from engine.core.clock import Clock
from engine.core.errors import InvalidDocument
from engine.core.ids import Instant
from engine.dispatch.dispatcher import MakeDispatcher, MaySend, Request, WorkerLimits
from engine.dispatch.reactor import Reactor
from engine.dispatch.steps import Step, opening
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.model.job import Job
from engine.model.target_document import report_document

THREADS_MAX: Final = 16
"""So many attempts wait for the reporter, which writes few at once, each within its time-out."""
SUMMARY_MAX: Final = 500
"""With what an order may hold, a record stays below the response that the history keeps."""


class ReportRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The response of an execution that wrote a report."""

    kind: str
    asked: Asked
    title: str
    summary: str


def record_of(response: str) -> ReportRecord | None:
    """The record that an execution left; None where its response is none."""
    try:
        return msgspec.json.decode(response, type=ReportRecord)
    except (msgspec.DecodeError, UnicodeError):
        return None


def wanted_of(job: Job, scheduled_us: Instant) -> Wanted:
    """What a job writes for a fire time.

    Raises:
        ReportFailed: the job orders no report.
    """
    order = job.spec.report
    if order is None:
        raise ReportFailed("the job orders no report")
    asked = Asked(
        since_us=scheduled_us - order.span_us,
        until_us=scheduled_us,
        zone=job.spec.timezone,
        namespace=order.namespace or None,
        job=order.job or None,
        tags=tuple((key, value or None) for key, value in order.tags.items()),
        slo=order.slo,
    )
    return Wanted(kind=order.kind, asked=asked, form="json")


class ReportDispatcher:
    """A `Dispatcher`; each attempt waits in a thread for the process that writes its report."""

    def __init__(self, reporter: Reporter, reactor: Reactor, clock: Clock):
        self._reporter = reporter
        self._reactor = reactor
        self._clock = clock
        self._pool = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="report")
        self._begun: set[tuple[str, int]] = set()
        self._ended: deque[AttemptResult] = deque()

    def target(self, request: Request) -> str:
        """The name of the protocol: all reports share one bound."""
        return request.job.spec.protocol

    def expect(self, job: Job) -> None:
        """Nothing can be made ready: a report is about the runs until its fire time."""

    def begin(self, request: Request) -> None:
        """Have a thread wait for the report."""
        self._begun.add(_key(request))
        self._pool.submit(self._carry, request, self._clock.now_us())

    def collect(self) -> list[AttemptResult]:
        """What has ended since the last call and was not aborted."""
        results = []
        while self._ended:
            one = self._ended.popleft()
            if (one.execution_id, one.attempt) in self._begun:
                self._begun.discard((one.execution_id, one.attempt))
                results.append(one)
        return results

    def abort(self, request: Request) -> None:
        """Forget the attempt; its process ends by itself within the job's time-out."""
        self._begun.discard(_key(request))

    def close(self) -> None:
        """Give back the threads; the reporter ends their processes."""
        self._begun.clear()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _carry(self, request: Request, started_us: Instant) -> None:
        outcome, error, response = AttemptOutcome.SUCCESS, "", ""
        try:
            response = self._write(request, started_us)
        except InvalidDocument as problem:
            late = self._clock.now_us() - started_us >= request.job.spec.timeout_us
            outcome = AttemptOutcome.TIMEOUT if late else AttemptOutcome.FAILED
            error = str(problem)
        except Exception as fault:  # whatever it is, the attempt ends and the others go on
            outcome, error = AttemptOutcome.FAILED, str(fault)
        ended_us = self._clock.now_us()
        self._ended.append(_result(request, outcome, started_us, ended_us, error, response))
        self._reactor.wake()

    def _write(self, request: Request, started_us: Instant) -> str:
        wanted = wanted_of(request.job, request.execution.scheduled_us)
        end_us = started_us + request.job.spec.timeout_us
        written = self._reporter.write(
            # What ended before the attempt began is in it: the segments are a little behind.
            msgspec.structs.replace(wanted, shows_us=started_us),
            max(0.0, (end_us - self._clock.now_us()) / 1e6),
        )
        report = msgspec.json.decode(written.data, type=Report)
        record = ReportRecord(
            kind=wanted.kind,
            asked=msgspec.structs.replace(wanted.asked, upto=report.upto),
            title=report.title,
            summary=report.summary[:SUMMARY_MAX],
        )
        return msgspec.json.encode(record).decode()


def report_protocol(reporter: Reporter) -> MakeDispatcher:
    """What makes the dispatcher of a node's reports."""

    def make(
        reactor: Reactor, _limits: WorkerLimits, clock: Clock, _may_send: MaySend
    ) -> ReportDispatcher:
        return ReportDispatcher(reporter, reactor, clock)

    return make


def _key(request: Request) -> tuple[str, int]:
    return request.execution.id, request.execution.attempt


def _result(
    request: Request,
    outcome: AttemptOutcome,
    started_us: Instant,
    finished_us: Instant,
    error: str,
    response: str,
) -> AttemptResult:
    """The attempt as the log takes it, with its recorded steps."""
    execution, took_us = request.execution, finished_us - started_us
    spec = request.job.spec
    body = msgspec.json.encode(report_document(spec.report)).decode() if spec.report else ""
    asked = {"url": spec.url, "method": spec.method, "headers": {}, "body": body}
    end: Step = ("error", took_us, {"error": error}) if error else ("complete", took_us, {})
    steps: list[Step] = [("request", 0, asked), end]
    return AttemptResult(
        execution_id=execution.id,
        attempt=execution.attempt,
        outcome=outcome,
        started_us=started_us,
        finished_us=finished_us,
        error=error,
        response=response,
        trace=f"[{opening(request)},{msgspec.json.encode(steps).decode()[1:]}",
        reached=False,  # nothing leaves the node: a report that failed can be written again
    )
