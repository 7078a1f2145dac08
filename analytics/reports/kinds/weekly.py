"""Weekly operations: what ran, how it went against the span before, and who needs a look."""

from __future__ import annotations

from analytics.reports.asked import Asked
from analytics.reports.document import Chart, Column, Figure, Report, Section, table
from analytics.reports.registry import ReportKind, kinds
from analytics.reports.totals import Totals, totals
from analytics.reports.wording import compared, counted, share, shown
from engine.history.reader import Ask

JOBS_SHOWN = 25
JOB_COLUMNS = (
    Column("job", "Job", "text"),
    Column("runs", "Runs"),
    Column("success", "Succeeded"),
    Column("failed", "Failed"),
    Column("skipped", "Skipped"),
    Column("retried", "Retried"),
    Column("duration_p95_ms", "Duration P95", "ms"),
    Column("busy_hours", "Busy hours", "number"),
)
DAY_COLUMNS = (
    Column("day", "Day", "text"),
    Column("runs", "Runs"),
    Column("success", "Succeeded"),
    Column("failed", "Failed"),
    Column("skipped", "Skipped"),
    Column("duration_p95_ms", "Duration P95", "ms"),
)


@kinds.register("weekly")
class Weekly(ReportKind):
    """See the module."""

    title = "Weekly operations"
    explanation = "What ran, how it went against the span before, and which jobs need a look."

    @staticmethod
    def write(ask: Ask, asked: Asked) -> Report:
        """The document; a failed run is one that failed or whose end is unknown."""
        now, before = totals(ask)
        days, jobs = ask("report_days"), ask("report_jobs")
        chart = Chart(
            title="Runs by day",
            shape="bars",
            unit="count",
            labels=tuple(row[0] for row in days),
            series={
                "succeeded": tuple(row[2] for row in days),
                "failed": tuple(row[3] for row in days),
            },
            tones=("calm", "bad"),
        )
        failing = [row[0] for row in jobs if row[3]]
        said = (
            f"{counted(len(failing), 'job')} had failures, above all {', '.join(failing[:3])}."
            if failing
            else "No job had a failure."
        )
        return Report(
            kind="weekly",
            title=Weekly.title,
            summary=_summary(now, before),
            figures=_figures(now, before),
            sections=(
                Section(
                    title="Day by day",
                    prose=(_skipped(now),),
                    charts=(chart,),
                    tables=(table("days", "Days", DAY_COLUMNS, days),),
                ),
                Section(
                    title="Jobs",
                    prose=(said, _cut(len(jobs))),
                    tables=(
                        table("jobs", "Jobs, most failures first", JOB_COLUMNS, jobs[:JOBS_SHOWN]),
                    ),
                ),
            ),
            **asked.heading(),
        )


def _summary(now: Totals, before: Totals) -> str:
    if not now.runs:
        return "Nothing ran in this span."
    change = share(now.runs - before.runs, before.runs)
    trend = "" if change is None else f" ({change:+.1%} against the span before)"
    return (
        f"{counted(now.runs, 'run')} of {counted(now.jobs, 'job')}{trend}; "
        f"{shown(now.success_share, 'share')} of those that ended succeeded."
    )


def _figures(now: Totals, before: Totals) -> tuple[Figure, ...]:
    return (
        Figure(
            title="Runs",
            value=now.runs,
            unit="count",
            note=compared(now.runs, before.runs, "count"),
        ),
        Figure(
            title="Success",
            value=now.success_share,
            unit="share",
            note=compared(now.success_share, before.success_share, "share"),
        ),
        Figure(
            title="Failed", value=now.bad, unit="count", note=compared(now.bad, before.bad, "count")
        ),
        Figure(
            title="Lateness P95",
            value=now.lateness_p95_ms,
            unit="ms",
            note=compared(now.lateness_p95_ms, before.lateness_p95_ms, "ms"),
        ),
    )


def _skipped(now: Totals) -> str:
    return (
        f"{counted(now.skipped, 'fire')} skipped, {counted(now.retried, 'run')} needed "
        f"more than one attempt, {counted(now.cancelled, 'run')} cancelled."
    )


def _cut(jobs: int) -> str:
    return f"The first {JOBS_SHOWN} of {jobs:,} are listed." if jobs > JOBS_SHOWN else "All listed."
