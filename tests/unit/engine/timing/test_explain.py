"""Schedules in words."""

from __future__ import annotations

import pytest

from engine.core.errors import InvalidDocument
from engine.timing.dialects import Dialect
from engine.timing.explain import explain
from engine.timing.parse import Timing


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("25 2 * * 1-5", "Every weekday at 02:25, UTC"),
        ("*/5 * * * *", "Every 5 minutes, UTC"),
        ("* * * * *", "Every minute, UTC"),
        ("* * * * * *", "Every second, UTC"),
        ("*/15 * * * * *", "Every 15 seconds, UTC"),
        ("30 0 9 * * MON", "Every Monday at 09:00:30, UTC"),
        ("5 */10 * * * *", "Every 10 minutes, at second 5, UTC"),
        ("1-3 */10 * * * *", "At seconds 1 to 3 of every 10 minutes, UTC"),
        ("* 7 5 * * *", "Every second of minute 7 of hour 5, UTC"),
        ("0 * * * *", "Every hour on the hour, UTC"),
        ("15 * * * *", "Every hour at minute 15, UTC"),
        ("0 0 * * *", "Every day at 00:00, UTC"),
        ("0 9,17 * * *", "Every day at 09:00 and 17:00, UTC"),
        ("5 */2 * * *", "Every 2 hours at minute 5, UTC"),
        ("0 9-17 * * *", "Every hour from 09:00 to 17:00, UTC"),
        ("*/10 7-19 * * 1-5", "Every 10 minutes from 07:00 to 19:50 on weekdays, UTC"),
        ("*/7 3 * * 0", "At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of hour 3 on Sundays, UTC"),
        ("* 1,5 * * *", "Every minute of hours 1 and 5, UTC"),
        ("0 2 * * 6,0", "Every Saturday and Sunday at 02:00, UTC"),
        ("@yearly", "Every year on 1 January at 00:00, UTC"),
        ("0 0 1 1,7 *", "Every year on 1 January and 1 July at 00:00, UTC"),
        ("@monthly", "On day 1 of the month at 00:00, UTC"),
        ("0 8 * JAN,MAR MON", "Every Monday in January and March at 08:00, UTC"),
        ("0 0 13 * 5", "On day 13 of the month and on Fridays at 00:00, UTC"),
        ("0 0 1-7 * */7", "On days 1 to 7 of the month, if that is a Sunday, at 00:00, UTC"),
        ("0 12 L * *", "On the last day of the month at 12:00, UTC"),
        ("0 12 L-3 * *", "On the day 3 days before the last of the month at 12:00, UTC"),
        ("0 12 LW * *", "On the last weekday of the month at 12:00, UTC"),
        ("0 12 15W * *", "On the weekday nearest to the 15th of the month at 12:00, UTC"),
        ("0 9 * * 5L", "On the last Friday of the month at 09:00, UTC"),
        ("0 9 * * MON#2", "On the second Monday of the month at 09:00, UTC"),
        ("H 2 * * *", "At minute H (drawn for each job) and hour 2, UTC"),
        ("@every 90s", "Every 1 minute and 30 seconds, from a moment drawn for the job"),
        ("@every 1h", "Every hour, from a moment drawn for the job"),
        ("@at 2027-01-01T09:00:00+01:00", "Once, on 2027-01-01 at 08:00:00 UTC"),
    ],
)
def test_a_schedule_reads_as_a_sentence(schedule: str, words: str) -> None:
    assert explain(Timing(text=schedule)) == words


def test_the_zone_is_named() -> None:
    timing = Timing(text="25 2 * * 1-5", timezone="Europe/Berlin")
    assert explain(timing) == "Every weekday at 02:25, Europe/Berlin"


def test_what_is_drawn_for_a_job_is_told() -> None:
    assert explain(Timing(text="H 2 * * *"), "job_1") == (
        "Every day at 02:12 (drawn for this job), UTC"
    )
    assert explain(Timing(text="@every 1h"), "job_1") == (
        "Every hour, 44 minutes and 35 seconds after its multiples (drawn for this job)"
    )


def test_the_bounds_are_told() -> None:
    timing = Timing(text="@daily", starts_us=0, ends_us=1_800_000_000_000_000)
    assert explain(timing) == (
        "Every day at 00:00, UTC, from 1970-01-01 00:00:00 UTC, until 2027-01-15 08:00:00 UTC"
    )


@pytest.mark.parametrize(
    ("dialect", "schedule", "words"),
    [
        ("quartz", "0 0 12 ? * 2-6", "Every weekday at 12:00, UTC"),
        ("quartz", "0 0 22 ? * FRI-MON", "Every Monday, Friday, Saturday and Sunday at 22:00, UTC"),
        (
            "quartz",
            "0 0 9 ? * 6L 2027-2029",
            "On the last Friday of the month in 2027 to 2029 at 09:00, UTC",
        ),
        (
            "quartz",
            "0 0 9 L-2W * ?",
            "On the weekday nearest to the day 2 days before the last of the month at 09:00, UTC",
        ),
        ("aws", "0/15 * ? * MON *", "Every 15 minutes on Mondays, UTC"),
        (
            "aws",
            "cron(0 10 1 * ? 2027,2029)",
            "On day 1 of the month in 2027 and 2029 at 10:00, UTC",
        ),
        ("aws", "rate(5 minutes)", "Every 5 minutes, from a moment drawn for the job"),
        ("aws", "at(2027-01-01T09:00:00)", "Once, on 2027-01-01 at 09:00:00 UTC"),
        (
            "robfig",
            "0 0 */2 * 1",
            "On every 2nd day of the month from the 1st on and on Mondays at 00:00, UTC",
        ),
        ("kubernetes", "@hourly", "Every hour on the hour, UTC"),
    ],
)
def test_every_dialect_reads_as_a_sentence(dialect: str, schedule: str, words: str) -> None:
    assert explain(Timing(text=schedule, dialect=Dialect(dialect))) == words


def test_a_faulty_schedule_is_refused_not_explained() -> None:
    with pytest.raises(InvalidDocument):
        explain(Timing(text="61 * * * *"))
