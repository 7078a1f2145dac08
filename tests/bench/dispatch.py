"""POSTs a second of the dispatch worker alone: no log, no history, no door."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx

from engine.core.clock import SystemClock
from engine.core.ids import execution_id
from engine.dispatch.dispatcher import Request, WorkerLimits
from engine.dispatch.worker import Worker
from engine.model.execution import AttemptOutcome, AttemptResult, Execution, Status, Trigger
from tests.bench.sink import Sink
from tests.bench.table import Row
from tests.kit.cluster import wait_for
from tests.kit.jobs import known, spec

IN_FLIGHT = 64
PEER_IN_FLIGHT = 8  # where httpx does best; it gets slower with more
PEER_POSTS = 500
Cost = tuple[float, float]


def _request(url: str, number: int) -> Request:
    webhook = {"url": f"{url}/j/{number}", "method": "POST", "body": "{}"}
    job = known(f"job_{number}", spec(f"j{number}", webhook=webhook))
    execution = Execution(
        id=execution_id(job.id, 1, 1),
        job_id=job.id,
        job_version=1,
        trigger=Trigger.SCHEDULE,
        scheduled_us=1,
        status=Status.RUNNING,
        started_us=1,
        attempt_started_us=1,
    )
    return Request(execution=execution, job=job)


def _worker(count: int) -> Cost:
    """POSTs a second and CPU seconds of this process a POST."""
    with Sink() as sink:
        requests = [_request(sink.url, number) for number in range(count)]
        results: list[AttemptResult] = []
        worker = Worker(
            limits=WorkerLimits(in_flight_max=IN_FLIGHT),
            clock=SystemClock(),
            may_send=lambda: True,
            on_results=results.extend,
        )
        worker.start()
        try:
            begun, cpu = time.time(), time.process_time()
            worker.submit(requests)
            wait_for(lambda: len(results) >= count, 60, "all results")
            cpu = time.process_time() - cpu
        finally:
            worker.stop(0)
        assert all(one.outcome is AttemptOutcome.SUCCESS for one in results)
        arrivals = sink.arrivals()
        assert len(arrivals) == count, len(arrivals)
        return count / (max(at for at, _path in arrivals) - begun), cpu / count


def _httpx(count: int) -> Cost:
    async def run(url: str) -> Cost:
        async with httpx.AsyncClient(timeout=30) as client:
            numbers = iter(range(count))

            async def lane() -> None:
                for number in numbers:
                    answer = await client.post(f"{url}/j/{number}", content=b"{}")
                    assert answer.status_code == 200

            begun, cpu = time.monotonic(), time.process_time()
            await asyncio.gather(*(lane() for _ in range(PEER_IN_FLIGHT)))
            return count / (time.monotonic() - begun), (time.process_time() - cpu) / count

    with Sink() as sink:
        return asyncio.run(run(sink.url))


def dispatch(count: int) -> Iterator[Row]:
    """The worker beside httpx; the sink takes CPU of its own, in its own process."""
    rate, cpu = _worker(count)
    peer_rate, peer_cpu = _httpx(PEER_POSTS)
    yield Row("dispatch worker alone: POSTs a second, ratio to httpx", f"{rate / peer_rate:.1f}x")
    yield Row("dispatch worker alone: CPU a POST, ratio to httpx", f"{cpu / peer_cpu:.2f}x")
    yield Row(f"dispatch worker alone: POSTs a second, {IN_FLIGHT} in flight", f"{rate:,.0f}")
    yield Row("dispatch worker alone: CPU a POST", f"{cpu * 1e6:,.0f} us")
