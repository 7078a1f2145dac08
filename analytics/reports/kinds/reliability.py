"""Reliability: each job and the whole against an objective, and what is left of the error budget.

The budget of a span is the failures that the objective allows: judged runs times (1 - SLO). What is
spent is failures over budget, by "The Site Reliability Workbook" (2018), chapter 2.
"""

from __future__ import annotations

from itertools import accumulate

from analytics.reports.asked import Asked
from analytics.reports.document import Cell, Chart, Column, Figure, Report, Section, table
from analytics.reports.registry import ReportKind, kinds
from analytics.reports.totals import totals
from analytics.reports.wording import compared, counted, share, shown
from engine.history.reader import Ask

COLUMNS = (
    Column("runs", "Judged runs"),
    Column("failed", "Failed"),
    Column("success_share", "Success", "share"),
    Column("budget", "Budget", "number"),
    Column("spent", "Budget spent", "share"),
)


@kinds.register("reliability")
class Reliability(ReportKind):
    """See the module."""

    title = "Reliability"
    explanation = "Success against an objective (SLO), by day and by job, and the error budget."

    @staticmethod
    def write(ask: Ask, asked: Asked) -> Report:
        """The document; cancelled and skipped runs are not judged."""
        now, before = totals(ask)
        days = [(row[0], *against(row[2], row[3], asked.slo)) for row in ask("report_days")]
        jobs = [(row[0], *against(row[2], row[3], asked.slo)) for row in ask("report_jobs")]
        judged = [row for row in jobs if row[1]]
        worst = sorted(judged, key=lambda row: (-(row[5] or 0.0), row[0]))
        missed = [row for row in worst if (row[5] or 0.0) > 1.0]
        runs, bad, reached, budget, spent = against(now.success, now.bad, asked.slo)
        burnt = list(accumulate(int(row[2]) for row in days))
        chart = Chart(
            title="Error budget spent, since the span began",
            shape="line",
            unit="share",
            labels=tuple(str(row[0]) for row in days),
            series={"spent": tuple(one / budget if budget else None for one in burnt)},
            tones=("bad",),
        )
        goal = shown(asked.slo, "share")
        return Report(
            kind="reliability",
            title=Reliability.title,
            summary=_summary(reached, asked.slo, runs),
            figures=(
                Figure(
                    title="Success",
                    value=reached,
                    unit="share",
                    note=compared(reached, before.success_share, "share"),
                ),
                Figure(title="Objective", value=asked.slo, unit="share", note="the SLO asked for"),
                Figure(
                    title="Failures",
                    value=bad,
                    unit="count",
                    note=f"{budget:,.1f} allowed by the objective",
                ),
                Figure(
                    title="Budget spent",
                    value=spent,
                    unit="share",
                    note="of the failures that the objective allows",
                ),
            ),
            sections=(
                Section(
                    title="Error budget",
                    prose=(
                        f"With an objective of {goal}, {counted(runs, 'judged run')} allow "
                        f"{budget:,.1f} failures; {bad:,} happened.",
                    ),
                    charts=(chart,),
                    tables=(table("days", "Days", (Column("day", "Day", "text"), *COLUMNS), days),),
                ),
                Section(
                    title="Jobs",
                    prose=(
                        f"{counted(len(missed), 'job')} of {len(judged):,} missed the objective.",
                    ),
                    tables=(
                        table(
                            "jobs",
                            "Jobs, most budget spent first",
                            (Column("job", "Job", "text"), *COLUMNS),
                            worst,
                        ),
                    ),
                ),
            ),
            **asked.heading(),
        )


def against(
    success: int, bad: int, slo: float
) -> tuple[int, int, float | None, float, float | None]:
    """Judged runs, failures, share of success, budget in failures, and share of it spent.

    >>> against(98, 2, 0.99)[:3], round(against(98, 2, 0.99)[4], 6)
    ((100, 2, 0.98), 2.0)
    """
    judged = success + bad
    budget = judged * (1 - slo)
    return judged, bad, share(success, judged), budget, bad / budget if judged else None


def _summary(reached: Cell, slo: float, runs: int) -> str:
    if not isinstance(reached, float):
        return "No run ended in this span, so there is nothing to judge."
    met = "met" if reached >= slo else "missed"
    return (
        f"The objective of {shown(slo, 'share')} was {met}: {shown(reached, 'share')} of "
        f"{counted(runs, 'judged run')} succeeded."
    )
