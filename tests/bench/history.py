"""Rows that the history makes durable a second."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from engine.core.clock import SystemClock
from engine.history.store import History
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.state.messages import ClaimLeadership, Fire, RecordExecutions, StartExecutions
from tests.bench.table import Row
from tests.kit.jobs import SECOND, Log, new_job

RESULTS = 500
TRACE = (
    '[["prepare",0,{"job_version":1,"node":"n1"}],["request",80,{"url":"http://127.0.0.1:9/run",'
    '"method":"POST","headers":{},"body":"{}","connect_us":60}],'
    '["response",900,{"status":200,"bytes":400,"first_byte_us":900}],["complete",1000,{}]]'
)


def _work(entries: int) -> Log:
    """A log in which every execution was begun and ended: two rows each."""
    log = Log().with_jobs(*(new_job(f"j{k}", SECOND) for k in range(RESULTS)))
    epoch = int(log.ok(ClaimLeadership(node="n1", nonce="1")))
    for turn in range(entries):
        at = log.now = (turn + 1) * SECOND
        fires = tuple(Fire(job, 1, at, at + SECOND) for job in log.state.jobs)
        begun = log.ok(StartExecutions(epoch=epoch, fires=fires))
        results = tuple(
            AttemptResult(
                execution_id=one,
                attempt=1,
                outcome=AttemptOutcome.SUCCESS,
                started_us=at,
                finished_us=at + 1000,
                status_code=200,
                response="ok" * 200,
                trace=TRACE,
            )
            for one in begun
        )
        assert log.ok(RecordExecutions(results=results)) == RESULTS
    return log


def history(entries: int) -> Iterator[Row]:
    """The log is made first; what is timed is the projection until its last row is durable."""
    log = _work(entries)
    with tempfile.TemporaryDirectory() as folder:
        store = History(Path(folder), node="n1", clock=SystemClock())
        store.start()
        try:
            start = time.monotonic()
            for committed in log.committed:
                store.project(committed)
            assert store.wait_for(log.index, 60), "the history did not catch up within 60 s"
            took = time.monotonic() - start
            rows = store.rows
        finally:
            store.stop()
    assert rows >= 2 * RESULTS * entries, rows
    yield Row(f"history rows written a second, {rows:,} in all", f"{rows / took:,.0f}")
