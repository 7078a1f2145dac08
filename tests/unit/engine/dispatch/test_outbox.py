"""How results are divided into log entries."""

from __future__ import annotations

from engine.dispatch.outbox import BATCH_BYTES_MAX, BATCH_MAX, Batches, bytes_max
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


def batches(*groups: list[AttemptResult]) -> list[list[AttemptResult]]:
    """What becomes of results that came in these groups."""
    made = Batches()
    for group in groups:
        made.add(group, sum(map(bytes_max, group)))
    assert list(made) == [result for group in groups for result in group], "in their order"
    popped = []
    while made:
        popped.append(made.pop())
    assert sum(map(len, popped)) == sum(map(len, groups))
    return popped


def sizes(*groups: list[AttemptResult]) -> list[int]:
    return [len(batch) for batch in batches(*groups)]


def test_small_results_go_together() -> None:
    assert sizes([result("ok")] * (2 * BATCH_MAX)) == [BATCH_MAX] * 2
    assert sizes(*[[result("ok")] * 300] * 7) == [BATCH_MAX, BATCH_MAX, 100]
    assert sizes([result("ok")]) == [1]
    assert sizes([]) == []
    assert Batches().pop() == []


def test_an_entry_of_the_worst_results_is_accepted_by_the_log() -> None:
    for groups in ([[result("\x01" * 40_000)] * 500], [[result("\x01" * 40_000)]] * 500):
        for batch in batches(*groups):
            command = RecordExecutions(results=tuple(batch))
            entry = Entry(at=0, actor="n", request_id="", command=command)
            assert 1 <= len(batch) < 500
            assert len(encode(entry)) < COMMAND_BYTES_MAX


def test_a_result_that_is_too_long_for_company_goes_alone() -> None:
    long = result("x" * BATCH_BYTES_MAX)
    assert sizes([result("ok"), long, result("ok"), result("ok")]) == [1, 1, 2]
