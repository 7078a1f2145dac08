from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.ids import imported_execution_id, imported_job_id
from engine.model.execution import Status
from engine.raft.replica import Replica
from engine.state.entry import Entry, encode
from engine.state.messages import Committed, ExecutionsImported, ImportedRun, ImportExecutions
from engine.state.state import IMPORT_LABELS_MAX
from tests.kit.jobs import SECOND, Log
from tests.kit.runs_of_the_past import batch, run


def test_an_import_is_one_fact_and_says_how_many() -> None:
    log = Log()
    assert log.ok(batch("a", run(1), run(2))) == 2
    (event,) = log.committed[-1].events
    assert isinstance(event, ExecutionsImported)
    assert len(event.runs) == 2
    assert log.committed[-1].target == "a"


def test_an_import_that_looked_before_the_latest_of_its_label_is_refused() -> None:
    log = Log()
    log.ok(batch("a", run(1)))
    refusal = log.refused(batch("a", run(1)))
    assert refusal.code == "CONFLICT"
    assert "entry 1" in refusal.message
    assert log.ok(replace(batch("a", run(2)), known_upto=1)) == 1


def test_another_label_does_not_have_to_look_again() -> None:
    log = Log()
    log.ok(batch("a", run(1)))
    assert log.ok(batch("b", run(1))) == 1


def test_a_forgotten_label_is_answered_for_by_the_floor() -> None:
    log = Log()
    for number in range(IMPORT_LABELS_MAX + 1):
        log.ok(batch(f"label-{number}", run(1)))
    assert len(log.state.imports) == IMPORT_LABELS_MAX
    assert log.state.imports_floor == 1
    assert log.refused(batch("label-0", run(1))).code == "CONFLICT"
    assert log.ok(replace(batch("label-0", run(2)), known_upto=1)) == 1


@pytest.mark.parametrize(
    "bad",
    [
        run(1)._replace(job=1),
        run(1)._replace(job=-1),
        run(1)._replace(status=Status.RUNNING),
        run(1)._replace(completed_us=1 << 63),
        run(1)._replace(scheduled_us=-1),
        run(1)._replace(attempts=1 << 31),
        run(1)._replace(status_code=-1),
    ],
)
def test_what_no_row_can_hold_is_refused_and_changes_nothing(bad: ImportedRun) -> None:
    log = Log()
    assert log.refused(batch("a", run(2), bad)).code == "VALIDATION_ERROR"
    assert log.state.imports == {}


def test_an_empty_and_a_too_large_batch_are_refused() -> None:
    log = Log()
    assert log.refused(batch("a")).field == "executions"
    assert log.refused(batch("a", *(run(number) for number in range(5001)))).code
    assert log.refused(batch("", run(1))).code == "VALIDATION_ERROR"


def test_a_snapshot_carries_an_import_that_no_history_holds_yet() -> None:
    whole, rest = (Replica(watermark=lambda: 0, on_gap=lambda *_: None) for _ in range(2))
    heard: list[Committed] = []
    rest.subscribe(heard.append)
    command: ImportExecutions = batch("a", run(1), run(2))
    whole.apply(1, encode(Entry(at=SECOND, actor="alice", request_id="r", command=command)))
    rest.restore(whole.snapshot(), 1)
    assert heard[0].events[0] == ExecutionsImported(
        label="a", index=1, jobs=command.jobs, runs=command.runs
    )
    assert rest.state_bytes() == whole.state_bytes()
    assert rest.view.last_import("a") == 1


def test_ids_name_the_label_the_job_and_the_time() -> None:
    names = {
        imported_execution_id(label, namespace, name, at)
        for label in "ab"
        for namespace in "nm"
        for name in "jk"
        for at in (0, 1)
    }
    assert len(names) == 16
    assert imported_job_id("a", "n", "j") != imported_job_id("b", "n", "j")
