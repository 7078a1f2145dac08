from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from engine.core.clock import SystemClock
from engine.core.errors import InvalidDocument, NotReady
from engine.history.queries import Queries
from engine.history.store import GROUP_ROWS_MAX, History
from engine.model.execution import AttemptOutcome, Status, Trigger
from engine.model.job import Document
from engine.state.messages import (
    AttemptEnded,
    Event,
    ExecutionEnded,
    ExecutionsImported,
    ImportedRun,
    JobDeleted,
)
from tests.kit.runs_of_the_past import batch, run
from tests.unit.engine.history.events import NOON, SECOND, committed, ended, make_job, story

HOUR = 3600 * SECOND


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path, node="n", clock=SystemClock())
    history.start()
    yield history
    history.stop()


@pytest.fixture
def filled(history: History) -> Queries:
    for entry in story():
        history.project(entry)
    assert history.wait_for(12, 120)
    return Queries(history)


def add(history: History, first: int, *events: tuple[Event, ...]) -> int:
    for index, group in enumerate(events, first):
        history.project(committed(index, "RecordExecutions", *group))
    last = first + len(events) - 1
    assert history.wait_for(last, 120)
    return last


def ids(documents: list[Document]) -> list[str]:
    return [str(document["id"]) for document in documents]


def test_an_empty_history_answers_in_full_shape(history: History) -> None:
    queries = Queries(history)
    assert queries.executions() == ([], None, 0)
    assert queries.execution("exe_x") is None
    assert queries.attempts("exe_x") == []
    assert queries.versions("job_x") == []
    assert queries.version("job_x", 1) is None
    overview = queries.overview(HOUR, NOON)
    assert overview.pop("series")[0] == {
        "time": "2026-11-25T11:00:00Z",
        "success": 0,
        "failed": 0,
        "other": 0,
        "lateness_p95_ms": None,
    }
    assert overview == {
        "counts": {"success": 0, "failed": 0, "skipped": 0, "cancelled": 0, "unknown": 0},
        "runs_per_minute": 0.0,
        "success_rate": None,
        "lateness_ms": {"p50": None, "p95": None, "p99": None},
        "attention": [],
        "timeline": [],
    }
    assert queries.job_stats("job_x", HOUR, NOON) == {
        "runs": 0,
        "success": 0,
        "failed": 0,
        "success_rate": None,
        "duration_ms": {"p50": None, "p95": None, "p99": None},
        "lateness_ms": {"p50": None, "p95": None, "p99": None},
        "series": [],
    }


def test_executions_come_newest_first_in_pages(filled: Queries, history: History) -> None:
    everything, none, total = filled.executions(limit=100)
    assert ids(everything) == ["exe_12_0", "exe_skip", "exe_6_1", "exe_6_0", "exe_5_0"]
    assert none is None
    assert total == 5
    first, cursor, _ = filled.executions(limit=2)
    add(history, 20, ended(20))  # a new row must not shift the pages
    second, cursor_2, total = filled.executions(limit=2, cursor=cursor)
    third, cursor_3, _ = filled.executions(limit=2, cursor=cursor_2)
    assert ids(first + second + third) == ids(everything)
    assert cursor_3 is None
    assert total == 6


def test_executions_are_filtered_and_counted(filled: Queries) -> None:
    assert ids(filled.executions(status="skipped")[0]) == ["exe_skip"]
    assert filled.executions(status="success,failed", job_id="job_1")[2] == 3
    assert filled.executions(status=["success", "failed"], namespace="shop")[2] == 1
    assert ids(filled.executions(since_us=NOON + 10 * SECOND)[0]) == ["exe_12_0", "exe_skip"]
    assert filled.executions(status="running") == ([], None, 0)


@pytest.mark.parametrize("cursor", ["x", "1", "1:2", "1:2:3:4", "1:2:'", f"1:{1 << 70}:0"])
def test_a_foreign_cursor_is_refused(filled: Queries, cursor: str) -> None:
    with pytest.raises(InvalidDocument, match="cursor"):
        filled.executions(cursor=cursor)


def test_an_execution_has_the_public_shape_with_attempts_and_steps(filled: Queries) -> None:
    assert filled.execution("exe_12_0") == {
        "id": "exe_12_0",
        "job_id": "job_1",
        "job_name": "backup-1",
        "namespace": "ops",
        "job_version": 2,
        "scheduled_time": "2026-11-25T12:00:12Z",
        "scheduled_until": None,
        "started_at": "2026-11-25T12:00:12.020000Z",
        "completed_at": "2026-11-25T12:00:12.120500Z",
        "status": "failed",
        "reason": "attempts used up",
        "attempts": 1,
        "status_code": 500,
        "response": "späte Antwort",
        "error": "500 Internal Server Error",
        "duration": 100_500_000,
        "lateness_ms": 20.0,
        "node_id": "node-1",
        "trigger": "schedule",
        "request": {
            "url": "https://example.org/1",
            "method": "POST",
            "headers": {"X-Kind": "ü"},
            "body": "{}",
        },
        "replay_of": "",
        "change": None,
        "replay_count": 0,
        "fires": 1,
        "timezone": "UTC",
        "attempts_detail": [
            {
                "attempt": 1,
                "node_id": "node-1",
                "started_at": "2026-11-25T12:00:12.020000Z",
                "completed_at": "2026-11-25T12:00:12.120500Z",
                "outcome": "failed",
                "status_code": 500,
                "error": "500 Internal Server Error",
                "response": "späte Antwort",
                "steps": [
                    {
                        "kind": "prepare",
                        "at": "2026-11-25T12:00:12.020000Z",
                        "offset_ms": 0.0,
                        "detail": {"url": "https://example.org"},
                    },
                    {
                        "kind": "response",
                        "at": "2026-11-25T12:00:12.120000Z",
                        "offset_ms": 100.0,
                        "detail": {"status": 200},
                    },
                ],
            }
        ],
    }


def test_versions_come_newest_first_without_secrets(filled: Queries) -> None:
    versions = filled.versions("job_1")
    assert [version["version"] for version in versions] == [2, 1]
    assert versions[0]["comment"] == "faster"
    assert versions[0]["created_by"] == "alice"
    assert versions[0]["created_at"] == "2026-11-25T12:00:07Z"
    assert versions[0]["config"]["webhook"]["auth"]["token"] == "***"
    assert filled.version("job_1", 1) == versions[1]
    assert filled.version("job_1", 3) is None
    assert [version["version"] for version in filled.versions("job_2")] == [1]


def test_the_overview_counts_every_skipped_fire_time(filled: Queries) -> None:
    overview = filled.overview(HOUR, NOON + 20 * SECOND)
    assert overview["counts"] == {
        "success": 2,
        "failed": 2,
        "skipped": 5,
        "cancelled": 0,
        "unknown": 0,
    }
    assert overview["success_rate"] == 0.5
    assert overview["runs_per_minute"] == 4.0
    assert overview["lateness_ms"]["p95"] == 20.0
    series = overview["series"]
    assert len(series) == 61
    assert [b["time"] for b in series] == sorted(b["time"] for b in series)
    assert sum(bucket["success"] for bucket in series) == 2
    assert sum(bucket["failed"] for bucket in series) == 2
    assert sum(bucket["other"] for bucket in series) == 5
    bars = overview["timeline"]
    assert [bar["execution_id"] for bar in bars] == ["exe_5_0", "exe_6_0", "exe_12_0", "exe_6_1"]
    assert overview["attention"] == [
        {
            "job_id": "job_1",
            "job_name": "backup-1",
            "namespace": "ops",
            "status": "failing",
            "reason": "500 Internal Server Error",
            "count": 1,
            "last_at": "2026-11-25T12:00:12.120500Z",
        }
    ]


def test_what_lies_outside_the_window_does_not_count(filled: Queries) -> None:
    late = filled.overview(60 * SECOND, NOON + HOUR)
    assert set(late["counts"].values()) == {0}
    assert (late["attention"], late["timeline"]) == ([], [])
    assert filled.job_stats("job_1", SECOND, NOON + HOUR)["runs"] == 0


def test_attention_puts_failing_before_unknown_before_late(history: History) -> None:
    jobs = [make_job(number) for number in range(1, 7)]
    failed, lost = AttemptOutcome.FAILED, AttemptOutcome.LOST
    last = add(
        history,
        1,
        ended(1, job=jobs[0], outcome=failed, status=Status.FAILED),
        ended(2, job=jobs[0]),  # well again
        ended(3, job=jobs[1], at=NOON),
        ended(4, job=jobs[2], outcome=lost, status=Status.UNKNOWN),
        *[ended(i, job=jobs[3], outcome=failed, status=Status.FAILED) for i in (5, 6, 7)],
        ended(8, job=jobs[4], outcome=failed, status=Status.FAILED),
        ended(9, job=jobs[5], outcome=failed, status=Status.FAILED),
    )
    late = ended(10, job=jobs[1], at=NOON)
    history.project(committed(last + 1, "RecordExecutions", *shifted(late, 9 * SECOND)))
    history.project(committed(last + 2, "DeleteJob", JobDeleted(job=jobs[5])))
    assert history.wait_for(last + 2, 120)
    attention = Queries(history).overview(HOUR, NOON + 60 * SECOND)["attention"]
    assert [(row["job_id"], row["status"], row["count"]) for row in attention] == [
        ("job_4", "failing", 3),
        ("job_5", "failing", 1),
        ("job_3", "unknown", 1),
        ("job_2", "late", 1),
    ]
    assert attention[3]["reason"] == "started up to 9.0 s late"


def shifted(events: tuple[Event, ...], by_us: int) -> tuple[Event, ...]:
    """The events with the execution's start later by that much, and the due time as it was."""
    moved: list[Event] = []
    for event in events:
        assert isinstance(event, AttemptEnded | ExecutionEnded)
        execution = structs.replace(
            event.execution, started_us=event.execution.scheduled_us + by_us
        )
        if isinstance(event, ExecutionEnded):
            moved.append(
                structs.replace(
                    event, execution=execution, completed_us=execution.started_us + SECOND
                )
            )
        else:
            moved.append(structs.replace(event, execution=execution))
    return tuple(moved)


def test_the_timeline_gives_each_of_the_busiest_jobs_its_share(history: History) -> None:
    groups = []
    index = 1
    for number in range(1, 21):
        for _ in range(40 if number == 1 else 20 - number // 2):
            groups.append(ended(index, job=make_job(number)))
            index += 1
    add(history, 1, *groups)
    bars = Queries(history).overview(HOUR, NOON + 3000 * SECOND)["timeline"]
    assert len(bars) <= 400
    jobs = {bar["job_id"] for bar in bars}
    assert len(jobs) == 14
    assert bars[0]["job_id"] == "job_1"


def test_stats_of_a_job_leave_skipped_fires_out_of_the_runs(filled: Queries) -> None:
    stats = filled.job_stats("job_1", HOUR, NOON + 20 * SECOND)
    assert (stats["runs"], stats["success"], stats["failed"]) == (3, 2, 1)
    assert stats["success_rate"] == pytest.approx(2 / 3)
    assert stats["duration_ms"] == {"p50": 100.5, "p95": 100.5, "p99": 100.5}
    assert stats["series"][0] == {
        "scheduled_time": "2026-11-25T12:00:05Z",
        "duration_ms": 100.5,
        "status": "success",
        "execution_id": "exe_5_0",
    }
    assert [row["status"] for row in stats["series"]] == ["success", "success", "skipped", "failed"]


def test_a_replay_is_counted_on_what_it_replays(filled: Queries, history: History) -> None:
    attempt, end = ended(30, trigger=Trigger.REPLAY)
    events = [
        structs.replace(event, execution=structs.replace(event.execution, replay_of="exe_5_0"))  # type: ignore[union-attr,call-arg]  # both carry an execution
        for event in (attempt, end)
    ]
    history.project(committed(30, "RecordExecutions", *events))  # type: ignore[arg-type]  # as they were
    assert history.wait_for(30, 120)
    original = filled.execution("exe_5_0")
    replay = filled.execution("exe_30_0")
    assert original is not None
    assert replay is not None
    assert (original["replay_count"], replay["replay_of"]) == (1, "exe_5_0")


def imported(history: History, index: int, label: str, *runs: ImportedRun) -> None:
    command = batch(label, *runs)
    event = ExecutionsImported(label=label, index=index, jobs=command.jobs, runs=command.runs)
    history.project(committed(index, "ImportExecutions", event, target=label))
    assert history.wait_for(index, 120)


def test_imported_executions_take_their_place_in_time_on_every_page(
    filled: Queries, history: History
) -> None:
    imported(history, 13, "old", run(1), run(3), run(2, Status.FAILED))
    seen, cursor = [], None
    while True:
        page, cursor, total = filled.executions(limit=2, cursor=cursor)
        seen += ids(page)
        if cursor is None:
            break
    old = [run(number).id for number in (3, 2, 1)]
    assert seen == ["exe_12_0", "exe_skip", "exe_6_1", "exe_6_0", "exe_5_0", *old]
    assert total == 8
    found = filled.execution(old[1])
    assert found is not None
    assert found["node_id"] == "import:old"
    assert found["completed_at"] == "2025-06-15T15:08:45Z"
    assert found["attempts_detail"] == []


def test_an_old_success_that_comes_late_does_not_hide_a_new_failure(history: History) -> None:
    at = NOON - 60 * SECOND
    job = make_job()
    failed = {"outcome": AttemptOutcome.FAILED, "status": Status.FAILED, "at": at}
    add(history, 1, ended(1, job=job, **failed))  # type: ignore[arg-type]  # three keyword kinds
    command = batch("x", run(1)._replace(completed_us=at - SECOND, started_us=None))
    jobs = (command.jobs[0]._replace(id=job.id, name=job.name),)
    event = ExecutionsImported(label="x", index=2, jobs=jobs, runs=command.runs)
    history.project(committed(2, "ImportExecutions", event, target="x"))
    assert history.wait_for(2, 120)
    queries = Queries(history)
    (worst,) = queries.overview(HOUR, NOON)["attention"]
    assert worst["status"] == "failing"
    newest = queries.job_stats(job.id, HOUR, NOON)["series"]
    assert [point["status"] for point in newest] == ["success", "failed"]


def test_what_a_label_brought_is_known_and_what_another_brought_is_not(history: History) -> None:
    imported(history, 1, "a", run(1))
    queries = Queries(history)
    ids_asked = [run(1).id, run(2).id]
    assert queries.known("a", ids_asked, 1, 5) == (1, {run(1).id})
    assert queries.known("b", ids_asked, 1, 5) == (1, set())
    with pytest.raises(NotReady):
        queries.known("a", ids_asked, 2, 0.01)


def test_many_imports_are_written_in_groups_of_bounded_size(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    commit = history._commit

    def watched(batches: Any, upto: int) -> None:
        sizes.append(sum(batch.num_rows for batch in batches.values()))
        commit(batches, upto)

    monkeypatch.setattr(history, "_commit", watched)
    for index in range(1, 41):
        runs = [run(index * 1_000 + number) for number in range(1_000)]
        command = batch("big", *runs)
        event = ExecutionsImported(label="big", index=index, jobs=command.jobs, runs=command.runs)
        history.project(committed(index, "ImportExecutions", event, target="big"))
    assert history.wait_for(40, 120)
    assert sum(sizes) == 40 * 1_001
    assert max(sizes) <= GROUP_ROWS_MAX + 1_001
