"""Business calendars."""

from __future__ import annotations

from pydantic import Field

from app.api.schemas.envelope import Shape


class CalendarRequest(Shape):
    """What a person writes of a calendar."""

    name: str
    description: str = ""
    weekend: list[str] = Field([], description="Weekdays closed each week, such as SAT.")
    country: str = Field("", description="Whose public holidays are closed; ISO 3166 alpha-2.")
    subdivision: str = Field("", description="And those of this part of it.")
    dates: list[str] = Field([], description="Further closed days, ISO dates.")
    open_dates: list[str] = Field([], description="Days that are open all the same.")
    ics: str = Field("", description="iCalendar: all-day events close days, timed ones spans.")


class ClosedDay(Shape):
    """Closed days, first and last included, and what they are called."""

    from_: str = Field(alias="from")
    to: str
    label: str


class ClosedSpan(Shape):
    """A closed time, from a moment until another that is open again."""

    from_: str = Field(alias="from")
    until: str
    label: str


class BusinessCalendar(CalendarRequest):
    """A calendar, what it closes through a year, and the jobs that observe it."""

    closed: list[ClosedDay] = Field([])
    spans: list[ClosedSpan] = Field([])
    through: int | None
    version: int
    updated_at: str | None
    updated_by: str
    jobs: list[str]


class BusinessCalendars(Shape):
    """Calendars by name, without what they close."""

    calendars: list[BusinessCalendar]
    total: int


class Country(Shape):
    """A country whose public holidays are known."""

    code: str
    name: str
    subdivisions: list[str]


class Countries(Shape):
    """The countries, by name."""

    countries: list[Country]
