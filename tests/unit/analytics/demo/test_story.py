"""The demo's history holds what its facts say, and the page tells the same."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.demo import facts
from analytics.demo.story import DAY_US, MINUTE_US, synthetic_history
from engine.core.clock import to_datetime
from engine.timing.parse import parse_schedule

END = 20_783 * DAY_US  # 2026-11-26T00:00:00Z
START = END - facts.DAYS * DAY_US
PAGE = Path(__file__).resolve().parents[4] / "docs" / "explanation" / "demo-facts.md"


@pytest.fixture(scope="module")
def runs() -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "name": run.name,
            "scheduled": run.scheduled_us,
            "late_s": ((run.started_us or 0) - run.scheduled_us) / 1e6,
            "length_s": (run.completed_us - (run.started_us or 0)) / 1e6,
            "failed": run.status == "failed",
            "error": run.error,
        }
        for run in synthetic_history(END)
    )
    table["day"] = (table["scheduled"] - START) // DAY_US
    table["minute"] = table["scheduled"] % DAY_US // MINUTE_US
    table["hour"] = table["minute"] // 60
    return table


def of(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    return runs[runs["name"] == name]


def test_the_same_end_gives_the_same_history_and_no_run_twice() -> None:
    once, again = synthetic_history(END), synthetic_history(END)
    assert once == again
    assert len({(run.name, run.scheduled_us) for run in once}) == len(once)
    assert 40_000 < len(once) < 60_000
    assert all(START <= run.scheduled_us < END for run in once)


def test_fewer_days_are_the_last_ones_of_the_same_story() -> None:
    whole, part = synthetic_history(END), synthetic_history(END, 7)
    assert part == [run for run in whole if run.scheduled_us >= END - 7 * DAY_US]


@pytest.mark.parametrize("job", facts.JOBS, ids=lambda job: job.name)
def test_a_job_ran_when_its_schedule_says(runs: pd.DataFrame, job: facts.DemoJob) -> None:
    schedule = parse_schedule(job.schedule, "UTC", "job_x")
    fires, at = [], START - 1
    while (at := schedule.next_after(at) or END) < START + 2 * DAY_US:
        fires.append(at)
    mine = sorted(of(runs, job.name)["scheduled"])
    assert mine[: len(fires)] == fires


def test_the_best_hour_is_fast_and_safe_and_the_worst_slow_and_failing(
    runs: pd.DataFrame,
) -> None:
    hours = of(runs, facts.BEST_HOUR.name).groupby("hour")
    median, failed = hours["length_s"].median(), hours["failed"].mean()
    assert median.idxmin() == facts.GOOD_HOUR
    assert median.idxmax() == facts.BAD_HOUR == failed.idxmax()
    assert median[facts.GOOD_HOUR] == pytest.approx(facts.GOOD_DURATION_S, rel=0.1)
    assert median[facts.BAD_HOUR] == pytest.approx(facts.BAD_DURATION_S, rel=0.1)
    assert failed[facts.GOOD_HOUR] == 0
    assert failed[facts.BAD_HOUR] == pytest.approx(facts.BAD_FAILURE_SHARE, abs=0.12)


def test_the_herd_is_slow_and_late_together_and_neither_alone(runs: pd.DataFrame) -> None:
    for number, job in enumerate(facts.HERD, 1):
        mine = of(runs, job.name)
        at_herd = mine["hour"] == facts.HERD_HOUR
        together, alone = mine[at_herd], mine[~at_herd]
        ratio = together["length_s"].median() / alone["length_s"].median()
        assert ratio == pytest.approx(facts.HERD_FACTOR, rel=0.15)
        assert together["late_s"].min() >= facts.HERD_LATENESS_STEP_S * number
        assert alone["late_s"].max() < 1
    assert len(facts.HERD) == 12


def test_the_drift_begins_on_its_day_and_grows_by_a_hundredth_a_day(runs: pd.DataFrame) -> None:
    daily = of(runs, facts.DRIFT.name).groupby("day")["length_s"].median()
    before = daily[daily.index <= facts.DRIFT_FROM_DAY]
    after = daily[daily.index > facts.DRIFT_FROM_DAY]
    assert abs(np.polyfit(before.index, np.log(before), 1)[0]) < 0.003
    growth = np.polyfit(after.index, np.log(after), 1)[0]
    assert np.expm1(growth) == pytest.approx(facts.DRIFT_A_DAY, abs=0.003)


def test_both_fail_in_every_outage_and_hardly_elsewhere(runs: pd.DataFrame) -> None:
    for job, error in (
        (facts.CAUSE, facts.CAUSE_ERROR),
        (facts.DEPENDENT, facts.DEPENDENT_ERROR),
    ):
        mine = of(runs, job.name)
        at = mine["day"] * 1440 + mine["minute"]
        down = np.zeros(len(mine), dtype=bool)
        for day, since, length in facts.OUTAGES:
            first = day * 1440 + since
            down |= np.asarray((at >= first) & (at < first + length))
        assert down.sum() == sum(length // 15 for _, _, length in facts.OUTAGES)
        assert mine[down]["failed"].all()
        assert set(mine[down]["error"]) == {error}
        assert mine[~down]["failed"].mean() < 0.02


def test_weekends_are_three_times_as_fast(runs: pd.DataFrame) -> None:
    mine = of(runs, facts.WEEKEND.name)
    weekend = mine["scheduled"].map(lambda at: to_datetime(at).weekday() >= 5)
    ratio = mine[weekend]["length_s"].median() / mine[~weekend]["length_s"].median()
    assert ratio == pytest.approx(facts.WEEKEND_FACTOR, rel=0.1)


def test_nothing_is_planted_in_the_noise(runs: pd.DataFrame) -> None:
    for job in facts.NOISE:
        mine = of(runs, job.name)
        by_hour = mine.groupby("hour")["length_s"].median() / job.duration_s
        assert by_hour.min() > 0.9
        assert by_hour.max() < 1.1
        daily = mine.groupby("day")["length_s"].median()
        assert abs(np.polyfit(daily.index, np.log(daily), 1)[0]) < 0.001
        assert mine["failed"].mean() < 0.02
        assert mine["late_s"].max() < 1


def test_every_job_says_one_fact_and_the_page_tells_them_all() -> None:
    names = Counter(job.name for job in facts.JOBS)
    assert set(names.values()) == {1}
    text = PAGE.read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z]+-[a-z]+)`", text))
    assert {job.name for job in facts.JOBS} <= told
    for number in (
        facts.SEED,
        f"{facts.DAYS} days",
        f"{facts.GOOD_HOUR:02}:00",
        f"{facts.BAD_HOUR}:00",
        f"{facts.GOOD_DURATION_S:g} s",
        f"{facts.BEST_HOUR.duration_s:g} s",
        f"{facts.BAD_DURATION_S:g} s",
        f"{facts.BAD_FAILURE_SHARE:.0%}".replace("%", " %"),
        f"{facts.HERD_HOUR:02}:00",
        f"{facts.HERD_FACTOR:g} times",
        f"{facts.HERD_LATENESS_STEP_S:g} s",
        f"day {facts.DRIFT_FROM_DAY}",
        f"{facts.DRIFT_A_DAY * 100:g} %",
        f"{facts.FAILURE_SHARE * 100:g} %",
        facts.CAUSE_ERROR,
        facts.DEPENDENT_ERROR,
    ):
        assert str(number) in text, number
    for day, since, length in facts.OUTAGES:
        until = since + length
        span = f"{since // 60:02}:{since % 60:02} to {until // 60 % 24:02}:{until % 60:02}"
        assert f"| {day} | {span} |" in text
