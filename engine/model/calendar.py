"""A calendar: when the jobs that observe it must not run. Frozen values; nothing reads a clock.

Days are counted from 1970-01-01 and mean the local days of a job's zone; instants are microseconds
UTC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from engine.core.ids import Instant
from engine.timing.closures import Closures

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_EPOCH: Final = date(1970, 1, 1)


class ClosedDay(NamedTuple):
    """Closed days from a first to a last, both included, and what they are called."""

    first_day: int
    last_day: int
    label: str


class ClosedSpan(NamedTuple):
    """A time from one instant (included) to another (excluded), and what it is called."""

    from_us: Instant
    until_us: Instant
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A calendar as the cluster keeps it; `version` counts its edits from 1.

    Attributes:
        weekend: the weekdays that are closed each week, Sunday 0.
        country: whose public holidays are closed, ISO 3166 alpha-2; none where it is empty.
        subdivision: whose holidays of the country's parts come in addition.
        dates: further closed days, ISO dates.
        open_dates: days that are open although something closes them; not out of a timed event.
        ics: events in iCalendar; all-day ones close days, timed ones spans.
        closed: the days that the country and the events close, as resolved.
        spans: the spans that the events close, as resolved.
        through_year: up to which year they are resolved; 0 before they are.
    """

    name: str
    description: str = ""
    weekend: tuple[int, ...] = ()
    country: str = ""
    subdivision: str = ""
    dates: tuple[str, ...] = ()
    open_dates: tuple[str, ...] = ()
    ics: str = ""
    closed: tuple[ClosedDay, ...] = ()
    spans: tuple[ClosedSpan, ...] = ()
    through_year: int = 0
    version: int = 0
    updated_at: Instant = 0
    updated_by: str = ""

    @property
    def closures(self) -> Closures:
        """All that is closed, made anew at each call."""
        dates = [day_of(text) for text in self.dates]
        return Closures.merged(
            weekend=self.weekend,
            days=[*((day, day) for day in dates), *((one[0], one[1]) for one in self.closed)],
            open_days=[day_of(text) for text in self.open_dates],
            spans=[(one.from_us, one.until_us) for one in self.spans],
        )


def day_of(text: str) -> int:
    """The day of an ISO date.

    >>> day_of("1970-02-01")
    31
    """
    return (date.fromisoformat(text) - _EPOCH).days
