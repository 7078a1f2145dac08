from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from msgspec import structs

from engine.history import rows as rowing
from engine.history.schema import EXECUTIONS, STORED
from engine.history.sqlfiles import migrations
from engine.model.execution import AttemptOutcome, Status
from engine.model.redaction import redacted_url
from engine.state.messages import (
    AttemptEnded,
    ExecutionEnded,
    ExecutionsImported,
    Rejected,
    RetryScheduled,
)
from tests.kit.runs_of_the_past import MORNING, batch, run
from tests.unit.engine.history.events import NOON, SECOND, begun, committed, ended, make_job, story


def projected(*entries: object) -> rowing.Rows:
    rows = rowing.empty()
    for entry in entries:
        rowing.project(entry, rows)  # type: ignore[arg-type]  # committed entries
    return rows


def named(table: str, row: tuple[object, ...]) -> dict[str, object]:
    names = next(known.names for known in STORED if known.name == table)
    return dict(zip(names, row, strict=True))


def test_the_migration_makes_the_tables_that_the_schema_describes() -> None:
    text = "".join(one for _, one in migrations())
    for table in STORED:
        columns = ",\n".join(f"    {column.name} {column.type}" for column in table.columns)
        assert f"CREATE TABLE {table.name} (\n{columns}\n);" in text


def test_every_row_is_as_wide_as_its_table() -> None:
    rows = projected(*story())
    for table in STORED:
        assert rows[table.name]
        assert {len(row) for row in rows[table.name]} == {len(table.columns)}


def test_the_same_entries_give_the_same_rows() -> None:
    assert projected(*story()) == projected(*story())


def test_a_finished_execution_says_when_it_ran_and_how_late() -> None:
    row = named(
        "executions", projected(committed(5, "RecordExecutions", *ended(5)))["executions"][0]
    )
    assert row["raft_index"] == 5
    assert row["raft_pos"] == 1
    assert row["lateness_ms"] == 20.0
    assert row["duration_ms"] == 100.5
    assert row["completed_at"] == NOON + 5_120_500
    assert row["fires"] == 1


def test_an_attempt_that_was_only_waited_for_does_not_count() -> None:
    _, end = ended(5)
    assert isinstance(end, ExecutionEnded)
    waiting = structs.replace(end.execution, status=Status.PENDING, attempt=3)
    entry = committed(5, "CancelExecution", structs.replace(end, execution=waiting, result=None))
    assert named("executions", projected(entry)["executions"][0])["attempts"] == 2


def test_a_skipped_stretch_is_one_row_with_its_fires() -> None:
    skipped = [named("executions", row) for row in projected(*story())["executions"]]
    row = next(row for row in skipped if row["status"] == "skipped")
    assert row["fires"] == 5
    assert row["started_at"] is None
    assert row["scheduled_until"] == NOON + 240_000_000


def test_changes_of_a_job_are_told_apart_and_hide_secrets() -> None:
    changes = [named("job_versions", row) for row in projected(*story())["job_versions"]]
    assert [row["change"] for row in changes] == [
        "created",
        "created",
        "updated",
        "disabled",
        "deleted",
    ]
    assert "s3cret" not in str(changes)
    assert orjson.loads(str(changes[0]["config"]))["webhook"]["auth"]["token"] == "***"


def test_commands_of_people_are_audited_and_those_of_the_machine_are_not() -> None:
    audit = [named("audit", row) for row in projected(*story())["audit"]]
    assert [row["action"] for row in audit] == [
        "create_jobs",
        "create_jobs",
        "update_job",
        "disable_job",
        "delete_job",
        "delete_job",
    ]
    refused = next(row for row in audit if row["outcome"] == "rejected")
    assert orjson.loads(str(refused["detail"])) == {"code": "NOT_FOUND", "message": "no job_9"}


def test_an_entry_without_anything_to_tell_gives_no_rows() -> None:
    assert projected(begun(1), committed(2, "Barrier")) == rowing.empty()


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "ü" * 10])
def test_odd_text_does_not_stop_the_projection(text: str) -> None:
    job = make_job()
    job = structs.replace(job, spec=structs.replace(job.spec, tags={"k": text}))
    attempt, end = ended(1, job=job)
    assert isinstance(attempt, AttemptEnded)
    attempt = structs.replace(
        attempt, result=structs.replace(attempt.result, response=text, trace="{broken")
    )
    entry = committed(
        1, "DeleteJob", attempt, end, target=text, result=Rejected(code="X", message=text)
    )
    rows = projected(entry)
    assert named("attempts", rows["attempts"][0])["trace"] == "[]"
    for found in rows.values():
        for row in found:
            for value in row:
                assert not isinstance(value, str) or value.encode() is not None


@pytest.mark.parametrize(
    "text",
    [
        *("[]", " [1, -2.5e3] ", '[["a", 0, {"b": "\\u00e9 \\ud83d\\ude00 ü"}]]', '"text"', "{}"),
        *("", "[", "[1,]", "[01]", "[1.]", "NaN", "[1] x", "{1: 2}", "'a'", "[" * 3_000),
        *('["\x01"]', '["\\x"]', '["\\ud800"]', '["\ud800"]', "[tru]", '["a" "b"]', "[-]"),
    ],
)
def test_a_trace_is_kept_exactly_where_it_is_json(text: str) -> None:
    attempt, end = ended(1)
    assert isinstance(attempt, AttemptEnded)
    attempt = structs.replace(attempt, result=structs.replace(attempt.result, trace=text))
    trace = named("attempts", projected(committed(1, "X", attempt, end))["attempts"][0])["trace"]
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        assert trace == "[]"
    else:
        assert trace == text


def test_an_entry_weighs_nothing_exactly_where_it_makes_no_rows() -> None:
    past = batch("airflow", run(1), run(2))
    imported = ExecutionsImported(label="airflow", index=9, jobs=past.jobs, runs=past.runs)
    entries = [*story(), begun(1), committed(2, "Barrier"), committed(9, "ImportJobs", imported)]
    for entry in entries:
        assert bool(rowing.weight(entry)) == bool(rowing.project(entry, rowing.empty()))
    assert rowing.weight(entries[-1]) == 3  # two runs and the audit


def test_a_row_says_what_its_own_version_of_the_job_says() -> None:
    job = make_job()
    webhook = structs.replace(job.spec.webhook, url="http://other/?token=abc")
    edited = structs.replace(job, spec=structs.replace(job.spec, webhook=webhook, tags={"a": "b"}))
    for known in (job, edited, job):
        rows = projected(committed(1, "RecordExecutions", *ended(1, job=known)))
        row = named("executions", rows["executions"][0])
        assert row["url"] == redacted_url(known.spec.webhook.url)
        assert orjson.loads(str(row["tags"])) == known.spec.tags


def test_an_attempt_after_which_another_follows_ends_in_a_retry_step() -> None:
    attempt, _ = ended(5, outcome=AttemptOutcome.FAILED)
    assert isinstance(attempt, AttemptEnded)
    execution, result = attempt.execution, attempt.result
    again = structs.replace(execution, attempt=2, due_us=result.finished_us + 1_500_000)
    entry = committed(5, "RecordExecutions", attempt, RetryScheduled(execution=again))
    steps = orjson.loads(str(named("attempts", projected(entry)["attempts"][0])["trace"]))
    assert [step[0] for step in steps] == ["prepare", "response", "retry"]
    assert steps[-1] == ["retry", 100_500, {"next_attempt": 2, "wait_ms": 1500.0}]


def test_a_request_that_comes_twice_is_audited_once() -> None:
    first = committed(1, "DeleteJob", target="job_1")
    again = replace(first, index=2, repeated=True)
    assert len(projected(first, again)["audit"]) == 1


def test_an_imported_execution_is_a_row_of_its_own_time_marked_with_its_label() -> None:
    command = batch("airflow", run(1), run(2, Status.FAILED))
    event = ExecutionsImported(label="airflow", index=9, jobs=command.jobs, runs=command.runs)
    rows = projected(committed(9, "ImportExecutions", event, target="airflow"))
    first, second = (named("executions", row) for row in rows["executions"])
    assert first["completed_at"] == MORNING + 65 * SECOND
    assert first["recorded_at"] == NOON + 9 * SECOND
    assert (first["duration_ms"], first["lateness_ms"]) == (3000.0, 2000.0)
    assert first["node_id"] == "import:airflow"
    assert (first["job_name"], first["namespace"], first["job_version"]) == ("orders", "shop", 0)
    assert (second["status"], second["error"], second["raft_pos"]) == ("failed", "boom", 1)
    assert named("audit", rows["audit"][0])["raft_pos"] == 2
    assert {len(row) for row in rows["executions"]} == {len(EXECUTIONS.columns)}
