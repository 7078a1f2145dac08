"""Charts as inline SVG: no script, no outside resource, colours by the page's variables."""

from __future__ import annotations

from html import escape
from typing import Final

from analytics.reports.document import Chart
from analytics.reports.wording import shown

WIDTH: Final = 960
HEIGHT: Final = 240
LEFT: Final = 64
BELOW: Final = 28
TOP: Final = 12
LABELS_MAX: Final = 12
LINES: Final = 4


def svg(chart: Chart) -> str:
    """One chart; each mark tells its value by `<title>`."""
    top = top_of(chart)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(chart.title)}">',
        *_grid(chart, top),
        *(_bars(chart, top) if chart.shape == "bars" else _lines(chart, top)),
        "</svg>",
    ]
    return "".join(parts)


def top_of(chart: Chart) -> float:
    """The value at the chart's top: the largest column or point, never 0."""
    values = list(chart.series.values())
    if chart.shape == "bars":
        heights = [sum(one or 0 for one in column) for column in zip(*values, strict=True)]
    else:
        heights = [one for series in values for one in series if one is not None]
    return max(heights, default=0) * 1.08 or 1.0


def step_of(labels: int) -> int:
    """Every so many labels one is written, so that they do not touch."""
    return max(1, -(-labels // LABELS_MAX))


def _height(value: float, top: float) -> float:
    return value / top * (HEIGHT - BELOW - TOP)


def _grid(chart: Chart, top: float) -> list[str]:
    parts = []
    for line in range(LINES + 1):
        value = top * line / LINES
        y = HEIGHT - BELOW - _height(value, top)
        parts.append(f'<line class="g" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>')
        text = shown(value, chart.unit)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    wide = (WIDTH - LEFT) / max(1, len(chart.labels))
    for place in range(0, len(chart.labels), step_of(len(chart.labels))):
        x = LEFT + wide * (place + 0.5)
        label = escape(chart.labels[place])
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{label}</text>')
    return parts


def _bars(chart: Chart, top: float) -> list[str]:
    parts = []
    wide = (WIDTH - LEFT) / max(1, len(chart.labels))
    bar = min(wide * 0.72, 48)
    for place, label in enumerate(chart.labels):
        y = float(HEIGHT - BELOW)
        for tone, (name, values) in zip(chart.tones, chart.series.items(), strict=True):
            high = _height(values[place] or 0, top)
            y -= high
            x = LEFT + wide * (place + 0.5) - bar / 2
            said = escape(f"{label}: {shown(values[place], chart.unit)} {name}")
            parts.append(
                f'<rect class="{tone}" x="{x:.1f}" y="{y:.1f}" width="{bar:.1f}" '
                f'height="{high:.1f}"><title>{said}</title></rect>'
            )
    return parts


def _lines(chart: Chart, top: float) -> list[str]:
    parts = []
    wide = (WIDTH - LEFT) / max(1, len(chart.labels))
    for tone, (name, values) in zip(chart.tones, chart.series.items(), strict=True):
        points = [
            (LEFT + wide * (place + 0.5), HEIGHT - BELOW - _height(value, top), label, value)
            for place, (label, value) in enumerate(zip(chart.labels, values, strict=True))
            if value is not None
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in points)
        parts.append(f'<polyline class="l {tone}" points="{path}"/>')
        for x, y, label, value in points:
            said = escape(f"{label}: {shown(value, chart.unit)} {name}")
            parts.append(
                f'<circle class="{tone}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{said}</title>'
                "</circle>"
            )
    return parts
