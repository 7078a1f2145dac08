"""Charts of advice as Vega-Lite: slots by hour, what if, and the herd. Pure."""

from __future__ import annotations

from typing import Any, Final

Spec = dict[str, Any]
_AXIS: Final = {"labelColor": "#7C8794", "domainColor": "#7C879455", "gridColor": "#7C879422"}
_BEST, _IN_USE, _OTHER = "#1FA971", "#3B82F6", "#7C8794"
_TODAY, _AFTER = "#C77E05", "#1FA971"
_COLORS: Final = {"domain": ["today", "suggested"], "range": [_TODAY, _AFTER]}
_BEST_SHOWN: Final = 3


def slots(found: dict[str, Any]) -> Spec:
    """A bar for each hour, as high as its score; the best three are green."""
    ranked = found["optimal_time_slots"]
    best = {slot["hour"] for slot in ranked[:_BEST_SHOWN]} if found["confidence"] else set()
    values = [
        {
            "hour": f"{slot['hour']:02}",
            "score": slot["score"],
            "kind": "best" if slot["hour"] in best else "other",
            "succeeded": slot["success_rate"],
            "seconds": (slot["duration_ms"] or 0) / 1000,
            "late": (slot["lateness_ms"] or 0) / 1000,
            "runs": slot["runs"],
        }
        for slot in ranked
    ]
    return {
        "data": {"values": values},
        "height": 210,
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": {
                "field": "hour",
                "type": "ordinal",
                "sort": "ascending",
                "axis": {**_AXIS, "title": None, "labelAngle": 0},
            },
            "y": {
                "field": "score",
                "type": "quantitative",
                "scale": {"domain": [0, 1]},
                "axis": {**_AXIS, "title": None, "tickCount": 5},
            },
            "color": {
                "field": "kind",
                "type": "nominal",
                "scale": {"domain": ["best", "other"], "range": [_BEST, _OTHER]},
                "legend": None,
            },
            "tooltip": [
                {"field": "hour", "title": "hour"},
                {"field": "score", "format": ".2f"},
                {"field": "succeeded", "format": ".1%"},
                {"field": "seconds", "title": "takes, s", "format": ".1f"},
                {"field": "late", "title": "late by, s", "format": ".1f"},
                {"field": "runs"},
            ],
        },
    }


def what_if(found: dict[str, Any]) -> Spec:
    """Fires of 30 days by hour of the day, with today's schedule and the suggested one."""
    values = [
        {"hour": f"{hour:02}", "fires": fires, "schedule": name}
        for name in ("today", "suggested")
        for hour, fires in enumerate(found[name]["by_hour"])
    ]
    return {
        "data": {"values": values},
        "height": 150,
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": {
                "field": "hour",
                "type": "ordinal",
                "axis": {**_AXIS, "title": None, "labelAngle": 0},
            },
            "xOffset": {"field": "schedule", "sort": ["today", "suggested"]},
            "y": {
                "field": "fires",
                "type": "quantitative",
                "axis": {**_AXIS, "title": None, "tickCount": 4},
            },
            "color": _color(),
            "tooltip": [{"field": "hour"}, {"field": "schedule"}, {"field": "fires"}],
        },
    }


def herd(plan: dict[str, Any]) -> Spec:
    """Starts of each minute of a day, after in front of before."""
    values = [
        {"minute": minute, "at": _at(minute), "starts": starts, "schedule": name}
        for name, side in (("today", "before"), ("suggested", "after"))
        for minute, starts in enumerate(plan[side]["per_minute"])
        if starts
    ]
    return {
        "data": {"values": values},
        "height": 220,
        "mark": {"type": "bar", "width": 2},
        "encoding": {
            "x": {
                "field": "minute",
                "type": "quantitative",
                "scale": {"domain": [0, 1440], "nice": False},
                "axis": {
                    **_AXIS,
                    "title": None,
                    "grid": False,
                    "values": list(range(0, 1441, 120)),
                    "labelExpr": "pad(floor(datum.value / 60), 2, '0', 'left') + ':00'",
                },
            },
            "y": {
                "field": "starts",
                "type": "quantitative",
                "stack": None,
                "axis": {**_AXIS, "title": None, "tickMinStep": 1, "tickCount": 4},
            },
            "color": _color(),
            "tooltip": [{"field": "at", "title": "UTC"}, {"field": "starts"}],
        },
    }


def _color() -> Spec:
    return {
        "field": "schedule",
        "type": "nominal",
        "scale": _COLORS,
        "legend": {"orient": "top", "title": None, "labelColor": "#7C8794"},
    }


def _at(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
