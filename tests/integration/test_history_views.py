"""Lanes and calendars of a real history file."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from msgspec import structs

from engine.core.clock import SystemClock, from_datetime
from engine.core.errors import InvalidDocument
from engine.core.ids import Instant
from engine.history import calendar as calendar_module
from engine.history import lanes as lanes_module
from engine.history.calendar import Year
from engine.history.lanes import Window, cells_of
from engine.history.queries import Queries
from engine.history.sqlfiles import sql
from engine.history.store import History
from engine.model.execution import Status
from engine.model.job import Document, Job
from engine.state.messages import Event, ExecutionEnded, FiresSkipped
from tests.unit.engine.history.events import NOON, SECOND, committed, ended, make_job

HOUR = 3600 * SECOND


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path, node="n", clock=SystemClock())
    history.start()
    yield history
    history.stop()


@pytest.fixture
def queries(history: History) -> Queries:
    return Queries(history)


def run(
    job: Job, at: Instant, status: Status = Status.SUCCESS, took: int = SECOND, number: int = 0
) -> ExecutionEnded:
    """An execution that was due at `at`, began half a second later and took so long."""
    (end,) = (event for event in ended(1, job=job, at=at) if isinstance(event, ExecutionEnded))
    execution = structs.replace(
        end.execution,
        id=f"exe_{job.id}_{at}_{number}",
        scheduled_us=at,
        started_us=at + SECOND // 2,
    )
    return structs.replace(
        end, execution=execution, status=status, completed_us=at + SECOND // 2 + took
    )


def write(history: History, *events: Event) -> None:
    index = history.watermark + 1
    history.project(committed(index, "RecordExecutions", *events))
    assert history.wait_for(index, 120)


def window(**fields: object) -> Window:
    return Window(**{"since_us": NOON, "until_us": NOON + HOUR, **fields})  # type: ignore[arg-type]


def lanes(queries: Queries, marks_max: int = 100, **fields: object) -> list[Document]:
    return queries.lanes(window(**fields), lanes_max=10, marks_max=marks_max)[0]


def test_runs_that_overlap_the_window_are_marks_with_their_fire_time(
    history: History, queries: Queries
) -> None:
    job = make_job()
    write(
        history,
        run(job, NOON - HOUR),  # over before
        run(job, NOON - 10 * SECOND, took=20 * SECOND),  # reaches into it
        run(job, NOON + 60 * SECOND, Status.FAILED),
        run(job, NOON + HOUR),  # begins after
    )
    (lane,) = lanes(queries)
    assert (lane["label"], lane["runs"], lane["failed"]) == ("ops/backup-1", 2, 1)
    assert lane["cell_s"] == 0
    assert [mark["status"] for mark in lane["marks"]] == ["success", "failed"]
    failed = lane["marks"][1]
    assert failed["fire"] == "2026-11-25T12:01:00Z"
    assert failed["from"] == "2026-11-25T12:01:00.500000Z"
    assert failed["to"] == "2026-11-25T12:01:01.500000Z"
    assert failed["lateness_ms"] == 500


def test_a_busy_lane_is_merged_and_a_quiet_one_is_not(history: History, queries: Queries) -> None:
    busy, quiet = make_job(1), make_job(2)
    events = [run(busy, NOON + second * SECOND, number=second) for second in range(0, 3600, 3)]
    events[700] = structs.replace(events[700], status=Status.FAILED)
    write(history, *events, run(quiet, NOON), run(quiet, NOON + 1800 * SECOND))
    found = {lane["label"]: lane for lane in lanes(queries, marks_max=32)}
    assert len(found["shop/backup-2"]["marks"]) == 2
    merged = found["ops/backup-1"]
    assert merged["runs"] == 1200
    assert 0 < len(merged["marks"]) <= 30
    assert merged["cell_s"] == 120
    assert sum(mark["runs"] for mark in merged["marks"]) == 1200
    (loud,) = (mark for mark in merged["marks"] if mark["status"] == "failed")
    assert loud["counts"]["failed"] == 1
    assert loud["execution_id"] == events[700].execution.id


@pytest.mark.parametrize("lanes_of", [[1], [3, 500, 2], [500] * 40, [1] * 40, [20_000, 7, 9]])
def test_marks_are_never_more_than_their_bound(lanes_of: list[int]) -> None:
    cells = cells_of(lanes_of, 400, HOUR)
    marks = [
        runs if cell == 0 else -(-HOUR // cell) for runs, cell in zip(lanes_of, cells, strict=True)
    ]
    assert sum(marks) <= 400


def test_lanes_are_jobs_namespaces_or_values_of_a_tag(history: History, queries: Queries) -> None:
    write(history, *(run(make_job(number), NOON) for number in range(1, 5)))
    assert len(lanes(queries)) == 4
    assert {lane["label"] for lane in lanes(queries, by="namespace")} == {"ops", "shop"}
    (blue,) = lanes(queries, by="tag:team")
    assert (blue["label"], blue["runs"]) == ("blue", 4)
    assert [lane["label"] for lane in lanes(queries, by="tag:$.x/y~")] == [""]


@pytest.mark.parametrize(
    ("fields", "runs"),
    [
        ({"namespace": "ops"}, 2),
        ({"namespace": "none"}, 0),
        ({"q": "BACKUP-3"}, 1),
        ({"q": "shop/"}, 1),
        ({"tags": (("team", "blue"),)}, 3),
        ({"tags": (("team", "red"),)}, 0),
        ({"tags": (("team", None),)}, 3),
        ({"tags": (("team", "blue"), ("owner", None))}, 0),
        ({"statuses": ("failed",)}, 1),
        ({"statuses": ()}, 0),
    ],
)
def test_filters_leave_only_what_they_name(
    history: History, queries: Queries, fields: dict[str, object], runs: int
) -> None:
    write(
        history,
        run(make_job(1), NOON, Status.FAILED),
        run(make_job(2), NOON),
        run(make_job(3), NOON),
    )
    assert sum(lane["runs"] for lane in lanes(queries, **fields)) == runs


def test_skipped_fires_stand_where_they_were_due(history: History, queries: Queries) -> None:
    skip = FiresSkipped(
        id="exe_s",
        job=make_job(),
        first_us=NOON + 60 * SECOND,
        last_us=NOON + 120 * SECOND,
        fires=7,
        next_us=None,
        reason="overlap",
    )
    write(history, skip)
    (mark,) = lanes(queries)[0]["marks"]
    assert (mark["from"], mark["to"]) == ("2026-11-25T12:01:00Z", "2026-11-25T12:02:00Z")
    assert mark["counts"]["skipped"] == 7
    assert mark["fire"] is None


def test_the_lanes_left_out_are_counted(history: History, queries: Queries) -> None:
    write(history, *(run(make_job(number), NOON) for number in range(1, 6)))
    found, total = queries.lanes(window(), lanes_max=3, marks_max=10)
    assert (len(found), total) == (3, 5)


def test_an_empty_window_has_no_lanes(queries: Queries) -> None:
    assert queries.lanes(window(), lanes_max=3, marks_max=10) == ([], 0)


def at(*moment: int) -> Instant:
    return from_datetime(datetime(*moment, tzinfo=UTC))  # type: ignore[arg-type, misc]


def test_a_day_and_an_hour_are_those_of_the_wall_clock(history: History, queries: Queries) -> None:
    write(
        history,
        run(make_job(), at(2026, 3, 28, 23, 30)),  # Sunday 00:30 in Berlin, winter time
        run(make_job(), at(2026, 3, 29, 22, 30), Status.FAILED),  # Monday 00:30, summer time
        run(make_job(), at(2026, 12, 31, 23, 30)),  # next year there
    )
    berlin = queries.calendar(Year(year=2026, zone="Europe/Berlin"))
    assert [(day["date"], day["runs"], day["failed"]) for day in berlin["days"]] == [
        ("2026-03-29", 1, 0),
        ("2026-03-30", 1, 1),
    ]
    assert [(hour["weekday"], hour["hour"]) for hour in berlin["hours"]] == [(0, 0), (6, 0)]
    one = queries.calendar(Year(year=2026, zone="Europe/Berlin", job_id=make_job().id))
    assert one["hours"][0]["duration_p95_ms"] == 1000
    assert one["hours"][0]["lateness_p95_ms"] == 500
    assert berlin["hours"][0]["duration_p95_ms"] == pytest.approx(1000, rel=0.1)
    assert berlin["hours"][0]["lateness_p95_ms"] == pytest.approx(500, rel=0.1)
    assert (berlin["runs"], berlin["failed"]) == (2, 1)
    utc = queries.calendar(Year(year=2026))
    assert [day["date"] for day in utc["days"]] == ["2026-03-28", "2026-03-29", "2026-12-31"]


def test_a_calendar_can_be_of_one_job_or_namespace(history: History, queries: Queries) -> None:
    write(history, run(make_job(1), NOON), run(make_job(2), NOON), run(make_job(3), NOON))
    assert queries.calendar(Year(year=2026, job_id="job_2"))["runs"] == 1
    assert queries.calendar(Year(year=2026, namespace="ops"))["runs"] == 2
    assert queries.calendar(Year(year=2025)) == {
        "days": [],
        "hours": [],
        "runs": 0,
        "failed": 0,
        "skipped": 0,
    }


def test_skipped_fires_are_no_load(history: History, queries: Queries) -> None:
    skip = FiresSkipped(
        id="exe_s", job=make_job(), first_us=NOON, last_us=NOON, fires=4, next_us=None, reason=""
    )
    write(history, skip)
    (day,) = queries.calendar(Year(year=2026))["days"]
    assert (day["runs"], day["skipped"]) == (0, 4)


def test_an_unknown_zone_is_refused(queries: Queries) -> None:
    with pytest.raises(InvalidDocument):
        queries.calendar(Year(year=2026, zone="Mars/Base"))


def test_the_examples_in_the_docstrings_are_true() -> None:
    assert doctest.testmod(lanes_module).failed == 0


def test_a_year_of_all_jobs_is_the_same_from_sums_as_from_its_rows(
    history: History, queries: Queries
) -> None:
    chance = Random(7)
    for part in range(3):
        runs = [
            run(
                make_job(number % 4 + 1),
                at(2026, 1, 1) + chance.randrange(365 * 24) * HOUR + chance.randrange(HOUR),
                chance.choice([Status.SUCCESS, Status.SUCCESS, Status.FAILED]),
                int(chance.lognormvariate(13, 0.5)),
                number=part * 1000 + number,
            )
            for number in range(400)
        ]
        write(history, *runs)
        if part < 2:  # the last ones come from the rows themselves
            history.deriving.run_once()
    for zone in ("UTC", "America/New_York", "Asia/Kolkata"):
        year = Year(year=2026, zone=zone)
        summed, counted = queries.calendar(year), by_rows(history, year)
        names = ("runs", "failed", "skipped")
        for summed_cells, counted_cells, keys in (
            (summed["days"], counted["days"], ("date",)),
            (summed["hours"], counted["hours"], ("weekday", "hour")),
        ):
            assert [[cell[name] for name in (*keys, *names)] for cell in summed_cells] == [
                [cell[name] for name in (*keys, *names)] for cell in counted_cells
            ]
    whole = [cell["duration_p95_ms"] for cell in queries.calendar(Year(year=2026))["days"]]
    exact = [cell["duration_p95_ms"] for cell in by_rows(history, Year(year=2026))["days"]]
    off = [abs(one - other) / other for one, other in zip(whole, exact, strict=True)]
    assert sum(off) / len(off) < 0.15  # three runs a day: their quantiles lie between the runs


def by_rows(history: History, year: Year) -> Document:
    """The calendar as of one namespace is counted, of all namespaces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            calendar_module,
            "_of_all",
            lambda db, wall, _: db.execute(
                sql("calendar"), {**wall, "namespace": None, "job_id": None}
            ).fetchall(),
        )
        return calendar_module.calendar(history, year)


def test_an_execution_is_found_by_its_id_before_and_after_its_place_is_kept(
    history: History, queries: Queries
) -> None:
    write(history, *ended(1), *ended(1, 1))
    assert found(queries) == ["exe_1_0", "exe_1_1", None]
    assert history.deriving.run_once() == 1
    write(history, *ended(2))
    assert found(queries) == ["exe_1_0", "exe_1_1", "exe_2_0"]


def found(queries: Queries) -> list[str | None]:
    documents = [queries.execution(name) for name in ("exe_1_0", "exe_1_1", "exe_2_0")]
    assert all(one is None or len(one["attempts_detail"]) == 1 for one in documents)
    return [one and one["id"] for one in documents]


def test_places_of_another_release_of_duckdb_are_made_anew(
    history: History, queries: Queries
) -> None:
    write(history, *ended(1))
    with history.cursor() as db:
        db.execute("INSERT INTO derived VALUES ('places duckdb 0.9', 1)")
        db.execute("INSERT INTO places VALUES (17, 1, 0)")
    history.deriving.run_once()
    with history.cursor() as db:
        rows = db.execute("SELECT id_hash FROM places").fetchall()
        assert rows == db.execute("SELECT hash('exe_1_0')").fetchall()
