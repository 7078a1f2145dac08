"""Heat maps of `GET /api/v1/calendar` as ECharts options. Pure: data in, a dict out.

One hue in steps of opacity serves light and dark; what was not there is left out rather than pale.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

from app.console.widgets.format import milliseconds

Spec = dict[str, Any]
Json = dict[str, Any]

MEASURES: Final = {
    "Load": "runs",
    "Failures": "failed",
    "Duration": "duration_p95_ms",
    "Lateness": "lateness_p95_ms",
}
"""What a cell may show, and the field of the answer that says it."""
WEEK_MEASURES: Final = {
    "Duration": "duration_mean_ms",
    "Lateness": "lateness_mean_ms",
    "Runs": "runs",
    "Failures": "failed",
}
"""What an hour of a job's week may show, and the field of the answer that says it."""
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HUES: Final = {
    "runs": (31, 169, 113),
    "failed": (229, 72, 77),
    "duration_p95_ms": (59, 130, 246),
    "duration_mean_ms": (59, 130, 246),
    "lateness_p95_ms": (199, 126, 5),
    "lateness_mean_ms": (199, 126, 5),
}
_GREY: Final = "#7C8794"
_LINE: Final = "#7C879430"
_STEPS: Final = (0.12, 0.22, 0.4, 0.66, 1.0)


def year_map(year: Json, measure: str) -> Spec:
    """The days of a year, weeks as columns; a cell's `name` says what is in it."""
    cells = [
        {"name": _day_words(day), "value": [day["date"], day[measure]]}
        for day in days_with(year, measure)
    ]
    return {
        **_around(cells, measure),
        "calendar": {
            "range": str(year["year"]),
            "left": 40,
            "right": 8,
            "top": 24,
            "cellSize": ["auto", 17],
            "itemStyle": {"color": "transparent", "borderColor": _LINE, "borderWidth": 1},
            "splitLine": {"lineStyle": {"color": "#7C879480", "width": 1}},
            "dayLabel": {"firstDay": 1, "nameMap": ["Sun", *WEEKDAYS[:6]], "color": _GREY},
            "monthLabel": {"color": _GREY, "nameMap": "en"},
            "yearLabel": {"show": False},
        },
        "series": [_series(cells) | {"coordinateSystem": "calendar", "selectedMode": "single"}],
    }


def week_map(year: Json, measure: str) -> Spec:
    """The hours of the week, all weeks of the year together."""
    return _hours(year["hours"], measure, _words)


def profile_map(week: list[Json], measure: str) -> Spec:
    """The hours of a job's week, of `GET /api/v1/jobs/{ref}/statistics`."""
    return _hours(week, measure, _profile_words)


def _hours(hours: list[Json], measure: str, words: Callable[[Json], str]) -> Spec:
    cells = [
        {
            "name": f"{WEEKDAYS[hour['weekday']]} {hour['hour']:02}:00: {words(hour)}",
            "value": [hour["hour"], hour["weekday"], hour[measure]],
        }
        for hour in hours
        if hour[measure]
    ]
    axis: Json = {
        "type": "category",
        "splitArea": {"show": False},
        "splitLine": {"show": True, "lineStyle": {"color": _LINE}},
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "axisLabel": {"color": _GREY},
    }
    return {
        **_around(cells, measure),
        "grid": {"left": 40, "right": 8, "top": 8, "bottom": 26},
        "xAxis": {**axis, "data": [f"{hour:02}" for hour in range(24)]},
        "yAxis": {**axis, "data": list(WEEKDAYS), "inverse": True},
        "series": [_series(cells)],
    }


def days_with(year: Json, measure: str) -> list[Json]:
    """The days that are drawn, in their order: those with anything to show."""
    return [day for day in year["days"] if day[measure]]


def picked_day(year: Json, measure: str, selection: Any) -> str | None:
    """The date of the cell that was clicked."""
    days = days_with(year, measure)
    for group in selection.get("selected") or []:
        for place in group["data_indices"]:
            if place < len(days):
                return str(days[place]["date"])
    return None


def _series(cells: list[Json]) -> Json:
    return {
        "type": "heatmap",
        "data": cells,
        "itemStyle": {"borderRadius": 3, "borderWidth": 0},
        "emphasis": {"itemStyle": {"borderColor": _GREY, "borderWidth": 2}},
        "select": {"itemStyle": {"borderColor": "#6366F1", "borderWidth": 2}},
    }


def _around(cells: list[Json], measure: str) -> Spec:
    strongest = max((cell["value"][-1] for cell in cells), default=0)
    red, green, blue = _HUES[measure]
    return {
        "animation": False,
        "aria": {"enabled": True},
        "tooltip": {"formatter": "{b}"},
        "visualMap": {
            "show": False,  # its bar would show the ramp on white, whatever the theme
            "type": "continuous",
            "min": 0,
            "max": max(strongest, 1),
            "inRange": {"color": [f"rgba({red},{green},{blue},{step})" for step in _STEPS]},
        },
    }


def strongest(cells: list[Json], measure: str) -> str:
    """What the strongest colour stands for."""
    value = max((cell[measure] or 0 for cell in cells), default=0)
    return milliseconds(value) if measure.endswith("_ms") else f"{value:,}"


def _day_words(day: Json) -> str:
    return f"{date.fromisoformat(day['date']):%a %-d %b}: {_words(day)}"


def _words(numbers: Json) -> str:
    said = [f"{numbers['runs']:,} runs", f"{numbers['failed']:,} failed"]
    if numbers["skipped"]:
        said.append(f"{numbers['skipped']:,} skipped")
    for field, word in (("duration_p95_ms", "p95"), ("lateness_p95_ms", "late p95")):
        if numbers[field] is not None:
            said.append(f"{word} {milliseconds(numbers[field])}")
    return ", ".join(said)


def _profile_words(hour: Json) -> str:
    said = [f"{hour['runs']:,} runs, {hour['failed']:,} failed"]
    for field, word in (("duration_mean_ms", "mean"), ("lateness_mean_ms", "late")):
        if hour[field] is not None:
            said.append(f"{word} {milliseconds(hour[field])}")
    return ", ".join(said)
