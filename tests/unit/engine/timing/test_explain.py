"""Schedules in words."""

from __future__ import annotations

import pytest

from engine.core.errors import InvalidDocument
from engine.timing.explain import explain


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
        ("@every 90s", "Every 1 minute and 30 seconds, counted from 1970-01-01 00:00 UTC"),
        ("@every 1h", "Every hour, counted from 1970-01-01 00:00 UTC"),
        ("@at 2027-01-01T09:00:00+01:00", "Once, on 2027-01-01 at 08:00:00 UTC"),
    ],
)
def test_a_schedule_reads_as_a_sentence(schedule: str, words: str) -> None:
    assert explain(schedule) == words


def test_the_zone_is_named() -> None:
    assert explain("25 2 * * 1-5", "Europe/Berlin") == "Every weekday at 02:25, Europe/Berlin"


def test_a_faulty_schedule_is_refused_not_explained() -> None:
    with pytest.raises(InvalidDocument):
        explain("61 * * * *")
