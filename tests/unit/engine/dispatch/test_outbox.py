"""How results are divided into log entries."""

from __future__ import annotations

from engine.dispatch.outbox import BATCH_MAX, batch_size
from engine.model.execution import AttemptOutcome, AttemptResult
from engine.raft.pysync.node import COMMAND_BYTES_MAX
from engine.state.entry import Entry, encode
from engine.state.messages import RecordExecutions


def result(text: str) -> AttemptResult:
    return AttemptResult(
        execution_id="exe_1",
        attempt=1,
        outcome=AttemptOutcome.SUCCESS,
        started_us=1,
        finished_us=2,
        response=text,
        trace=text,
    )


def test_small_results_go_together() -> None:
    assert batch_size([result("ok")] * (2 * BATCH_MAX)) == BATCH_MAX
    assert batch_size([result("ok")]) == 1
    assert batch_size([]) == 0


def test_an_entry_of_the_worst_results_is_accepted_by_the_log() -> None:
    results = [result("\x01" * 40_000)] * 500
    count = batch_size(results)
    command = RecordExecutions(results=tuple(results[:count]))
    entry = Entry(at=0, actor="n", request_id="", command=command)
    assert 1 <= count < 500
    assert len(encode(entry)) < COMMAND_BYTES_MAX
