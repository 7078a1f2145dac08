"""A window of `GET /api/v1/timeline` as a Gantt for Vega-Lite. Pure: data in, a dict out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from app.console.widgets.charts import QUIET, Spec
from app.console.widgets.format import STATUS_COLOR, milliseconds, moment, zoned
from app.console.widgets.time_axis import TimeAxis

LANE_PX: Final = 30
LEVELS_MAX: Final = 4
INSET: Final = 0.2
"""Of a lane's height, so much stays free above and below its bars."""
WIDTH_MIN: Final = 1 / 320
"""Of the window: the width of a bar that would be too thin to be seen."""
SLICE_MIN: Final = 0.2
"""Of a merged bar's height: the least that an outcome gets, so that one failure of many shows."""
APART: Final = 1 / 90
"""Of the window: rings of planned fires that stand closer become a dotted line."""
AROUND_PX: Final = 78
"""What the legend and the axis need."""
LATE_MS: Final = 1_000
_GREY: Final = "#7C8794"
_LATE: Final = "#C77E05"
_NOW: Final = "#6366F1"
_GRAVEST_FIRST: Final = ("failed", "unknown", "skipped", "cancelled", "running", "success")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame(TimeAxis):
    """The window that is drawn, on whose clock, and when now is."""

    now: datetime


def frame_of(board: Json, zone: str) -> Frame:
    """The frame of a timeline."""
    since, until, now = (moment(board[name]) for name in ("since", "until", "now"))
    assert since is not None
    assert until is not None
    assert now is not None
    return Frame(since, until, zone, now)


def gantt(board: Json, zone: str) -> Spec:
    """The chart. A click selects `go` in `chosen`, a drag selects `begin` in `zoom`.

    `go` is `run:<execution>`, `job:<id>` or, on a merged bar, `zoom:<from>:<to>` in milliseconds.
    """
    frame = frame_of(board, zone)
    bars: list[Json] = []
    leads: list[Json] = []
    planned: list[Json] = []
    more: list[Json] = []
    for row, lane in enumerate(board["lanes"]):
        drawn = [mark for mark in lane["marks"] if mark["kind"] != "planned"]
        coming = [_planned(mark, row, frame) for mark in lane["marks"] if mark["kind"] == "planned"]
        for mark, level, levels in _levels(drawn, lane, frame):
            top, height = _place(row, level, levels)
            bars += _bars(mark, lane, top, height, frame)
            if lead := _lead(mark, top + height / 2, frame):
                leads.append(lead)
        rings = _apart(coming, frame)
        planned += rings
        if len(rings) < len(coming) or (coming and lane["planned_more"]):
            end = frame.span_ms if lane["planned_more"] else coming[-1]["begin"]
            more.append({"begin": rings[-1]["begin"], "end": end, "y": row + 0.5})
    now_x = frame.x(board["now"]) or 0.0
    layers = [
        _rules(leads, {"strokeWidth": 2}, colored=True),
        _bar_layer(bars),
        _rules(more, {"strokeDash": [2, 4], "color": _GREY, "opacity": 0.7}),
        _planned_layer(planned),
    ]
    if 0 <= now_x <= frame.span_ms:
        layers.append(_now_layer(now_x))
    return {
        "height": LANE_PX * len(board["lanes"]) + AROUND_PX,
        "encoding": {
            "x": frame.channel("begin"),
            "y": {
                "field": "y",
                "type": "quantitative",
                "title": None,
                "scale": {
                    "domain": [0, len(board["lanes"])],
                    "reverse": True,
                    "nice": False,
                    "zero": False,
                },
                "axis": _lane_axis(board["lanes"]),
            },
        },
        "layer": layers,
        "config": {"view": {"stroke": None}},
    }


# ---- marks --------------------------------------------------------------------------------------


def _extent(mark: Json, frame: Frame) -> tuple[float, float]:
    """Where a mark begins and ends; an open one reaches to now, a waiting one is but a moment."""
    now = frame.x(frame.now.isoformat()) or 0.0
    begin = frame.x(mark["from"])
    end = frame.x(mark["to"])
    begin = now if begin is None else begin
    end = now if end is None else end
    return max(0.0, begin), min(frame.span_ms, max(begin, end))


def _levels(marks: list[Json], lane: Json, frame: Frame) -> list[tuple[Json, int, int]]:
    """Marks with their level and how many levels the lane has: what overlaps stands stacked."""
    if lane["cell_s"]:  # a merged bar stands for many that overlap as they like
        return [(mark, 0, 1) for mark in marks]
    ends: list[float] = []
    placed: list[tuple[Json, int]] = []
    for mark in sorted(marks, key=lambda mark: _extent(mark, frame)):
        begin, end = _extent(mark, frame)
        free = next((level for level, taken in enumerate(ends) if taken <= begin), len(ends))
        level = min(free, LEVELS_MAX - 1)
        if level == len(ends):
            ends.append(end)
        else:
            ends[level] = max(ends[level], end)
        placed.append((mark, level))
    return [(mark, level, len(ends)) for mark, level in placed]


def _place(row: int, level: int, levels: int) -> tuple[float, float]:
    height = (1 - 2 * INSET) / max(1, levels)
    return row + INSET + level * height, height * (0.86 if levels > 1 else 1)


def _bars(mark: Json, lane: Json, top: float, height: float, frame: Frame) -> Iterator[Json]:
    """One rectangle, or one for each outcome of a merged mark, the gravest at the bottom."""
    begin, end = _extent(mark, frame)
    if mark["runs"] > 1 and lane["cell_s"]:
        end = min(end, begin + lane["cell_s"] * 1000)
    wide = max(end, begin + frame.span_ms * WIDTH_MIN)
    told = _told(mark, frame)
    bottom = top + height
    for status, share in _shares(mark):
        yield {
            "begin": begin,
            "end": wide,
            "y": bottom - share * height,
            "y2": bottom,
            "status": status,
            **told,
        }
        bottom -= share * height


def _shares(mark: Json) -> list[tuple[str, float]]:
    if mark["runs"] == 1:
        return [(mark["status"], 1.0)]
    counts = mark["counts"]
    some = [status for status in _GRAVEST_FIRST if counts.get(status)]
    total = sum(counts[status] for status in some)
    heights = [max(SLICE_MIN, counts[status] / total) for status in some]
    return [(status, height / sum(heights)) for status, height in zip(some, heights, strict=True)]


def _told(mark: Json, frame: Frame) -> Json:
    """What a bar says when it is pointed at, and where a click leads."""
    begin, end = moment(mark["from"]), moment(mark["to"]) or frame.now
    took = (end - begin) / timedelta(milliseconds=1) if begin else None
    if mark["runs"] > 1:
        first, last = frame.x(mark["from"]) or 0.0, frame.x(mark["to"]) or 0.0
        parts = [f"{count} {status}" for status, count in mark["counts"].items() if count]
        what, go = f"{mark['runs']} runs: {', '.join(parts)}", f"zoom:{first:.0f}:{last:.0f}"
    else:
        fires = mark["counts"].get("skipped", 0)
        what = f"{fires} fires skipped" if fires > 1 else mark["status"]
        go = f"run:{mark['execution_id']}"
    return {
        "go": go,
        "job": mark["job_name"],
        "what": what,
        "from": zoned(mark["from"], frame.zone),
        "to": zoned(mark["to"], frame.zone) if mark["to"] else "now",
        "took": milliseconds(took),
        "late": milliseconds(mark["lateness_ms"]),
    }


def _lead(mark: Json, y: float, frame: Frame) -> Json | None:
    """From the fire time to the start; of what still waits, to now."""
    fire = frame.x(mark["fire"])
    if fire is None or mark["runs"] > 1:
        return None
    begin = frame.x(mark["from"]) if mark["from"] else frame.x(frame.now.isoformat())
    late = (begin or 0.0) - fire
    if late <= 0 or begin is None or begin <= 0:
        return None
    color = _LATE if late >= LATE_MS else _GREY
    return {"begin": max(0.0, fire), "end": begin, "y": y, "color": color, **_told(mark, frame)}


def _planned(mark: Json, row: int, frame: Frame) -> Json:
    return {
        "begin": frame.x(mark["fire"]),
        "y": row + 0.5,
        "go": f"job:{mark['job_id']}",
        "job": mark["job_name"],
        "what": "planned",
        "from": zoned(mark["fire"], frame.zone),
    }


def _apart(coming: list[Json], frame: Frame) -> list[Json]:
    """The first rings of a lane, up to where they would run into one another."""
    for at, (before, ring) in enumerate(pairwise(coming), 1):
        if ring["begin"] - before["begin"] < frame.span_ms * APART:
            return coming[:at]
    return coming


# ---- layers -------------------------------------------------------------------------------------

_TOLD: Final = (
    *(("job", "Job"), ("what", "What"), ("from", "From"), ("to", "To"), ("took", "Took")),
    ("late", "Late by"),
)


def _tooltip(*names: str) -> list[Json]:
    wanted = names or tuple(name for name, _ in _TOLD)
    return [
        {"field": name, "type": "nominal", "title": title}
        for name, title in _TOLD
        if name in wanted
    ]


def _bar_layer(bars: list[Json]) -> Json:
    names = [name for name in STATUS_COLOR if any(bar["status"] == name for bar in bars)]
    return {
        "data": {"values": bars},
        "params": [
            {"name": "chosen", "select": {"type": "point", "fields": ["go"]}},
            {"name": "zoom", "select": {"type": "interval", "encodings": ["x"]}},
        ],
        "mark": {"type": "rect", "clip": True, "cornerRadius": 2, "cursor": "pointer"},
        "encoding": {
            "x2": {"field": "end"},
            "y2": {"field": "y2"},
            "color": {
                "field": "status",
                "type": "nominal",
                "scale": {"domain": names, "range": [STATUS_COLOR[name] for name in names]},
                "legend": {
                    "orient": "top",
                    "title": None,
                    "labelColor": _GREY,
                    "symbolType": "square",
                    "symbolOpacity": 1,
                },
            },
            "opacity": {
                "condition": {"test": "datum.status == 'success'", "value": QUIET},
                "value": 1,
            },
            "tooltip": _tooltip(),
        },
    }


def _planned_layer(planned: list[Json]) -> Json:
    return {
        "data": {"values": planned},
        "params": [{"name": "coming", "select": {"type": "point", "fields": ["go"]}}],
        "mark": {
            "type": "point",
            "filled": False,
            "size": 46,
            "strokeWidth": 1.5,
            "color": _GREY,
            "opacity": 1,
            "cursor": "pointer",
        },
        "encoding": {"tooltip": _tooltip("job", "what", "from")},
    }


def _rules(rows: list[Json], mark: Json, *, colored: bool = False) -> Json:
    encoding: Json = {"x2": {"field": "end"}}
    if colored:
        encoding["color"] = {"field": "color", "type": "nominal", "scale": None}
        encoding["tooltip"] = _tooltip("job", "what", "from", "late")
    return {
        "data": {"values": rows},
        "mark": {"type": "rule", "clip": True, **mark},
        "encoding": encoding,
    }


def _now_layer(x: float) -> Json:
    return {
        "data": {"values": [{"begin": x}]},
        "mark": {"type": "rule", "color": _NOW, "strokeWidth": 1.5, "strokeDash": [4, 3]},
        "encoding": {"y": None},
    }


# ---- axes ---------------------------------------------------------------------------------------


def _lane_axis(lanes: list[Json]) -> Json:
    names = json.dumps([lane["label"] or "none" for lane in lanes])
    return {
        "values": [row + 0.5 for row in range(len(lanes))],
        "labelExpr": f"{names}[floor(datum.value)]",
        "labelLimit": 190,
        "labelColor": _GREY,
        "labelPadding": 8,
        "labelOverlap": False,
        "ticks": False,
        "domain": False,
        "grid": False,
    }
