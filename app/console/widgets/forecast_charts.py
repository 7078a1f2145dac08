"""Charts of what is to come, as Vega-Lite: data in, a dict out. Pure."""

from __future__ import annotations

from typing import Any, Final

from app.console.widgets.charts import PLAIN_AXIS, Spec
from app.console.widgets.time_axis import WHEN, TimeAxis, axis_around

GREY: Final = "#7C8794"
ACCENT: Final = "#6366F1"
SHARES: Final = [0.0, 1.0]


def load(measure: dict[str, Any], zone: str) -> Spec:
    """Hours that were as a grey line, hours to come as a violet one in its 90 % band."""
    past = [{"at": one["at"], "value": one["value"], "kind": "was"} for one in measure["history"]]
    # Where both are known, what was is shown: the band begins where the history ends.
    last = max((one["at"] for one in measure["history"] if one["value"]), default="")
    ahead = [one | {"kind": "expected"} for one in measure["points"] if one["at"] > last]
    while past and past[-1]["at"] > last:
        past.pop()
    times = axis_around((one["at"] for one in [*measure["history"], *measure["points"]]), zone)
    return _banded(past, ahead, measure["unit"], times, 260)


def durations(runs: list[dict[str, Any]], zone: str) -> Spec:
    """How long the coming runs take, seconds, with their 90 % intervals."""
    ahead = [
        {"at": one["at"], "kind": "expected"}
        | {name: one[name] / 1000 for name in ("mean", "low", "high")}
        for one in runs
    ]
    times = axis_around((one["at"] for one in runs), zone)
    return _banded([], ahead, "seconds a run", times, 200)


def _banded(past: list[Spec], ahead: list[Spec], unit: str, times: TimeAxis, height: int) -> Spec:
    past, ahead = _placed(past, times), _placed(ahead, times)
    time = times.channel()
    axis = {**PLAIN_AXIS, "titleColor": GREY}
    value = {"type": "quantitative", "title": unit, "axis": axis}
    line = {"type": "line", "strokeWidth": 1.5, "clip": True}
    return {
        "height": height,
        "layer": [
            {
                "data": {"values": ahead},
                "mark": {"type": "area", "color": ACCENT, "opacity": 0.2, "clip": True},
                "encoding": {"x": time, "y": {"field": "low", **value}, "y2": {"field": "high"}},
            },
            {
                "data": {"values": past},
                "mark": {**line, "color": GREY},
                "encoding": {
                    "x": time,
                    "y": {"field": "value", **value},
                    "tooltip": [WHEN, _number("value", "was")],
                },
            },
            {
                "data": {"values": ahead},
                "mark": {**line, "color": ACCENT, "point": {"size": 22, "color": ACCENT}},
                "encoding": {
                    "x": time,
                    "y": {"field": "mean", **value},
                    "tooltip": [
                        WHEN,
                        _number("mean", "expected"),
                        _number("low", "low"),
                        _number("high", "high"),
                    ],
                },
            },
        ],
        "config": {"view": {"stroke": None}},
    }


def _placed(rows: list[Spec], times: TimeAxis) -> list[Spec]:
    """The rows with a place and words in place of their moment."""
    return [
        {name: value for name, value in row.items() if name != "at"} | times.point(row["at"])
        for row in rows
    ]


def _number(name: str, title: str) -> dict[str, str]:
    return {"field": name, "type": "quantitative", "format": ",.1f", "title": title}


def reliability(numbers: dict[str, list[float]]) -> Spec:
    """What was said against what came, a point for each bin of runs; on the line is right."""
    values = [
        {"said": said, "came": came, "runs": runs}
        for said, came, runs in zip(
            numbers["reliability_predicted"],
            numbers["reliability_observed"],
            numbers["reliability_runs"],
            strict=True,
        )
    ]
    axis = {**PLAIN_AXIS, "titleColor": GREY, "format": "%"}
    scale = {"domain": SHARES}
    said = {"field": "said", "type": "quantitative", "title": "said", "axis": axis, "scale": scale}
    came = {"field": "came", "type": "quantitative", "title": "came", "axis": axis, "scale": scale}
    return {
        "height": 220,
        "layer": [
            {
                "data": {"values": [{"said": end, "came": end} for end in SHARES]},
                "mark": {"type": "line", "color": GREY, "strokeDash": [4, 4], "strokeWidth": 1},
                "encoding": {"x": said, "y": came},
            },
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "color": ACCENT, "opacity": 0.9},
                "encoding": {
                    "x": said,
                    "y": came,
                    "size": {
                        "field": "runs",
                        "type": "quantitative",
                        "scale": {"type": "sqrt", "range": [30, 400]},
                        "legend": None,
                    },
                    "tooltip": [
                        {"field": "said", "format": ".1%"},
                        {"field": "came", "format": ".1%"},
                        {"field": "runs", "format": ",.0f"},
                    ],
                },
            },
        ],
        "config": {"view": {"stroke": None}},
    }
