"""Charts as plain specifications: data in, a dict for Vega-Lite or ECharts out. Pure."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from app.console.widgets.format import STATUS_COLOR, moment

Spec = dict[str, Any]
QUIET: Final = 0.55
"""Success steps back, so that the eye lands on what failed."""

OUTCOMES: Final = ("success", "failed", "other")
SPARK_MIN: Final = 12

PLAIN_AXIS: Final = {"labelColor": "#7C8794", "domainColor": "#7C879455", "gridColor": "#7C879422"}
CLOCK_AXIS: Final = {
    **PLAIN_AXIS,
    "format": {"hours": "%H:%M", "minutes": "%H:%M", "seconds": ":%S", "milliseconds": ".%L"},
}
"""A time axis by the 24-hour clock; Vega's own is by the 12-hour one."""


def since_first(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Buckets from the first in which anything ended, and no fewer than the last twelve.

    A sparkline of a node that is minutes old would otherwise be a speck beside a line of nothing.
    """
    busy = (at for at, bucket in enumerate(series) if any(bucket[name] for name in OUTCOMES))
    first = next(busy, len(series))
    return series[max(0, min(first, len(series) - SPARK_MIN)) :]


def throughput(series: list[dict[str, Any]], zone: str) -> Spec:
    """Stacked bars of ended executions by outcome, as ECharts options."""
    tz = ZoneInfo(zone)
    labels = []
    for bucket in series:
        at = moment(bucket["time"])
        labels.append(at.astimezone(tz).strftime("%H:%M") if at else "")
    outcomes = (("success", "success", QUIET), ("failed", "failed", 1.0), ("other", "skipped", 1.0))
    return {
        "animation": False,
        "aria": {"enabled": True},
        "grid": {"left": 36, "right": 8, "top": 32, "bottom": 24},
        "legend": {"top": 0, "left": 0, "itemWidth": 12, "textStyle": {"color": "#7C8794"}},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": labels, "axisLabel": {"color": "#7C8794"}},
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "axisLabel": {"color": "#7C8794"},
            "splitLine": {"lineStyle": {"color": "#7C879433"}},
        },
        "series": [
            {
                "name": name,
                "type": "bar",
                "stack": "all",
                "barMaxWidth": 14,
                "itemStyle": {"color": STATUS_COLOR[color], "opacity": opacity},
                "data": [bucket[name] for bucket in series],
            }
            for name, color, opacity in outcomes
        ],
    }


def timeline(bars: list[dict[str, Any]], now: str) -> Spec:
    """A Gantt of executions, a row a job, as Vega-Lite; open ones reach to `now` (RFC 3339)."""
    values = [
        {
            "job": bar["job_name"],
            "status": bar["status"],
            "from": bar["started_at"],
            "to": bar["completed_at"] or now,
            "id": bar["execution_id"],
        }
        for bar in bars
        if bar["started_at"]
    ]
    names = sorted({bar["status"] for bar in values})
    return {
        "height": {"step": 26},
        "data": {"values": values},
        "params": [{"name": "chosen", "select": {"type": "point", "fields": ["id"]}}],
        "mark": {"type": "bar", "cornerRadius": 3, "height": 13, "cursor": "pointer"},
        "encoding": {
            "y": {
                "field": "job",
                "type": "nominal",
                "title": None,
                "axis": {**PLAIN_AXIS, "grid": True},
            },
            "x": {"field": "from", "type": "temporal", "title": None, "axis": CLOCK_AXIS},
            "x2": {"field": "to"},
            "color": {
                "field": "status",
                "scale": {"domain": names, "range": [STATUS_COLOR[name] for name in names]},
                "legend": {"orient": "top", "title": None, "labelColor": "#7C8794"},
            },
            "stroke": {
                "field": "status",
                "scale": {"domain": names, "range": [STATUS_COLOR[name] for name in names]},
                "legend": None,
            },
            "opacity": {
                "condition": {"test": "datum.status == 'success'", "value": QUIET},
                "value": 1,
            },
            "tooltip": [
                {"field": "job"},
                {"field": "status"},
                {"field": "from", "type": "temporal", "format": "%H:%M:%S"},
                {"field": "to", "type": "temporal", "format": "%H:%M:%S"},
            ],
        },
        "config": {"view": {"stroke": None}},
    }


def durations(series: list[dict[str, Any]]) -> Spec:
    """Durations of a job's runs over time, coloured by outcome, as Vega-Lite."""
    names = sorted({run["status"] for run in series})
    size, unit = _unit_of(max((run["duration_ms"] for run in series), default=0.0))
    return {
        "height": 240,
        "data": {"values": [run | {"took": run["duration_ms"] / size} for run in series]},
        "mark": {"type": "point", "filled": True, "size": 42},
        "encoding": {
            "x": {"field": "scheduled_time", "type": "temporal", "title": None, "axis": CLOCK_AXIS},
            "y": {
                "field": "took",
                "type": "quantitative",
                "title": unit,
                "axis": {**PLAIN_AXIS, "titleColor": "#7C8794"},
            },
            "color": {
                "field": "status",
                "scale": {"domain": names, "range": [STATUS_COLOR[name] for name in names]},
                "legend": {"orient": "top", "title": None, "labelColor": "#7C8794"},
            },
            "opacity": {
                "condition": {"test": "datum.status == 'success'", "value": QUIET},
                "value": 1,
            },
            "tooltip": [
                {"field": "scheduled_time", "type": "temporal", "format": "%Y-%m-%d %H:%M:%S"},
                {"field": "took", "format": ".3~f", "title": unit},
                {"field": "status"},
            ],
        },
        "config": {"view": {"stroke": None}},
    }


def _unit_of(longest_ms: float) -> tuple[int, str]:
    """The unit for an axis of durations, and its size in ms.

    >>> _unit_of(1_900), _unit_of(90_000), _unit_of(400_000), _unit_of(9_000_000)
    ((1, 'ms'), (1000, 's'), (60000, 'min'), (3600000, 'h'))
    """
    units = ((2 * 3_600_000, 3_600_000, "h"), (120_000, 60_000, "min"), (2_000, 1_000, "s"))
    return next(((size, unit) for least, size, unit in units if longest_ms >= least), (1, "ms"))


def failure_rates(points: list[dict[str, Any]]) -> Spec:
    """The rolling failure rate of a job, with the line above which it is a failure spike."""
    share = {"type": "quantitative", "title": None, "axis": {**PLAIN_AXIS, "format": ".0%"}}
    return {
        "height": 150,
        "layer": [
            {
                "data": {"values": points},
                "mark": {"type": "line", "interpolate": "step-after", "color": "#E5484D"},
                "encoding": {
                    "x": {"field": "scheduled_time", "type": "temporal", "title": None}
                    | {"axis": CLOCK_AXIS},
                    "y": {"field": "failure_rate", "scale": {"domain": [0, 1]}, **share},
                    "tooltip": [
                        {"field": "scheduled_time", "type": "temporal", "format": "%Y-%m-%d %H:%M"},
                        {"field": "failure_rate", "format": ".0%"},
                    ],
                },
            },
            {
                "data": {"values": [{"share": 0.3}]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": "#7C8794"},
                "encoding": {"y": {"field": "share", **share}},
            },
        ],
        "config": {"view": {"stroke": None}},
    }


def judged(data: dict[str, Any]) -> Spec:
    """A job's runs over the band in which they were expected, as Vega-Lite.

    What left the band stands out; dashed rules are new versions of the job.
    """
    runs = [run for run in data["runs"] if run["value"] is not None]
    longest = max((run["value"] for run in runs), default=0.0)
    size, unit = _unit_of(longest) if data["unit"] == "ms" else (1, data["unit"])
    values = [
        {
            "at": run["scheduled_time"],
            "kind": "unusual" if run["flagged"] else "usual",
            "id": run["execution_id"],
        }
        | {
            name: None if run[name] is None else run[name] / size
            for name in ("value", "low", "high", "expected")
        }
        for run in runs
    ]
    # The runs set the scale: a band that is wide after a wild stretch would flatten them.
    tops = [one["value"] for one in values] or [1.0]
    room = 0.25 * (max(tops) - min(0.0, *tops))
    scale = {"domain": [min(0.0, *tops) - (room if min(tops) < 0 else 0), max(tops) + room]}
    time = {"field": "at", "type": "temporal", "title": None, "axis": CLOCK_AXIS}
    axis = {**PLAIN_AXIS, "titleColor": "#7C8794"}
    value = {"type": "quantitative", "title": unit, "axis": axis, "scale": scale}
    is_unusual = "datum.kind == 'unusual'"
    kinds = {"domain": ["usual", "unusual"], "range": ["#7C8794", STATUS_COLOR["failed"]]}
    return {
        "height": 320,
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "area", "color": "#7C8794", "opacity": 0.18, "clip": True},
                "encoding": {
                    "x": time,
                    "y": {"field": "low", **value},
                    "y2": {"field": "high"},
                },
            },
            {
                "mark": {"type": "line", "color": "#7C8794", "strokeWidth": 1, "clip": True},
                "encoding": {"x": time, "y": {"field": "expected", "type": "quantitative"}},
            },
            {
                "params": [{"name": "chosen", "select": {"type": "point", "fields": ["id"]}}],
                "mark": {"type": "point", "filled": True, "cursor": "pointer"},
                "encoding": {
                    "x": time,
                    "y": {"field": "value", "type": "quantitative"},
                    "color": {
                        "field": "kind",
                        "scale": kinds,
                        "legend": {"orient": "top", "title": None, "labelColor": "#7C8794"},
                    },
                    "size": {"condition": {"test": is_unusual, "value": 90}, "value": 26},
                    "opacity": {"condition": {"test": is_unusual, "value": 1}, "value": QUIET},
                    "tooltip": [
                        {"field": "at", "type": "temporal", "format": "%Y-%m-%d %H:%M:%S"},
                        {"field": "value", "format": ".3~f", "title": unit},
                        {"field": "low", "format": ".3~f"},
                        {"field": "high", "format": ".3~f"},
                    ],
                },
            },
            {
                "data": {"values": data["deploys"]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": "#6366F1"},
                "encoding": {
                    "x": {"field": "scheduled_time", "type": "temporal"},
                    "tooltip": [{"field": "version"}],
                },
            },
        ],
        "config": {"view": {"stroke": None}},
    }


def reported(chart: dict[str, Any]) -> Spec:
    """A chart of a report: bars that stand on one another, or lines, over labels."""
    tones = {
        "calm": "#6366F1",
        "bad": STATUS_COLOR["failed"],
        "good": STATUS_COLOR["success"],
    }
    names = list(chart["series"])
    rows = [
        {"label": label, "series": name, "place": names.index(name), "value": values[place]}
        for name, values in chart["series"].items()
        for place, label in enumerate(chart["labels"])
    ]
    bars = chart["shape"] == "bars"
    percent = {"format": ".0%"} if chart["unit"] == "share" else {"format": ",d"}
    return {
        "data": {"values": rows},
        "height": 220,
        "mark": {"type": "bar"} if bars else {"type": "line", "point": True},
        "encoding": {
            "x": {
                "field": "label",
                "type": "ordinal",
                "title": None,
                "sort": None,
                "axis": {**PLAIN_AXIS, "labelAngle": 0, "labelOverlap": True},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "title": None,
                "axis": {**PLAIN_AXIS, **percent},
            },
            "color": {
                "field": "series",
                "type": "nominal",
                "scale": {"domain": names, "range": [tones[tone] for tone in chart["tones"]]},
                "legend": {"orient": "top", "title": None} if len(names) > 1 else None,
            },
            **({"order": {"field": "place"}} if bars else {}),
            "tooltip": [{"field": "label"}, {"field": "series"}, {"field": "value"}],
        },
    }
