"""Small line charts beside each other, with a logarithmic axis below, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log10
from typing import Final

WIDTH: Final = 320
HEIGHT: Final = 220
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 34, 40
COLOURS: Final = ("#1f6feb", "#d1242f")


@dataclass(frozen=True)
class Panel:
    """One chart: its lines have a value for each place on the axis."""

    title: str
    unit: str
    lines: list[list[float]]


def plotted(axis: str, places: Sequence[int], panels: Sequence[Panel]) -> str:
    """The SVG of the panels, which share what is below them."""
    parts = [
        part for k, panel in enumerate(panels) for part in _panel(k * WIDTH, axis, places, panel)
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * len(panels)}" '
        f'height="{HEIGHT}" font-family="sans-serif" font-size="11" fill="#57606a">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>\n"])


def _panel(x0: int, axis: str, places: Sequence[int], panel: Panel) -> list[str]:
    top = _rounded_up(max(max(line) for line in panel.lines))
    low, high = log10(places[0]), log10(places[-1])
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(place: int) -> float:
        return x0 + LEFT + wide * (log10(place) - low) / (high - low)

    def y(value: float) -> float:
        return TOP + tall * (1 - value / top)

    parts = [
        f'<text x="{x0 + LEFT}" y="18" font-size="13" fill="#1f2328">'
        f"{panel.title}, {panel.unit}</text>"
    ]
    for share in (0.0, 0.5, 1.0):
        value = top * share
        parts.append(
            f'<path d="M{x0 + LEFT} {y(value):.1f}h{wide}" stroke="#d0d7de"/>'
            f'<text x="{x0 + LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>'
        )
    for place in places:
        parts.append(
            f'<text x="{x(place):.1f}" y="{TOP + tall + 16}" text-anchor="middle">'
            f"{_short(place)}</text>"
        )
    parts.append(
        f'<text x="{x0 + LEFT + wide / 2}" y="{HEIGHT - 8}" text-anchor="middle">{axis}</text>'
    )
    for colour, line in zip(COLOURS, panel.lines, strict=False):
        points = " ".join(f"{x(p):.1f},{y(v):.1f}" for p, v in zip(places, line, strict=True))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
    return parts


def _rounded_up(value: float) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** ceil(log10(value) - 1)
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _short(count: int) -> str:
    """A count in few letters.

    >>> _short(100), _short(10_000), _short(1_000_000)
    ('100', '10k', '1M')
    """
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count // size}{letter}"
    return str(count)
