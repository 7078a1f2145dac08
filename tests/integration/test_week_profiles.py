"""Statistics by hour of week: merged from parts, equal to counting anew, through restarts."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from analytics.stats.hours import hours_of_week
from analytics.stats.moments import Moments
from engine.core.clock import SystemClock
from engine.history import derived
from engine.history.profile import week_profile
from engine.history.store import History
from engine.model.execution import Status
from engine.model.job import Job
from engine.state.messages import ExecutionEnded, JobCreated, JobUpdated
from tests.unit.engine.history.events import NOON, SECOND, committed, ended, make_job

YEAR_S = 366 * 86_400


def on(job: Job, zone: str) -> Job:
    return structs.replace(job, spec=structs.replace(job.spec, timezone=zone))


JOBS = (
    on(make_job(1), "Europe/Berlin"),
    on(make_job(1, version=2), "Asia/Kathmandu"),
    on(make_job(2), "UTC"),  # of which the history knows no version: an imported one
)

runs = st.tuples(
    st.sampled_from(JOBS),
    st.integers(0, YEAR_S),
    st.integers(0, 100_000_000),  # microseconds that it took
    st.sampled_from([Status.SUCCESS, Status.SUCCESS, Status.FAILED, Status.UNKNOWN]),
)
Run = tuple[Job, int, int, Status]


def write(history: History, batch: list[Run]) -> None:
    index = history.watermark + 1
    events = []
    for place, (job, after_s, took, status) in enumerate(batch):
        at = NOON + after_s * SECOND
        (end,) = (e for e in ended(index, place, job=job, at=at) if isinstance(e, ExecutionEnded))
        events.append(structs.replace(end, status=status, completed_us=at + 20_000 + took))
    history.project(committed(index, "RecordExecutions", *events))
    assert history.wait_for(index, 120)


def opened(folder: Path) -> History:
    history = History(folder, node="n", clock=SystemClock(), export_every_s=0)
    history.start()
    if not history.watermark:
        history.project(committed(1, "CreateJobs", JobCreated(job=JOBS[0], next_us=NOON)))
        moved = JobUpdated(job=JOBS[1], next_us=NOON, comment="to Nepal")
        history.project(committed(2, "UpdateJob", moved))
        assert history.wait_for(2, 120)
    return history


def counted_anew(all_runs: list[Run], job_id: str) -> dict[int, tuple[int, Moments]]:
    by_hour: dict[int, list[Run]] = defaultdict(list)
    for run in all_runs:
        if run[0].id == job_id:
            at = np.array([NOON + run[1] * SECOND])
            by_hour[int(hours_of_week(at, run[0].spec.timezone)[0])].append(run)
    return {
        hour: (
            sum(run[3] is not Status.SUCCESS for run in found),
            Moments.of((20_000 + run[2] - 20_000) / 1000 for run in found),
        )
        for hour, found in by_hour.items()
    }


@given(batches=st.lists(st.lists(runs, min_size=1, max_size=12), max_size=6), data=st.data())
@settings(max_examples=10)
def test_merged_parts_equal_a_recount_from_history(
    batches: list[list[Run]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(derived, "UNITE_EVERY", 8)  # so that parts are united, too
        history = opened(Path(folder))
        try:
            for batch in batches:
                write(history, batch)
                if data.draw(st.booleans(), label="sum up now"):
                    assert history.deriving.run_once() == history.watermark
                if data.draw(st.integers(0, 4), label="restart") == 0:
                    history.stop()
                    history = opened(Path(folder))
            everything = [run for batch in batches for run in batch]
            for job_id in ("job_1", "job_2", "job_3"):
                wanted = counted_anew(everything, job_id)
                found = {hour.hour: hour for hour in week_profile(history, job_id)}
                assert found.keys() == wanted.keys()
                for hour, (failed, moments) in wanted.items():
                    one = found[hour]
                    assert (one.runs, one.failed) == (moments.count, failed)
                    assert one.duration.count == moments.count
                    assert one.duration.mean == pytest.approx(moments.mean, rel=1e-9, abs=1e-6)
                    assert one.duration.m2 == pytest.approx(moments.m2, rel=1e-6, abs=1e-3)
                    assert one.lateness.most == 20.0
        finally:
            history.stop()


def test_a_run_is_counted_once_whatever_the_thread_does(tmp_path: Path) -> None:
    history = opened(tmp_path)
    try:
        write(history, [(JOBS[0], 0, 5_000, Status.SUCCESS)] * 3)
        for _ in range(3):
            history.deriving.run_once()
        (hour,) = week_profile(history, "job_1")
        assert hour.runs == 3
        with history.cursor() as db:
            assert db.execute("SELECT count(*) FROM week_profiles").fetchone() == (1,)
    finally:
        history.stop()
