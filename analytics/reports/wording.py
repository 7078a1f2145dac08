"""Numbers of a report in words, the same in every renderer."""

from __future__ import annotations

from typing import Final

from analytics.reports.document import Cell, Unit

_STEPS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))


def shown(value: Cell, unit: Unit) -> str:
    """A cell for people.

    >>> shown(0.9912, "share"), shown(90_000, "ms"), shown(12345, "count"), shown(None, "ms")
    ('99.12 %', '1.5 min', '12,345', '-')
    """
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if unit == "share":
        return f"{value * 100:.2f} %"
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "ms":
        for size, name in _STEPS:
            if abs(value) >= size:
                return f"{value / size:.1f} {name}"
        return f"{value:.0f} ms"
    return f"{value:,.2f}"


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None where there is no whole."""
    return part / whole if whole else None


def compared(now: float | None, before: float | None, unit: Unit) -> str:
    """A figure beside the same of the span before."""
    if now is None or before is None:
        return "nothing to compare with before"
    return f"{shown(before, unit)} in the span before"


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "run"), counted(2000, "run")
    ('1 run', '2,000 runs')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
