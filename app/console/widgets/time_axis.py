"""Time on a chart, on any clock. Pure: moments in, places and words out.

Vega knows the browser's zone and UTC, and a viewer may want a third one. So a chart is never given
a time: it gets numbers to place its marks by, labels for its axis, and texts for its tooltips. In
the hour that a zone repeats in autumn, what came later still stands further right.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import gcd
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.console.widgets.format import moment, zoned

WHEN: Final = {"field": "when", "type": "nominal", "title": "at"}
"""The line of a tooltip that says the moment of a `TimeAxis.point`."""
TICKS_MAX: Final = 11
AIR: Final = 0.015
"""Of the stretch that its moments span, so much stays free at both ends of an axis."""
AIR_MIN: Final = timedelta(seconds=1)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS: Final = (
    *(1, 5, 10, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE),
    *(_HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR),
    *(_DAY, 2 * _DAY, 5 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY, 60 * _DAY),
    *(180 * _DAY, 365 * _DAY, 1000 * _DAY),
)
_NAMED_DAYS: Final = 2 * _DAY
"""Up to this step, a week's days stand on the axis, and are told by name."""
_DATED_BY_YEAR: Final = 60 * _DAY
"""From this step on, days of several years stand on one axis."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The stretch of time that a chart shows, and on whose clock."""

    since: datetime
    until: datetime
    zone: str

    @property
    def span_ms(self) -> float:
        """Its length."""
        return (self.until - self.since) / timedelta(milliseconds=1)

    def x(self, text: str | None) -> float | None:
        """Where an instant stands on the axis."""
        at = moment(text)
        return None if at is None else (at - self.since) / timedelta(milliseconds=1)

    def at(self, x: float) -> datetime:
        """The instant at a place of the axis."""
        return self.since + timedelta(milliseconds=x)

    def point(self, text: str) -> Json:
        """What a row of data says of its moment: `x`, its place, and `when`, its words."""
        return {"x": self.x(text), "when": zoned(text, self.zone)}

    def channel(self, field: str = "x") -> Json:
        """The encoding of places: round times of the zone's clock under them."""
        marks = ticks(self)
        labels = json.dumps({str(round(x)): label for x, label in marks})
        return {
            "field": field,
            "type": "quantitative",
            "title": None,
            "scale": {"domain": [0, self.span_ms], "nice": False, "zero": False},
            "axis": {
                "values": [round(x) for x, _ in marks],
                "labelExpr": f"{labels}[datum.value]",
                "labelOverlap": "greedy",
                "labelColor": "#7C8794",
                "gridColor": "#7C879422",
                "domainColor": "#7C879455",
                "tickColor": "#7C879455",
            },
        }


def axis_around(times: Iterable[str], zone: str) -> TimeAxis:
    """The axis that shows all of some moments, with air around them."""
    found = [at for at in map(moment, times) if at]
    first, last = min(found), max(found)
    air = max((last - first) * AIR, AIR_MIN)
    return TimeAxis(first - air, last + air, zone)


def ticks(axis: TimeAxis) -> list[tuple[float, str]]:
    """Places on the axis and their labels: round times of the zone's own clock."""
    seconds = axis.span_ms / 1000
    step = next((step for step in _STEPS if seconds / step <= TICKS_MAX), _STEPS[-1])
    zone = ZoneInfo(axis.zone)
    found = []
    for at in _days(axis, step // _DAY) if step >= _DAY else _instants(axis, step):
        local = at.astimezone(zone)
        x = (at - axis.since) / timedelta(milliseconds=1)
        found.append((x, local.strftime(_form(local, step))))
    return found


def _form(local: datetime, step: int) -> str:
    if step >= _DATED_BY_YEAR:
        return "%-d %b %Y"
    if _DAY <= step <= _NAMED_DAYS:
        return "%a %-d %b"
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return "%-d %b"
    return "%H:%M" if step >= _MINUTE else "%H:%M:%S"


def _instants(axis: TimeAxis, step: int) -> Iterator[datetime]:
    """The instants at which the zone's clock shows a multiple of `step` seconds since midnight."""
    zone = ZoneInfo(axis.zone)
    stride = gcd(step, 15 * _MINUTE)  # zones differ by whole quarters of an hour
    first = -(-axis.since.timestamp() // stride) * stride
    at = datetime.fromtimestamp(first, UTC)
    while at <= axis.until:
        local = at.astimezone(zone)
        if (local.hour * _HOUR + local.minute * _MINUTE + local.second) % step == 0:
            yield at
        at += timedelta(seconds=stride)


def _days(axis: TimeAxis, every: int) -> Iterator[datetime]:
    zone = ZoneInfo(axis.zone)
    day = axis.since.astimezone(zone).date()
    while True:
        at = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        if at > axis.until:
            return
        if at >= axis.since and day.toordinal() % every == 0:
            yield at
        day += timedelta(days=1)
