"""Capacity: when the load comes, how much runs at once, and how it grows."""

from __future__ import annotations

from analytics.reports.asked import Asked
from analytics.reports.document import Chart, Column, Figure, Report, Section, table
from analytics.reports.registry import ReportKind, kinds
from analytics.reports.totals import totals
from analytics.reports.wording import compared, counted, shown
from engine.history.reader import Ask, Rows

LATE = Column("lateness_p95_ms", "Lateness P95", "ms")


@kinds.register("capacity")
class Capacity(ReportKind):
    """See the module."""

    title = "Capacity"
    explanation = "Load by hour, the busiest minutes, how much ran at once, and the growth."

    @staticmethod
    def write(ask: Ask, asked: Asked) -> Report:
        """The document; the growth is the least-squares slope of runs over whole days."""
        now, before = totals(ask)
        days, hours, minutes = ask("report_days"), ask("report_hours"), ask("report_minutes")
        levels = ask("report_concurrency")
        most = max((row[1] for row in levels), default=0)
        by_hour = {row[0]: row[1] for row in hours}
        growth = slope([float(row[1]) for row in days[1:-1]])
        return Report(
            kind="capacity",
            title=Capacity.title,
            summary=_summary(hours, most),
            figures=(
                Figure(
                    title="Runs",
                    value=now.runs,
                    unit="count",
                    note=compared(now.runs, before.runs, "count"),
                ),
                Figure(title="Most at once", value=most, unit="count", note="runs under way"),
                Figure(
                    title="Busiest minute",
                    value=minutes[0][1] if minutes else None,
                    unit="count",
                    note=minutes[0][0] if minutes else "nothing ran",
                ),
                Figure(
                    title="Growth",
                    value=growth,
                    unit="number",
                    note="runs a day more each day, over whole days",
                ),
            ),
            sections=(
                Section(
                    title="Load by hour",
                    prose=(f"Hours are those of {asked.zone}.",),
                    charts=(
                        Chart(
                            title="Runs by hour of the day",
                            shape="bars",
                            unit="count",
                            labels=tuple(f"{hour:02}" for hour in range(24)),
                            series={"runs": tuple(by_hour.get(hour, 0) for hour in range(24))},
                            tones=("calm",),
                        ),
                    ),
                    tables=(
                        table(
                            "hours",
                            "Hours of the day",
                            (
                                Column("hour", "Hour"),
                                Column("runs", "Runs"),
                                Column("busy_hours", "Busy hours", "number"),
                                LATE,
                            ),
                            hours,
                        ),
                    ),
                ),
                Section(
                    title="Busiest minutes",
                    prose=("Where many fires share a minute, lateness shows whether it hurts.",),
                    tables=(
                        table(
                            "minutes",
                            "Minutes in which most runs began",
                            (
                                Column("minute", "Minute", "text"),
                                Column("runs", "Runs"),
                                Column("jobs", "Jobs"),
                                LATE,
                            ),
                            minutes,
                        ),
                    ),
                ),
                Section(
                    title="At once",
                    charts=(
                        Chart(
                            title="Most runs at one moment, by day",
                            shape="line",
                            unit="count",
                            labels=tuple(row[0] for row in levels),
                            series={"at once": tuple(row[1] for row in levels)},
                            tones=("calm",),
                        ),
                    ),
                    tables=(
                        table(
                            "concurrency",
                            "Most at one moment",
                            (
                                Column("day", "Day", "text"),
                                Column("most", "Most at once"),
                                Column("reached_at", "Reached at", "text"),
                            ),
                            levels,
                        ),
                    ),
                ),
                Section(
                    title="Growth",
                    prose=(_growth(growth),),
                    tables=(
                        table(
                            "days",
                            "Runs by day",
                            (Column("day", "Day", "text"), Column("runs", "Runs")),
                            [row[:2] for row in days],
                        ),
                    ),
                ),
            ),
            **asked.heading(),
        )


def slope(values: list[float]) -> float | None:
    """The least-squares slope of equally spaced values; None of fewer than three.

    >>> slope([1.0, 3.0, 5.0]), slope([1.0, 2.0])
    (2.0, None)
    """
    if len(values) < 3:
        return None
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    spread = sum((place - middle) ** 2 for place in range(len(values)))
    return sum((place - middle) * (one - mean) for place, one in enumerate(values)) / spread


def _summary(hours: Rows, most: int) -> str:
    if not hours:
        return "Nothing ran in this span."
    peak = max(hours, key=lambda row: row[1])
    return (
        f"Most runs begin between {peak[0]:02}:00 and {(peak[0] + 1) % 24:02}:00 "
        f"({peak[1]:,} of them); at most {counted(most, 'run')} were under way at once."
    )


def _growth(growth: float | None) -> str:
    if growth is None:
        return "Three whole days are needed to tell a trend."
    return f"Each day had {shown(growth, 'number')} runs more than the one before, on the whole."
