"""Charts as plain specifications: data in, a dict for Vega-Lite or ECharts out. Pure."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from app.console.widgets.format import STATUS_COLOR, moment, zoned
from app.console.widgets.time_axis import WHEN, axis_around

Spec = dict[str, Any]
QUIET: Final = 0.55
"""Success steps back, so that the eye lands on what failed."""

OUTCOMES: Final = ("success", "failed", "other")
SPARK_MIN: Final = 12

PLAIN_AXIS: Final = {"labelColor": "#7C8794", "domainColor": "#7C879455", "gridColor": "#7C879422"}


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


def timeline(bars: list[dict[str, Any]], now: str, zone: str) -> Spec:
    """A Gantt of executions, a row a job, as Vega-Lite; open ones reach to `now` (RFC 3339)."""
    begun = [bar for bar in bars if bar["started_at"]]
    axis = axis_around([now, *(bar["started_at"] for bar in begun)], zone)
    values = [
        {
            "job": bar["job_name"],
            "status": bar["status"],
            "begin": axis.x(bar["started_at"]),
            "end": axis.x(bar["completed_at"] or now),
            "from": zoned(bar["started_at"], zone),
            "to": zoned(bar["completed_at"], zone) if bar["completed_at"] else "now",
            "id": bar["execution_id"],
        }
        for bar in begun
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
            "x": axis.channel("begin"),
            "x2": {"field": "end"},
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
            "tooltip": [{"field": name} for name in ("job", "status", "from", "to")],
        },
        "config": {"view": {"stroke": None}},
    }


def durations(series: list[dict[str, Any]], zone: str) -> Spec:
    """Durations of a job's runs over time, coloured by outcome, as Vega-Lite."""
    axis = axis_around((run["scheduled_time"] for run in series), zone)
    names = sorted({run["status"] for run in series})
    size, unit = _unit_of(max((run["duration_ms"] for run in series), default=0.0))
    return {
        "height": 240,
        "data": {
            "values": [
                {"status": run["status"], "took": run["duration_ms"] / size}
                | axis.point(run["scheduled_time"])
                for run in series
            ]
        },
        "mark": {"type": "point", "filled": True, "size": 42},
        "encoding": {
            "x": axis.channel(),
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
                WHEN,
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


def failure_rates(points: list[dict[str, Any]], zone: str) -> Spec:
    """The rolling failure rate of a job, with the line above which it is a failure spike."""
    axis = axis_around((one["scheduled_time"] for one in points), zone)
    share = {"type": "quantitative", "title": None, "axis": {**PLAIN_AXIS, "format": ".0%"}}
    return {
        "height": 150,
        "layer": [
            {
                "data": {
                    "values": [
                        {"failure_rate": one["failure_rate"]} | axis.point(one["scheduled_time"])
                        for one in points
                    ]
                },
                "mark": {"type": "line", "interpolate": "step-after", "color": "#E5484D"},
                "encoding": {
                    "x": axis.channel(),
                    "y": {"field": "failure_rate", "scale": {"domain": [0, 1]}, **share},
                    "tooltip": [WHEN, {"field": "failure_rate", "format": ".0%"}],
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


def judged(data: dict[str, Any], zone: str) -> Spec:
    """A job's runs over the band in which they were expected, as Vega-Lite.

    What left the band stands out; dashed rules are new versions of the job.
    """
    runs = [run for run in data["runs"] if run["value"] is not None]
    longest = max((run["value"] for run in runs), default=0.0)
    size, unit = _unit_of(longest) if data["unit"] == "ms" else (1, data["unit"])
    # Of the runs that have a value: a detector that looks back far has none for the first ones.
    times = axis_around((run["scheduled_time"] for run in runs or data["runs"]), zone)
    values = [
        {
            "kind": "unusual" if run["flagged"] else "usual",
            "id": run["execution_id"],
        }
        | times.point(run["scheduled_time"])
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
    time = times.channel()
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
                        WHEN,
                        {"field": "value", "format": ".3~f", "title": unit},
                        {"field": "low", "format": ".3~f"},
                        {"field": "high", "format": ".3~f"},
                    ],
                },
            },
            {
                "data": {
                    "values": [
                        {"version": one["version"]} | times.point(one["scheduled_time"])
                        for one in data["deploys"]
                    ]
                },
                "mark": {
                    "type": "rule",
                    "strokeDash": [4, 4],
                    "color": "#6366F1",
                    "clip": True,
                },
                "encoding": {
                    "x": time,
                    "tooltip": [WHEN, {"field": "version"}],
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
